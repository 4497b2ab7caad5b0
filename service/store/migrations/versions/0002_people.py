"""Users, their sessions, tries to sign in, and the audit log."""

from alembic import op

from service.store._people import TABLES
from service.store._tables import metadata

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    metadata.create_all(op.get_bind(), tables=list(TABLES))
