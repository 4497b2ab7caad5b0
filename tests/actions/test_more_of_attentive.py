"""Legacy texts, people of version 2, erasure, webhooks, segments: the traps of each call, as rules."""

import pytest

from service.actions import Actions
from service.errors import Misconfigured
from service.model import Guarantee

PHONE = "+12025550143"
HOOK = {"url": "https://burgee.example.com/v1/inbound/attentive/default", "events": ["sms.sent"]}


def found(actions, name, document):
    return {
        (each.pointer, each.code.removeprefix("payload.")) for each in actions[f"attentive.{name}"].check(document).problems
    }


def test_a_legacy_text_is_taken_with_a_warning_that_it_is_forced_on_people(actions):
    """S2-22"""
    checked = actions["attentive.messages.send-legacy"].check({"to": PHONE, "body": "Your points were added."})
    assert checked.payload == {"to": PHONE, "body": "Your points were added."}
    assert [each.code for each in checked.warnings] == ["sms.legacy"]


def test_the_legacy_action_says_where_its_own_token_comes_from(actions):
    """S2-27"""
    action = actions["attentive.messages.send-legacy"]
    assert "legacyapi@attentivemobile.com" in action.description
    assert all("legacyapi@attentivemobile.com" in action.answers[status] for status in (400, 401, 403))
    assert action.guarantee({"to": PHONE, "body": "Hi"}) is Guarantee.AT_MOST_ONCE


def test_a_legacy_text_has_the_rules_of_a_text(actions):
    assert found(actions, "messages.send-legacy", {"to": "2025550143", "body": "Hi {name}", "addSubscriber": "true"}) == {
        ("/to", "pattern"),
        ("/body", "braces"),
        ("/addSubscriber", "refused_field"),
    }


def test_own_identifiers_have_a_key_in_version_2_and_a_name_in_version_1(actions):
    person = {"identifiers": {"customIdentifiers": [{"name": "loyalty_no", "value": "L-2040"}]}}
    assert found(actions, "attributes.set-user", person) == {
        ("/identifiers/customIdentifiers/0/key", "required"),
        ("/identifiers/customIdentifiers/0/name", "unknown_field"),
    }


def test_own_attributes_are_at_most_a_hundred_plain_values(actions):
    def custom(values):
        return {"identifiers": {"phone": PHONE}, "attributes": {"custom": values}}

    assert found(actions, "attributes.set-user", custom({f"a{at}": at for at in range(100)})) == set()
    assert found(actions, "attributes.set-user", custom({f"a{at}": at for at in range(101)})) == {
        ("/attributes/custom", "size")
    }
    assert found(actions, "attributes.set-user", custom({"list": [1], "map": {}})) == {
        ("/attributes/custom/list", "type"),
        ("/attributes/custom/map", "type"),
    }


def test_nothing_known_of_a_person_is_dropped_and_the_rest_is_kept(actions):
    document = {
        "identifiers": {"phone": PHONE, "email": ""},
        "attributes": {"firstName": "Ada", "lastName": "", "location": {"city": None}, "custom": {"tier": ""}},
    }
    checked = actions["attentive.attributes.set-user"].check(document)
    assert checked.payload == {"identifiers": {"phone": PHONE}, "attributes": {"firstName": "Ada"}}


def test_a_bulk_of_people_has_1_to_256_of_them(actions):
    person = {"identifiers": {"email": "ada@example.com"}}
    assert found(actions, "attributes.set-users", {"users": []}) == {("/users", "size")}
    assert found(actions, "attributes.set-users", {"users": [person] * 257}) == {("/users", "size")}
    assert found(actions, "attributes.set-users", {"users": [person, {"identifiers": {}}]}) == {
        ("/users/1/identifiers/phone", "choice")
    }


def test_an_erasure_names_somebody(actions):
    assert found(actions, "privacy.request-deletion", {"requestMsg": "77"}) == {("/subjectEmail", "choice")}
    assert found(actions, "privacy.request-deletion", {"subjectPhone": "2025550143"}) == {("/subjectPhone", "pattern")}
    assert actions["attentive.privacy.request-deletion"].recipient({"subjectPhone": PHONE}) == PHONE


def test_a_webhook_is_https_and_its_events_are_spelled_as_attentive_does(actions):
    assert found(actions, "webhooks.create", {"url": "http://burgee.example.com/", "events": ["SMS.sent"]}) == {
        ("/url", "pattern"),
        ("/events/0", "enum"),
    }
    assert found(actions, "webhooks.create", {**HOOK, "events": []}) == {("/events", "size")}


@pytest.mark.parametrize("id", ["..", ".", "", " ", "a\nb", "a\n", "x" * 256])
def test_what_cannot_stand_in_a_path_is_no_id(actions, id):
    assert {pointer for pointer, _ in found(actions, "webhooks.delete", {"webhookId": id})} == {"/webhookId"}


def test_a_segment_changes_its_name_or_its_description(actions):
    assert found(actions, "segments.update", {"externalId": "tier-silver"}) == {("/name", "choice")}
    assert found(actions, "segments.update", {"externalId": "tier-silver", "name": " "}) == {("/name", "required")}
    assert found(actions, "segments.create", {"name": "x" * 241, "description": "a"}) == {
        ("/name", "length"),
        ("/description", "length"),
    }


def test_each_member_of_a_segment_is_somebody(actions):
    members = {"externalId": "tier-silver", "members": [{"phone": PHONE}, {"shopifyId": "7"}]}
    assert found(actions, "segments.add-members", members) == {
        ("/members/1/phone", "choice"),
        ("/members/1/shopifyId", "unknown_field"),
    }
    assert actions["attentive.segments.remove-members"].method == "DELETE"


def test_a_path_names_required_texts_of_its_payload(tmp_path, schemas):
    text = (schemas / "attentive" / "webhooks.delete.json").read_text()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "_shared.json").write_text((schemas / "attentive" / "_shared.json").read_text())
    (tmp_path / "shop" / "hooks.delete.json").write_text(text.replace("/v1/webhooks/{webhookId}", "/v1/webhooks/{id}"))
    with pytest.raises(Misconfigured, match=r"\{id\} is no required text"):
        Actions.load(tmp_path)
