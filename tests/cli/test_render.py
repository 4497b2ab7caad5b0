"""`burgee render`: what a context comes to, without a database and without surprises."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ACTION = "attentive.messages.send"
SOURCE = """{ "to": "{{ to }}", "body": "Hello {{ name }}", "subscriptionType": "MARKETING" }"""
KEYS = {"payload", "digest", "outcome", "problems", "warnings", "sms"}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    file = tmp_path_factory.mktemp("bare") / "offer.json.j2"
    file.write_text(SOURCE)
    return file


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory):
    """An environment in which a database would show as a file."""
    return {"BURGEE_VAR": str(tmp_path_factory.mktemp("nowhere") / "var")}


@pytest.fixture(scope="module")
def render(burgee, template, nowhere):
    def run(context, *more, file=template):
        body = context if isinstance(context, bytes | str) else json.dumps(context)
        arguments = ("render", "--file", file, "--action", ACTION, "--context", "-", "--json", *more)
        return burgee(*arguments, stdin=body, environment=nowhere)

    return run


def test_a_file_and_a_context_come_to_exactly_the_documented_object(render, nowhere):
    ran = render({"to": "+12025550143", "name": "Ada"})
    assert ran.status == 0
    assert ran.json.keys() == KEYS
    assert ran.json["outcome"] == "valid"
    assert ran.json["payload"] == {
        "to": "+12025550143",
        "body": "Hello Ada",
        "subscriptionType": "MARKETING",
        "useShortLinks": False,
        "skipFatigue": False,
    }
    assert (ran.json["sms"]["encoding"], ran.json["sms"]["segments"]) == ("GSM-7", 1)
    assert len(ran.json["digest"]) == 64
    assert not Path(nowhere["BURGEE_VAR"]).exists()


def test_what_is_not_valid_exits_with_3_and_says_why(render):
    ran = render({"to": "202-555", "name": "Ada"})
    assert ran.status == 3
    assert ran.json["outcome"] == "invalid"
    assert [each["pointer"] for each in ran.json["problems"]] == ["/to"]
    assert ran.json["problems"][0]["line"] == 1


def test_a_missing_value_is_a_problem_with_its_path(render):
    ran = render({"to": "+12025550143"})
    assert ran.status == 3
    assert "name" in ran.json["problems"][0]["detail"]


@pytest.mark.parametrize(
    "body", ["", "[1]", "{", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 2000, '{"n": ' + "9" * 5000 + "}", b"\xff\xfe"]
)
def test_a_context_that_cannot_be_read_is_not_valid_and_its_place_is_named(render, body):
    ran = render(body)
    assert ran.status == 3
    assert ran.json["outcome"] == "invalid"
    assert ran.json["problems"][0]["code"].startswith("json.")
    assert ran.err == ""


def test_a_template_that_does_not_compile_is_not_valid_with_line_and_column(render, tmp_path):
    broken = tmp_path / "broken.json.j2"
    broken.write_text('{ "to": "x",\n  "body": "{{ name " }')
    ran = render({}, file=broken)
    assert ran.status == 3
    assert ran.json.keys() == KEYS
    problem = ran.json["problems"][0]
    assert problem["line"] >= 1
    assert problem["column"] >= 1
    assert ran.json["payload"] is None


def test_a_template_that_is_not_utf8_is_not_valid(render, tmp_path):
    broken = tmp_path / "latin.json.j2"
    broken.write_bytes(b'{ "body": "\xe9" }')
    ran = render({}, file=broken)
    assert ran.status == 3
    assert ran.json["problems"][0]["code"] == "file.not_utf8"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--context", "-"),
        ("--file", "x", "--template", "welcome", "--context", "-"),
        ("--template", "welcome"),
        ("--template", "welcome", "--context", "-", "--sample", "ada"),
        ("--template", "welcom", "--context", "-"),
        ("--template", "../welcome", "--context", "-"),
        ("--template", "welcome", "--sample", "adaa"),
        ("--template", "welcome", "--context", "/nowhere.json"),
        ("--file", "/nowhere.j2", "--action", ACTION, "--context", "-"),
        ("--template", "welcome", "--context", "-", "--action", "attentive.message.send"),
        ("--template", "welcome", "--context", "-", "--now", "yesterday"),
        ("--template", "welcome", "--context", "-", "--dialect", "mako"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_sentence(burgee, nowhere, arguments):
    ran = burgee("render", *arguments, stdin="{}", environment=nowhere)
    assert ran.status == 2
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert "Error:" in ran.err


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(burgee, nowhere):
    ran = burgee("render", "--template", "welcom", "--context", "-", stdin="{}", environment=nowhere)
    assert "`welcome`" in ran.err


def test_a_bare_file_needs_an_action(burgee, template, nowhere):
    ran = burgee("render", "--file", template, "--context", "-", stdin="{}", environment=nowhere)
    assert ran.status == 2
    assert "--action" in ran.err


def test_a_template_of_the_folder_needs_no_database_and_brings_its_samples(burgee, nowhere):
    ran = burgee("render", "--template", "welcome", "--sample", "ada", "--json", environment=nowhere)
    assert ran.status == 0
    assert ran.json["payload"]["to"] == "+12025550143"
    assert not Path(nowhere["BURGEE_VAR"]).exists()


def test_a_suppressed_context_is_a_good_outcome_with_its_reason(burgee, nowhere):
    ran = burgee("render", "--template", "welcome", "--sample", "no-phone", "--json", environment=nowhere)
    assert ran.status == 0
    assert (ran.json["outcome"], ran.json["reason"]) == ("suppressed", "The profile has no phone number.")


def test_the_live_version_of_the_database_goes_before_the_folder(at_home, tmp_path):
    folder = tmp_path / "welcome"
    folder.mkdir()
    (folder / "template.json.j2").write_text(SOURCE)
    (folder / "about.toml").write_text(f'title = "Other"\naction = "{ACTION}"')
    assert at_home("templates", "push", folder).status == 0
    context = '{"to": "+12025550143", "name": "Ada"}'
    live = at_home("render", "--template", "welcome", "--context", "-", "--json", stdin=context)
    assert live.json["payload"]["body"] == "Hello Ada"
    filed = at_home("render", "--file", folder, "--context", "-", "--json", stdin=context)
    assert filed.json["digest"] == live.json["digest"]


def test_now_is_what_the_template_sees(render, tmp_path):
    clock = tmp_path / "clock.json.j2"
    clock.write_text(SOURCE.replace("{{ name }}", "{{ now() | date('%Y-%m-%d') }}"))
    ran = render({"to": "+12025550143"}, "--now", "2026-02-03T04:05:06Z", file=clock)
    assert ran.json["payload"]["body"] == "Hello 2026-02-03"


def test_without_json_people_read_the_outcome_and_programs_still_get_the_payload(burgee, nowhere):
    ran = burgee("render", "--template", "welcome", "--sample", "ada", environment=nowhere)
    assert json.loads(ran.out)["to"] == "+12025550143"
    assert "valid" in ran.err
    assert "GSM-7" in ran.err


def test_it_imports_neither_database_nor_web_nor_slow_checkers(nowhere, template):
    """The test suites of other projects call it hundreds of times."""
    code = (
        "import sys; from service.cli import main\n"
        "try: main(lambda: None, sys.argv[1:])\n"
        "except SystemExit as done: assert done.code == 0, done.code\n"
        "print(sorted({'sqlalchemy', 'flask', 'requests', 'jsonschema', 'gunicorn', 'rich'} & set(sys.modules)))"
    )
    arguments = ["render", "--file", str(template), "--action", ACTION, "--context", "-", "--json"]
    context = '{"to": "+12025550143", "name": "Ada"}'
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], input=context, capture_output=True, text=True, check=True, env=nowhere
    )
    assert done.stdout.splitlines()[-1] == "[]"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(context=st.dictionaries(st.sampled_from(["to", "name", "x"]), json_values), body=st.binary(max_size=60))
def test_any_context_and_any_bytes_get_an_answer(render, context, body):
    for given_body in (json.dumps(context), body):
        ran = render(given_body)
        assert ran.status in (0, 3)
        assert ran.json.keys() >= KEYS
        assert ran.err == ""


def test_a_live_template_is_measured_with_its_brands_prefix(at_home):
    at_home("accounts", "add", "default", "--token-from", "env:X", "--brand-prefix", "Example Shop: ")
    ran = at_home("render", "--template", "plain-message", "--sample", "ada", "--json")
    assert ran.json["sms"]["prefix_units"] == len("Example Shop: ")


def test_without_a_place_to_read_it_is_never_a_traceback(burgee, nowhere):
    for name in ("x" * 5000, "/dev/null/x", "/"):
        ran = burgee("render", "--file", name, "--action", ACTION, "--context", "-", stdin="{}", environment=nowhere)
        assert ran.status in (1, 2, 3)
        assert "Traceback" not in ran.err
        assert "unexpected" not in ran.err


def test_a_terminal_that_cannot_show_a_character_gets_its_number(template, nowhere):
    environment = {**nowhere, "PYTHONIOENCODING": "ascii"}
    code = "from service.app import main; main()"
    arguments = ["render", "--file", str(template), "--action", ACTION, "--context", "-"]
    context = json.dumps({"to": "1", "name": "Zoë"})
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], input=context, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 3
    assert "unexpected" not in done.stderr


def test_what_is_unexpected_is_one_line_with_what_to_do_and_a_traceback_only_on_request(burgee, monkeypatch):
    from service.cli import _output, render

    def broken(*_, **__):
        raise RuntimeError("boom")

    monkeypatch.setattr(render, "print_json", broken)
    monkeypatch.setattr(_output, "print_json", broken)
    arguments = ("render", "--template", "welcome", "--sample", "ada", "--json")
    ran = burgee(*arguments)
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert "boom" in ran.err
    assert "BURGEE_DEBUG=1" in ran.err
    assert "Traceback" in burgee(*arguments, environment={"BURGEE_DEBUG": "1"}).err
