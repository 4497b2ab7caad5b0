"""Reading template folders: snippets that are used, samples, and every problem of every file at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.authoring import folder
from service.errors import NotFound, TemplateInvalid

ABOUT = 'action = "attentive.messages.send"'


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def problems(root):
    with pytest.raises(TemplateInvalid) as caught:
        folder.read(root)
    return caught.value.problems


def codes(root):
    return sorted(each.code for each in problems(root))


def test_a_template_takes_a_copy_of_the_snippets_it_uses_and_of_those_they_use(tmp_path):
    write(
        tmp_path,
        {
            "_snippets/a.j2": "{% import 'b' as b %}",
            "_snippets/b.j2": '{%- from "c" import x -%}',
            "_snippets/c.j2": "{% extends 'a' %}",
            "_snippets/unused.j2": "x",
            "one/template.json.j2": '{% include "a" %}',
            "one/about.toml": ABOUT,
            "two/template.json.j2": "{}",
            "two/about.toml": ABOUT,
        },
    )
    read = folder.read(tmp_path)
    assert {each.name: list(each.snippets) for each in read.templates} == {"one": ["a", "b", "c"], "two": []}
    assert sorted(read.snippets) == ["a", "b", "c", "unused"]


def test_the_folder_of_one_template_finds_the_shared_snippets_beside_it(tmp_path):
    write(tmp_path, {"_snippets/a.j2": "x", "one/template.json.j2": "{% include 'a' %}", "one/about.toml": ABOUT})
    assert folder.read_one(tmp_path / "one").snippets == {"a": "x"}


def test_what_is_missing_from_the_snippets_is_left_to_the_compiler(tmp_path):
    write(tmp_path, {"one/template.json.j2": "{% include 'nope' %}", "one/about.toml": ABOUT})
    assert folder.read_one(tmp_path / "one").snippets == {}


def test_samples_are_contexts_with_what_they_should_come_to(tmp_path):
    files = {
        "one/template.json.zephyr": "{}",
        "one/about.toml": ABOUT,
        "one/samples/ada.json": '\ufeff{"a": 1}',
        "one/samples/ada.expected.json": "{}",
        "one/samples/ben.json": "{}",
    }
    made = folder.read(write(tmp_path, files)).templates[0]
    assert made.dialect == "zephyr"
    assert made.samples == {"ada": {"context": {"a": 1}, "expected": {}}, "ben": {"context": {}, "expected": None}}


def test_line_ends_and_byte_order_marks_of_other_systems_do_not_matter(tmp_path):
    write(tmp_path, {"one/template.json.j2": b"\xef\xbb\xbf{\r\n}", "one/about.toml": ABOUT})
    assert folder.read_one(tmp_path / "one").source == "{\n}"


def test_every_problem_of_every_file_is_told_at_once(tmp_path):
    files = {
        "one/template.json.j2": b"\xff",
        "one/about.toml": "titel = 'x'",
        "one/samples/ada.json": '{"a": 1,}',
        "one/samples/ben.json": "[]",
        "one/samples/cy.expected.json": "{}",
        "two/template.json.j2": "{}",
        "Three!/template.json.j2": "{}",
        "Three!/about.toml": ABOUT,
        "four/about.toml": ABOUT,
        "five/template.json.j2": "{}",
        "five/template.json.zephyr": "{}",
        "five/about.toml": ABOUT,
        "_snippets/bad.j2": b"\xff",
    }
    assert codes(write(tmp_path, files)) == [
        "about.action",
        "about.missing",
        "about.unknown_key",
        "file.not_utf8",
        "file.not_utf8",
        "json.not_an_object",
        "json.syntax",
        "sample.orphan",
        "template.files",
        "template.files",
        "template.name",
    ]


def test_a_problem_in_a_sample_names_file_line_and_column(tmp_path):
    write(tmp_path, {"one/template.json.j2": "{}", "one/about.toml": ABOUT, "one/samples/ada.json": '{\n "a": 1,}'})
    (problem,) = problems(tmp_path)
    assert (problem.template, problem.line, problem.column) == ("one/samples/ada.json", 2, 9)


def test_files_and_folders_that_are_no_templates_are_left_alone(tmp_path):
    write(tmp_path, {"README.md": "x", ".git/config": "x", "_drafts/x/about.toml": "x", "one/about.toml": ABOUT})
    (tmp_path / "one" / "template.json.j2").write_text("{}")
    assert [each.name for each in folder.read(tmp_path).templates] == ["one"]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(NotFound):
        folder.read(tmp_path / "nope")
    with pytest.raises(NotFound):
        folder.read_one(tmp_path)


def test_a_template_that_is_not_there_is_answered_with_the_nearest(tmp_path):
    write(tmp_path, {"welcome/template.json.j2": "{}", "welcome/about.toml": ABOUT})
    with pytest.raises(NotFound) as caught:
        folder.read(tmp_path).get_or_raise("welcom")
    assert caught.value.hint == "Did you mean `welcome`?"


def test_what_is_written_is_read_back_as_the_same_template(tmp_path):
    from service.settings import packaged

    for template in folder.read(packaged("templates")).templates:
        write(tmp_path / template.name, folder.files(template))
        write(tmp_path / "_snippets", {f"{name}.j2": text for name, text in template.snippets.items()})
        assert folder.read_one(tmp_path / template.name) == template


@given(st.text())
def test_snippets_are_looked_for_in_any_text(text):
    assert folder.used(text, {"a": "{% include 'a' %}"}).keys() <= {"a"}
