"""What the API takes and answers, as JSON Schema 2020-12: the components of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from service import shapes
from service.model import Guarantee, Outcome, Scope, Status, SubscriptionType

Json = dict[str, Any]

# Text that may be kept on every database: PostgreSQL's text knows no NUL.
_NO_NUL = "^[^\\x00]*$"
NAME: Json = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,99}$"}
ACTION_NAME: Json = {
    "type": "string",
    "pattern": "^[a-z0-9_-]+(\\.[a-z0-9_-]+)+$",
    "maxLength": 200,
    "examples": ["attentive.messages.send"],
}
ACCOUNT_NAME: Json = {"type": "string", "minLength": 1, "maxLength": 100, "pattern": _NO_NUL}
KEY_NAME: Json = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$"}
DELIVERY_ID: Json = {"type": "string", "pattern": "^dlv_[0-9a-z]{26}$"}
TEXT: Json = {"type": "string", "maxLength": 255, "pattern": _NO_NUL}
LONG_TEXT: Json = {"type": "string", "maxLength": 100_000, "pattern": _NO_NUL}
TIME: Json = {"type": "string", "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]"}
STATUS: Json = {"enum": [each.value for each in Status]}
NUMBER: Json = {"type": "integer", "minimum": 1, "maximum": 2_000_000_000}
CONTEXT: Json = {"type": "object", "description": "All data that the template sees; names after a dot look in here."}


_TEXT: Json = {"type": "string"}
_MAYBE: Json = {"type": ["string", "null"]}


def nullable(schema: Json) -> Json:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Json:
    """A component by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(schema: Json) -> Json:
    """`{"data": [...]}`, the form of every list."""
    return record({"data": {"type": "array", "items": schema}})


def page(schema: Json) -> Json:
    """A page of a long list: `next` is the cursor of the one after it."""
    return record({"data": {"type": "array", "items": schema}, "next": _MAYBE})


