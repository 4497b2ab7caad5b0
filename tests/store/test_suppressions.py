"""Who must not be texted, on both databases: the later word holds, in whatever order words come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.delivery import guards
from service.errors import NotFound
from service.model import Account, Status, SubscriptionType
from service.store import suppressions
from service.store.suppressions import DELIVERY, PERSON, OptIn, OptOut

ACCOUNT = Account(name="default", destination="attentive", base_url="https://a.example.com", token_from="env:T")
ADA, BOB = "+12025550143", "+12025550144"
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
MARKETING, TRANSACTIONAL, ALL = SubscriptionType.MARKETING, SubscriptionType.TRANSACTIONAL, SubscriptionType.ALL


@pytest.fixture
def tell(store):
    def told(*changes, source="webhook", account="default", ends=(DELIVERY,)):
        with store.database.write() as connection:
            return suppressions.apply(connection, store.database, changes, account=account, source=source, ends=ends)

    return told


def out(type=MARKETING, *, who=ADA, minutes=0):
    return OptOut(who=who, type=type, reason="by replying STOP", at=NOON + timedelta(minutes=minutes))


def back(type=MARKETING, *, who=ADA, minutes=0):
    return OptIn(who=who, type=type, at=NOON + timedelta(minutes=minutes))


def in_force(store, who=ADA):
    return {(each.type, each.source, each.account) for each in store.suppressions.page(who=who)[0]}


def test_an_opt_out_is_kept_with_all_that_explains_it(store, tell):
    assert tell(out()) == [True]
    [kept] = store.suppressions.page(who=ADA)[0]
    assert (kept.who, kept.account, kept.type, kept.source, kept.since) == (ADA, "default", MARKETING, "webhook", NOON)
    assert kept.said() == "Opted out of marketing texts on 3 November 2026 by replying STOP."


def test_the_same_word_again_changes_nothing(store, tell):
    tell(out())
    [before] = store.suppressions.page(who=ADA)[0]
    assert tell(out(), out(minutes=5)) == [False, False]
    assert store.suppressions.page(who=ADA)[0] == [before]


def test_a_later_opt_in_ends_it_and_an_older_one_does_not(store, tell):
    tell(out(minutes=1))
    assert tell(back(minutes=0)) == [False]
    assert in_force(store) == {(MARKETING, "webhook", "default")}
    assert tell(back(minutes=2)) == [True]
    assert in_force(store) == set()
    assert len(store.suppressions.page(who=ADA, ended=True)[0]) == 1


def test_an_older_opt_out_does_not_go_before_a_later_opt_in(store, tell):
    tell(out(), back(minutes=2))
    assert tell(out(minutes=1)) == [False]
    assert tell(out(minutes=3)) == [True]


def test_an_opt_in_to_one_type_leaves_the_other(store, tell):
    tell(out(MARKETING), out(TRANSACTIONAL))
    tell(back(MARKETING, minutes=1))
    assert in_force(store) == {(TRANSACTIONAL, "webhook", "default")}
    tell(back(ALL, minutes=1))
    assert in_force(store) == set()


def test_what_a_person_entered_no_vendor_ends(store, tell):
    made = store.suppressions.add(ADA, ALL, reason="as she asked on the phone", by="ada")
    tell(back(ALL, minutes=10**6), ends=(DELIVERY, "postback"))
    assert in_force(store) == {(ALL, PERSON, None)}
    store.suppressions.remove(made.id, by="ada")
    assert in_force(store) == set()
    assert store.suppressions.get(made.id).until is not None


def test_a_webhooks_opt_in_ends_what_our_own_unsubscription_began_and_not_the_other_way_round(store, tell):
    tell(out(), source=DELIVERY)
    tell(back(minutes=1))
    assert in_force(store) == set()
    tell(out(minutes=2))
    tell(back(minutes=3), source=DELIVERY, ends=())
    assert in_force(store) == {(MARKETING, "webhook", "default")}


def test_what_people_do_leaves_a_line_in_the_audit_log_without_the_person(store):
    made = store.suppressions.add(ADA, ALL, account="default", reason="", by="ada")
    store.suppressions.remove(made.id, by="bob")
    store.suppressions.remove(made.id, by="bob")
    lines = sorted((each.who, each.what, each.target, each.detail) for each in store.audit.page()[0])
    assert lines == [
        ("ada", "suppression.add", made.id, "ALL for the account default"),
        ("bob", "suppression.remove", made.id, "ALL for the account default"),
    ]


def test_entering_the_same_again_gives_it_a_new_end(store):
    first = store.suppressions.add(ADA, ALL, reason="a pause", until=NOON + timedelta(days=3650), by="ada")
    again = store.suppressions.add(ADA, ALL, reason="for good", by="ada")
    assert (again.id, again.until, again.reason) == (first.id, None, "for good")


def test_one_that_is_not_there_cannot_be_ended(store):
    with pytest.raises(NotFound):
        store.suppressions.remove("sup_nobody", by="ada")


def test_pages_follow_one_another(store):
    for number in range(5):
        store.suppressions.add(f"+1202555014{number}", ALL, reason="", by="ada")
    first, cursor = store.suppressions.page(limit=3)
    rest, end = store.suppressions.page(limit=3, cursor=cursor)
    assert len({each.who for each in (*first, *rest)}) == 5
    assert end is None


WORDS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([MARKETING, TRANSACTIONAL]), st.integers(0, 5)), min_size=1, max_size=8
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS, st.randoms(use_true_random=False))
def test_words_that_are_told_again_change_nothing(store, tell, words, random):
    who = f"+1202555{random.randrange(10**6):06}"
    changes = [out(type, who=who, minutes=at) if is_out else back(type, who=who, minutes=at) for is_out, type, at in words]
    changes.sort(key=lambda each: each.at)
    for each in changes:
        tell(each)
    stands = in_force(store, who)
    for each in changes:
        if isinstance(each, OptOut) and (each.type, "webhook", "default") not in stands:
            continue  # whether an old opt-out is older than an opt-in is told by the kept events, see tests/inbound
        tell(each)
    assert in_force(store, who) == stands


# -- in the claim


@pytest.fixture
def claimed(store, new_delivery, claim):
    """Puts deliveries in and claims them with the guards of the worker; answers the ids that are to be sent."""
    store.accounts.put(ACCOUNT)

    def put(*payloads, **facts):
        rows = [new_delivery(**{"recipient": ADA, "payload": each, **facts}) for each in payloads]
        store.deliveries.insert_many(rows)
        ids = [job.id for job in claim(check=guards.check).jobs]
        return [row.id in ids for row in rows], rows

    return put


OFFER = b'{"to":"+12025550143","body":"Hi","subscriptionType":"MARKETING"}'
RECEIPT = OFFER.replace(b"MARKETING", b"TRANSACTIONAL")


def test_a_text_of_the_type_is_stopped_with_rule_value_and_words_and_others_are_sent(store, tell, claimed):
    tell(out())
    sent, (offer, _) = claimed(OFFER, RECEIPT)
    assert sent == [False, True]
    found = store.deliveries.get(offer.id)
    assert (found.status, found.attempts_made) == (Status.SUPPRESSED, 0)
    assert found.reason == "Opted out of marketing texts on 3 November 2026 by replying STOP."
    [kept] = store.suppressions.page(who=ADA)[0]
    assert found.decision == {"rule": "suppressed", "value": kept.id}


def test_whoever_is_out_of_transactional_texts_gets_marketing_only_where_that_is_wanted(tell, claimed):
    tell(out(TRANSACTIONAL))
    assert claimed(OFFER, RECEIPT)[0] == [True, False]


def test_out_of_everything_is_out_of_both(store, claimed):
    store.suppressions.add(ADA, ALL, reason="", by="ada")
    assert claimed(OFFER, RECEIPT)[0] == [False, False]


def test_one_accounts_opt_out_does_not_stop_another_accounts_texts_unless_it_holds_for_all(tell, claimed):
    tell(out(), account="brand-b")
    assert claimed(OFFER)[0] == [True]
    tell(out(), account=None)
    assert claimed(OFFER)[0] == [False]


def test_what_has_ended_stops_nothing(store, tell, claimed):
    tell(out(), back(minutes=1))
    store.suppressions.add(ADA, ALL, reason="", until=NOON, by="ada")
    assert claimed(OFFER, RECEIPT)[0] == [True, True]


def test_a_person_is_known_by_mail_address_only_where_the_delivery_says_so(store, tell, claimed):
    tell(out(who="ada@example.com"), source="postback", account=None)
    assert claimed(OFFER)[0] == [True]
    assert claimed(OFFER, email="ada@example.com")[0] == [False]


def test_a_person_is_known_by_the_vendors_id_too(tell, claimed):
    tell(out(who="813204511987"))
    payload = b'{"subscriberExternalId":813204511987,"body":"Hi","subscriptionType":"MARKETING"}'
    assert claimed(payload, recipient="813204511987")[0] == [False]


def test_calls_that_text_nobody_pass(tell, claimed):
    tell(out(MARKETING), out(TRANSACTIONAL))
    payload = b'{"user":{"phone":"+12025550143"},"subscriptionType":"MARKETING"}'
    for action in ("attentive.subscriptions.unsubscribe", "attentive.subscriptions.create", "attentive.events.custom"):
        assert claimed(payload, action=action)[0] == [True]


def test_many_texts_in_one_call_are_stopped_by_one_who_opted_out(tell, claimed):
    tell(out())
    other = OFFER.replace(ADA.encode(), BOB.encode())
    bulk = {"recipient": None, "action": "attentive.messages.send-bulk"}
    assert claimed(b"[%s,%s]" % (other, OFFER), b"[%s]" % other, **bulk)[0] == [False, True]


def test_an_accepted_unsubscription_is_kept_with_its_acceptance(store, new_delivery, claim, done):  # S2-14
    store.deliveries.insert_many([new_delivery(recipient=ADA, action="attentive.subscriptions.unsubscribe")])
    [job] = claim().jobs
    store.queue.complete([done(job, changes=(out(TRANSACTIONAL),))])
    assert in_force(store) == {(TRANSACTIONAL, DELIVERY, "default")}


def test_an_account_that_hears_for_all_speaks_for_all(store, new_delivery, claim, done):
    store.accounts.put(ACCOUNT)
    store.accounts.hear("default", "env:S", for_all=True)
    store.deliveries.insert_many([new_delivery(recipient=ADA)])
    [job] = claim().jobs
    store.queue.complete([done(job, changes=(out(),))])
    assert in_force(store) == {(MARKETING, DELIVERY, None)}


def test_a_replay_to_somebody_who_opted_out_meanwhile_is_stopped(store, tell, claimed):
    from service.delivery import replay

    (_,), (first,) = claimed(OFFER)
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET status = 'accepted'")
    tell(out())
    again = replay.one(store, first.id)
    assert replace(again, id="").email == first.email
    assert claimed()[0] == []
    assert store.deliveries.status(again.id) is Status.SUPPRESSED
