"""From the content library into a message: previewed, tried and sent alike, and never lost where the library is away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from service.actions import Actions
from service.content import Library
from service.delivery.accept import Intake
from service.delivery.prepare import Preparer
from service.errors import Unavailable
from service.model import Account, Interaction, Item, Key, Outcome, Policy, Scope, Status, TemplateSource
from service.settings import packaged
from service.store import Store

ACTIONS = Actions.load(packaged("schemas"))
SEND = "attentive.messages.send"
ADA = {"profile": {"email": "ada@example.com", "keys": {"sms": "+12025550143", "extid": "cust-551"}}}
REST = '"to": "{{ profile.keys.sms }}", "subscriptionType": "MARKETING" }'
JINJA = '{% set items = personalize({"algorithm": "ALGORITHM", "size": 1}) %}{ "body": "Look: {{ items[0].title }}", ' + REST
ZEPHYR = """{items = personalize({
"algorithm": "ALGORITHM",
"size": 1
})}
{title = items[0].title}
{
"body": "Look: {title}",
"to": "{profile.keys.sms}",
"subscriptionType": "MARKETING"
}"""
BOTH = pytest.mark.parametrize(("dialect", "source"), [("jinja", JINJA), ("zephyr", ZEPHYR)])


@pytest.fixture
def intake(store: Store) -> Intake:
    """With a library of twenty items, of which Ada has viewed one."""
    store.accounts.put(
        Account(name="default", destination="attentive", base_url="https://vendor.example.com", token_from="env:TOKEN")
    )
    names = [f"Thing {n}" for n in range(20)]
    store.content.put(
        [
            Item(
                url=f"https://shop.example.com/{n}",
                title=name,
                image="https://img.example.com/x.jpg",
                tags=(f"tag-{n % 5}",),
            )
            for n, name in enumerate(names)
        ]
    )
    viewed = Interaction(kind="view", url="https://shop.example.com/7", at=datetime.now(UTC), person="ADA@example.com")
    store.content.record([viewed])
    return Intake(store.settings, ACTIONS, store, Preparer(ACTIONS, Library(store)))


@pytest.fixture
def push(store: Store, intake: Intake) -> Callable[..., None]:
    def made(source: str, dialect: str = "jinja", algorithm: str = "popular") -> None:
        template = TemplateSource(
            name="look", title="look", action=SEND, account="default", dialect=dialect,
            source=source.replace("ALGORITHM", algorithm),
        )  # fmt: skip
        store.templates.push(template, publish=True)
        intake.changed()

    return made


@pytest.fixture
def key(store: Store) -> Key:
    return store.keys.create("flow", [Scope.HOOKS])[0]


@BOTH
def test_an_item_of_the_library_comes_into_the_message(
    intake: Intake, store: Store, push: Any, key: Key, dialect: str, source: str
) -> None:
    """S1-25, S1-28: also by what this person viewed."""
    push(source, dialect, "trending")
    kept = store.deliveries.get(intake.hook("look", ADA, key).id)
    assert kept is not None
    assert (kept.status, b"Look: Thing 7" in (kept.payload or b"")) == (Status.QUEUED, True)
    push(source, dialect, "viewed")
    kept = store.deliveries.get(intake.hook("look", ADA, key).id)
    assert kept is not None
    assert b"Look: Thing 12" in (kept.payload or b"")


@BOTH
def test_finding_nothing_is_kept_and_shown_and_not_sent(
    intake: Intake, push: Any, key: Key, dialect: str, source: str
) -> None:
    """S1-30"""
    push(source, dialect, "viewed")
    accepted = intake.hook("look", {"profile": {"keys": {"sms": "+12025550144"}}}, key)
    assert accepted.status is Status.REJECTED
    assert accepted.problems[0].detail == "personalize() finds nothing, and the template does not say what then."


@BOTH
def test_a_preview_a_dry_run_and_the_message_choose_alike(
    intake: Intake, store: Store, push: Any, key: Key, dialect: str, source: str
) -> None:
    push(source, dialect, "random")
    chosen = set()
    for number in range(8):
        context = {**ADA, "number": number}
        kept = store.deliveries.get(intake.hook("look", context, key).id)
        assert kept is not None
        program = intake.preparer.compile(source.replace("ALGORITHM", "random"), dialect=dialect)
        preview = intake.preparer.prepare(program, ACTIONS[SEND], Policy(), context, now=datetime.now(UTC))
        assert kept.digest == intake.dry_hook("look", context, key).digest == preview.digest
        chosen.add(kept.payload)
    assert len(chosen) > 1


@BOTH
def test_where_the_library_is_away_nothing_is_claimed(
    intake: Intake, store: Store, push: Any, key: Key, dialect: str, source: str
) -> None:
    push(source, dialect)
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE content_items RENAME TO elsewhere")
    with pytest.raises(Unavailable):
        intake.hook("look", ADA, key)
    with pytest.raises(Unavailable):
        intake.dry_hook("look", ADA, key)
    assert store.deliveries.search().items == []


def test_who_does_not_recommend_does_not_ask_the_library(intake: Intake, store: Store, push: Any, key: Key) -> None:
    push('{ "body": "Hello", ' + REST)
    with store.database.write() as connection:
        for table in ("items", "state", "people"):
            connection.exec_driver_sql(f"ALTER TABLE content_{table} RENAME TO away_{table}")
    assert intake.hook("look", ADA, key).status is Status.QUEUED


def test_zephyr_knows_the_interests_of_a_person(intake: Intake, store: Store) -> None:
    """S1-25"""
    others = Interaction(kind="view", url="https://shop.example.com/8", at=datetime.now(UTC), count=3)
    store.content.record([others])
    source = '{\n"body": "{horizon_interest(\'tag-2\') > 1} {horizon_interest(\'tag-3\') < 1}", "to": "1"\n}'
    program = intake.preparer.compile(source, dialect="zephyr")
    made = intake.preparer.prepare(program, ACTIONS[SEND], Policy(), ADA, now=datetime.now(UTC))
    assert made.payload["body"] == "true true"


def test_without_a_library_posted_lists_are_picked_from_by_the_same_rules() -> None:
    preparer = Preparer(ACTIONS)
    source = JINJA.replace('"size": 1', '"size": 1, "include_tags_any": ["tea"]').replace("ALGORITHM", "trending")
    program = preparer.compile(source)
    posted = [{"title": "Kettle"}, {"title": "Tin", "tags": ["Tea"]}]
    made = preparer.prepare(program, ACTIONS[SEND], Policy(), {**ADA, "content": posted}, now=datetime.now(UTC))
    assert (made.outcome, made.payload["body"], made.warnings) == (Outcome.VALID, "Look: Tin", ())
    nothing = preparer.prepare(program, ACTIONS[SEND], Policy(), ADA, now=datetime.now(UTC))
    assert nothing.outcome is Outcome.INVALID
    assert [each.code for each in nothing.warnings] == ["render.no_library"]
