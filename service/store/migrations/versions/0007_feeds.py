"""Feeds and their runs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text()),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Boolean(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("next_run", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.Text()),
        sa.Column("modified", sa.Text()),
        sa.Column("brought", sa.LargeBinary()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    counts = ("rows", "created", "changed", "unchanged", "repeated", "removed", "problem_count")
    op.create_table(
        "feed_runs",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("outcome", sa.Text()),
        sa.Column("error", sa.Text()),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["feed"], ["feeds.name"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("feed", "due_at"),
    )
