"""The content library."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "content_items",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text()),
        sa.Column("content_id", sa.Text()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("has_image", sa.Boolean(), nullable=False),
        sa.Column("in_stock", sa.Boolean(), nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.Column("expire_date", sa.BigInteger()),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("url"),
        sqlite_autoincrement=True,
    )
    for name in ("sku", "content_id", "title"):
        op.create_index(f"content_items_by_{name}", "content_items", [name])
    op.create_table(
        "content_tags",
        sa.Column("tag", sa.Text(), nullable=False),
        _item(),
        _of_the_item(),
        sa.PrimaryKeyConstraint("tag", "item"),
        sqlite_with_rowid=False,
    )
    op.create_index("content_tags_by_item", "content_tags", ["item"])
    op.create_table("content_counts", _item(), *_counts(), _of_the_item(), sa.PrimaryKeyConstraint("item"))
    op.create_table(
        "content_days",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        _item(),
        *_counts(),
        _of_the_item(),
        sa.PrimaryKeyConstraint("day", "item"),
        sqlite_with_rowid=False,
    )
    op.create_index("content_days_by_item", "content_days", ["item"])
    op.create_table(
        "content_together",
        _item(),
        sa.Column("others", sa.LargeBinary(), nullable=False),
        _of_the_item(),
        sa.PrimaryKeyConstraint("item"),
    )
    op.create_table(
        "content_people",
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("viewed", sa.LargeBinary(), nullable=False),
        sa.Column("purchased", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_index("content_people_by_seen_at", "content_people", ["seen_at"])
    op.create_table(
        "content_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _item() -> sa.Column[int]:
    return sa.Column("item", sa.Integer(), autoincrement=False, nullable=False)


def _counts() -> tuple[sa.Column[int], sa.Column[int]]:
    return sa.Column("views", sa.BigInteger(), nullable=False), sa.Column("purchases", sa.BigInteger(), nullable=False)


def _of_the_item() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["item"], ["content_items.id"], ondelete="CASCADE")
