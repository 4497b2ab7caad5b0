"""Accounts hold no token that anybody could read, and say how sending for them goes."""

import pytest
from cryptography.fernet import Fernet

from service.errors import Misconfigured, NotFound
from service.model import Account
from service.settings import Settings
from service.store import Store


@pytest.fixture
def account():
    def make(**facts):
        usual = {
            "name": "default",
            "destination": "attentive",
            "base_url": "https://api.example.com",
            "token_from": "stored",
        }
        return Account(**(usual | facts))

    return make


def test_an_account_comes_back_as_it_was_put(store, account):
    made = account(country="CA", timezone="America/Toronto", brand_prefix="Acme: ", limits={"messages": 20.0})
    store.accounts.put(made, "sesame")
    assert store.accounts.get("default") == made
    assert store.accounts.list() == [made]
    assert store.accounts.get("other") is None


def test_a_stored_token_is_encrypted(store, account, tmp_path):  # S1-5
    store.accounts.put(account(), "sesame")
    assert store.accounts.token("default") == "sesame"
    with store.database.read() as connection:
        [row] = connection.exec_driver_sql("SELECT * FROM accounts").all()
    assert "sesame" not in str([bytes(each) if isinstance(each, memoryview) else each for each in row])
    key = store.settings.var / "secret_key"
    assert key.stat().st_mode & 0o077 == 0


def test_putting_an_account_again_keeps_its_token_unless_a_new_one_comes(store, account):
    store.accounts.put(account(), "sesame")
    store.accounts.put(account(country="CA"))
    assert store.accounts.token("default") == "sesame"
    store.accounts.put(account(), "sesame-2")
    assert store.accounts.token("default") == "sesame-2"


def test_a_token_may_come_from_the_environment_or_a_file(store, account, tmp_path, monkeypatch):
    file = tmp_path / "token"
    file.write_text("from a file\n")
    monkeypatch.setenv("BURGEE_TEST_TOKEN", "from the environment")
    store.accounts.put(account(name="a", token_from="env:BURGEE_TEST_TOKEN"))
    store.accounts.put(account(name="b", token_from=f"file:{file}"))
    assert (store.accounts.token("a"), store.accounts.token("b")) == ("from the environment", "from a file")
    monkeypatch.delenv("BURGEE_TEST_TOKEN")
    monkeypatch.setenv("BURGEE_TEST_TOKEN_FILE", str(file))
    assert store.accounts.token("a") == "from a file"


@pytest.mark.parametrize("token_from", ["env:BURGEE_TEST_NOT_SET", "file:/no/such/file"])
def test_a_token_that_is_not_where_it_should_be_is_a_clear_error(store, account, token_from):
    store.accounts.put(account(token_from=token_from))
    with pytest.raises(Misconfigured) as caught:
        store.accounts.token("default")
    assert token_from.partition(":")[2] in caught.value.hint


@pytest.mark.parametrize(
    ("facts", "token"),
    [
        ({"token_from": "stored"}, None),
        ({"token_from": "somewhere"}, None),
        ({"token_from": "env:"}, None),
        ({"token_from": "env:X"}, "sesame"),
        ({"base_url": "ftp://example.com"}, "sesame"),
        ({"limits": {"messages": 0}}, "sesame"),
        ({"limits": {"messages": float("nan")}}, "sesame"),
    ],
)
def test_an_account_that_could_not_work_is_refused(store, account, facts, token):
    with pytest.raises(Misconfigured):
        store.accounts.put(account(**facts), token)
    assert store.accounts.list() == []


def test_an_unknown_account_names_the_nearest(store, account):
    store.accounts.put(account(), "sesame")
    with pytest.raises(NotFound) as caught:
        store.accounts.token("defaul")
    assert "'default'" in caught.value.hint


def test_the_secret_key_can_be_changed_with_both_in_force(sqlite_url, tmp_path, account):
    def store(secret_key):
        made = Store(Settings(database_url=sqlite_url, var=tmp_path, secret_key=secret_key))
        made.migrate()
        return made

    old, new = Fernet.generate_key().decode(), "a pass phrase of one's own"
    store(old).accounts.put(account(), "sesame")
    assert store(f"{new}, {old}").accounts.token("default") == "sesame"
    with pytest.raises(Misconfigured):
        store(new).accounts.token("default")
    store(f"{new},{old}").accounts.put(account(), "sesame")
    assert store(new).accounts.token("default") == "sesame"


def test_every_process_uses_the_same_generated_key(make_store, store, account):
    store.accounts.put(account(), "sesame")
    assert make_store().accounts.token("default") == "sesame"


def test_an_account_that_never_had_a_delivery_has_no_state(store, account):
    store.accounts.put(account(), "sesame")
    assert store.accounts.states() == []


def test_the_state_of_an_account_shows_its_lanes(store, account, new_delivery):
    store.deliveries.insert_many([new_delivery(), new_delivery(rate_class="subscribers")])
    [state] = store.accounts.states()
    assert (state.account, state.circuit) == ("default", "closed")
    assert [lane.rate_class for lane in state.lanes] == ["messages", "subscribers"]
