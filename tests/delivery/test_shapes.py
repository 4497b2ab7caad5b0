"""A template that asks for a shape sees one shape, in preview as in send; what was posted is what is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from service.actions import Actions
from service.delivery.plans import preview
from service.delivery.prepare import Preparer, canonical, seed_of
from service.model import Outcome, Policy, TemplateSource, Version
from service.settings import packaged
from service.store.templates import from_json, to_json

NOW = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
PREPARER = Preparer(Actions.load(packaged("schemas")))
SOURCE = """{% if not profile.keys.sms | default("") %}{{ suppress("no phone number") }}{% endif %}
{ "to": "{{ profile.keys.sms | e164 }}", "subscriptionType": "MARKETING",
  "body": "Hi {{ profile.vars.first_name }}, {{ profile.lists | join(" and ") }} since {{ profile.signup_time }}." }"""
PROFILE = {
    "email": "ada@example.com",
    "keys": {"sms": "(202) 555-0143"},
    "vars": {"first_name": "Ada"},
    "lists": ["VIP"],
    "signup_time": 1735689600,
}
ANSWER = {
    "keys": {"sms": "(202) 555-0143", "email": "ada@example.com"},
    "vars": {"first_name_b64": "QWRh"},
    "lists": {"VIP": "Tue, 31 Dec 2024 19:00:00 -0500"},
    "activity": {"signup_time": "Tue, 31 Dec 2024 19:00:00 -0500"},
}


def template(source: str = SOURCE, **policy: Any) -> TemplateSource:
    return TemplateSource(
        name="offer",
        title="Offer",
        action="attentive.messages.send",
        account="default",
        dialect="jinja",
        source=source,
        policy=Policy(**{"shape": "sailthru", **policy}),
    )


def version(made: TemplateSource) -> Version:
    return Version(id="ver_1", number=1, template=made, digest="", live=True, note=None, created_by=None, created_at=NOW)


def previewed(made: TemplateSource, context: Any) -> Any:
    return preview(PREPARER, made, PREPARER.compile_all(made), context, now=NOW)


@pytest.mark.parametrize("posted", [PROFILE, {"profile": PROFILE}, ANSWER, {"profile": ANSWER}])
def test_however_the_profile_is_posted_the_same_bytes_are_sent(posted):
    prepared = previewed(template(), posted)
    assert prepared.outcome is Outcome.VALID, prepared.problems
    assert prepared.payload["body"] == "Hi Ada, VIP since 1735689600."
    assert prepared.digest == previewed(template(), PROFILE).digest


def test_the_zephyr_dialect_sees_the_same():
    source = '{ "to": "+12025550143", "body": "Hi {profile.vars.first_name}", "subscriptionType": "MARKETING" }'
    made = TemplateSource(**{**{f: getattr(template(source), f) for f in template().__slots__}, "dialect": "zephyr"})
    assert previewed(made, ANSWER).payload["body"] == "Hi Ada"


@pytest.mark.parametrize("keys", [{}, {"sms": ""}, []])
def test_a_profile_without_a_phone_number_is_skipped_with_that_reason(keys):  # S1-8
    prepared = previewed(template(), {**PROFILE, "keys": keys})
    assert (prepared.outcome, prepared.reason) == (Outcome.SUPPRESSED, "no phone number")


def test_a_field_that_is_no_base64_is_the_problem_that_is_told():
    prepared = previewed(template(), {**ANSWER, "vars": {"first_name_b64": "***"}})
    assert prepared.outcome is Outcome.INVALID
    assert [(each.code, each.pointer) for each in prepared.problems] == [("context.base64", "/vars/first_name_b64")]


def test_the_idempotency_expression_sees_what_the_template_sees():
    made = version(template(idempotency="{{ profile.email }}/{{ order_no }}"))
    posted = {"profile": ANSWER, "event": {"vars": {"order_no": 8817}}}
    assert PREPARER.idempotency_key(made, posted, NOW) == "ada@example.com/8817"


def test_random_choices_hang_on_what_was_posted():
    made = version(template('{ "to": "{{ profile.keys.sms }}", "body": "{{ [1, 2, 3, 4, 5, 6, 7, 8] | random }}" }'))
    seed = seed_of(canonical(ANSWER))
    rendered = [PREPARER.render(made, ANSWER, now=NOW, seed=seed).payload for _ in range(2)]
    assert rendered[0]["body"] == rendered[1]["body"] == previewed(made.template, ANSWER).payload["body"]


def test_the_mail_address_is_kept_with_a_text_to_the_profiles_own_number_and_with_no_other():
    made = PREPARER.render(version(template()), ANSWER, now=NOW, seed="s")
    assert made.email == "ada@example.com"
    to_another = version(template(SOURCE.replace("{{ profile.keys.sms | e164 }}", "+12025550199")))
    assert Preparer(PREPARER.actions).render(to_another, ANSWER, now=NOW, seed="s").email is None


def test_a_template_without_a_shape_is_kept_as_it_was_before_there_were_any():
    plain = to_json(template(shape=None))
    assert "shape" not in json.loads(plain)["policy"]
    assert from_json(plain.decode()) == template(shape=None)
    assert from_json(to_json(template()).decode()) == template()
