"""Suppressions, inbound events, and what an account hears."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("suppressions_of", "suppressions", ["who", "account", "type", "source"], unique=True)
    op.create_table(
        "inbound_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", sa.BigInteger()),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text()),
        sa.Column("fingerprint", sa.Text()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("inbound_once", "inbound_events", ["account", "fingerprint"], unique=True)
    op.create_index("inbound_by_who", "inbound_events", ["who", "id"])
    op.create_index("inbound_by_delivery", "inbound_events", ["delivery"])
    op.add_column("deliveries", sa.Column("email", sa.Text()))
    op.add_column("accounts", sa.Column("signing_from", sa.Text()))
    op.add_column("accounts", sa.Column("signing", sa.LargeBinary()))
    op.add_column("accounts", sa.Column("hears_for_all", sa.Integer()))
