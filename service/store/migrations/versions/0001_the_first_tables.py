"""The first tables: deliveries and what belongs to them, templates, keys, accounts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _where(condition: str) -> dict[str, Any]:
    """Of a partial index, on both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("token_from", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("brand_prefix", sa.Text(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "buckets",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("rate_class", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float()),
        sa.Column("refilled_at", sa.BigInteger()),
        sa.Column("rate", sa.Float()),
        sa.Column("burst", sa.Float()),
        sa.Column("blocked_until", sa.BigInteger()),
        sa.Column("served_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "rate_class"),
    )
    op.create_table(
        "circuits",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trips", sa.Integer(), nullable=False),
        sa.Column("open_until", sa.BigInteger()),
        sa.Column("probe", sa.Text()),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("template", sa.Text()),
        sa.Column("version_id", sa.Text()),
        sa.Column("version", sa.Integer()),
        sa.Column("key", sa.Text()),
        sa.Column("recipient", sa.Text()),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("digest", sa.Text()),
        sa.Column("guarantee", sa.Text(), nullable=False),
        sa.Column("rate_class", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("idempotency_slot", sa.Text()),
        sa.Column("fingerprint", sa.Text()),
        sa.Column("problems", sa.Text()),
        sa.Column("warnings", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("decision", sa.Text()),
        sa.Column("replay_of", sa.Text()),
        sa.Column("attempts_made", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
        postgresql_with={"fillfactor": 75, "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_threshold": 1000},
    )
    op.create_index("deliveries_by_account", "deliveries", ["account", "id"])
    op.create_index("deliveries_by_action", "deliveries", ["action", "id"])
    op.create_index("deliveries_by_key", "deliveries", ["key", "id"])
    op.create_index("deliveries_by_recipient", "deliveries", ["recipient", "id"])
    op.create_index("deliveries_by_replay_of", "deliveries", ["replay_of", "id"], **_where("replay_of IS NOT NULL"))
    op.create_index(
        "deliveries_by_status", "deliveries", ["status", "id"], **_where("status NOT IN ('queued', 'sending', 'accepted')")
    )
    op.create_index("deliveries_by_template", "deliveries", ["template", "id"])
    op.create_index(
        "deliveries_idempotency",
        "deliveries",
        ["idempotency_key", "account", "target", "idempotency_slot"],
        unique=True,
        **_where("idempotency_key IS NOT NULL"),
    )
    op.create_index("deliveries_sending", "deliveries", ["lease_owner", "lease_until"], **_where("status = 'sending'"))
    op.create_index(
        "deliveries_waiting",
        "deliveries",
        ["account", "rate_class", "priority", "due_at", "id"],
        **_where("status IN ('held', 'queued', 'retrying')"),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("templates", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "snippets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "templates",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("live", sa.Integer()),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("created_by", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("versions_by_name", "versions", ["name", "number"], unique=True)
    op.create_table(
        "attempts",
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("duration_ms", sa.Float()),
        sa.Column("worker", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("status_code", sa.Integer()),
        sa.Column("headers", sa.Text()),
        sa.Column("body", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("meaning", sa.Text()),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery", "number"),
        postgresql_with={"fillfactor": 75},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contexts",
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery"),
    )
