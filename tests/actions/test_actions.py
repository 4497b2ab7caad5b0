"""Actions are data: what every file must hold, how the set is read, and what a file that cannot be used is told."""

import json
import shutil

import pytest

from service.actions import Actions
from service.errors import Misconfigured, NotFound

ATTENTIVE = {
    "messages.send": ("POST", "/v1/text/send", None, 150),
    "messages.send-bulk": ("POST", "/v1/text/send-bulk", None, 150),
    "subscriptions.create": ("POST", "/v1/subscriptions", "subscriptions:write", 10),
    "subscriptions.eligibility": ("GET", "/v1/subscriptions", "subscriptions:read", 150),
    "subscriptions.unsubscribe": ("POST", "/v1/subscriptions/unsubscribe", "subscriptions:write", 5),
    "events.custom": ("POST", "/v1/events/custom", "events:write", 150),
    "events.product-view": ("POST", "/v1/events/ecommerce/product-view", "ecommerce:write", 150),
    "events.add-to-cart": ("POST", "/v1/events/ecommerce/add-to-cart", "ecommerce:write", 150),
    "events.purchase": ("POST", "/v1/events/ecommerce/purchase", "ecommerce:write", 150),
    "attributes.set": ("POST", "/v1/attributes/custom", "attributes:write", 150),
    "attributes.get": ("GET", "/v1/attributes/custom", "attributes:write", 150),
    "identity.add": ("POST", "/v1/identity-resolution/user-identifiers", "identity:write", 10),
    "me": ("GET", "/v1/me", None, 150),
    "messages.send-legacy": ("POST", "/v1/subscriptions/messages", None, 150),
    "attributes.set-user": ("POST", "/v2/user/attributes", "attributes:write", 150),
    "attributes.set-users": ("POST", "/v2/bulk/user/attributes", "attributes:write", 100),
    "bulk.job": ("GET", "/v2/bulk/job/{bulkJobId}", None, 100),
    "privacy.request-deletion": ("POST", "/v1/privacy/delete-request", "privacy_requests:write", 150),
    "privacy.deletion-status": ("GET", "/v1/privacy/delete-request/{id}", "privacy_requests:read", 150),
    "webhooks.create": ("POST", "/v1/webhooks", "webhooks:write", 150),
    "webhooks.list": ("GET", "/v1/webhooks", "webhooks:write", 150),
    "webhooks.update": ("PUT", "/v1/webhooks/{webhookId}", "webhooks:write", 150),
    "webhooks.delete": ("DELETE", "/v1/webhooks/{webhookId}", "webhooks:write", 150),
    "segments.create": ("POST", "/v2/segments", "segments:write", 100),
    "segments.list": ("GET", "/v2/segments", "segments:read", 100),
    "segments.get": ("GET", "/v2/segments/external/{externalId}", "segments:read", 100),
    "segments.update": ("PATCH", "/v2/segments/external/{externalId}", "segments:write", 100),
    "segments.delete": ("DELETE", "/v2/segments/external/{externalId}", "segments:write", 100),
    "segments.add-members": ("POST", "/v2/bulk/segments/members", "segments:write", 100),
    "segments.remove-members": ("DELETE", "/v2/bulk/segments/members", "segments:write", 100),
}
NAMES = [f"attentive.{name}" for name in ATTENTIVE]


def fields(schema):
    """Every field that a schema declares."""
    for name, each in schema.get("properties", {}).items():
        yield name, each
        yield from fields(each)
    if "items" in schema:
        yield from fields(schema["items"])


@pytest.fixture
def folder(tmp_path, schemas):
    return shutil.copytree(schemas, tmp_path / "schemas")


@pytest.fixture
def spoil(folder):
    """Changes the message's file and says what loading then says."""

    def change(edit):
        path = folder / "attentive" / "messages.send.json"
        schema = json.loads(path.read_text())
        edit(schema)
        path.write_text(json.dumps(schema))
        with pytest.raises(Misconfigured) as caught:
            Actions.load(folder)
        assert "messages.send.json" in str(caught.value)
        return str(caught.value)

    return change


def test_every_action_is_the_documented_call(actions):
    assert {
        name.removeprefix("attentive."): (a.method, a.path, a.scope, a.per_second) for name, a in actions.items()
    } == ATTENTIVE


