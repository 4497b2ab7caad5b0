"""Plans through the HTTP API: kept, previewed, called, told, mended. A template with one action shows nothing of them."""

import json

import pytest
from jsonschema import Draft202012Validator

from service.delivery.plans import Plans
from service.model import Status
from service.store.queue import Done, Ending

ASK = '{ "phone": "{{ to }}" }'
WELCOME = """{% if steps.ask.answer.old %}{{ suppress("an old friend") }}{% endif %}
{ "to": "{{ to }}", "body": "Hi {{ name }}", "subscriptionType": "MARKETING" }"""
ADA = {"to": "+12025550143", "name": "Ada"}
PLAN = {
    "title": "Checkout",
    "action": "attentive.subscriptions.eligibility",
    "source": ASK,
    "step": "ask",
    "then": [{"step": "welcome", "action": "attentive.messages.send", "source": WELCOME, "policy": {"expires_after_s": 60}}],
    "samples": {"ada": {"context": ADA, "answers": {"ask": {"old": False}}}},
}
PLAN_FIELDS = {"plan", "step", "steps", "story", "then"}


@pytest.fixture
def put(admin):
    """Keeps a plan and publishes it."""

    def made(**changes):
        return admin.put("/v1/templates/checkout", json=PLAN | changes, headers={"If-Match": "*"})

    assert made().status_code == 200
    return made


@pytest.fixture
def step_ends(parts):
    """Does a worker's work on the delivery that waits: it comes to this status, and the vendor says this."""

    def end(status=Status.ACCEPTED, answer='{"old": false}'):
        from service.store.buckets import Limit

        lanes = {("default", each.rate_class): Limit(None) for each in parts.actions.values()}
        [job] = parts.store.queue.claim("w1", lanes, 10, lease_s=30.0, check=lambda *_: None).jobs
        then = Plans(parts.store, parts.preparer).next(job.id, answer) if status is Status.ACCEPTED else None
        ending = Ending(status=status, outcome=status.value, reason="So it is.")
        parts.store.queue.complete([Done(job=job, ending=ending, status_code=200, body=answer, then=then)])

    return end


@pytest.fixture
def as_promised(admin):
    """Checks an answer against a component of the OpenAPI document."""
    document = admin.get("/openapi.json").json

    def check(name, value):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        assert list(Draft202012Validator(schema).iter_errors(value)) == []
        return value

    return check


def test_a_plan_is_kept_and_shown_with_its_steps(admin, put, as_promised):
    shown = as_promised("Version", admin.get("/v1/templates/checkout").json)
    assert (shown["step"], shown["then"][0]["step"], shown["then"][0]["source"]) == ("ask", "welcome", WELCOME)
    assert shown["then"][0]["policy"]["expires_after_s"] == 60
    assert shown["samples"]["ada"]["answers"] == {"ask": {"old": False}}
    again = put().json
    assert again["number"] == shown["number"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"then": [{"step": "ask", "action": "attentive.messages.send", "source": "{}"}]}, 422),
        ({"then": [{"step": "welcome", "action": "attentive.messages.sent", "source": "{}"}]}, 422),
        ({"then": [{"step": "welcome", "action": "attentive.messages.send", "source": "{{ }"}]}, 422),
        ({"then": []}, 422),
        ({"step": "Ask"}, 422),
    ],
)
def test_a_plan_that_cannot_be_is_refused(put, change, status):
    assert put(**change).status_code == status


@pytest.mark.parametrize("left_out", ["step", "then"])
def test_a_plan_needs_the_names_of_its_steps(admin, left_out):
    body = {name: value for name, value in PLAN.items() if name != left_out}
    assert admin.put("/v1/templates/checkout", json=body).status_code == 422


def test_a_dry_run_shows_what_can_be_known_before(flow, put, as_promised):
    told = as_promised("Prepared", flow.post("/v1/hooks/checkout?dry_run=true", json=ADA).json)
    assert (told["step"], told["payload"]) == ("ask", {"phone": "+12025550143"})
    assert told["then"] == [{"step": "welcome", "action": "attentive.messages.send", "waits_for": ["ask"]}]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"sample": "ada"}, "valid"),
        ({"context": ADA, "answers": {"ask": {"old": True}}}, "suppressed"),
        ({"sample": "ada", "answers": {"ask": {}}}, "invalid"),
    ],
)
def test_a_preview_with_answers_shows_the_later_steps(flow, put, as_promised, body, outcome):
    told = as_promised("Prepared", flow.post("/v1/render", json={"template": "checkout", **body}).json)
    assert [each["outcome"] for each in told["then"]] == [outcome]


