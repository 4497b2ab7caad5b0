"""Plans: to which one a delivery belongs, and as which step."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OF_A_PLAN = sa.text("plan IS NOT NULL")
_ONCE = sa.text("plan IS NOT NULL AND replay_of IS NULL")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("plan", sa.Text()))
    op.add_column("deliveries", sa.Column("step", sa.Text()))
    op.create_index("deliveries_by_plan", "deliveries", ["plan", "id"], sqlite_where=_OF_A_PLAN, postgresql_where=_OF_A_PLAN)
    op.create_index(
        "deliveries_once_in_a_plan",
        "deliveries",
        ["plan", "step"],
        unique=True,
        sqlite_where=_ONCE,
        postgresql_where=_ONCE,
    )
