"""What people do to deliveries: send again, cancel, settle; nothing is sent that they did not see."""

import threading

import pytest

from service.delivery import replay
from service.errors import Conflict, NotFound, NotReadable
from service.model import Status
from service.store import DeliveryFilter


@pytest.fixture
def ended(store, new_delivery):
    """Keeps a delivery that has come to this status; answers its id."""

    def make(status, **facts):
        made = new_delivery(**facts)
        store.deliveries.insert_many([made])
        with store.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE deliveries SET status = '{status.value}' WHERE id = '{made.id}'")
        return made.id

    return make


@pytest.mark.parametrize("status", sorted(replay.REPLAYABLE))
def test_the_same_bytes_go_out_again_as_a_new_delivery(store, ended, status):
    id = ended(status, payload=b"the bytes", digest="d" * 64, idempotency_key="k", version=3, context=b"{}")
    new = store.deliveries.get(replay.one(store, id, by="ada").id)
    assert new.id != id
    assert (new.status, new.replay_of, new.payload, new.digest) == (Status.QUEUED, id, b"the bytes", "d" * 64)
    assert (new.version, new.context, new.key, new.idempotency_key) == (3, b"{}", "ada", None)
    assert store.deliveries.status(id) is status


def test_a_replay_may_live_as_long_as_the_first_might_have(store, ended):
    first = store.deliveries.get(ended(Status.EXPIRED, expires_in=60))
    new = store.deliveries.get(replay.one(store, first.id).id)
    assert new.expires_at - new.created_at == first.expires_at - first.created_at


def test_a_rejected_call_has_nothing_to_replay(store, new_delivery):
    made = new_delivery(status=Status.REJECTED, payload=None)
    store.deliveries.insert_many([made])
    with pytest.raises(Conflict) as caught:
        replay.one(store, made.id)
    assert "post the context" in caught.value.hint


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SENDING, Status.RETRYING, Status.HELD, Status.SUPPRESSED])
def test_what_still_waits_or_was_stopped_on_purpose_is_not_replayed(store, ended, status):
    with pytest.raises(Conflict):
        replay.one(store, ended(status))


def test_what_is_not_there_is_not_found(store, preparer):
    for act in (replay.one, replay.cancel, lambda store, id: replay.settle(store, preparer, id, Status.ACCEPTED)):
        with pytest.raises(NotFound):
            act(store, "dlv_0")


# -- many


def test_a_preview_changes_nothing_and_the_replay_touches_exactly_what_it_showed(store, ended):
    failed = [ended(Status.FAILED) for _ in range(70)]
    ended(Status.ACCEPTED)
    asked = DeliveryFilter(status=(Status.FAILED, Status.REJECTED))
    seen = replay.preview(store, asked)
    assert sorted(seen.ids) == sorted(failed)
    assert seen.by_status == {Status.FAILED: 70}
    assert store.deliveries.counts().waiting == 0
    new = replay.many(store, asked, seen.token)
    assert sorted(store.deliveries.get(id).replay_of for id in new) == sorted(failed)
    assert store.deliveries.counts().waiting == 70


def test_the_preview_says_what_it_leaves_out(store, ended):
    ended(Status.REFUSED)
    ended(Status.QUEUED)
    seen = replay.preview(store, DeliveryFilter())
    assert (seen.by_status, seen.left_out, seen.more) == ({Status.REFUSED: 1}, {Status.QUEUED: 1}, False)


def test_what_was_created_after_the_preview_is_not_part_of_it(store, ended):
    ended(Status.FAILED)
    asked = DeliveryFilter(template="welcome")
    seen = replay.preview(store, asked)
    late = ended(Status.FAILED)
    with store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE deliveries SET created_at = created_at + 1000 WHERE id = '{late}'")
    assert len(replay.many(store, asked, seen.token)) == 1


def test_when_the_set_has_changed_nothing_is_replayed(store, preparer, ended):
    ended(Status.FAILED)
    settled = ended(Status.UNKNOWN)
    seen = replay.preview(store, DeliveryFilter())
    replay.settle(store, preparer, settled, Status.QUEUED)
    with pytest.raises(Conflict):
        replay.many(store, DeliveryFilter(), seen.token)
    assert store.deliveries.counts().waiting == 1


def test_pressing_the_button_twice_sends_once(store, ended):
    ended(Status.FAILED)
    asked = DeliveryFilter(status=(Status.FAILED,))
    token = replay.preview(store, asked).token
    assert replay.many(store, asked, token) == replay.many(store, asked, token)
    assert store.deliveries.counts().waiting == 1


@pytest.mark.parametrize("token", ["", "x", "1e9.", "99999999999999999999.a", "-5.b", "nan.c"])
def test_a_token_that_is_none_is_refused(store, token):
    with pytest.raises((NotReadable, Conflict)):
        replay.many(store, DeliveryFilter(), token)


# -- cancel, settle


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RETRYING, Status.HELD])
def test_what_waits_can_be_canceled(store, ended, status):
    kept = replay.cancel(store, ended(status))
    assert (kept.status, kept.due_at) == (Status.CANCELED, None)
    assert kept.finished_at is not None


@pytest.mark.parametrize("status", [Status.SENDING, Status.ACCEPTED, Status.UNKNOWN, Status.CANCELED])
def test_what_was_sent_or_has_ended_cannot_be_canceled(store, ended, status):
    with pytest.raises(Conflict):
        replay.cancel(store, ended(status))


@pytest.mark.parametrize("status", sorted(replay.SETTLED_AS))
def test_a_person_settles_what_is_unknown(store, preparer, ended, status):
    kept = replay.settle(store, preparer, ended(Status.UNKNOWN), status)
    assert kept.status is status
    assert (kept.finished_at is None) == (status is Status.QUEUED)
    assert store.queue.anything_due() == (status is Status.QUEUED)


def test_only_the_unknown_can_be_settled_and_only_as_something_sensible(store, preparer, ended):
    with pytest.raises(Conflict):
        replay.settle(store, preparer, ended(Status.REFUSED), Status.ACCEPTED)
    with pytest.raises(NotReadable):
        replay.settle(store, preparer, ended(Status.UNKNOWN), Status.SENDING)


def test_of_two_who_settle_at_once_one_is_told_that_it_was_done(store, preparer, ended):
    id, outcomes = ended(Status.UNKNOWN), []

    def settle(status):
        try:
            replay.settle(store, preparer, id, status)
            outcomes.append(status)
        except Conflict:
            pass

    threads = [threading.Thread(target=settle, args=(status,)) for status in (Status.ACCEPTED, Status.REFUSED)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [store.deliveries.status(id)]
