"""What became of each template is read from an index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_WHERE = sa.text("status NOT IN ('queued', 'sending', 'accepted')")


def upgrade() -> None:
    op.drop_index("deliveries_by_status", "deliveries")
    op.create_index(
        "deliveries_by_status",
        "deliveries",
        ["status", "id", "template"],
        sqlite_where=_WHERE,
        postgresql_where=_WHERE,
    )
