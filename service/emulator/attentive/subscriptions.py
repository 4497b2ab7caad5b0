"""Subscribers: opting in, what somebody may receive, opting out; with the texts that Attentive sends of its own accord."""

from __future__ import annotations

from typing import Any

from service.emulator._machine import Call, Endpoint, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive import _users as users
from service.emulator.attentive._people import keys_of
from service.emulator.attentive._state import CONTACTS, State

TYPES = ("MARKETING", "TRANSACTIONAL")
EVERY_TYPE = (*TYPES, "CHECKOUT_ABANDONED")
CHANNELS = ("TEXT", "EMAIL")
LANGUAGES = ("en-US", "fr-CA")
SIGN_UP = ("user", "signUpSourceId", "locale", "subscriptionType", "singleOptIn", "externalIdentifiers")

API = "subscribers"
NEW = "Starts the journeys whose trigger is “Subscribed”, such as a welcome."
AGAIN = {
    "TEXT": "Was subscribed already, so a text said that. To test, unsubscribe the number first.",
    "EMAIL": "Was subscribed already.",
}

RULES = {
    **users.RULES,
    "sign-up": "Either `signUpSourceId` or `locale` with `subscriptionType`, and not both.",
    "locale": "A locale has exactly one matching sign-up unit: language and country in their exact case.",
    "notification": "The language of a confirmation is en-US or fr-CA, in exactly that case.",
}


def subscribe(state: State, call: Call) -> Reply:
    """Opting in. Somebody who is in already gets a text that says so."""
    body = fields.an_object(call)
    user = users.contact_user(call, body)
    fields.no_others(call, body, *SIGN_UP)
    fields.flag(call, body, "singleOptIn")
    users.external_identifiers(call, body, users.EVERY_IDENTIFIER)
    _signs_up(state, call, body)
    kind = fields.one_of(call, body, "subscriptionType", TYPES) or "MARKETING"
    person = state.people.tie([*keys_of(user), *keys_of(body.get("externalIdentifiers"))])
    responses = []
    for channel, contact in _channels(user):
        new = state.subscribe(contact, kind, channel)
        if new:
            state.pending[(contact, kind, channel)] = call.now + state.signs_up_after_s
            state.tell_subscription(person, kind, channel, call.now, subscribed=True)
        elif channel == "TEXT":
            state.text(contact, "You are already subscribed.", "CONFIRMATION", call.now)
        status = "NEWLY_CREATED" if new else "PREVIOUSLY_CREATED"
        responses.append({"subscription": {"type": kind, "channel": channel}, "subscriptionCreationStatus": status})
        effect = NEW if new else AGAIN[channel]
        facts = [("Channel", channel), ("Kind", kind), ("Sign-up source", body.get("signUpSourceId") or body.get("locale"))]
        state.happened(API, call.now, "Subscribed", person, effect, facts, good=new)
    return Reply(202, {"user": _shown(user), "subscriptionResponses": responses})


def eligibility(state: State, call: Call) -> Reply:
    """What somebody may receive. A subscription counts only some time after it was made."""
    given = users.of_query(call, exactly_one=False)
    person = state.people.find(given.items())
    found: list[dict[str, Any]] = [
        {"subscription": {"type": kind, "channel": channel}, "eligibility": {"isEligible": _eligible(state, call, each)}}
        for channel, contact in _channels(given)
        for kind in TYPES
        for each in [(contact, kind, channel)]
    ]
    facts = [(_named(each["subscription"]), "yes" if each["eligibility"]["isEligible"] else "no") for each in found]
    state.happened(API, call.now, "Asked what may be sent", person, "Answered, and nothing changed.", facts)
    return Reply(200, {"subscriptionEligibilities": found})