def test_what_a_preview_shows_of_a_later_step_is_what_is_sent(flow, admin, put, step_ends):
    seen = flow.post("/v1/render", json={"template": "checkout", "sample": "ada"}).json
    id = flow.post("/v1/hooks/checkout", json=ADA).json["id"]
    step_ends()
    told = admin.get(f"/v1/deliveries/{id}").json
    sent = admin.get(f"/v1/deliveries/{told['steps'][1]['delivery']}").json
    assert [told["digest"], sent["digest"]] == [seen["digest"], seen["then"][0]["digest"]]


def test_every_delivery_of_a_plan_tells_the_whole_plan(flow, admin, put, step_ends, as_promised):
    id = flow.post("/v1/hooks/checkout", json=ADA).json["id"]
    first = as_promised("Delivery", admin.get(f"/v1/deliveries/{id}").json)
    assert first["story"] == "It is at step 1 of 2 (ask), which is queued."
    assert [each["delivery"] for each in first["steps"]] == [id, None]
    step_ends()
    step_ends(Status.REFUSED)
    told = as_promised("Delivery", admin.get(f"/v1/deliveries/{id}").json)
    assert told["story"] == "It ended at step 2 of 2 (welcome), which was refused: So it is. Nothing after it was sent."
    second = as_promised("Delivery", admin.get(f"/v1/deliveries/{told['steps'][1]['delivery']}").json)
    assert (second["plan"], second["step"], second["story"]) == (id, "welcome", told["story"])
    assert second["context"] == ADA
    page = as_promised("DeliveryPage", admin.get("/v1/deliveries").json)
    assert [(each["plan"], each["step"]) for each in page["data"]] == [(id, "welcome"), (id, "ask")]


def test_a_wait_says_which_step_its_outcome_is_of(flow, put, step_ends, as_promised):
    headers = {"Idempotency-Key": "order-1"}
    flow.post("/v1/hooks/checkout", json=ADA, headers=headers)
    step_ends(answer='{"old": true}')
    told = flow.post("/v1/hooks/checkout", json=ADA, headers={**headers, "Prefer": "wait=1"})
    as_promised("Accepted", told.json)
    assert (told.status_code, told.json["status"], told.json["step"]) == (200, "suppressed", "welcome")
    assert told.json["reason"] == "an old friend"


def test_a_rejected_later_step_is_replayed_alone_through_the_version_that_is_live_now(flow, admin, put, step_ends):
    id = flow.post("/v1/hooks/checkout", json=ADA).json["id"]
    step_ends(answer="{}")
    rejected = admin.get(f"/v1/deliveries/{id}").json["steps"][1]
    assert rejected["status"] == "rejected"
    still = admin.post(f"/v1/deliveries/{rejected['delivery']}/replay")
    assert still.status_code == 422
    mended = [{**PLAN["then"][0], "source": WELCOME.replace(".old", ".old | default(false)")}]
    assert put(then=mended).status_code == 200
    again = admin.post(f"/v1/deliveries/{rejected['delivery']}/replay")
    assert (again.status_code, again.json["version"]) == (202, 2)
    step_ends()
    assert admin.get(f"/v1/deliveries/{id}").json["story"] == "All 2 steps were accepted."


def test_a_body_that_cannot_be_read_is_the_first_step_rejected(flow, admin, put):
    id = flow.post("/v1/hooks/checkout", data=b"{").json["id"]
    told = admin.get(f"/v1/deliveries/{id}").json
    assert (told["status"], told["step"]) == ("rejected", "ask")
    assert told["story"].startswith("It ended at step 1 of 2 (ask), which was rejected:")


def test_a_template_with_one_action_shows_nothing_of_plans(flow, admin, push):
    accepted = flow.post("/v1/hooks/hello", json=ADA).json
    answers = [
        accepted,
        admin.get(f"/v1/deliveries/{accepted['id']}").json,
        admin.get("/v1/deliveries").json["data"][0],
        admin.get("/v1/templates/hello").json,
        flow.post("/v1/hooks/hello?dry_run=true", json=ADA).json,
    ]
    assert [PLAN_FIELDS & answer.keys() for answer in answers] == [set()] * 5


def test_a_template_with_one_action_is_kept_as_it_was_before_there_were_plans(parts, push):
    with parts.store.database.read() as connection:
        kept = connection.exec_driver_sql("SELECT source FROM versions WHERE name = 'hello'").scalar_one()
    assert not PLAN_FIELDS & json.loads(kept).keys()
