"""What a vendor lists by name is spelled once, flat where texts use it, and about nothing that is nobody's business."""

import json

import pytest

from service.authoring.lint import lint, lint_one

ADA = {"phone": "+12025550143"}
SAMPLE = {"ada": {"context": {}, "expected": {}}}


@pytest.fixture
def event(template):
    def make(name="x", type="Order shipped", **properties):
        source = json.dumps({"type": type, "user": ADA, "properties": properties})
        return template(source, SAMPLE, name=name, action="attentive.events.custom")

    return make


@pytest.fixture
def attributes(template):
    def make(name="x", **properties):
        return template(
            json.dumps({"user": ADA, "properties": properties}), SAMPLE, name=name, action="attentive.attributes.set"
        )

    return make


def found(preparer, *templates):
    return [(each.template, warning.code) for each in lint(preparer, templates) for warning in each.warnings]


@pytest.mark.parametrize("other", ["order shipped", "Order_Shipped", "OrderShipped", "Order-shipped"])
def test_an_event_that_another_template_spells_otherwise_is_named_with_it(preparer, event, other):
    """S3-16, S4-10"""
    _, second = lint(preparer, [event("orders"), event("parcels", other)])
    (warning,) = second.warnings
    assert (warning.code, warning.pointer) == ("lint.name_twin", "/type")
    assert f"`{other}` is written `Order shipped` in orders: to Attentive these are two events." in warning.detail


def test_the_same_name_twice_is_the_same_name(preparer, event, attributes):
    again = [event("a", carrier="N"), event("b", carrier="S"), attributes("c", Tier="x"), attributes("d", Tier="y")]
    assert found(preparer, *again) == []


def test_a_property_has_twins_in_its_own_event_only(preparer, event):
    """S4-19"""
    assert found(preparer, event("a", carrier="N"), event("b", Carrier="N")) == [("b", "lint.name_twin")]
    assert found(preparer, event("a", carrier="N"), event("b", "Points earned", Carrier="N")) == []


def test_an_attribute_has_twins_in_every_call_that_writes_attributes(preparer, attributes, template):
    """S4-19"""
    source = json.dumps({"identifiers": ADA, "attributes": {"custom": {"loyalty tier": "silver"}}})
    person = template(source, SAMPLE, name="b", action="attentive.attributes.set-user")
    assert found(preparer, attributes("a", **{"Loyalty tier": "silver"}), person) == [("b", "lint.name_twin")]
    assert found(preparer, attributes("a", tier="x", Tier="y")) == [("a", "lint.name_twin")]


@pytest.mark.parametrize("value", [["a"], {"a": 1}, []])
def test_a_property_that_texts_cannot_use_is_named(preparer, event, value):
    """S3-17"""
    (warning,) = lint_one(preparer, event(items=value)).warnings
    assert (warning.code, warning.pointer) == ("lint.nested_property", "/properties/items")


@pytest.mark.parametrize(
    ("value", "doubtful"),
    [
        ("2026-02-03T09:15:00Z", True),
        ("6f0d6f0e-2f0b-4d0c-9a3e-1f2d3c4b5a69", True),
        ("ada@example.com", True),
        ("https://example.com/ada", True),
        ("silver", False),
        ("1990-04-17", False),
        (412.75, False),
        (True, False),
    ],
)
def test_an_attribute_of_which_everybody_has_another_value_fills_the_segment_builder(preparer, attributes, value, doubtful):
    """S3-23"""
    codes = [each.code for each in lint_one(preparer, attributes(last=value)).warnings]
    assert codes == (["lint.attribute_values"] if doubtful else [])


@pytest.mark.parametrize("name", ["Health status", "is_pregnant", "religion", "creditCard", "unionMember", "medicalNotes"])
def test_a_name_that_may_be_about_something_sensitive_is_flagged(preparer, attributes, name):
    """S4-9"""
    assert found(preparer, attributes(**{name: "x"})) == [("x", "lint.sensitive")]


@pytest.mark.parametrize("name", ["Loyalty tier", "Communion dress size", "Healthy", "trace", "Faithful customer", "card"])
def test_a_name_that_only_looks_like_it_is_not(preparer, attributes, name):
    assert found(preparer, attributes(**{name: "x"})) == []


def test_a_message_name_of_a_bulk_is_fixed_text_too(preparer, template):
    """S1-20"""
    message = '{"to": "+12025550143", "body": "Hi", "subscriptionType": "MARKETING", "messageName": "{{ n }}"}'
    bulk = template(f"[{message}]", {"ada": {"context": {"n": "a"}, "expected": {}}}, action="attentive.messages.send-bulk")
    assert [each.code for each in lint_one(preparer, bulk).warnings] == ["lint.message_name"]
