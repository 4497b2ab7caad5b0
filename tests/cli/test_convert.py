"""`burgee convert`: a Zephyr template comes out as Jinja that renders the same, or says what is missing."""

import json

ZEPHYR = """{text = "Hi, " + profile.vars.first_name + "!"}
{
"to": "{profile.keys.sms}", "body": "{text}",
"subscriptionType": "MARKETING"
}
"""
ADA = {"profile": {"vars": {"first_name": 'Ada "Countess"'}, "keys": {"sms": "+12025550143"}}}


def test_the_jinja_renders_to_the_same_payload(burgee, tmp_path):
    (tmp_path / "old.zephyr").write_text(ZEPHYR)
    (tmp_path / "ada.json").write_text(json.dumps(ADA))
    made = burgee("convert", tmp_path / "old.zephyr", "--context", tmp_path / "ada.json")
    assert (made.status, made.err) == (0, "")
    (tmp_path / "new.j2").write_text(made.out)
    payloads = [
        burgee("render", "--file", tmp_path / name, "--dialect", dialect, "--action", "attentive.messages.send",
               "--context", tmp_path / "ada.json", "--json").json["payload"]
        for name, dialect in (("old.zephyr", "zephyr"), ("new.j2", "jinja"))
    ]  # fmt: skip
    assert payloads[0] == payloads[1]
    assert payloads[0]["body"] == 'Hi, Ada "Countess"!'


def test_what_has_no_counterpart_is_named_with_its_place(burgee):
    found = burgee("convert", "-", "--json", stdin='{ "body": "{horizon_interest(\'tea\')}" }')
    assert found.status == 3
    [note] = found.json["notes"]
    assert (found.json["complete"], note["code"], note["line"], note["column"]) == (False, "convert.left_out", 1, 12)


def test_a_template_that_cannot_be_read_is_a_problem_with_its_place(burgee):
    found = burgee("convert", "-", stdin="{if x}")
    assert (found.status, found.out) == (3, "")
    assert "line 1" in found.err


def test_a_missing_file_is_wrong_usage(burgee):
    assert burgee("convert", "no/such/file").status == 2