def test_each_call_has_a_rate_class_of_its_own(actions):
    assert len({action.rate_class for action in actions.values()}) == len(actions)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_valid_and_sent_as_it_stands(actions, name):
    action = actions[name]
    for example in action.examples:
        assert action.check(example).payload == example
        assert action.check(example).problems == ()


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_a_title_and_a_description(actions, name):
    action = actions[name]
    assert action.title
    assert action.description
    for field, described in fields(action.schema):
        assert described.get("title"), field
        assert described.get("description"), field


@pytest.mark.parametrize("name", NAMES)
def test_no_action_has_a_field_that_reaches_people_who_opted_out(actions, name):
    declared = {field for field, _ in fields(actions[name].schema)}
    assert declared.isdisjoint({"forceSend", "addSubscriber", "messageId", "creativeId", "targetCompanyExternalId"})


@pytest.mark.parametrize("name", NAMES)
def test_references_are_written_out_for_who_reads_the_schema(actions, name):
    assert "$ref" not in json.dumps(actions[name].schema)


def test_actions_are_a_mapping_by_name(actions):
    assert sorted(actions) == sorted(NAMES)
    assert len(actions) == len(NAMES)
    assert actions.get_or_raise("attentive.me") is actions["attentive.me"]


def test_an_unknown_action_is_told_the_nearest_name(actions):
    with pytest.raises(NotFound) as caught:
        actions.get_or_raise("attentive.message.send")
    assert caught.value.hint == "Did you mean `attentive.messages.send`?"


def test_an_action_like_none_is_told_all_names(actions):
    with pytest.raises(NotFound) as caught:
        actions.get_or_raise("zzz")
    assert "attentive.messages.send" in (caught.value.hint or "")


def test_a_new_file_is_a_new_action(folder):
    schema = json.loads((folder / "attentive" / "me.json").read_text())
    (folder / "other").mkdir()
    (folder / "other" / "ping.json").write_text(json.dumps(schema))
    assert Actions.load(folder)["other.ping"].destination == "other"


def test_a_folder_without_actions_is_said_to_have_none(tmp_path):
    with pytest.raises(Misconfigured, match="holds no actions"):
        Actions.load(tmp_path)


def test_a_file_that_is_no_json_is_named_with_the_place(folder):
    (folder / "attentive" / "me.json").write_text('{"title": }')
    with pytest.raises(Misconfigured, match=r"me\.json.*line 1, column 11"):
        Actions.load(folder)


@pytest.mark.parametrize("name", ["title", "description", "examples", "x-action"])
def test_a_file_without_what_every_action_needs_is_refused(spoil, name):
    assert name in spoil(lambda schema: schema.pop(name))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("method", "SEND"),
        ("path", "v1/text"),
        ("rate", {"class": "x"}),
        ("rate", {"class": "x", "per_second": 0}),
        ("guarantee", "exactly-once"),
        ("guarantee", {"MARKETING": "twice"}),
        ("recipient", "to"),
        ("recipient", "/phone"),
        ("success", [500]),
        ("success", []),
        ("sms", {"body": "/body"}),
        ("sms", {"body": "/text", "type": "/subscriptionType"}),
        ("surprise", 1),
    ],
)
def test_a_call_that_cannot_be_made_is_refused(spoil, path, value):
    assert "x-action" in spoil(lambda schema: schema["x-action"].update({path: value}))


def test_a_guarantee_by_kind_needs_to_know_where_the_kind_stands(spoil):
    assert "guarantee" in spoil(lambda schema: schema["x-action"].pop("sms"))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda to: to.update(type="strin"), "strin"),
        (lambda to: to.update(pattern="["), "pattern"),
        (lambda to: to.update(format="phone"), "phone"),
        (lambda to: to.update({"$ref": "_shared.json#/$defs/nothing"}), "points to nothing"),
        (lambda to: to.update({"$ref": "../elsewhere.json"}), "leaves the folder"),
        (lambda to: to.update({"$ref": "#"}), "points back to itself"),
        (lambda to: to.update({"$ref": "_none.json"}), "_none.json"),
        (lambda to: to.update({"x-explain": {"pattern": "nothing"}}), "x-explain"),
        (lambda to: to.update({"x-says": {"detail": "x"}}), "x-says"),
        (lambda to: to.update({"x-warn": [{"value": "x"}]}), "x-warn"),
        (lambda to: to.update({"default": []}), "default"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_the_reason(spoil, edit, says):
    assert says in spoil(lambda schema: edit(schema["properties"]["to"]))
