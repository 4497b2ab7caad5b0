"""Templates: immutable versions, of which at most one is live."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from service.errors import Conflict, NotFound
from service.model import Guarantee, Policy, Step, TemplateSource, Version, new_id
from service.registry import nearest
from service.store import audit
from service.store._database import AnyRow, Database
from service.store._tables import templates, versions
from service.store._times import from_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateInfo:
    """One line of the list of templates."""

    name: str
    title: str
    action: str
    account: str
    live: int | None
    newest: int
    updated_at: datetime
    steps: int = 1  # of a plan: how many; `action` is the first one's


class Templates:
    """Versions by template name. A version once kept never changes, so whoever has read it may keep it for good."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def push(
        self,
        source: TemplateSource,
        *,
        note: str | None = None,
        by: str | None = None,
        publish: bool = True,
        expected_live: int | None = None,
    ) -> Version:
        """Keep a new version; content equal to the newest version's makes none, and that one is answered.

        `expected_live` is the live number (0: none) that the author started from; `Conflict` where another is live now.
        `by` is who does it, and leaves a line in the audit log; None: nobody, as at the first start.
        """
        text = to_json(source)
        digest = hashlib.sha256(text).hexdigest()
        with self._database.write() as connection:
            live = _lock(connection, self._database, source.name)
            if expected_live is not None and expected_live != (live or 0):
                raise Conflict(
                    f"{source.name!r} has changed since: version {live or 0} is live, not {expected_live}.",
                    hint="Look at the live version, then push again with its number.",
                )
            newest = connection.execute(
                select(versions).where(versions.c.name == source.name).order_by(versions.c.number.desc()).limit(1)
            ).one_or_none()
            if newest is not None and newest.digest == digest:
                number = newest.number
            else:
                number = newest.number + 1 if newest is not None else 1
                connection.execute(
                    versions.insert().values(
                        id=new_id("ver"),
                        name=source.name,
                        number=number,
                        digest=digest,
                        source=text.decode(),
                        note=note,
                        created_by=by,
                        created_at=self._database.now(connection),
                    )
                )
                if not publish:
                    self._note(connection, by, "template.push", source.name, number)
            if publish and number != live:
                _set_live(connection, self._database, source.name, number)
                self._note(connection, by, "template.publish", source.name, number)
            return _one(connection, versions.c.name == source.name, versions.c.number == number)

    def live(self, name: str) -> Version | None:
        """The live version, or None where the template is unknown or nothing of it is live."""
        with self._database.read() as connection:
            row = connection.execute(
                _JOINED.where(versions.c.name == name, versions.c.number == templates.c.live)
            ).one_or_none()
        return None if row is None else _to_version(row)

    def version(self, id: str) -> Version | None:
        with self._database.read() as connection:
            row = connection.execute(_JOINED.where(versions.c.id == id)).one_or_none()
        return None if row is None else _to_version(row)

    def versions(self, name: str) -> list[Version]:
        """Every version, the newest first."""
        query = _JOINED.where(versions.c.name == name).order_by(versions.c.number.desc())
        with self._database.read() as connection:
            return [_to_version(row) for row in connection.execute(query)]

    def publish(self, name: str, number: int, *, expected_live: int | None = None, by: str | None = None) -> Version:
        """Make this version live. Raises `NotFound`, and `Conflict` as in `push`; `by` as there."""
        with self._database.write() as connection:
            self._known(connection, name)
            live = _lock(connection, self._database, name)
            if expected_live is not None and expected_live != (live or 0):
                raise Conflict(f"{name!r} has changed since: version {live or 0} is live, not {expected_live}.")
            known = list(connection.execute(select(versions.c.number).where(versions.c.name == name)).scalars())
            if number not in known:
                raise NotFound(f"{name!r} has no version {number}.", hint=f"It has 1 to {max(known, default=0)}.")
            if number != live:
                _set_live(connection, self._database, name, number)
                what = "template.publish" if number > (live or 0) else "template.rollback"
                self._note(connection, by, what, name, number)
            return _one(connection, versions.c.name == name, versions.c.number == number)

    def rollback(self, name: str, *, by: str | None = None) -> Version:
        """Make live what was live before. Raises `NotFound`, and `Conflict` where nothing was; `by` as in `push`."""
        with self._database.write() as connection:
            self._known(connection, name)
            _lock(connection, self._database, name)
            previous: list[int] = orjson.loads(
                connection.execute(select(templates.c.previous).where(templates.c.name == name)).scalar_one()
            )
            if not previous:
                raise Conflict(f"No version of {name!r} was live before this one.")
            number = previous.pop()
            now = self._database.now(connection)
            connection.execute(
                templates.update()
                .where(templates.c.name == name)
                .values(live=number, previous=orjson.dumps(previous).decode(), updated_at=now)
            )
            self._note(connection, by, "template.rollback", name, number)
            return _one(connection, versions.c.name == name, versions.c.number == number)

    def names(self) -> list[str]:
        with self._database.read() as connection:
            return list(connection.execute(select(templates.c.name).order_by(templates.c.name)).scalars())

    def list(self) -> list[TemplateInfo]:
        """Every template with what its live version (else its newest) says of itself, by name."""
        newest = select(versions.c.name, func.max(versions.c.number).label("newest")).group_by(versions.c.name).subquery()
        query = (
            select(templates, newest.c.newest, versions.c.source)
            .join(newest, newest.c.name == templates.c.name)
            .join(
                versions,
                (versions.c.name == templates.c.name)
                & (versions.c.number == func.coalesce(templates.c.live, newest.c.newest)),
            )
            .order_by(templates.c.name)
        )
        with self._database.read() as connection:
            return [_to_info(row) for row in connection.execute(query)]

    def _note(self, connection: Connection, by: str | None, what: str, name: str, number: int) -> None:
        if by is not None:
            audit.write(connection, self._database, by, what, name, f"v{number}")

    def _known(self, connection: Connection, name: str) -> None:
        names = list(connection.execute(select(templates.c.name)).scalars())
        if name not in names:
            near = nearest(name, names)
            raise NotFound(f"There is no template {name!r}.", hint=f"Did you mean {near!r}?" if near else None)


