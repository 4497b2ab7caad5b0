"""The tables as they are now. A change here needs a migration; a test compares the two.

Times are milliseconds since 1970 UTC, as integers: compact, ordered, and the same on every database.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()

# Written as literal text because a partial index serves only queries that repeat its condition word for word.
WAITING = text("status IN ('held', 'queued', 'retrying')")
QUEUED = text("status IN ('held', 'queued', 'retrying') AND status = 'queued'")
SENDING = text("status = 'sending'")
OUT_OF_THE_ORDINARY = text("status NOT IN ('queued', 'sending', 'accepted')")
ONCE_IN_A_PLAN = text("plan IS NOT NULL AND replay_of IS NULL")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("template", Text),
    Column("version_id", Text),
    Column("version", Integer),
    Column("key", Text),
    Column("recipient", Text),
    Column("payload", LargeBinary),
    Column("digest", Text),
    Column("guarantee", Text, nullable=False),
    Column("rate_class", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("idempotency_key", Text),
    Column("idempotency_slot", Text),  # "" holds the key; the row's own id: it holds it no more, or never did
    Column("fingerprint", Text),
    Column("problems", Text),  # JSON list, null when there is none
    Column("warnings", Text),
    Column("reason", Text),
    Column("decision", Text),  # JSON object: the guard's rule and value, where one holds or stops it
    Column("replay_of", Text),
    Column("plan", Text),  # id of the plan's first delivery; null where the template has one action
    Column("step", Text),
    Column("email", Text),  # the recipient's, where the context says that number and address are one person's
    Column("attempts_made", Integer, nullable=False),
    Column("fence", Integer, nullable=False),  # grows whenever the right to send changes hands
    Column("lease_owner", Text),
    Column("lease_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("expires_at", BigInteger),
    Column("finished_at", BigInteger),
    postgresql_with={
        "fillfactor": 75,  # room for the new versions of a row that each change of status makes
        "autovacuum_vacuum_scale_factor": 0.02,
        "autovacuum_vacuum_threshold": 1000,
    },
)
_d = deliveries.c

Index(
    "deliveries_waiting",
    _d.account,
    _d.rate_class,
    _d.priority,
    _d.due_at,
    _d.id,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index("deliveries_sending", _d.lease_owner, _d.lease_until, sqlite_where=SENDING, postgresql_where=SENDING)
Index(
    "deliveries_idempotency",
    _d.idempotency_key,
    _d.account,
    _d.target,
    _d.idempotency_slot,
    unique=True,
    sqlite_where=_d.idempotency_key.is_not(None),
    postgresql_where=_d.idempotency_key.is_not(None),
)
# One for each filter of the log, in the order in which a page is read. A delivery that goes well never touches the first.
Index(
    "deliveries_by_status",
    _d.status,
    _d.id,
    _d.template,  # so that the templates' figures need no rows
    sqlite_where=OUT_OF_THE_ORDINARY,
    postgresql_where=OUT_OF_THE_ORDINARY,
)
Index("deliveries_by_template", _d.template, _d.id)
Index("deliveries_by_account", _d.account, _d.id)
Index("deliveries_by_action", _d.action, _d.id)
Index("deliveries_by_key", _d.key, _d.id)
Index("deliveries_by_recipient", _d.recipient, _d.id)
Index(
    "deliveries_by_replay_of",
    _d.replay_of,
    _d.id,
    sqlite_where=_d.replay_of.is_not(None),
    postgresql_where=_d.replay_of.is_not(None),
)

Index(
    "deliveries_by_plan",
    _d.plan,
    _d.id,
    sqlite_where=_d.plan.is_not(None),
    postgresql_where=_d.plan.is_not(None),
)
# A plan goes on from a step once, whoever finds it accepted, and however often.
Index(
    "deliveries_once_in_a_plan",
    _d.plan,
    _d.step,
    unique=True,
    sqlite_where=ONCE_IN_A_PLAN,
    postgresql_where=ONCE_IN_A_PLAN,
)

# Apart from deliveries, because it is large, read seldom, and would be copied with every change of status.
contexts = Table(
    "contexts",
    metadata,
    Column("delivery", Text, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("context", LargeBinary, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery", Text, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("duration_ms", Float),
    Column("worker", Text),
    Column("outcome", Text),
    Column("status_code", Integer),
    Column("headers", Text),  # JSON object
    Column("body", Text),
    Column("error", Text),
    Column("meaning", Text),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 75},
)

# One row for each (account, rate class) that ever had a delivery; locked while a worker takes its permits.
buckets = Table(
    "buckets",
    metadata,
    Column("account", Text, primary_key=True),
    Column("rate_class", Text, primary_key=True),
    Column("rate", Float),  # calls a second, null: no limit
    Column("spent", Text),  # JSON list of [moment, calls that ended then], while they still hold their permits
    Column("blocked_until", BigInteger),
    Column("served_at", BigInteger, nullable=False),  # accounts are served in turn: longest unserved first
)

circuits = Table(
    "circuits",
    metadata,
    Column("account", Text, primary_key=True),
    Column("failures", Integer, nullable=False),  # in a row
    Column("trips", Integer, nullable=False),  # how often it has opened since it was last closed
    Column("open_until", BigInteger),
    Column("probe", Text),  # the delivery that tries whether the vendor is back
)

versions = Table(
    "versions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("source", Text, nullable=False),  # the whole TemplateSource as JSON
    Column("note", Text),
    Column("created_by", Text),
    Column("created_at", BigInteger, nullable=False),
)
Index("versions_by_name", versions.c.name, versions.c.number, unique=True)

templates = Table(
    "templates",
    metadata,
    Column("name", Text, primary_key=True),
    Column("live", Integer),  # number of the live version; null: none, so nothing is sent
    Column("previous", Text, nullable=False),  # JSON list of the numbers that were live before, oldest first
    Column("updated_at", BigInteger, nullable=False),
)

snippets = Table(
    "snippets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False, unique=True),  # sha256 of the secret; the secret is kept nowhere
    Column("prefix", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # words, separated by spaces
    Column("templates", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("token_from", Text, nullable=False),
    Column("token", LargeBinary),  # encrypted; only where token_from is "stored"
    Column("country", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("brand_prefix", Text, nullable=False),
    Column("limits", Text, nullable=False),  # JSON object
    Column("updated_at", BigInteger, nullable=False),
    Column("signing_from", Text),
    Column("signing", LargeBinary),  # encrypted; only where signing_from is "stored"
    Column("hears_for_all", Integer),  # 1: what the vendor tells us there holds for every account
)

# The content library. Items are known by their URL; everything else refers to their number, which is never given again.
content_items = Table(
    "content_items",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("url", Text, nullable=False, unique=True),
    Column("sku", Text),
    Column("content_id", Text),
    Column("title", Text, nullable=False),
    Column("words", Text, nullable=False),  # what a search looks at, in lower case
    Column("tags", Text, nullable=False),  # separated by spaces, which no tag has
    Column("has_image", Boolean, nullable=False),
    Column("in_stock", Boolean, nullable=False),
    Column("date", BigInteger, nullable=False),  # unix seconds; 0: unknown
    Column("expire_date", BigInteger),
    Column("data", Text, nullable=False),  # the whole item as JSON
    Column("updated_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
Index("content_items_by_sku", content_items.c.sku)
Index("content_items_by_content_id", content_items.c.content_id)
Index("content_items_by_title", content_items.c.title)

_ITEM = "content_items.id"

content_tags = Table(
    "content_tags",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("item", Integer, ForeignKey(_ITEM, ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
)
Index("content_tags_by_item", content_tags.c.item)

content_counts = Table(
    "content_counts",
    metadata,
    Column("item", Integer, ForeignKey(_ITEM, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("views", BigInteger, nullable=False),
    Column("purchases", BigInteger, nullable=False),
)

content_days = Table(
    "content_days",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970, UTC
    Column("item", Integer, ForeignKey(_ITEM, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("views", BigInteger, nullable=False),
    Column("purchases", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("content_days_by_item", content_days.c.item)

content_together = Table(
    "content_together",
    metadata,
    Column("item", Integer, ForeignKey(_ITEM, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("others", LargeBinary, nullable=False),  # item, bought together, seen together: 32 bits each
)

content_people = Table(
    "content_people",
    metadata,
    Column("person", LargeBinary, primary_key=True),  # a keyed hash: nobody can read or guess it back
    Column("viewed", LargeBinary, nullable=False),  # item, unix seconds: 32 bits each, the latest first
    Column("purchased", LargeBinary, nullable=False),
    Column("seen_at", BigInteger, nullable=False),  # unix seconds of the latest of all
)
Index("content_people_by_seen_at", content_people.c.seen_at)

content_state = Table(
    "content_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),  # grows whenever something of the library changes
)
