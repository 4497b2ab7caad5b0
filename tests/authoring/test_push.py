"""The first start: database, account and starter templates, from any number of processes at once."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from service.authoring.push import bootstrap
from service.errors import TemplateInvalid


@pytest.fixture
def ground(make_store):
    def make(**more):
        store = make_store(**more)
        return SimpleNamespace(settings=store.settings, store=store)

    return make


def test_an_empty_database_gets_the_starter_templates_and_their_snippets(ground):
    first = ground()
    bootstrap(first)
    assert first.store.templates.live("welcome").number == 1
    assert "people" in first.store.snippets.all()


def test_doing_it_again_changes_nothing(ground, tmp_path):
    bootstrap(ground())
    (tmp_path / "empty").mkdir()
    again = ground(templates=tmp_path / "empty", attentive_token="x")
    bootstrap(again)
    bootstrap(again)
    assert again.store.templates.live("welcome").number == 1
    assert [each.name for each in again.store.accounts.list()] == ["default"]


def test_starter_templates_that_cannot_be_read_are_named(ground, tmp_path):
    (tmp_path / "broken" / "x").mkdir(parents=True)
    with pytest.raises(TemplateInvalid):
        bootstrap(ground(templates=tmp_path / "broken"))


def test_many_processes_may_be_the_first(tmp_path, database_url):
    code = (
        "from service.app import build; from service.authoring.push import bootstrap\n"
        "parts = build(); bootstrap(parts)\n"
        "print({len(parts.store.templates.versions(name)) for name in parts.store.templates.names()})"
    )
    environment = {"BURGEE_VAR": str(tmp_path / "var"), "BURGEE_DATABASE_URL": database_url, "BURGEE_ATTENTIVE_TOKEN": "x"}
    processes = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True) for _ in range(5)
    ]
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert said == ["{1}"] * 5
    assert [process.returncode for process in processes] == [0] * 5