_JOINED = select(versions, templates.c.live).join(templates, templates.c.name == versions.c.name)


def _lock(connection: Connection, database: Database, name: str) -> int | None:
    """The number of the live version; the row is made where it is missing, and is ours until the transaction ends."""
    now = database.now(connection)
    database.insert(connection, "templates", ("name", "previous", "updated_at"), 1, (name, "[]", now))
    found: int | None = connection.execute(
        select(templates.c.live).where(templates.c.name == name).with_for_update()
    ).scalar_one()
    return found


def _set_live(connection: Connection, database: Database, name: str, number: int) -> None:
    row = connection.execute(select(templates).where(templates.c.name == name)).one()
    previous = orjson.loads(row.previous) + ([row.live] if row.live is not None else [])
    connection.execute(
        templates.update()
        .where(templates.c.name == name)
        .values(live=number, previous=orjson.dumps(previous[-100:]).decode(), updated_at=database.now(connection))
    )


def _one(connection: Connection, *conditions: Any) -> Version:
    return _to_version(connection.execute(_JOINED.where(*conditions)).one())


def to_json(source: TemplateSource) -> bytes:
    """A template as it is kept. One that uses neither plans nor shapes has the same text, and so the same digest, as before
    there were any."""
    kept = asdict(source)
    for policy in (kept["policy"], *(step["policy"] for step in kept["then"])):
        if policy["shape"] is None:
            del policy["shape"]
    if source.step is None:
        del kept["step"], kept["then"]
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)


def _to_version(row: AnyRow) -> Version:
    return Version(
        id=row.id,
        number=row.number,
        template=from_json(row.source),
        digest=row.digest,
        live=row.live == row.number,
        note=row.note,
        created_by=row.created_by,
        created_at=from_ms(row.created_at),
    )


def from_json(text: str) -> TemplateSource:
    """A template from what `to_json` made of it."""
    kept: Mapping[str, Any] = orjson.loads(text)
    then = tuple(Step(**{**step, "policy": _to_policy(step["policy"])}) for step in kept.get("then", ()))
    return TemplateSource(**{**kept, "policy": _to_policy(kept["policy"]), "then": then})


def _to_policy(kept: Mapping[str, Any]) -> Policy:
    guarantee = kept.get("guarantee")
    return Policy(**{**kept, "guarantee": None if guarantee is None else Guarantee(guarantee)})


def _to_info(row: AnyRow) -> TemplateInfo:
    kept = orjson.loads(row.source)
    return TemplateInfo(
        name=row.name,
        title=kept["title"],
        action=kept["action"],
        account=kept["account"],
        live=row.live,
        newest=row.newest,
        updated_at=from_ms(row.updated_at),
        steps=1 + len(kept.get("then", ())),
    )
