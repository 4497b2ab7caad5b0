"""Writes `docs/reference/` from the code; with `--check`, says which pages are no longer true."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from service import rendering
from service.actions import Actions
from service.settings import PREFIX, Settings, packaged

REFERENCE = Path(__file__).parent / "reference"


def settings() -> str:
    """Settings, from `service/settings.py`."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for each in fields(Settings):
        default = each.default
        shown = f"`{default}`" if default not in ("",) and not (isinstance(default, Path) and default.is_absolute()) else ""
        name = f"`{PREFIX}{each.name.upper()}`" + (" (or `_FILE`)" if each.metadata["secret"] else "")
        rows.append(f"| {name} | {shown} | {each.metadata['help']} |")
    said = "Read once from the environment. A secret may be given as the name of a file that holds it: `BURGEE_X_FILE`."
    return page("Settings", said, "\n".join(rows))


def actions() -> str:
    """Actions, from `schemas/`."""
    parts = []
    for name, action in sorted(Actions.load(packaged("schemas")).items()):
        facts = [f"`{action.method} {action.path}`", f"at most {action.per_second:g} a second (`{action.rate_class}`)"]
        if action.scope:
            facts.append(f"permission `{action.scope}`")
        rows = ["| field | needed | meaning |", "|---|---|---|"]
        needed = set(action.schema.get("required", ()))
        for field, schema in action.schema.get("properties", {}).items():
            said = " ".join(str(schema.get("description", "")).split())
            rows.append(f"| `{field}` | {'yes' if field in needed else ''} | {said} |")
        parts.append(f"## `{name}`\n\n{action.description}\n\n{', '.join(facts)}.\n\n" + "\n".join(rows))
    return page("Actions", "Each action is one JSON file in `schemas/`.", "\n\n".join(parts))


def filters() -> str:
    """Filters, tests and functions, from `service/rendering/`."""
    catalog = rendering.catalog()
    parts = []
    for topic, members in groupby(catalog["filters"], key=lambda each: each["topic"]):
        parts.append(f"## {topic.capitalize()}")
        parts += [_entry("value | " + each["name"], each) for each in members]
    parts.append("## Functions")
    parts += [_entry(each["name"], each) for each in catalog["functions"]]
    parts.append(
        "## Tests\n\nWritten after `is`: `{% if profile.vars.tier is defined %}`.\n\n| test | true when |\n|---|---|"
    )
    rows = [f"| `{each['name']}` | {' '.join(each['description'].split())} |" for each in catalog["tests"]]
    return page(
        "Filters and functions", "What a template may use beyond its data.", "\n\n".join(parts) + "\n" + "\n".join(rows)
    )


def _entry(call: str, each: dict[str, Any]) -> str:
    arguments = f"({', '.join(each['arguments'])})" if each["arguments"] else ""
    examples = f"\n\n```python\n{each['examples']}\n```" if each["examples"] else ""
    return f"### `{call}{arguments}`\n\n{each['description']}{examples}"


def commands() -> str:
    """The command line, from click's own help."""
    from service import cli

    parts: list[str] = []

    def add(command: click.Command, path: str) -> None:
        context = click.Context(command, info_name=path, max_content_width=100)
        parts.append(f"## `{path}`\n\n```\n{command.get_help(context)}\n```")
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                if (found := command.get_command(context, name)) is not None:
                    add(found, f"{path} {name}")

    add(cli.burgee, "burgee")
    said = "Exit status: 0 ok, 1 failed, 2 wrong usage, 3 not valid. `--json` works everywhere, `--dry-run` on every write."
    return page("Command line", said, "\n\n".join(parts))


def http() -> str:
    """The HTTP API, from the OpenAPI document."""
    from service import api

    document = api.document(api.doors())
    parts = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = "\n".join(
                f"| {status} | {answer['description']} |" for status, answer in operation["responses"].items()
            )
            parts.append(
                f"## `{method.upper()} {path}`\n\n{operation['summary']}\n\n{operation.get('description', '')}".rstrip()
                + f"\n\n| answer | when |\n|---|---|\n{answers}"
            )
    said = "As `/openapi.json` and `/docs` of a running service. Calls under `/v1` need `Authorization: Bearer bgk_...`."
    return page("HTTP API", said, "\n\n".join(parts))


def page(title: str, said: str, body: str) -> str:
    return f"<!-- Written by `make docs`; change the code instead. -->\n# {title}\n\n{said}\n\n{body.rstrip()}\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings,
    "actions.md": actions,
    "filters.md": filters,
    "commands.md": commands,
    "http.md": http,
}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in PAGES.items():
        file, text = REFERENCE / name, make()
        if not file.exists() or file.read_text() != text:
            stale.append(f"docs/reference/{name}")
            if not check:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text)
    if check and stale:
        print(f"No longer true: {', '.join(stale)}. Run `make docs` and commit what it writes.", file=sys.stderr)
        return 1
    print(f"{len(PAGES)} reference pages, {len(stale)} {'stale' if check else 'written'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
