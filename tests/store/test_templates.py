"""Versions never change, one at most is live, and nobody overwrites what he has not seen."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import Conflict, NotFound
from service.model import Guarantee, Policy, TemplateSource


@pytest.fixture
def source():
    def make(text="{}", **facts):
        usual = {
            "name": "welcome",
            "title": "Welcome",
            "action": "attentive.messages.send",
            "account": "default",
            "dialect": "jinja",
        }
        return TemplateSource(**(usual | {"source": text} | facts))

    return make


def test_a_version_comes_back_as_it_was_pushed(store, source):
    made = source(
        '{"body": "Hi \u2028"}',
        policy=Policy(guarantee=Guarantee.AT_LEAST_ONCE, expires_after_s=43200.0, missing={"profile.name": "there"}),
        snippets={"footer": "Bye"},
        samples={"ana": {"context": {"n": 1.5}, "expected": None}},
    )
    pushed = store.templates.push(made, note="first", by="ada")
    assert pushed.template == made
    assert (pushed.number, pushed.live, pushed.note, pushed.created_by) == (1, True, "first", "ada")
    assert store.templates.live("welcome") == pushed == store.templates.version(pushed.id)
    assert isinstance(store.templates.live("welcome").template.policy.guarantee, Guarantee)


def test_what_is_not_there_is_none(store):
    assert store.templates.live("welcome") is None
    assert store.templates.version("ver_0") is None
    assert store.templates.versions("welcome") == []


def test_the_same_content_makes_no_new_version(store, source):
    first = store.templates.push(source())
    again = store.templates.push(source(), note="nothing new")
    assert again == first
    assert [version.number for version in store.templates.versions("welcome")] == [1]


def test_every_change_is_a_new_version_and_the_newest_is_live(store, source):
    store.templates.push(source("{}"))
    store.templates.push(source("[]"))
    assert [(version.number, version.live) for version in store.templates.versions("welcome")] == [(2, True), (1, False)]


def test_a_draft_is_kept_and_nothing_sends_it(store, source):  # S1-24
    draft = store.templates.push(source(), publish=False)
    assert not draft.live
    assert store.templates.live("welcome") is None
    assert store.templates.publish("welcome", 1).live
    assert store.templates.live("welcome").id == draft.id


def test_an_author_who_started_from_another_version_is_told(store, source):
    store.templates.push(source("{}"), expected_live=0)
    store.templates.push(source("[]"), expected_live=1)
    with pytest.raises(Conflict):
        store.templates.push(source("1"), expected_live=1)
    with pytest.raises(Conflict):
        store.templates.publish("welcome", 1, expected_live=1)
    assert len(store.templates.versions("welcome")) == 2


def test_rolling_back_goes_through_what_was_live_before(store, source):
    for text in ("1", "2", "3"):
        store.templates.push(source(text))
    assert store.templates.rollback("welcome").number == 2
    assert store.templates.rollback("welcome").number == 1
    with pytest.raises(Conflict):
        store.templates.rollback("welcome")
    assert store.templates.live("welcome").number == 1


def test_pushing_the_old_content_again_after_a_rollback_publishes_it(store, source):
    store.templates.push(source("1"))
    newest = store.templates.push(source("2"))
    store.templates.rollback("welcome")
    assert store.templates.push(source("2")) == newest
    assert store.templates.live("welcome").number == 2


def test_unknown_templates_and_numbers_are_not_found(store, source):
    store.templates.push(source())
    with pytest.raises(NotFound) as caught:
        store.templates.publish("welcom", 1)
    assert "'welcome'" in caught.value.hint
    with pytest.raises(NotFound):
        store.templates.publish("welcome", 2)
    with pytest.raises(NotFound):
        store.templates.rollback("goodbye")
    assert store.templates.names() == ["welcome"]


def test_the_list_says_what_is_live_and_what_is_newest(store, source):
    store.templates.push(source("1"))
    store.templates.push(source("2", title="New"), publish=False)
    store.templates.push(source(name="draft", title="Draft"), publish=False)
    listed = [(each.name, each.title, each.live, each.newest) for each in store.templates.list()]
    assert listed == [("draft", "Draft", None, 1), ("welcome", "Welcome", 1, 2)]


def test_two_authors_at_once_make_two_versions(make_store, store, source):
    def push(text):
        make_store().templates.push(source(text))

    threads = [threading.Thread(target=push, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = store.templates.versions("welcome")
    assert [version.number for version in versions] == [6, 5, 4, 3, 2, 1]
    assert [version.live for version in versions].count(True) == 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_source_comes_back_unchanged(store, source, text):
    assert store.templates.push(source(text)).template.source == text
    assert store.templates.live("welcome").template.source == text


def test_snippets_are_kept_by_name(store):
    assert store.snippets.all() == {}
    store.snippets.put("footer", "Bye")
    store.snippets.put("footer", "Goodbye")
    store.snippets.put("brand", "Acme")
    assert store.snippets.all() == {"brand": "Acme", "footer": "Goodbye"}