def record(properties: Json, optional: tuple[str, ...] = ()) -> Json:
    """An object with exactly these fields; those that are `optional` may be left out."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_COUNT: Json = {"type": "integer", "minimum": 0}
_TIME: Json = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Json = nullable(_TIME)
_PROBLEMS: Json = {"type": "array", "items": ref("Problem")}

PROBLEM = record(
    {
        "pointer": {**_MAYBE, "description": "JSON Pointer into the payload or the body; empty is the whole of it."},
        "code": {**_TEXT, "description": "A stable word such as payload.required."},
        "detail": {**_TEXT, "description": "What is wrong, as a sentence."},
        "hint": {**_MAYBE, "description": "What to do about it."},
        "line": {"type": "integer", "minimum": 1},
        "column": {"type": "integer", "minimum": 1},
        "template": {**_TEXT, "description": "The snippet that line and column are in, where it is not the template."},
    },
    optional=("line", "column", "template"),
)

PROBLEM_DETAILS = record(
    {
        "type": {**_TEXT, "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": _TEXT,
        "instance": _TEXT,
        "hint": _MAYBE,
        "problems": _PROBLEMS,
        "id": {**_TEXT, "description": "The delivery under which a rejected call is kept."},
    },
    optional=("id",),
)

ACCEPTED = record(
    {
        "id": DELIVERY_ID,
        "status": STATUS,
        "template": _MAYBE,
        "version": {"type": ["integer", "null"]},
        "action": _TEXT,
        "reason": {**_MAYBE, "description": "Why it stands where it stands, where there is something to say."},
        "step": {**_TEXT, "description": "Of a plan that was waited for: the step that status and reason are of."},
    },
    optional=("reason", "step"),
)

SMS = record(
    {
        "encoding": {"enum": ["GSM-7", "UCS-2"]},
        "units": _COUNT,
        "segments": _COUNT,
        "left": _COUNT,
        "prefix_units": _COUNT,
        "links": {"enum": ["none", "estimated"]},
        "causes": {"type": "array", "items": {"type": "object"}},
        "without_causes": {"type": ["object", "null"]},
        "mms": {"type": "boolean"},
        "segments_upper": _COUNT,
        "pointer": {**_TEXT, "description": "Of many messages: the longest one, which all this is of."},
        "messages": {**_COUNT, "description": "Of many messages: how many there are."},
        "total_segments": {**_COUNT, "description": "Of many messages: what all of them take."},
    },
    optional=("segments_upper", "pointer", "messages", "total_segments"),
)

PREPARED = record(
    {
        "payload": {"description": "What would be sent; where the outcome is invalid, as far as there is something."},
        "digest": {**_MAYBE, "description": "SHA-256 of the bytes that would be sent."},
        "outcome": {"enum": [each.value for each in Outcome]},
        "problems": _PROBLEMS,
        "warnings": _PROBLEMS,
        "sms": nullable(ref("Sms")),
        "reason": _TEXT,
        "step": {**_TEXT, "description": "Of a plan: the first step, which all this is of."},
        "then": {"type": "array", "items": ref("Foreseen"), "description": "Of a plan: the steps after it."},
    },
    optional=("reason", "step", "then"),
)

FORESEEN = record(
    {
        **PREPARED["properties"],
        "action": _TEXT,
        "waits_for": {"type": "array", "items": _TEXT, "description": "Steps whose answers it needs and nobody knows yet."},
    },
    optional=(*(name for name in PREPARED["properties"] if name != "step"), "waits_for"),
)

_LINE: Json = {
    "id": DELIVERY_ID,
    "status": STATUS,
    "account": _TEXT,
    "action": _TEXT,
    "template": _MAYBE,
    "version": {"type": ["integer", "null"]},
    "key": {**_MAYBE, "description": "Name of the flow's key."},
    "recipient": {**_MAYBE, "description": "Masked in lists."},
    "idempotency_key": _MAYBE,
    "reason": _MAYBE,
    "problems": _PROBLEMS,
    "replay_of": _MAYBE,
    "plan": {**DELIVERY_ID, "description": "Of a plan: its first delivery."},
    "step": {**_TEXT, "description": "Of a plan: the step that this delivery is."},
    "attempts_made": _COUNT,
    "created_at": _TIME,
    "updated_at": _TIME,
    "due_at": _MAYBE_TIME,
    "finished_at": _MAYBE_TIME,
}
_OF_A_PLAN = ("plan", "step")
DELIVERY_LINE = record(_LINE, optional=_OF_A_PLAN)

ATTEMPT = record(
    {
        "number": {"type": "integer", "minimum": 1},
        "started_at": _TIME,
        "finished_at": _MAYBE_TIME,
        "duration_ms": {"type": ["number", "null"]},
        "worker": _MAYBE,
        "outcome": _MAYBE,
        "status_code": {"type": ["integer", "null"]},
        "headers": {"type": "object", "additionalProperties": _TEXT},
        "body": {**_MAYBE, "description": "The first 4 KB of the vendor's answer; of a plan's step 64 KB."},
        "error": _MAYBE,
        "meaning": {**_MAYBE, "description": "What it meant, as a sentence."},
    }
)

DELIVERY = record(
    {
        **_LINE,
        "version_id": _MAYBE,
        "guarantee": {"enum": [each.value for each in Guarantee]},
        "payload": {"description": "The payload that is sent; null where there was none."},
        "digest": _MAYBE,
        "context": {"description": "What came in."},
        "warnings": _PROBLEMS,
        "expires_at": _MAYBE_TIME,
        "attempts": {"type": "array", "items": ref("Attempt")},
        "steps": {"type": "array", "items": ref("Stage"), "description": "Of a plan: every step in order."},
        "story": {**_TEXT, "description": "Of a plan: how far it came, and why not further."},
    },
    optional=(*_OF_A_PLAN, "steps", "story"),
)
STAGE = record(
    {
        "step": _TEXT,
        "action": _TEXT,
        "delivery": nullable(DELIVERY_ID),
        "status": nullable(STATUS),
        "reason": _MAYBE,
    }
)

DELIVERY_PAGE = record({"data": {"type": "array", "items": ref("DeliveryLine")}, "next": _MAYBE})

ACTION_LINE = record(
    {"name": _TEXT, "title": _TEXT, "destination": _TEXT, "method": _TEXT, "path": _TEXT, "description": _TEXT}
)
ACTION = record(
    {
        **ACTION_LINE["properties"],
        "schema": {"type": "object", "description": "JSON Schema 2020-12 of the payload."},
        "examples": {"type": "array"},
        "scope": _MAYBE,
        "rate": record({"class": _TEXT, "per_second": {"type": "number"}}),
    }
)

_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
POLICY: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "guarantee": {"enum": [*(each.value for each in Guarantee), None]},
        "expires_after_s": {"type": ["number", "null"], "minimum": 1, "maximum": 31_622_400},
        "idempotency": nullable({"type": "string", "minLength": 1, "maxLength": 2_000, "pattern": _NO_NUL}),
        "missing": {"type": "object", "additionalProperties": LONG_TEXT},
        "quiet_hours": nullable({"type": "string", "pattern": f"^{_CLOCK}-{_CLOCK}$"}),
        "stale_events": {"enum": ["warn", "refuse", None]},
        "shape": {"enum": [*shapes.names(), None], "description": "Whose data come in."},
    },
}
DIALECT: Json = {"enum": ["jinja", "zephyr"]}
STEP_NAME: Json = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,49}$"}
ANSWERS: Json = {"type": "object", "description": "Of a plan: what the vendor is taken to answer, by step."}

TEMPLATE_BODY: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": ["source", "action"],
    "dependentRequired": {"step": ["then"], "then": ["step"]},
    "properties": {
        "source": LONG_TEXT,
        "action": ACTION_NAME,
        "title": TEXT,
        "account": ACCOUNT_NAME,
        "dialect": DIALECT,
        "policy": POLICY,
        "samples": {
            "type": "object",
            "propertyNames": NAME,
            "additionalProperties": {
                "type": "object",
                "required": ["context"],
                "additionalProperties": False,
                "properties": {"context": CONTEXT, "expected": {"type": ["object", "null"]}, "answers": ANSWERS},
            },
        },
        "step": {**STEP_NAME, "description": "Of a plan: the name of its first step, which `action` and `source` are of."},
        "then": {
            "type": "array",
            "minItems": 1,
            "maxItems": 9,
            "description": "Of a plan: the steps after the first, in order.",
            "items": {
                "type": "object",
                "required": ["step", "action", "source"],
                "additionalProperties": False,
                "properties": {"step": STEP_NAME, "action": ACTION_NAME, "source": LONG_TEXT, "policy": POLICY},
            },
        },
        "note": {**TEXT, "description": "Why this version was made."},
    },
}

VERSION_LINE = record(
    {
        "id": _TEXT,
        "number": NUMBER,
        "live": {"type": "boolean"},
        "digest": _TEXT,
        "note": _MAYBE,
        "created_by": _MAYBE,
        "created_at": _TIME,
    }
)
VERSION = record(
    {
        **VERSION_LINE["properties"],
        "name": _TEXT,
        "title": _TEXT,
        "action": _TEXT,
        "account": _TEXT,
        "dialect": _TEXT,
        "source": _TEXT,
        "policy": {"type": "object"},
        "snippets": {"type": "object"},
        "samples": {"type": "object"},
        "step": {**_TEXT, "description": "Of a plan: the first step, which action, source and policy are of."},
        "then": {"type": "array", "items": {"type": "object"}, "description": "Of a plan: the steps after it."},
        "warnings": _PROBLEMS,
    },
    optional=("step", "then", "warnings"),
)
TEMPLATE_LINE = record(
    {
        "name": _TEXT,
        "title": _TEXT,
        "action": _TEXT,
        "account": _TEXT,
        "live": {"type": ["integer", "null"]},
        "newest": _COUNT,
        "updated_at": _TIME,
    }
)

KEY = record(
    {
        "id": _TEXT,
        "name": _TEXT,
        "prefix": {**_TEXT, "description": "The first characters of the key, to tell keys apart."},
        "scopes": {"type": "array", "items": {"enum": [each.value for each in Scope]}},
        "templates": {"type": "array", "items": _TEXT, "description": "Empty: all templates."},
        "created_at": _TIME,
        "last_used_at": _MAYBE_TIME,
        "revoked_at": _MAYBE_TIME,
    }
)
NEW_KEY = record({**KEY["properties"], "secret": {**_TEXT, "description": "Shown this once."}})

ACCOUNT = record(
    {
        "name": _TEXT,
        "destination": _TEXT,
        "base_url": _TEXT,
        "token_from": {**_TEXT, "description": "Where the bearer token is; never the token."},
        "signing_from": {**_MAYBE, "description": "Where the secret is that signs inbound calls; null: none are taken."},
        "hears_for_all": {"type": "boolean", "description": "What is heard there holds for every account."},
        "country": _TEXT,
        "timezone": _TEXT,
        "brand_prefix": _TEXT,
        "limits": {"type": "object", "additionalProperties": {"type": "number"}},
        "circuit": {"enum": ["closed", "open", "half-open"]},
        "blocked_until": _MAYBE_TIME,
    }
)

CONTENT_ITEM = record(
    {
        "url": _TEXT,
        "title": _TEXT,
        "description": _TEXT,
        "author": _TEXT,
        "image": _TEXT,
        "images": {"type": "object", "additionalProperties": _TEXT},
        "tags": {"type": "array", "items": _TEXT},
        "price": {"type": ["integer", "null"], "description": "In cents."},
        "inventory": {"type": ["integer", "null"]},
        "sku": _MAYBE,
        "content_id": _MAYBE,
        "site_name": _TEXT,
        "date": {"type": ["integer", "null"], "description": "Unix seconds."},
        "expire_date": {"type": ["integer", "null"], "description": "Unix seconds."},
        "location": {"type": ["array", "null"], "items": {"type": "number"}, "description": "Longitude and latitude."},
        "vars": {"type": "object"},
    }
)
CONTENT_PAGE = record({"data": {"type": "array", "items": ref("ContentItem")}, "next": _MAYBE})
_ROWS: Json = {
    "rows": {**_COUNT, "description": "Rows that gave an item."},
    "created": _COUNT,
    "changed": _COUNT,
    "unchanged": _COUNT,
    "repeated": {**_COUNT, "description": "Rows with an address that came before in the same feed: the first stands."},
    "removed": _COUNT,
    "problem_count": _COUNT,
    "problems": {**_PROBLEMS, "description": "The first hundred."},
}
IMPORT = record(
    {**_ROWS, "kind": _TEXT, "kept_back": {**_MAYBE, "description": "Why nothing was removed, where something was to be."}}
)
FEED_RUN = record(
    {
        "due_at": _TIME,
        "started_at": _TIME,
        "finished_at": _MAYBE_TIME,
        "outcome": {"enum": ["done", "unchanged", "failed", None], "description": "Null while it is under way."},
        "error": {**_MAYBE, "description": "Why it failed, or why nothing was removed."},
        **_ROWS,
    }
)
FEED = record(
    {
        "name": _TEXT,
        "url": {**_TEXT, "description": "Without its query, which may be a secret."},
        "kind": _MAYBE,
        "mapping": {"type": "object", "additionalProperties": _TEXT},
        "replace": {"type": "boolean"},
        "schedule": {**_TEXT, "description": "`every 30 minutes`, or a cron expression, in UTC."},
        "next_run": _TIME,
        "last_run": nullable(ref("FeedRun")),
    }
)
SUPPRESSION = record(
    {
        "id": _TEXT,
        "who": {**_TEXT, "description": "A phone number, a mail address in lower case, or the vendor's id of the person."},
        "account": {**_MAYBE, "description": "null: every account."},
        "type": {"enum": [each.value for each in SubscriptionType]},
        "source": {"enum": ["webhook", "postback", "delivery", "person"]},
        "reason": _TEXT,
        "said": {**_TEXT, "description": "The whole of it as a sentence."},
        "since": _TIME,
        "until": _MAYBE_TIME,
    }
)
HEARD = record(
    {
        "id": {**_MAYBE, "description": "The event; null where it was told before."},
        "repeated": {"type": "boolean"},
    }
)
INBOUND_EVENT = record(
    {
        "id": _TEXT,
        "at": _TIME,
        "happened_at": _MAYBE_TIME,
        "destination": _TEXT,
        "account": _TEXT,
        "kind": {**_TEXT, "description": "The vendor's word for it."},
        "who": {**_MAYBE, "description": "Masked."},
        "said": {**_TEXT, "description": "What it means, as a sentence."},
        "effect": {**_TEXT, "description": "What became of it here, as a sentence."},
        "delivery": {**_MAYBE, "description": "The delivery that it is about."},
    }
)

COMPONENTS: dict[str, Json] = {
    "Problem": PROBLEM,
    "ProblemDetails": PROBLEM_DETAILS,
    "Accepted": ACCEPTED,
    "Sms": SMS,
    "Prepared": PREPARED,
    "Foreseen": FORESEEN,
    "DeliveryLine": DELIVERY_LINE,
    "Attempt": ATTEMPT,
    "Delivery": DELIVERY,
    "Stage": STAGE,
    "DeliveryPage": DELIVERY_PAGE,
    "ActionLine": ACTION_LINE,
    "Action": ACTION,
    "VersionLine": VERSION_LINE,
    "Version": VERSION,
    "TemplateLine": TEMPLATE_LINE,
    "Key": KEY,
    "NewKey": NEW_KEY,
    "Account": ACCOUNT,
    "ContentItem": CONTENT_ITEM,
    "ContentPage": CONTENT_PAGE,
    "Import": IMPORT,
    "FeedRun": FEED_RUN,
    "Feed": FEED,
    "Suppression": SUPPRESSION,
    "Heard": HEARD,
    "InboundEvent": INBOUND_EVENT,
}
