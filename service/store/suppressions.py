"""Suppressions: who must not be texted, since when, and how we know. One row for each person, account, type and source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, Index, Table, Text, and_, bindparam, or_, select, text

from service.errors import NotFound
from service.model import SubscriptionType, Suppression, new_id
from service.store import audit
from service.store._database import AnyRow, Database
from service.store._tables import accounts, metadata
from service.store._texts import keepable
from service.store._times import from_ms, from_ms_or_none, to_ms

PERSON = "person"  # the source of what people enter; nothing that a vendor says ends it
DELIVERY = "delivery"  # of what an unsubscription that we sent means
EVERY_ACCOUNT = ""

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("who", Text, nullable=False),  # an E.164 number, a mail address in lower case, or a vendor's id of somebody
    Column("account", Text, nullable=False),  # empty: every account
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("told_at", BigInteger, nullable=False),  # the latest opt-out that is known, where it was told more than once
    Column("until", BigInteger),  # not in force from then on; null: in force
)
_s = suppressions.c
Index("suppressions_of", _s.who, _s.account, _s.type, _s.source, unique=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Somebody wants no texts of this type any more, from `at` on. `reason` ends the sentence "Opted out ..."."""

    who: str
    type: SubscriptionType
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OptIn:
    """Somebody wants texts of this type (ALL: of any) again, from `at` on."""

    who: str
    type: SubscriptionType
    at: datetime


Change = OptOut | OptIn


