"""The tables of the studio: who may come in, who is in, who tried, and who did what."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from service.store._tables import metadata

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("login", Text, nullable=False, unique=True),  # lower case
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text),  # argon2id; null: invited, and has not come yet
    Column("invitation", Text, unique=True),  # sha256 of the token in the link
    Column("invited_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),  # sha256 of the secret in the cookie
    Column("user", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
Index("sessions_by_user", sessions.c.user)

# One row for each try to sign in and each thing that is counted of it, gone when its time is over.
tries = Table(
    "tries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),  # sha256 of the login, the address, or both
    Column("at", BigInteger, nullable=False),
)
Index("tries_by_subject", tries.c.subject, tries.c.at)
Index("tries_by_time", tries.c.at)

audit = Table(
    "audit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),  # a login, kept as text: it outlives the user
    Column("what", Text, nullable=False),  # such as key.create
    Column("target", Text, nullable=False),  # what it was done to, such as the name of a key
    Column("detail", Text, nullable=False),
)

TABLES = (users, sessions, tries, audit)
