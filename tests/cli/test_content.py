"""`burgee content` as a person uses it."""

from __future__ import annotations

import json

import pytest

SHOP = "https://shop.example.com/"
FEED = f"url,title,price,tags\n{SHOP}a,A kettle,3950,Kitchen\n{SHOP}b,B,100,\n"
BAD = f"url,title,price\n{SHOP}c,C,39.50\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "feed.csv"
    path.write_text(FEED)
    return path


def test_a_file_fills_the_library_and_its_items_can_be_listed_and_shown(at_home, file):
    ran = at_home("content", "import", file)
    assert (ran.status, ran.out) == (0, "csv feed, 2 items: 2 created, 0 changed, 0 unchanged.\n")
    listed = at_home("content", "list", "--json").json
    assert [each["title"] for each in listed["items"]] == ["B", "A kettle"]
    assert (listed["count"], listed["next"]) == (2, None)
    assert at_home("content", "list", "--tag", "Kitchen").out.split("\t")[0] == "A kettle"
    first = at_home("content", "list", "--limit", "1", "--json").json
    assert at_home("content", "list", "--cursor", first["next"], "--json").json["items"][0]["title"] == "A kettle"
    assert at_home("content", "show", f"{SHOP}a", "--json").json["price"] == 3950
    assert "kitchen" in at_home("content", "show", f"{SHOP}a").out


def test_standard_input_is_a_feed_too(at_home):
    ran = at_home("content", "import", "-", "--json", stdin=json.dumps([{"url": f"{SHOP}a"}]))
    assert (ran.status, ran.json["kind"], ran.json["created"]) == (0, "json", 1)


def test_a_feed_is_fetched_from_a_configured_host_alone(burgee, home, feed_host):
    url = feed_host.put("/feed.csv", FEED)
    refused = burgee("content", "import", url, environment=home)
    assert refused.status == 1
    assert "BURGEE_CONTENT_HOSTS" in refused.err
    assert not feed_host.asked
    ran = burgee("content", "import", url, environment={**home, "BURGEE_CONTENT_HOSTS": feed_host.netloc})
    assert (ran.status, ran.out) == (0, "csv feed, 2 items: 2 created, 0 changed, 0 unchanged.\n")


def test_what_is_wrong_is_said_with_its_line_and_the_rest_is_kept(at_home, file):
    file.write_text(FEED + "no,D,1,\n")
    ran = at_home("content", "import", file)
    assert ran.status == 3
    assert "2 created" in ran.out
    assert "line 4, /url: Row 3 has a url that is no address of the web" in ran.err
    as_json = at_home("content", "import", file, "--json")
    assert (as_json.status, as_json.json["problem_count"], as_json.json["problems"][0]["line"]) == (3, 1, 4)


def test_a_mapping_says_what_a_column_is(at_home, file):
    file.write_text(BAD)
    assert at_home("content", "import", file).status == 3
    assert at_home("content", "import", file, "--map", "price=amount").status == 0
    assert at_home("content", "show", f"{SHOP}c", "--json").json["price"] == 3950


def test_replace_removes_what_the_feed_does_not_have_unless_it_has_problems(at_home, file):
    at_home("content", "import", file)
    file.write_text(BAD)
    ran = at_home("content", "import", file, "--replace")
    assert ran.status == 3
    assert "Nothing was removed" in ran.err
    dry = at_home("content", "import", file, "--replace", "--map", "price=amount", "--dry-run")
    assert dry.out == "csv feed, 1 items: 1 would be created, 0 would be changed, 0 unchanged; 2 would be removed.\n"
    assert at_home("content", "list", "--json").json["count"] == 2
    at_home("content", "import", file, "--replace", "--map", "price=amount")
    assert [each["title"] for each in at_home("content", "list", "--json").json["items"]] == ["C"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "no-such-file"),
        ("import", "-", "--kind", "pdf"),
        ("import", "-", "--map", "price"),
        ("import", "-", "--map", "price=prize"),
        ("record", "look", f"{SHOP}a"),
        ("remove",),
        ("schedule", "add", "a", f"{SHOP}feed"),
        ("schedule", "add", "a", f"{SHOP}feed", "--every", "0"),
    ],
)
def test_wrong_usage_is_said_as_such(at_home, arguments):
    ran = at_home("content", *arguments)
    assert ran.status == 2
    assert ran.err


def test_what_is_no_feed_is_not_valid(at_home):
    assert at_home("content", "import", "-", stdin="hello").status == 3
    assert at_home("content", "import", "-", stdin="").status == 3


def test_interactions_are_counted_and_items_removed(at_home, file):
    at_home("content", "import", file)
    ran = at_home("content", "record", "purchase", f"{SHOP}a", "--person", "ada-1", "--count", "2")
    assert ran.out == "Counted 2 purchases.\n"
    assert at_home("content", "record", "view", f"{SHOP}none").status == 1
    dry = at_home("content", "remove", f"{SHOP}a", "--dry-run", "--json").json
    assert (dry["removed"], at_home("content", "list", "--json").json["count"]) == (1, 2)
    ran = at_home("content", "remove", f"{SHOP}a", f"{SHOP}none")
    assert (ran.status, ran.out) == (1, "1 removed.\n")
    assert at_home("content", "show", f"{SHOP}a").status == 1


def test_a_feed_is_scheduled_listed_hurried_and_forgotten(burgee, home):
    def run(*arguments: str):
        return burgee("content", "schedule", *arguments, environment={**home, "BURGEE_CONTENT_HOSTS": "shop.example.com"})

    url = f"{SHOP}feed.xml?token=s3cret"
    assert run("add", "products", url, "--cron", "0 5 * * *", "--replace", "--map", "cost=amount", "--dry-run").status == 0
    assert run("list", "--json").json == []
    made = run("add", "products", url, "--cron", "0 5 * * *", "--replace", "--map", "cost=amount", "--json")
    assert "s3cret" not in made.out
    (feed,) = run("list", "--json").json
    assert (feed["schedule"], feed["replace"], feed["mapping"]) == ("0 5 * * *", True, {"cost": "amount"})
    assert feed["next_run"].endswith("T05:00:00Z")
    assert feed["last_run"] is None
    assert run("run", "products").status == 0
    assert not run("show", "products", "--json").json["next_run"].endswith("T05:00:00Z")
    assert "products" in run("list").out
    assert run("show", "product").status == 1
    assert run("remove", "products", "--dry-run").status == 0
    assert run("remove", "products").status == 0
    assert run("list", "--json").json == []


def test_a_feed_of_another_host_or_with_a_wrong_expression_is_not_scheduled(at_home):
    assert at_home("content", "schedule", "add", "a", f"{SHOP}feed", "--every", "5").status == 1
    ran = at_home("content", "schedule", "add", "a", f"{SHOP}feed", "--cron", "61 * * * *")
    assert ran.status == 1
