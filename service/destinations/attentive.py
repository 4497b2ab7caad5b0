"""Attentive: where its API is, how to read its words, what its answers mean, how to look at a token's permissions."""

from __future__ import annotations

import json
from typing import Any

from service.destinations._answer import Answer
from service.destinations._probe import Owner, Probe

TITLE = "Attentive"
BASE_URL = "https://api.attentivemobile.com"
WHO_AM_I = "/v1/me"
PROBES = (
    Probe(
        permission="Messages",
        scope=None,
        method="POST",
        path="/v1/text/send",
        actions=("attentive.messages.send", "attentive.messages.send-bulk"),
    ),
    Probe(
        permission="Legacy messages",
        scope=None,
        actions=("attentive.messages.send-legacy",),
        untried="Legacy texts need a token of their own and no permission, and no call that asks for nothing is published.",
    ),
    Probe(
        permission="Subscribers (read)",
        scope="subscriptions:read",
        method="GET",
        path="/v1/subscriptions",
        actions=("attentive.subscriptions.eligibility",),
    ),
    Probe(
        permission="Subscribers (write)",
        scope="subscriptions:write",
        method="POST",
        path="/v1/subscriptions",
        actions=(
            "attentive.subscriptions.create",
            "attentive.subscriptions.unsubscribe",
            "attentive.attributes.set-user",
            "attentive.attributes.set-users",
        ),
    ),
    Probe(
        permission="Custom Events",
        scope="events:write",
        method="POST",
        path="/v1/events/custom",
        actions=("attentive.events.custom",),
    ),
    Probe(
        permission="Ecommerce",
        scope="ecommerce:write",
        method="POST",
        path="/v1/events/ecommerce/product-view",
        actions=("attentive.events.product-view", "attentive.events.add-to-cart", "attentive.events.purchase"),
    ),
    Probe(
        permission="Custom Attributes",
        scope="attributes:write",
        method="POST",
        path="/v1/attributes/custom",
        actions=("attentive.attributes.*",),
    ),
    Probe(
        permission="Identity",
        scope="identity:write",
        method="POST",
        path="/v1/identity-resolution/user-identifiers",
        actions=("attentive.identity.*",),
    ),
    Probe(
        permission="Webhooks",
        scope="webhooks:write",
        method="GET",
        path="/v1/webhooks",
        actions=("attentive.webhooks.*",),
    ),
    Probe(
        permission="Segments (read)",
        scope="segments:read",
        method="GET",
        path="/v2/segments",
        actions=("attentive.segments.get", "attentive.segments.list"),
    ),
    Probe(
        permission="Segments (write)",
        scope="segments:write",
        method="POST",
        path="/v2/segments",
        actions=(
            "attentive.segments.create",
            "attentive.segments.update",
            "attentive.segments.delete",
            "attentive.segments.add-members",
            "attentive.segments.remove-members",
        ),
    ),
    Probe(
        permission="Privacy (read)",
        scope="privacy_requests:read",
        method="GET",
        path="/v1/privacy/delete-request/none",
        actions=("attentive.privacy.deletion-status",),
        permitted=frozenset({404}),
    ),
    Probe(
        permission="Privacy (write)",
        scope="privacy_requests:write",
        actions=("attentive.privacy.request-deletion",),
        untried="The only call that needs it erases people, so it is left alone.",
    ),
)
"""A GET changes nothing. Each of the other calls has fields that are required, so Attentive must refuse it without them.
`attentive.me` and `attentive.bulk.job` need no permission."""


def owner(body: str) -> Owner:
    """Whose token it is, by the answer to `GET /v1/me`. Its contact address is a person's, and is left out.

    >>> owner('{"companyName": "Example Shop", "companyId": "CO-1", "applicationName": "Burgee"}').application
    'Burgee'
    """
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    found = said if isinstance(said, dict) else {}
    names = {"company": "companyName", "company_id": "companyId", "application": "applicationName"}
    return Owner(**{ours: _short(str(found[theirs])) or "" for ours, theirs in names.items() if found.get(theirs)})


def message(body: str) -> str | None:
    """The vendor's words in an error's body: `message`, then `error.message`, then `error`, else the text itself.

    Attentive declares most errors without a body and has three shapes for the rest, so nothing here can fail.

    >>> message('{"error": {"id": 7, "message": "Invalid phone"}}')
    'Invalid phone'
    >>> message("upstream down")
    'upstream down'
    >>> message("")
    """
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return _short(body)
    if isinstance(value, dict):
        error = value.get("error")
        said = (value.get("message"), error.get("message") if isinstance(error, dict) else error)
        for text in said:
            if isinstance(text, str) and text.strip():
                return _short(text)
    return _short(body) if value else None


def explain(answer: Answer, action: str = "", advice: str | None = None) -> str:
    """What the answer means, in a few sentences for a marketer or the engineer beside them.

    `action` is the name of the action that was answered, `advice` what its file says to do about this status.
    """
    if answer.kind == "not_sent":
        return f"Attentive could not be reached ({answer.error}). Nothing was sent."
    if answer.kind == "no_answer" or answer.status is None:
        return f"Attentive gave no answer ({answer.error}). The message may have arrived."
    told = f" Attentive said: {answer.message}" if answer.message else ""
    if 200 <= answer.status < 300:
        return "Attentive took it. For a text that does not yet mean that it reached the phone."
    return f"{_meaning(answer, action, advice)}{told}"


def _meaning(answer: Answer, action: str, advice: str | None) -> str:
    status = answer.status or 0
    if status == 429:
        limit = f"{answer.rate_limit} a second" if answer.rate_limit else "the limit"
        wait = f" It asks to wait {answer.retry_after_s:g} s." if answer.retry_after_s else ""
        return f"Attentive takes no more calls at the moment: this account is over {limit}.{wait}"
    if 300 <= status < 400:
        return f"Attentive pointed to another address ({status}), which is never followed. Check the account's base URL."
    if status >= 500:
        return _MEANINGS.get(status, f"Attentive has a problem of its own ({status}).")
    said = _MEANINGS.get(status, f"Attentive refused it ({status}).")
    what_to_do = advice or (_wants_permission(action) if status == 403 else _WHAT_TO_DO.get(status))
    return f"{said} {what_to_do}" if what_to_do else said


def _wants_permission(action: str) -> str:
    names = [f'"{each.permission}"' for each in PROBES if each.covers(action)]
    wanted = f"the permission {' and '.join(names)}" if names else "the permission that the action needs"
    return f"In Attentive, give the app {wanted}."


_MEANINGS = {
    status: f"A gateway before Attentive got no good answer ({status}). The message may have arrived."
    for status in (502, 504, 520, 524)
} | {
    400: "Attentive found the payload not valid (400).",
    401: "Attentive does not know the account's token (401).",
    403: "The account's token lacks a permission (403).",
    404: "Attentive knows no such address or object (404).",
    408: "Attentive waited too long for the request (408) and did nothing with it.",
    409: "Attentive says that it exists already (409).",
    413: "The payload is too large for Attentive (413).",
    415: "Attentive did not take the content type (415).",
    422: "Attentive could not work with the payload (422).",
}
_WHAT_TO_DO = {
    401: "Give the account a token that is in use.",
    404: "Check the account's base URL.",
    415: "Check the account's base URL.",
}


def _short(text: str, most: int = 300) -> str | None:
    line = " ".join(text.split())
    return (line if len(line) <= most else f"{line[:most]}…") or None
