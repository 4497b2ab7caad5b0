"""Whatever comes in, there is a clear answer: never a 500, never a 2xx that lies."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import BurgeeError
from service.model import Status

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NUMBERS = st.sampled_from(["+12025550143", "2025550143", "", "+1 (202) 555-0143", "+12025550143\n"])
BODIES = (
    st.binary(max_size=80)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.text('{}[]",:\\u0d83eE+-. \n0123456789truefalsn', max_size=40).map(str.encode)
)
TYPES = st.sampled_from([None, "application/json", "text/plain", "application/x-www-form-urlencoded", "a/b; c=d", "é"])


@shared
@given(body=BODIES, kind=TYPES)
@pytest.mark.parametrize(
    "path", ["/v1/hooks/hello", "/v1/hooks/choosy", "/v1/text/send", "/v1/render", "/v1/deliveries:search"]
)
def test_any_body_gets_a_clear_answer(admin, path, body, kind):
    answer = admin.post(path, data=body, content_type=kind)
    assert answer.status_code in (200, 202, 400, 415, 422)
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json["problems"] or answer.status_code == 415


@shared
@given(context=st.dictionaries(st.sampled_from(["to", "name", "x"]), JSON | NUMBERS, max_size=3))
def test_any_context_is_queued_with_its_values_or_kept_as_rejected(flow, parts, context):
    answer = flow.post("/v1/hooks/hello", json=context)
    kept = parts.store.deliveries.get(answer.json["id"])
    assert json.loads(kept.context) == context
    if answer.status_code == 202:
        assert kept.status is Status.QUEUED
        assert json.loads(kept.payload)["to"] == context["to"]
    else:
        assert (answer.status_code, kept.status, kept.payload) == (422, Status.REJECTED, None)


@shared
@given(text=st.text(max_size=60), method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]))
def test_any_path_and_query_get_a_clear_answer(admin, text, method):
    path = "/v1/" + text.replace("?", "/").replace("#", "")
    assert admin(method, path, query_string=text).status_code < 500


FILTERS = ["status", "template", "limit", "cursor", "since", "until", "key", "action", "account"]
LIMITS = ["dlv_x", "1", "-1", "9" * 20, "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]


@shared
@given(st.dictionaries(st.sampled_from(FILTERS), st.text(max_size=12) | st.sampled_from(LIMITS), max_size=3))
def test_any_filter_gets_a_page_or_a_400(admin, query):
    assert admin.get("/v1/deliveries", query_string=query).status_code in (200, 400, 422)


@shared
@given(source=st.text("{}%[]\"':,|. abcdefortnsiul0123456789()_~+*-", max_size=50), name=st.text(max_size=8))
def test_any_source_renders_or_says_why_not(admin, source, name):
    body = {"source": source, "action": "attentive.messages.send", "context": {"name": name, "a": [1]}}
    answer = admin.post("/v1/render", json=body)
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert answer.json["problems"]


def test_every_error_has_a_status_of_its_own():
    from service.api._errors import KINDS, kind_of

    for error in BurgeeError.__subclasses__():
        assert error in KINDS, error
    assert kind_of(type("New", (BurgeeError,), {})("x")).status == 500
