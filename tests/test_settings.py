"""Settings: typed, named, all bad ones at once, secrets never shown."""

from pathlib import Path

import pytest

from service.errors import Misconfigured
from service.settings import Settings


def test_an_empty_environment_gives_a_working_service_on_sqlite():
    settings = Settings.from_environment({})
    assert settings.database_url == "sqlite:///var/burgee.sqlite3"
    assert settings.attentive_url == "https://api.attentivemobile.com"  # S1-11
    assert (settings.templates.is_dir(), settings.schemas.is_dir()) == (True, True)


def test_a_secret_may_come_from_a_file(tmp_path: Path):
    (tmp_path / "token").write_text("sesame\n")
    settings = Settings.from_environment({"BURGEE_ATTENTIVE_TOKEN_FILE": str(tmp_path / "token")})
    assert settings.attentive_token == "sesame"


def test_every_bad_setting_is_named_at_once():
    environment = {"BURGEE_SENDERS": "many", "BURGEE_READ_TIMEOUT": "soon", "BURGEE_SECRET_KEY_FILE": "/no/such/file"}
    with pytest.raises(Misconfigured) as caught:
        Settings.from_environment(environment)
    said = " ".join(problem.detail for problem in caught.value.problems)
    assert all(name in said for name in environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x"),
        ("SQLITE_SYNCHRONOUS", "off"),
        ("LOG_LEVEL", "loud"),
        ("ATTENTIVE_URL", "ftp://example.com"),
        ("BODY_LIMIT", "0"),
        ("CONTENT_LIMIT", "-1"),
        ("CONTENT_HOSTS", "https://feeds.example.com"),
        ("CONTENT_HOSTS", "feeds.example.com, *"),
        ("READ_TIMEOUT", "nan"),
        ("CONNECT_TIMEOUT", "inf"),
        ("IDEMPOTENCY_HOURS", "1"),
    ],
)
def test_a_value_that_cannot_work_stops_the_start(name, value):
    with pytest.raises(Misconfigured, match=name):
        Settings.from_environment({f"BURGEE_{name}": value})


def test_secrets_are_never_shown():
    shown = repr(Settings(attentive_token="sesame", secret_key="open", database_url="postgresql://me:word@db.example.com/b"))
    assert not any(secret in shown for secret in ("sesame", "open", "word@"))


def test_hosts_of_feeds_are_names_with_or_without_a_port():
    settings = Settings.from_environment({"BURGEE_CONTENT_HOSTS": "Feeds.example.com, 127.0.0.1:8080,[::1]:80,"})
    assert settings.feed_hosts == {"feeds.example.com", "127.0.0.1:8080", "[::1]:80"}
