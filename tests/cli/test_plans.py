"""Plans on the command line: previewed before, told afterwards."""

import pytest

from service.model import NewDelivery, Status, new_id
from service.settings import Settings, packaged
from service.store import Store

CHECKOUT = packaged("templates") / "subscribe-at-checkout"


def test_a_preview_of_a_sample_shows_every_step(burgee):
    told = burgee("render", "--file", CHECKOUT, "--sample", "grace", "--json").json
    assert (told["step"], told["outcome"]) == ("eligibility", "valid")
    assert [(each["step"], each["payload"]["user"]["phone"]) for each in told["then"]] == [("subscribe", "+12025550144")]


def test_for_people_each_step_stands_under_its_name(burgee):
    ran = burgee("render", "--file", CHECKOUT, "--sample", "subscribed")
    assert ran.status == 0
    assert "step eligibility: valid" in ran.err
    assert "step subscribe: suppressed: The person is subscribed already." in ran.err


def test_without_answers_a_step_says_what_it_waits_for(burgee):
    ran = burgee("render", "--file", CHECKOUT, "--context", CHECKOUT / "samples" / "grace.json")
    assert "step subscribe: waits for the answer of eligibility" in ran.err


@pytest.fixture
def plan(at_home, home):
    """The ids of a plan whose second step was suppressed."""
    at_home("templates", "list")
    store = Store(Settings.from_environment(home))
    version = store.templates.live("subscribe-at-checkout")
    first = new_id("dlv")
    facts = {
        "account": "default",
        "target": "subscribe-at-checkout",
        "template": "subscribe-at-checkout",
        "version_id": version.id,
        "version": version.number,
        "plan": first,
    }
    made = [
        NewDelivery(id=first, status=Status.ACCEPTED, action=version.template.action, step="eligibility", **facts),
        NewDelivery(
            id=new_id("dlv"),
            status=Status.SUPPRESSED,
            action=version.template.then[0].action,
            step="subscribe",
            reason="already",
            **facts,
        ),
    ]
    store.deliveries.insert_many(made)
    store.close()
    return [each.id for each in made]


def test_a_delivery_tells_the_plan_that_it_is_a_step_of(at_home, plan):
    told = at_home("deliveries", "show", plan[1], "--json").json
    assert (told["plan"], told["step"]) == (plan[0], "subscribe")
    assert [(each["step"], each["delivery"], each["status"]) for each in told["steps"]] == [
        ("eligibility", plan[0], "accepted"),
        ("subscribe", plan[1], "suppressed"),
    ]
    out = at_home("deliveries", "show", plan[0]).out
    assert "plan: It ended at step 2 of 2 (subscribe), which was suppressed: already. Nothing after it was sent." in out
    assert "1. eligibility (attentive.subscriptions.eligibility): accepted, this one" in out


def test_a_version_shows_the_source_of_each_step(at_home, plan):
    out = at_home("templates", "show", "subscribe-at-checkout").out
    assert "step eligibility (attentive.subscriptions.eligibility)" in out
    assert "step subscribe (attentive.subscriptions.create)" in out