class Suppressions:
    """Who must not be texted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        who: str,
        type: SubscriptionType,
        *,
        account: str | None = None,
        reason: str,
        until: datetime | None = None,
        by: str,
    ) -> Suppression:
        """What a person enters, in place of what a person entered for the same before. It leaves a line in the audit log."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            key = _key(who, account, type, PERSON)
            _put(connection, self._database, key, since=now, until=until, reason=reason)
            made = _to_suppression(connection.execute(select(suppressions).where(_is(key))).one())
            audit.write(connection, self._database, by, "suppression.add", made.id, made.about())
        return made

    def remove(self, id: str, *, by: str, reason: str = "") -> Suppression:
        """End one, whoever made it; it stays on record, and the reason in the audit log. Raises `NotFound`."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            in_force = or_(_s.until.is_(None), _s.until > now)
            found = connection.execute(suppressions.update().where(_s.id == id, in_force).values(until=now))
            row = connection.execute(select(suppressions).where(_s.id == id)).one_or_none()
            if row is None:
                raise NotFound(f"There is no suppression {id[:40]!r}.", hint="See the list of them.")
            ended = _to_suppression(row)
            if found.rowcount:
                audit.write(
                    connection,
                    self._database,
                    by,
                    "suppression.remove",
                    id,
                    f"{ended.about()}: {reason}" if reason else ended.about(),
                )
        return ended

    def get(self, id: str) -> Suppression | None:
        with self._database.read() as connection:
            row = connection.execute(select(suppressions).where(_s.id == id)).one_or_none()
        return None if row is None else _to_suppression(row)

    def page(
        self, *, who: str | None = None, ended: bool = False, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Suppression], str | None]:
        """A page of those in force (with `ended`: of all), the newest first, and where the next starts (None: it is the
        last)."""
        query = select(suppressions).order_by(_s.id.desc()).limit(limit + 1)
        if who is not None:
            query = query.where(_s.who == who)
        if cursor is not None:
            query = query.where(_s.id < cursor)
        with self._database.read() as connection:
            if not ended:
                query = query.where(or_(_s.until.is_(None), _s.until > self._database.now(connection)))
            rows = connection.execute(query).all()
        found = [_to_suppression(row) for row in rows[:limit]]
        return found, found[-1].id if len(rows) > limit else None


def apply(
    connection: Connection,
    database: Database,
    changes: Iterable[Change],
    *,
    account: str | None,
    source: str,
    ends: Sequence[str] = (),
) -> list[bool]:
    """Follow what people told a vendor, within the caller's transaction; of each change, whether it changed anything.

    `ends` are the sources whose suppressions an opt-in ends. An older word never goes before a later one; of two at
    the same moment the opt-out holds.
    """
    # One order for all, so that nobody waits in a circle.
    ordered = sorted(enumerate(changes), key=lambda each: each[1].who)
    done = {at: _follow(connection, database, each, account, source, (source, *ends)) for at, each in ordered}
    return [done[at] for at in sorted(done)]


def apply_own(connection: Connection, database: Database, changes: Iterable[Change], account: str) -> None:
    """The same for what an accepted call of ours asked for through this account."""
    for_all = connection.execute(select(accounts.c.hears_for_all).where(accounts.c.name == account)).scalar_one_or_none()
    apply(connection, database, changes, account=None if for_all else account, source=DELIVERY)


def is_any(connection: Connection) -> bool:
    """Whether anybody was ever suppressed. Next to free, so that nobody pays for what is not used."""
    return bool(connection.execute(_IS_ANY).scalar_one())


def of(connection: Connection, people: Iterable[str]) -> dict[str, list[Suppression]]:
    """What is known of these people, by the name they were asked for."""
    found: dict[str, list[Suppression]] = {}
    asked = sorted(set(people))
    if asked:
        for row in connection.execute(_OF, {"people": asked}):
            found.setdefault(row.who, []).append(_to_suppression(row))
    return found


_IS_ANY = text("SELECT EXISTS (SELECT 1 FROM suppressions)")
_OF = select(suppressions).where(_s.who.in_(bindparam("people", expanding=True))).order_by(_s.since)
_Key = dict[str, str]


def _follow(
    connection: Connection, database: Database, change: Change, account: str | None, source: str, ends: Sequence[str]
) -> bool:
    at = to_ms(change.at)
    if isinstance(change, OptIn):
        types = (change.type.value, SubscriptionType.ALL.value) if change.type is not SubscriptionType.ALL else None
        meant = [_s.who == change.who, _s.account == (account or EVERY_ACCOUNT), _s.source.in_(ends), _s.told_at < at]
        if types is not None:
            meant.append(_s.type.in_(types))
        ended = connection.execute(suppressions.update().where(*meant, _s.until.is_(None)).values(until=at))
        return ended.rowcount > 0
    key = _key(change.who, account, change.type, source)
    kept = connection.execute(select(suppressions).where(_is(key)).with_for_update()).one_or_none()
    if kept is not None and (kept.until is None or kept.until > at):  # known already, or older than what ended it
        if kept.until is None and kept.told_at < at:
            connection.execute(suppressions.update().where(_is(key)).values(told_at=at))
        return False
    _put(connection, database, key, since=at, until=None, reason=change.reason)
    return True


def _put(connection: Connection, database: Database, key: _Key, *, since: int, until: datetime | None, reason: str) -> None:
    values = {"since": since, "told_at": since, "until": None if until is None else to_ms(until), "reason": keepable(reason)}
    row = {"id": new_id("sup"), **key, **values}
    if not database.insert(connection, "suppressions", tuple(row), 1, tuple(row.values())):
        connection.execute(suppressions.update().where(_is(key)).values(**values))


def _key(who: str, account: str | None, type: SubscriptionType, source: str) -> _Key:
    return {"who": who, "account": account or EVERY_ACCOUNT, "type": type.value, "source": source}


def _is(key: _Key) -> ColumnElement[bool]:
    return and_(*(suppressions.c[name] == value for name, value in key.items()))


def _to_suppression(row: AnyRow) -> Suppression:
    return Suppression(
        id=row.id,
        who=row.who,
        account=row.account or None,
        type=SubscriptionType(row.type),
        source=row.source,
        reason=row.reason,
        since=from_ms(row.since),
        until=from_ms_or_none(row.until),
    )
