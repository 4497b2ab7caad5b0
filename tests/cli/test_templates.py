"""`burgee templates`, `lint` and `test`: from a folder to what is live, and back."""

import json

import pytest

STARTER = ["first-name", "order-shipped", "plain-message", "recommendation", "welcome"]


@pytest.fixture
def folder(messages):
    return messages


@pytest.fixture
def here(at_home, home, folder):
    home["BURGEE_TEMPLATES"] = str(folder)
    return at_home


def change(folder, old="Welcome, ", new="Hello, "):
    file = folder / "welcome" / "template.json.j2"
    file.write_text(file.read_text().replace(old, new))


def expect(folder, old="Welcome, ", new="Hello, "):
    for file in (folder / "welcome" / "samples").glob("*.expected.json"):
        file.write_text(file.read_text().replace(old, new))


def test_the_first_command_on_an_empty_database_brings_the_starter_templates_live(here):
    listed = here("templates", "list", "--json").json
    assert [(each["name"], each["live"]) for each in listed] == [(name, 1) for name in STARTER]


def test_a_second_start_leaves_what_is_there(here, folder):
    here("templates", "list")
    change(folder)
    assert [each["live"] for each in here("templates", "list", "--json").json] == [1] * 5


def test_only_what_has_changed_becomes_a_new_version(here, folder):
    here("templates", "list")
    change(folder)
    expect(folder)
    tried = here("templates", "push", "--dry-run", "--json").json["templates"]
    assert [each["name"] for each in tried if each["change"] == "changed"] == ["welcome"]
    pushed = here("templates", "push", "--json").json["templates"]
    assert [(each["name"], each["version"]) for each in pushed if each["change"] == "changed"] == [("welcome", 2)]
    assert here("templates", "show", "welcome", "--json").json["version"] == 2
    assert "Hello" in here("templates", "show", "welcome").out


def test_a_template_that_fails_its_own_sample_is_not_pushed_and_neither_is_anything_else(here, folder):
    here("templates", "list")
    change(folder)
    ran = here("templates", "push")
    assert ran.status == 3
    assert "sample ada" in ran.err
    assert here("templates", "push", "--json").json["failed"][0]["name"] == "welcome"
    assert here("templates", "show", "welcome", "--json").json["version"] == 1


def test_a_template_that_does_not_compile_is_not_pushed_and_its_line_is_named(here, folder):
    here("templates", "list")
    (folder / "welcome" / "template.json.j2").write_text('{\n "body": "{{ "\n}')
    ran = here("templates", "push", "welcome")
    assert ran.status == 3
    assert "line 2" in ran.err or "line 3" in ran.err


def test_publish_and_rollback_change_what_is_live(here, folder):
    here("templates", "list")
    change(folder)
    expect(folder)
    here("templates", "push", "welcome", "--no-publish", "--note", "draft")
    assert here("templates", "show", "welcome", "--json").json["version"] == 1
    assert here("templates", "publish", "welcome", "2", "--dry-run", "--json").json["live"] == 2
    assert here("templates", "show", "welcome", "--json").json["version"] == 1
    assert here("templates", "publish", "welcome", "2", "--json").json == {
        "dry_run": False,
        "name": "welcome",
        "live": 2,
        "was": 1,
    }
    assert here("templates", "rollback", "welcome", "--json").json["live"] == 1
    assert here("templates", "rollback", "welcome").status == 1


def test_pull_writes_only_what_differs_and_what_it_writes_is_the_same_template(here, folder):
    here("templates", "list")
    assert here("templates", "pull", "--to", folder, "--json").json["files"] == []
    change(folder)
    dry = here("templates", "pull", "--to", folder, "--dry-run", "--json").json["files"]
    assert [each["file"] for each in dry] == ["welcome/template.json.j2"]
    assert "Hello" in (folder / "welcome" / "template.json.j2").read_text()
    here("templates", "pull", "--to", folder)
    assert "Welcome" in (folder / "welcome" / "template.json.j2").read_text()
    fresh = folder.parent / "fresh"
    here("templates", "pull", "--to", fresh)
    assert here("templates", "diff", fresh, "--json").json == {"same": True, "files": []}
    assert here("test", fresh).status == 0


def test_diff_shows_what_a_push_would_change(here, folder):
    here("templates", "list")
    assert here("templates", "diff").out == "No difference.\n"
    change(folder)
    assert '+  "body": "Hello, {{ name }}!' in here("templates", "diff").out


@pytest.mark.parametrize("command", ["show", "rollback", "pull"])
def test_an_unknown_template_is_answered_with_the_nearest(here, command):
    ran = here("templates", command, "welcom")
    assert ran.status == 1
    assert "`welcome`" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [("push", "welcom"), ("publish", "welcome"), ("publish", "welcome", "x"), ("publish", "welcome", "0"), ("nope",)],
)
def test_wrong_usage_exits_with_2(here, arguments):
    assert here("templates", *arguments).status == 2


def test_an_unknown_version_exits_with_1(here):
    assert here("templates", "publish", "welcome", "9").status == 1
    assert here("templates", "publish", "welcome", "9", "--dry-run").status == 1
    assert here("templates", "show", "welcome", "--version", "9").status == 1


def test_the_samples_are_tests(here, folder):
    assert here("test", "--json").json["failed"] == 0
    change(folder)
    ran = here("test", "--json")
    assert ran.status == 3
    failed = [each for each in ran.json["samples"] if not each["passed"]]
    assert [(each["template"], each["sample"]) for each in failed] == [("welcome", "ada"), ("welcome", "new-profile")]
    assert failed[0]["problems"][0]["pointer"] == "/body"
    assert "sample ada" in here("test", "welcome").err


def test_update_writes_what_the_samples_make_now(here, folder):
    change(folder)
    tried = here("test", "--update", "--dry-run", "--json").json["written"]
    assert len(tried) == 2
    assert here("test", "welcome").status == 3
    assert here("test", "--update").status == 0
    assert here("test").status == 0
    assert "Hello, Ada!" in json.loads((folder / "welcome" / "samples" / "ada.expected.json").read_text())["body"]


def test_the_starter_templates_have_nothing_to_lint(here):
    assert here("lint", "--strict", "--json").json == {
        "templates": [{"template": name, "problems": [], "warnings": []} for name in STARTER],
        "problems": 0,
        "warnings": 0,
    }


def test_lint_exits_with_3_for_problems_and_with_strict_for_warnings(here, folder):
    change(folder, '"welcome"', '"welcome-{{ name }}"')
    expect(folder, '"welcome"', '"welcome-x"')
    ran = here("lint", "welcome", "--json")
    assert (ran.status, [each["code"] for each in ran.json["templates"][0]["warnings"]]) == (0, ["lint.message_name"])
    assert here("lint", "welcome", "--strict").status == 3
    change(folder, "{{ name }}", "{{ nobody }}")
    assert here("lint", "welcome").status == 3


def test_a_folder_with_a_broken_file_is_not_valid_and_every_problem_is_shown(here, folder):
    (folder / "welcome" / "about.toml").write_text('titel = "x"\naction = ')
    (folder / "first-name" / "samples" / "ada.json").write_text("{")
    ran = here("lint")
    assert ran.status == 3
    assert "welcome/about.toml" in ran.err
    assert "first-name/samples/ada.json" in ran.err
    assert "Traceback" not in ran.err


def test_a_folder_that_is_not_there_is_wrong_usage(here):
    assert here("lint", "/nowhere").status == 2