def unsubscribe(state: State, call: Call) -> Reply:
    """Opting out: of what is named, and of everything when nothing is. A text confirms it, unless that is switched off."""
    body = fields.an_object(call)
    user = users.contact_user(call, body)
    fields.no_others(call, body, "user", "subscriptions", "notification")
    confirm = _confirms(call, body)
    person = state.people.tie(keys_of(user))
    responses: list[dict[str, Any]] = []
    for channel, contact in _channels(user):
        kinds = [kind for kind, where in _listed(call, body) if where == channel]
        for kind in kinds:
            new = state.subscribe(contact, kind, channel, subscribed=False)
            status = "NEWLY_UNSUBSCRIBED" if new else "PREVIOUSLY_UNSUBSCRIBED"
            responses.append({"subscription": {"type": kind, "channel": channel}, "subscriptionUnsubscribeStatus": status})
            if new:
                state.tell_subscription(person, kind, channel, call.now, subscribed=False)
        if kinds and channel == "TEXT" and confirm:
            state.text(contact, "You are unsubscribed and will get no more texts.", "CONFIRMATION", call.now)
    ended = [(_named(each["subscription"]), each["subscriptionUnsubscribeStatus"]) for each in responses]
    effect = "No more of these." if ended else "Nothing was ended: a phone number ends TEXT, a mail address EMAIL."
    state.happened(API, call.now, "Unsubscribed", person, effect, ended, good=bool(ended))
    return Reply(202, {"user": _shown(user), "subscriptionResponses": responses})


def _signs_up(state: State, call: Call, body: fields.Body) -> None:
    source, locale = fields.text(call, body, "signUpSourceId"), body.get("locale")
    if source is not None and locale is not None:
        call.refuse("sign-up", "Both a locale and a sign-up source were found. Only one may be given.")
    if not (source or "").strip() and locale is None:
        call.refuse("sign-up", "Give a signUpSourceId, or a locale with a subscriptionType.")
    if locale is None:
        return
    if not isinstance(locale, dict) or (locale.get("language"), locale.get("country")) not in tuple(state.locales):
        call.refuse("locale", "There is not exactly one API sign-up unit for this locale.")
    fields.one_of(call, body, "subscriptionType", TYPES, needed=True)


def _eligible(state: State, call: Call, who: tuple[str, str, str]) -> bool:
    return state.may_receive(*who) and state.pending.get(who, 0.0) <= call.now


def _confirms(call: Call, body: fields.Body) -> bool:
    notification = body.get("notification")
    if notification is None:
        return True
    if not isinstance(notification, dict):
        call.refuse("fields", "'notification' must be an object.")
        return True
    if notification.get("language") not in (None, *LANGUAGES):
        call.refuse("notification", f"'language' must be one of {', '.join(LANGUAGES)}.")
    return not fields.flag(call, notification, "disabled")


def _listed(call: Call, body: fields.Body) -> list[tuple[str, str]]:
    """The (type, channel) pairs that a call names; without a list all of them."""
    listed: Any = body.get("subscriptions")
    if listed is None:
        return [(kind, channel) for kind in EVERY_TYPE for channel in CHANNELS]
    pairs = []
    for each in listed if isinstance(listed, list) else [None]:
        kind, channel = (each.get("type"), each.get("channel")) if isinstance(each, dict) else (None, None)
        if kind in EVERY_TYPE and channel in CHANNELS:
            pairs.append((str(kind), str(channel)))
        else:
            call.refuse("fields", "'subscriptions' must be a list of {type, channel}.")
    return pairs


def _channels(user: fields.Body) -> list[tuple[str, str]]:
    """A phone stands for TEXT and an e-mail address for EMAIL, each on its own."""
    return [(channel, str(user[name])) for channel, name in CONTACTS.items() if user.get(name) is not None]


def _named(subscription: dict[str, str]) -> str:
    return f"{subscription['channel']} {subscription['type']}"


def _shown(user: fields.Body) -> fields.Body:
    return {name: user[name] for name in ("phone", "email") if user.get(name) is not None}


ENDPOINTS = (
    Endpoint("POST", "/v1/subscriptions", "subscriptions:write", 10, subscribe),
    Endpoint("GET", "/v1/subscriptions", "subscriptions:read", 150, eligibility, body=False),
    Endpoint("POST", "/v1/subscriptions/unsubscribe", "subscriptions:write", 5, unsubscribe),
)
