"""A small shop, and a short way to ask for recommendations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from service.content import Library
from service.model import Interaction, Item
from service.settings import Settings
from service.store import Store

DAY = 86_400
NOW = datetime.now(UTC)
SECOND = int(NOW.timestamp())
ADA: dict[str, Any] = {"profile": {"keys": {"extid": "ada"}}}


def url(name: str) -> str:
    return f"https://shop.example.com/{name}"


def item(name: str, *tags: str, **facts: Any) -> Item:
    usual: dict[str, Any] = {"title": name.title(), "sku": f"SKU-{name}", "image": f"https://img.example.com/{name}.jpg"}
    return Item(url=url(name), tags=tags, **(usual | facts))


# In the order of their dates, the newest first: which is how they are sold as long as nobody has bought or viewed anything.
SHOP = [
    item("kettle", "kitchen", "metal", date=90, price=3950, vars={"colour": "blue"}, content_id="c-1", inventory=3),
    item("mug", "kitchen", "tea", date=80),
    item("teapot", "kitchen", "tea", "sale", date=70),
    item("tin", "tea", "metal", date=60),
    item("lamp", "home", "metal", date=50, expire_date=SECOND + 7 * DAY),
    item("rug", "home", "sale", date=40),
    item("vase", "home", date=30),
    item("bare", "kitchen", "tea", date=20, image=""),
    item("gone", "kitchen", "tea", date=15, inventory=0),
    item("stale", "kitchen", "tea", date=10, expire_date=SECOND - 1),
]
SOLD = ["kettle", "mug", "teapot", "tin", "lamp", "rug", "vase"]


def interactions(
    names: str, person: str | None = None, *, kind: Literal["view", "purchase"] = "view", ago: float = 60
) -> list[Interaction]:
    """`name` or `name:count`, separated by blanks, as views or purchases of a person so many seconds ago."""
    told = [each.partition(":") for each in names.split()]
    at = NOW - timedelta(seconds=ago)
    return [Interaction(kind=kind, url=url(name), at=at, person=person, count=int(n or 1)) for name, _, n in told]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def busy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The shop with something to say for every algorithm, for Ada, about the kettle. For tests that change nothing."""
    folder = tmp_path_factory.mktemp("busy")
    address = f"sqlite:///{folder / 'busy.sqlite3'}"
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        name = f"busy_{folder.name}".replace("-", "_")
        server.psql(f"CREATE DATABASE {name}")
        address = server.get_uri(name)
    store = Store(Settings(database_url=address, var=folder))
    store.migrate()
    store.content.put(SHOP)
    told = interactions("kettle vase bare gone stale", "ada") + interactions(
        "kettle bare gone stale", "ada", kind="purchase"
    )
    for person in "abc":
        told += interactions("kettle mug teapot tin lamp rug bare gone stale", person)
        told += interactions("kettle mug teapot rug bare gone stale", person, kind="purchase")
    store.content.record(told)
    yield store
    store.close()


@pytest.fixture
def library(store: Store) -> Library:
    """The shop, of which nothing is known yet."""
    store.content.put(SHOP)
    return Library(store)


@pytest.fixture
def record(store: Store) -> Callable[..., None]:
    """Records what `interactions` gives."""

    def made(names: str, person: str | None = None, **facts: Any) -> None:
        store.content.record(interactions(names, person, **facts))

    return made


def picker(library: Library) -> Callable[..., list[str]]:
    """Gives the names of the items that are recommended: the last part of their URLs."""

    def made(
        algorithm: Any = "popular",
        *,
        context: dict[str, Any] = ADA,
        now: datetime = NOW,
        seed: str = "",
        **asked: Any,
    ) -> list[str]:
        found = library.personalize({"algorithm": algorithm, **asked}, context=context, now=now, seed=seed)
        return [each["url"].rpartition("/")[2] for each in found]

    return made


@pytest.fixture
def pick(library: Library) -> Callable[..., list[str]]:
    return picker(library)
