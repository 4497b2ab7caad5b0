"""The API's own description: for machines, and for people without anything from elsewhere."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from service.api._call import Call
from service.api._door import Answer, Reply, door, json_answer
from service.api._errors import DEFECT, KINDS

_CSP = ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1b2430, #e6e9ee); --soft: light-dark(#5a6675, #9aa6b4);
  --line: light-dark(#dde3ea, #333c47); --paper: light-dark(#fff, #14181d); --tint: light-dark(#f4f6f9, #1c2229); }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto; max-width: 54rem;
  padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 3rem; } h3 { margin: 2.5rem 0 .3rem; font-size: 1.05rem; }
code, pre { font: .88rem/1.45 ui-monospace, monospace; } h3 code { font-size: 1rem; }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { color: var(--soft); font-weight: 500; }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
td:first-child, th:first-child { width: 11rem; } a { color: inherit; } details { margin: .6rem 0; }
nav > ul { columns: 2; padding: 0; list-style: none; } nav li { break-inside: avoid; } nav ul ul { padding: 0 0 .8rem 1rem; }
.method { display: inline-block; min-width: 4.2rem; font-weight: 600; }
"""


@door(
    "GET",
    "/openapi.json",
    scope=None,
    replies={200: Reply("The OpenAPI 3.1 document.", {"type": "object"})},
)
def openapi(call: Call) -> Answer:
    """Describe the API for machines."""
    return json_answer(call.gate.document)


@door(
    "GET",
    "/docs",
    scope=None,
    replies={200: Reply("A page.", {"type": "string"}, content_type="text/html")},
)
def docs(call: Call) -> Answer:
    """Describe the API for people."""
    return Answer(200, _page(call.gate.document).encode(), (_CSP,), "text/html; charset=utf-8")


# What most readers come for stands first; resources that are not named here follow by name.
_FIRST = ("hooks", "render", "templates", "deliveries")

Operation = tuple[str, str, dict[str, Any]]


def _page(document: dict[str, Any]) -> str:
    resources = _by_resource(document)
    index = "".join(f"<li>{name}<ul>{''.join(map(_entry, each))}</ul></li>" for name, each in resources.items())
    chapters = "".join(f"<h2>{name.title()}</h2>{''.join(map(_operation, each))}" for name, each in resources.items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Burgee: HTTP API</title><style>{_STYLE}</style></head><body>
<h1>Burgee: HTTP API</h1>
<p>{_prose(document["info"]["description"])}</p>
<p>Send a key with every call under <code>/v1</code>: <code>Authorization: Bearer bgk_...</code>.
The same for machines: <a href="/openapi.json">openapi.json</a>.</p>
<nav><ul>{index}</ul></nav>
{chapters}
<h2>Problems</h2>
<p>Errors are <code>application/problem+json</code>. Their <code>type</code> leads here. Any call may end with 500
<code>{DEFECT.word}</code>, which is ours to mend.</p>
<table><tr><th>Type</th><th>Status</th><th>Meaning</th></tr>{_kinds()}</table>
<h2>Schemas</h2>{_components(document["components"]["schemas"])}
</body></html>"""


def _by_resource(document: dict[str, Any]) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {name: [] for name in _FIRST}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    rest = sorted(found.keys() - set(_FIRST))
    return {name: found[name] for name in (*_FIRST, *rest) if found[name]}


def _entry(operation: Operation) -> str:
    method, path, declared = operation
    return f'<li><a href="#{declared["operationId"]}"><code>{method} {escape(path)}</code></a></li>'


def _operation(which: Operation) -> str:
    method, path, operation = which
    body = operation.get("requestBody", {}).get("content", {})
    example = next((each["example"] for each in body.values() if "example" in each), None)
    shown = f"<pre>{_json(example)}</pre>" if example is not None else ""
    schema = "".join(
        f"<details><summary>Body as <code>{escape(kind)}</code></summary><pre>{_json(each['schema'])}</pre></details>"
        for kind, each in body.items()
    )
    answers = "".join(_response(*each) for each in operation["responses"].items() if each[0] != "500")
    return f"""<section id="{operation["operationId"]}">
<h3><span class="method">{method}</span><code>{escape(path)}</code></h3>
<p><b>{escape(operation["summary"])}.</b> {_prose(operation["description"])}</p>{shown}{schema}
{_parameters(operation["parameters"])}
<table><tr><th>Status</th><th>Answer</th></tr>{answers}</table>
</section>"""


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{each['in']}</td><td>{_prose(each['description'])}</td></tr>"
        for each in parameters
        if "description" in each and each["name"] != "X-Request-Id"
    )
    return f"<table><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr>{rows}</table>" if rows else ""


def _response(status: str, response: dict[str, Any]) -> str:
    said = _prose(response["description"])
    for content in response.get("content", {}).values():
        for name in _names(content["schema"]):
            said += f' <a href="#{name}"><code>{name}</code></a>'
    return f"<tr><td>{status}</td><td>{said}</td></tr>"


def _names(schema: Any) -> list[str]:
    """The components that a schema refers to."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return [schema["$ref"].rpartition("/")[2]]
        return [name for each in schema.values() for name in _names(each)]
    return [name for each in schema for name in _names(each)] if isinstance(schema, list) else []


def _kinds() -> str:
    kinds = {kind.word: kind for kind in (*KINDS.values(), DEFECT)}
    return "".join(
        f'<tr id="{kind.word}"><td><code>{kind.word}</code></td><td>{kind.status}</td><td>{escape(kind.title)}</td></tr>'
        for kind in sorted(kinds.values(), key=lambda each: each.status)
    )


def _components(schemas: dict[str, Any]) -> str:
    return "".join(
        f'<details id="{name}"><summary><code>{name}</code></summary><pre>{_json(schema)}</pre></details>'
        for name, schema in schemas.items()
    )


def _json(value: Any) -> str:
    return escape(json.dumps(value, indent=2, ensure_ascii=False))


def _prose(text: str) -> str:
    """Text with its `code` marked up."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))
