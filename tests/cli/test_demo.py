"""`burgee demo`: the main job on real processes, and nothing left behind."""

import json
import shutil
import signal
from pathlib import Path

import psutil
import pytest
import requests

from service.settings import packaged

pytestmark = pytest.mark.timeout(120)


def gone(pids):
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=30)
    return not alive


def family(process):
    return [each.pid for each in psutil.Process(process.popen.pid).children(recursive=True)]


def until_line(process, start):
    while line := process.line():
        if line.startswith(start):
            return line
    raise AssertionError(process.err)


def test_every_message_of_the_starter_templates_really_arrives(start, home, messages):
    """S1-22, S1-27, S1-28, S1-30, S1-8, end to end."""
    home["BURGEE_TEMPLATES"] = str(messages)
    home["BURGEE_ATTENTIVE_TOKEN"] = "the-real-token"
    home["BURGEE_ATTENTIVE_URL"] = "http://127.0.0.1:9"
    demo = start("demo", "--once", "--json")
    out = demo.output()
    assert demo.popen.returncode == 0, demo.err
    told = json.loads(out)
    assert told["ok"]
    counted = {status: sum(each["status"] == status for each in told["messages"]) for status in ("accepted", "suppressed")}
    assert counted == {"accepted": 9, "suppressed": 6}
    by_name = {(each["template"], each["sample"]): each for each in told["messages"]}
    assert by_name["welcome", "ada"]["payload"]["to"] == "+12025550143"
    assert by_name["welcome", "ada"]["answer"].startswith("200")
    assert by_name["recommendation", "nothing-to-recommend"]["answer"] == "not sent: There is nothing to recommend."
    assert all(each["delivery"].startswith("dlv_") for each in told["messages"])
    assert b"the-real-token" not in b"".join(
        file.read_bytes() for file in Path(home["BURGEE_VAR"]).rglob("*") if file.is_file()
    )


def test_everything_of_the_starter_set_comes_to_what_its_samples_promise(start):
    told = json.loads(start("demo", "--once", "--json").output())
    assert [each for each in told["messages"] if not each["as_hoped"]] == []


def test_people_read_what_came_in_what_it_became_and_what_the_vendor_said(start, home, messages):
    home["BURGEE_TEMPLATES"] = str(messages)
    demo = start("demo", "--once")
    out = demo.output()
    assert demo.popen.returncode == 0, demo.err
    for words in (
        "came in",
        "payload",
        "vendor    200",
        "delivery  dlv_",
        "9 messages arrived, 6 rightly not sent, 0 wrong.",
    ):
        assert words in out
    assert "\x1b[" not in out
    assert "bgk_" not in out


def test_one_message_that_comes_out_otherwise_makes_it_fail(start, home, messages):
    for name in ("first-name", "order-shipped", "recommendation", "welcome"):
        shutil.rmtree(messages / name)
    file = messages / "plain-message" / "samples" / "ada.expected.json"
    file.write_text(file.read_text().replace("Saturday", "Sunday"))
    home["BURGEE_TEMPLATES"] = str(messages)
    demo = start("demo", "--once", "--json")
    out = demo.output()
    assert demo.popen.returncode == 1
    wrong = [each for each in json.loads(out)["messages"] if not each["as_hoped"]]
    assert [(each["sample"], "Sunday" in each["why"]) for each in wrong] == [("ada", True)]


def test_without_once_it_says_where_to_look_and_runs_until_it_is_interrupted(start, home):
    demo = start("demo")
    url = until_line(demo, "  URL").split()[1]
    header = until_line(demo, "  header").split(maxsplit=1)[1].strip()
    until_line(demo, "Ctrl-C")
    children = family(demo)
    sample = json.loads((packaged("templates") / "welcome" / "samples" / "ada.json").read_text())
    name, _, value = header.partition(": ")
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(url, json=sample, headers={name: value}, timeout=30)
    assert answer.status_code == 202
    assert demo.end(signal.SIGINT) == 0
    assert gone(children)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_middle_it_leaves_nothing_running(start, number):
    if number == signal.SIGKILL and not Path("/proc").exists():
        pytest.skip("only Linux tells a child that its parent died")
    demo = start("demo", "--once")
    until_line(demo, "Starting")
    children = family(demo)
    assert children
    assert demo.end(number) != 0
    assert gone(children)
    assert "Traceback" not in demo.err


def test_two_demos_at_once_do_not_touch_each_other(start, home, messages):
    home["BURGEE_TEMPLATES"] = str(messages)
    both = [start("demo", "--once", "--json") for _ in range(2)]
    out = [json.loads(each.output()) for each in both]
    assert [each["ok"] for each in out] == [True, True]
    assert out[0]["web"] != out[1]["web"]
    assert sorted(each.name for each in Path(home["BURGEE_VAR"]).iterdir() if each.is_dir()) == ["demo", "demo-2"]
