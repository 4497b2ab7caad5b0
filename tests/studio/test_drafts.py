"""New templates, their samples and settings, and plans: everything is a draft until it is published."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from service.model import Guarantee, Policy, Step, TemplateSource
from service.parts import Parts
from tests.studio.conftest import HELLO, Browser, words

Make = Callable[[str], Browser]
NEW = {"title": "Spring: 20 % off", "name": "", "account": "default", "from": "action", "dialect": "jinja",
       "action": "attentive.messages.send"}  # fmt: skip
CALL = {"to": "+12135550199", "name": "Wilhelmina", "mail": "w.k@shop.example"}


def draft(parts: Parts, name: str = "hello") -> TemplateSource:
    kept = parts.store.drafts.get(name)
    assert kept is not None
    return kept.template


# -- a new template


def test_a_template_is_made_from_an_action_and_begins_as_a_draft_that_works(browser: Make, parts: Parts) -> None:
    author = browser("author")
    page = author.see("/new-template")
    assert "Send a text message attentive.messages.send Sends one SMS" in page
    answer = author.post("/new-template", NEW)
    assert (answer.status_code, answer.location) == (303, "/templates/spring-20-off")
    page = author.see("/templates/spring-20-off")
    assert "nothing live Draft new, saved" in page
    assert "Shop: Hi Ana, this is what you will read." in page
    assert parts.store.templates.names() == ["hello"]
    assert "spring-20-off Spring: 20 % off attentive.messages.send nothing live Draft none none" in author.see("/templates")


@pytest.mark.parametrize("dialect", ["jinja", "zephyr"])
@pytest.mark.parametrize("action", ["attentive.events.custom", "attentive.me", "attentive.messages.send-bulk"])
def test_any_action_can_be_begun_with_and_reviewed(browser: Make, action: str, dialect: str) -> None:
    author = browser("author")
    author.get("/new-template")
    assert author.post("/new-template", NEW | {"action": action, "dialect": dialect, "name": "new"}).status_code == 303
    assert re.search(r"Profiles (All|This) .*?gets? a payload\.", author.see("/templates/new"))
    assert "Publish as v1" in author.see("/templates/new/review")


def test_a_template_is_a_copy_of_another_or_of_a_starter(browser: Make, parts: Parts) -> None:
    author = browser("author")
    assert "Hello hello" in author.see("/new-template?from=copy")
    author.post("/new-template", {"title": "Two", "name": "two", "account": "default", "from": "copy", "like": "hello"})
    assert draft(parts, "two") == replace(parts.store.templates.live("hello").template, name="two", title="Two")
    assert "Subscribe: ticked at the checkout" in author.see("/new-template?from=starter")
    author.post("/new-template", {"title": "S", "account": "default", "from": "starter", "like": "subscribe-at-checkout"})
    assert [step.name for step in draft(parts, "s").steps] == ["eligibility", "subscribe"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"title": ""}, "Give it a title of 1 to 120 characters."),
        ({"title": "🌊"}, "Give it a name of small letters and digits"),
        ({"name": "Spring Sale"}, "spring-sale would do."),
        ({"name": "hello"}, "There is a template of this name already."),
        ({"account": "none"}, "Choose an account."),
        ({"action": "none"}, "Choose what it does."),
        ({"dialect": "none"}, "Choose a dialect."),
        ({"from": "copy", "like": ""}, "Choose one."),
        ({"from": "copy", "like": "helo"}, "There is no template 'helo'. Did you mean hello?"),
        ({"from": "starter", "like": "welcom"}, "Did you mean `welcome`?"),
    ],
)
def test_what_is_wrong_with_a_new_template_is_said_at_its_field(
    browser: Make, parts: Parts, given: dict[str, str], said: str
) -> None:
    author = browser("author")
    author.get("/new-template")
    answer = author.post("/new-template", NEW | given)
    assert answer.status_code == 422
    assert said in words(answer)
    assert not parts.store.drafts.names()


def test_two_who_make_the_same_template_do_not_overwrite_one_another(browser: Make, parts: Parts) -> None:
    author = browser("author")
    author.get("/new-template")
    assert author.post("/new-template", NEW).status_code == 303
    assert author.post("/new-template", NEW | {"title": "Spring 20 off"}).status_code == 422
    assert draft(parts, "spring-20-off").title == "Spring: 20 % off"


def test_a_viewer_makes_no_template_and_is_not_led_to_it(browser: Make, parts: Parts) -> None:
    viewer = browser("viewer")
    assert "New template" not in viewer.see("/templates")
    assert viewer.get("/new-template").status_code == 403
    assert viewer.post("/new-template", NEW).status_code == 403
    assert not parts.store.drafts.names()


def test_a_new_template_is_published_tried_and_discarded_like_any_other(browser: Make, parts: Parts) -> None:
    publisher = browser("publisher")
    publisher.get("/new-template")
    publisher.post("/new-template", NEW)
    name = "spring-20-off"
    page = publisher.see(f"/templates/{name}/review")
    assert "Nothing is live yet. Your draft rendered 1 sample" in page
    assert "1 would get a message Nothing is live yet" in page
    for path in ("versions", "samples", "settings", "test", "names"):
        assert publisher.get(f"/templates/{name}/{path}").status_code == 200, path
    assert publisher.get(f"/templates/{name}/review?version=1").status_code == 404
    revision = str(parts.store.drafts.get(name).revision)
    answer = publisher.post(f"/templates/{name}/publish", {"revision": revision, "live": "0", "failing": "0"})
    assert answer.status_code == 303
    assert parts.store.templates.live(name).number == 1
    author = browser("author")
    author.get("/new-template")
    author.post("/new-template", NEW | {"name": "gone"})
    revision = str(parts.store.drafts.get("gone").revision)
    assert author.post("/templates/gone/draft/discard", {"revision": revision}).location == "/templates"
    assert author.get("/templates/gone").status_code == 404


# -- samples


def test_a_sample_is_pasted_changed_renamed_and_removed_and_belongs_to_the_draft(browser: Make, parts: Parts) -> None:
    author = browser("author")
    assert "There is no sample yet" in author.see("/templates/hello/samples")
    author.see("/templates/hello/sample")
    text = '{"to": "+12025550143", "name": "Ana"}'
    assert author.post("/templates/hello/sample", {"name": "ana", "context": text}).location == "/templates/hello/samples"
    assert draft(parts).samples["ana"] == {"context": json.loads(text), "expected": None}
    assert not parts.store.templates.live("hello").template.samples
    assert "ana ready 1 segment Hello Ana" in author.see("/templates/hello/samples")
    assert "Shop: Hello Ana" in author.see("/templates/hello")
    page = author.get("/templates/hello/sample?name=ana").get_data(as_text=True)
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    changed = {"name": "anna", "context": text.replace("Ana", "Anna"), "old": "ana", "seen": seen}
    assert author.post("/templates/hello/sample", changed).status_code == 303
    assert list(draft(parts).samples) == ["anna"]
    author.post("/templates/hello/sample/remove", {"name": "anna"})
    assert not draft(parts).samples


def test_an_expected_result_stays_with_a_renamed_sample_and_goes_with_a_changed_one(browser: Make, parts: Parts) -> None:
    live = parts.store.templates.live("hello").template
    kept = {"context": {"to": "+12025550143", "name": "Ana"}, "expected": {"body": "Hello Ana"}}
    parts.store.templates.push(replace(live, samples={"ana": kept}))
    author = browser("author")
    for name, context, expected in (("b", kept["context"], kept["expected"]), ("c", {"to": "1"}, None)):
        old = next(iter((parts.store.drafts.get("hello") or parts.store.templates.live("hello")).template.samples))
        page = author.get(f"/templates/hello/sample?name={old}").get_data(as_text=True)
        seen = page.partition('name="seen" value="')[2].partition('"')[0]
        form = {"name": name, "context": json.dumps(context), "old": old, "seen": seen}
        assert author.post("/templates/hello/sample", form).status_code == 303
        assert draft(parts).samples[name]["expected"] == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "Give it a name of small letters"),
        ({"name": "../x"}, "Give it a name of small letters"),
        ({"context": ""}, "empty"),
        ({"context": "[1]"}, "object"),
        ({"context": '{"a": 1,}'}, "line 1"),
        ({"context": '{"a": 1, "a": 2}'}, "twice"),
        ({"context": '{"id": 99999999999999999999}'}, "64 bits"),
        ({"context": "{" * 5_000}, "Nothing was kept"),
    ],
)
def test_what_is_no_sample_is_said_at_its_field_and_kept_in_the_form(
    browser: Make, parts: Parts, given: dict[str, str], said: str
) -> None:
    author = browser("author")
    author.see("/templates/hello/sample")
    answer = author.post("/templates/hello/sample", {"name": "ana", "context": "{}"} | given)
    assert answer.status_code == 422
    assert said in words(answer)
    assert given.get("context", "{}")[:50] in unescape(answer.get_data(as_text=True))
    assert parts.store.drafts.get("hello") is None


def test_nobody_overwrites_the_sample_that_somebody_else_changed(browser: Make, parts: Parts) -> None:
    author = browser("author")
    author.see("/templates/hello/sample")
    author.post("/templates/hello/sample", {"name": "ana", "context": '{"a": 1}'})
    answer = author.post("/templates/hello/sample", {"name": "ana", "context": '{"a": 2}'})
    assert "There is a sample of this name already." in words(answer)
    answer = author.post("/templates/hello/sample", {"name": "ana", "context": '{"a": 3}', "old": "ana", "seen": "older"})
    assert answer.status_code == 409 and "Somebody changed or removed this sample" in words(answer)
    assert draft(parts).samples["ana"]["context"] == {"a": 1}


def test_adding_a_sample_keeps_the_source_that_somebody_saved_meanwhile(browser: Make, parts: Parts) -> None:
    author = browser("author")
    author.see("/templates/hello/sample")
    live = parts.store.templates.live("hello").template
    parts.store.drafts.save(replace(live, source="{}"), expected=0, base=1, by="jonas")
    author.post("/templates/hello/sample", {"name": "ana", "context": "{}"})
    assert draft(parts).source == "{}" and list(draft(parts).samples) == ["ana"]


def test_a_real_call_is_shown_without_the_person_before_it_is_kept(
    browser: Make, parts: Parts, deliver: Callable[..., Any]
) -> None:
    call = deliver(context=json.dumps(CALL).encode())
    author = browser("author")
    assert "Look and keep" in author.see("/templates/hello/samples")
    answer = author.get(f"/templates/hello/sample?call={call.id}")
    text = unescape(answer.get_data(as_text=True))
    for personal in ("213", "w.k@", "shop.example"):
        assert personal not in text.replace(call.id, "")
    assert "/to a phone number +12025550100" in words(answer)
    assert parts.store.drafts.get("hello") is None
    assert author.get("/templates/hello/sample?call=dlv_other").status_code == 404


def test_a_viewer_keeps_no_sample_and_no_settings(browser: Make, parts: Parts, deliver: Callable[..., Any]) -> None:
    call, viewer = deliver(), browser("viewer")
    assert "Look and keep" not in viewer.see("/templates/hello/samples")
    assert "Changing them needs the role author." in viewer.see("/templates/hello/settings")
    assert viewer.get(f"/templates/hello/sample?call={call.id}").status_code == 403
    for path in ("sample", "sample/remove", "settings"):
        assert viewer.post(f"/templates/hello/{path}", {"name": "x", "context": "{}"}).status_code == 403
    assert parts.store.drafts.get("hello") is None


# -- settings


def test_title_and_policy_are_fields_of_the_draft(browser: Make, parts: Parts) -> None:
    author = browser("author")
    page = author.see("/templates/hello/settings")
    assert "MARKETING: at most once. TRANSACTIONAL: at least once" in page
    form = {"title": "Hello again", "account": "default", "idempotency": "{{ event.id }}", ":guarantee": "at-least-once",
            ":expires_after": "90m", "path:0": "name", "text:0": "there", "path:1": "", "text:1": "x", "path:3": "a.b",
            "text:3": " "}  # fmt: skip
    answer = author.post("/templates/hello/settings", form | {"revision": "0"})
    assert answer.status_code == 303
    made = draft(parts)
    assert made.title == "Hello again"
    missing = {"name": "there", "a.b": " "}
    assert made.policy == Policy(
        guarantee=Guarantee.AT_LEAST_ONCE, expires_after_s=5400, idempotency="{{ event.id }}", missing=missing
    )
    assert "Saved in the draft." in author.see(answer.location)
    text = unescape(author.get("/templates/hello/settings").get_data(as_text=True))
    assert 'value="90m"' in text and 'value="{{ event.id }}"' in text and 'value="a.b"' in text
    assert "the title" in author.see("/templates/hello/review")
    assert "the policy" in author.see("/templates/hello/review")


def test_saving_settings_that_nobody_touched_keeps_everything_as_it_is(browser: Make, parts: Parts) -> None:
    live = parts.store.templates.live("hello").template
    policy = Policy(guarantee=Guarantee.AT_MOST_ONCE, expires_after_s=3600, quiet_hours="21:00-08:00", missing={"a": "b"})
    parts.store.templates.push(replace(live, policy=policy))
    author = browser("author")
    author.see("/templates/hello/settings")
    form = {"title": "Hello", "account": "default", "idempotency": "", ":guarantee": "at-most-once", ":expires_after": "1h",
            "path:0": "a", "text:0": "b", "revision": "0"}  # fmt: skip
    assert author.post("/templates/hello/settings", form).status_code == 303
    assert parts.store.drafts.get("hello") is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({":expires_after": "soon"}, "Write 90s, 30m, 12h or 2d."),
        ({":guarantee": "twice"}, "Write at-most-once or at-least-once."),
        ({"idempotency": "{{ event."}, "1 field needs another look"),
        ({"title": ""}, "Give it a title"),
        ({"account": "none"}, "Choose an account."),
    ],
)
def test_what_is_wrong_with_settings_is_said_at_its_field(
    browser: Make, parts: Parts, given: dict[str, str], said: str
) -> None:
    author = browser("author")
    author.see("/templates/hello/settings")
    form = {"title": "Hello", "account": "default", "idempotency": "", ":guarantee": "", ":expires_after": ""}
    answer = author.post("/templates/hello/settings", form | given | {"revision": "0"})
    assert answer.status_code == 422
    assert said in words(answer)
    assert parts.store.drafts.get("hello") is None


def test_settings_do_not_overwrite_a_draft_that_was_saved_after_they_were_opened(browser: Make, parts: Parts) -> None:
    author = browser("author")
    author.see("/templates/hello/settings")
    live = parts.store.templates.live("hello").template
    kept = parts.store.drafts.save(replace(live, title="Theirs"), expected=0, base=1, by="jonas")
    form = {"title": "Mine", "account": "default", "revision": "0"}
    answer = author.post("/templates/hello/settings", form)
    assert answer.status_code == 409 and "Somebody else saved this draft" in words(answer)
    assert 'value="Mine"' in answer.get_data(as_text=True)
    assert draft(parts).title == "Theirs"
    assert author.post("/templates/hello/settings", form | {"revision": str(kept.revision)}).status_code == 303
    assert draft(parts).title == "Mine"


# -- plans

FIRST = '{ "phone": "{{ to }}" }'
SECOND = '{% if steps.eligibility.answer.known %}{{ suppress("known already") }}{% endif %}' + HELLO


@pytest.fixture
def plan(parts: Parts) -> TemplateSource:
    """A plan of two steps, live, with a sample that knows the answer and one that does not."""
    ana = {"to": "+12025550143", "name": "Ana"}
    made = TemplateSource(
        name="plan", title="Plan", action="attentive.subscriptions.eligibility", account="default", dialect="jinja",
        source=FIRST, step="eligibility", then=(Step(name="text", action="attentive.messages.send", source=SECOND),),
        samples={
            "asked": {"context": ana, "expected": None, "answers": {"eligibility": {"known": False}}},
            "known": {"context": ana, "expected": None, "answers": {"eligibility": {"known": True}}},
            "open": {"context": ana, "expected": None},
        },
    )  # fmt: skip
    parts.store.templates.push(made)
    return made


@pytest.mark.usefixtures("plan")
def test_every_step_of_a_plan_is_a_document_of_its_own_with_its_preview(browser: Make) -> None:
    author = browser("author")
    page = author.see("/templates/plan")
    assert "Steps 1 eligibility 2 text" in page and "attentive.subscriptions.eligibility" in page
    page = author.see("/templates/plan?step=text&profile=sample:asked")
    assert "attentive.messages.send" in page and "Shop: Hello Ana" in page
    assert "Known sample stopped known already" in page
    assert "Open sample waits It depends on what eligibility is answered." in page
    assert "Nobody knows yet what Open gets." in author.see("/templates/plan?step=text&profile=sample:open")


@pytest.mark.usefixtures("plan")
def test_what_was_written_in_one_step_goes_along_while_another_is_shown_and_saved(browser: Make, parts: Parts) -> None:
    author = browser("author")
    author.see("/templates/plan")
    first, second = FIRST + "\n", SECOND.replace("Hello", "Bye")
    form = {"of": "eligibility", "step": "text", "source": first, "source:text": second, "profile": "sample:asked"}
    answer = author.post("/templates/plan", form)
    text = unescape(answer.get_data(as_text=True))
    assert "Shop: Bye Ana" in words(answer)
    assert f'name="source:eligibility" hidden>\n{first}</textarea>' in text
    author.post("/templates/plan/draft", form | {"revision": "0"})
    assert [step.source for step in draft(parts, "plan").steps] == [first, second]


@pytest.mark.usefixtures("plan")
def test_a_plans_form_view_changes_the_step_that_it_shows(browser: Make, parts: Parts) -> None:
    author = browser("author")
    source = HELLO.replace("Hello", "Hi")
    author.see("/templates/plan?step=text")
    form = {"of": "text", "step": "text", "source": source, "field:body": "Dear {{ name }}", "revision": "0"}
    author.post("/templates/plan/draft", form)
    made = draft(parts, "plan")
    assert made.source == FIRST and '"body": "Dear {{ name }}"' in made.then[0].source


def test_a_review_of_a_plan_compares_every_step_and_names_the_one(browser: Make, parts: Parts, plan: TemplateSource) -> None:
    changed = replace(plan, then=(replace(plan.then[0], source=SECOND.replace("{{ name }}", "{{ surname }}")),))
    parts.store.drafts.save(changed, expected=0, base=1, by="jonas")
    publisher = browser("publisher")
    page = publisher.see("/templates/plan/review")
    assert "2 unchanged 0 changed 1 newly failing" in page
    assert "In the step text . surname is missing, and nothing stands in for it." in page
    assert "Step text" in page and "Step eligibility" not in page
    assert 'href="/templates/plan?line=1&amp;step=text"' in publisher.get("/templates/plan/review").get_data(as_text=True)


def test_a_later_step_that_does_not_compile_is_not_published(browser: Make, parts: Parts, plan: TemplateSource) -> None:
    broken = replace(plan, then=(replace(plan.then[0], source='{ "to": "{{ to" }'),))
    kept = parts.store.drafts.save(broken, expected=0, base=1, by="jonas")
    publisher = browser("publisher")
    assert "does not compile, so it cannot be published" in publisher.see("/templates/plan/review")
    form = {"revision": str(kept.revision), "live": "1", "failing": "0"}
    assert publisher.post("/templates/plan/publish", form).status_code == 409
    assert parts.store.templates.live("plan").number == 1


@pytest.mark.usefixtures("plan")
def test_settings_of_a_plan_have_the_rules_of_each_step_and_one_key(browser: Make, parts: Parts) -> None:
    author = browser("author")
    page = author.see("/templates/plan/settings")
    assert "Step 1: eligibility" in page and "Step 2: text" in page
    form = {"title": "Plan", "account": "default", "idempotency": "{{ to }}", "text:expires_after": "2h", "revision": "0",
            "path:0": "name", "text:0": "there"}  # fmt: skip
    assert author.post("/templates/plan/settings", form).status_code == 303
    made = draft(parts, "plan")
    assert made.policy == Policy(idempotency="{{ to }}", missing={"name": "there"})
    assert made.then[0].policy == Policy(expires_after_s=7200, missing={"name": "there"})


@pytest.mark.usefixtures("plan")
def test_a_plans_sample_holds_what_the_vendor_would_answer_and_names_complete_it(browser: Make, parts: Parts) -> None:
    author = browser("author")
    author.see("/templates/plan/sample")
    form = {"name": "more", "context": '{"to": "+12025550143"}', "answers": '{"eligibility": {"known": false, "why": 1}}'}
    author.post("/templates/plan/sample", form)
    assert draft(parts, "plan").samples["more"]["answers"] == {"eligibility": {"known": False, "why": 1}}
    found = json.loads(author.get("/templates/plan/names?step=text").data)
    assert "steps.eligibility.answer.why" in {each["label"] for each in found["names"]}
    assert '"body"' in {each["label"] for each in found["fields"]}


@pytest.mark.parametrize("attack", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_whatever_stands_in_names_titles_samples_and_calls_stays_text(
    browser: Make, parts: Parts, deliver: Callable[..., Any], attack: str
) -> None:
    context = {"to": "+12025550143", attack: attack, "name": attack}
    call = deliver(context=json.dumps(context).encode())
    live = parts.store.templates.live("hello").template
    sample = {"context": context, "expected": None, "answers": {attack: attack}}
    made = replace(live, title=attack, samples={attack: sample}, policy=Policy(missing={attack: attack}))
    parts.store.drafts.save(made, expected=0, base=1, by=attack)
    author = browser("author")
    paths = ("hello", "hello/samples", f"hello/sample?call={call.id}", "hello/settings", "hello/versions", "hello/review")
    for path in (*(f"/templates/{each}" for each in paths), "/new-template?from=copy", "/templates"):
        answer = author.get(path)
        assert answer.status_code == 200, path
        assert attack not in answer.get_data(as_text=True), path
    author.see("/templates/hello/settings")
    form = {"title": attack, "account": attack, ":expires_after": attack, "idempotency": attack + "{{"}
    assert attack not in author.post("/templates/hello/settings", form).get_data(as_text=True)
    form = {"name": attack, "context": attack, "answers": attack, "old": attack}
    assert attack not in author.post("/templates/hello/sample", form).get_data(as_text=True)
