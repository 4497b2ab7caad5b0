"""Permits, which come back one window after a call has ended, in place of tokens that flow in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for column in ("tokens", "refilled_at", "burst"):
        op.drop_column("buckets", column)
    op.add_column("buckets", sa.Column("spent", sa.Text()))
