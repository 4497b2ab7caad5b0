"""Sailthru's data: however a flow posts a profile, templates see it as Zephyr does.

A flow may post `{"profile": {...}}`, the bare profile (`{"keys": {...}, "vars": {...}}`), or what the User API answers. All
of them become `profile` as Zephyr has it, by rules that only add, except where a known field came as another kind of value:

| posted | seen |
|---|---|
| no `profile`, and `keys` or `vars` as objects | the same as `profile`; the posted fields stay where they are too |
| `lists` as an object of dates | `lists` as a list of names, `lists_signup` with the dates |
| `activity` | its times stand in the profile too |
| a time such as `Tue, 31 Dec 2024 19:00:00 -0500` or `"1735689600"` | unix seconds |
| `return` | `returns`, too |
| `purchase_incomplete` as a list | its newest purchase, or null. Several stay as `purchases_incomplete`, too |
| `smart-lists`, `optout_email`, `keys.sid`, `keys.email` | `smart_lists`, `optout`, `id`, `email`, too |
| `[]` for `keys`, `vars` (PHP writes an empty object so) | `{}` |
| `event.vars`, or `vars` beside the name of an `event` | each of them by its bare name, too |
| `note_b64`, anywhere | `note`, the text that it holds, too |

A name that is there already is never overwritten.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from service.errors import Problem
from service.shapes._shaped import Shaped

Data = dict[str, Any]

_ENCODED = "_b64"
_NOT_FIELDS = ("lists", "lists_signup", "steps")  # names in there are data, or a vendor's
_RESERVED = frozenset({"profile", "event", "keys", "vars", "steps"})  # no event variable becomes one of these
_NOT_ON_A_LIST = (None, False, 0, "0", "")
_SECONDS = re.compile(r"[0-9]{1,12}")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+(?:[Zz]|[+-][0-9:]{4,6})")
_MAIL_DATE = re.compile(r"(?:[A-Za-z]{3}, )?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9:]{5,8} (?:[+-][0-9]{4}|[A-Z]{1,4})")


def shape(context: Mapping[str, Any]) -> Shaped:
    """The context as templates see it.

    >>> made = shape({"vars": {"note_b64": "SGku"}, "lists": {"VIP": "Thu, 01 Jan 1970 00:00:09 +0000"}}).context["profile"]
    >>> made["vars"]["note"], made["lists"], made["lists_signup"]
    ('Hi.', ['VIP'], {'VIP': 9})
    """
    problems: list[Problem] = []
    seen: Data = _decoded(dict(context), "", problems)
    event = seen.get("event")
    is_event = isinstance(event, str) and "profile" not in seen and "keys" not in seen  # as the event API takes it
    is_bare = any(isinstance(seen.get(name), dict) for name in ("keys", "vars"))
    if seen.get("profile") is None and is_bare and not is_event:
        seen["profile"] = {name: value for name, value in seen.items() if name != "profile"}
    variables = _object(seen, "vars") if is_event else _object(seen, "event", "vars")
    _add(seen, {name: value for name, value in variables.items() if name.removesuffix(_ENCODED) not in _RESERVED})
    if isinstance(seen.get("profile"), dict):
        seen["profile"] = _profile(seen["profile"])
    if "purchase" in seen:
        seen["purchase"] = _purchase(seen["purchase"])
    return Shaped(seen, tuple(problems), *_person(_object(seen, "profile")))


def _profile(posted: Data) -> Data:
    seen = {name: {} if name in ("keys", "vars") and value == [] else value for name, value in posted.items()}
    keys, activity = _object(seen, "keys"), _object(seen, "activity")
    _add(seen, {name: at for name, at in activity.items() if name.endswith("_time") and at is not None})
    _add(seen, {name: keys[key] for name, key in (("id", "sid"), ("email", "email")) if isinstance(keys.get(key), str)})
    if (optout := seen.get("optout_email")) in ("all", "basic", "blast"):
        _add(seen, {"optout": optout})
    if "smart-lists" in seen:
        _add(seen, {"smart_lists": seen["smart-lists"]})
    if isinstance(returned := seen.get("return"), dict | list):
        _add(seen, {"returns": returned if isinstance(returned, list) else [returned]})
    _lists(seen)
    _incomplete(seen)
    for name in ("purchases", "returns"):
        if isinstance(seen.get(name), list):
            seen[name] = [_purchase(each) for each in seen[name]]
    return {name: _time(value) if name.endswith("_time") else value for name, value in seen.items()}


def _lists(profile: Data) -> None:
    """An object of dates becomes a list of names; the dates go where Zephyr has them."""
    posted, dates = profile.get("lists"), profile.get("lists_signup", {})
    if isinstance(posted, dict) and isinstance(dates, dict):
        profile["lists"] = [name for name, since in posted.items() if since not in _NOT_ON_A_LIST]
        profile["lists_signup"] = {**posted, **dates}
    if isinstance(profile.get("lists_signup"), dict):
        profile["lists_signup"] = {name: _time(since) for name, since in profile["lists_signup"].items()}


def _incomplete(profile: Data) -> None:
    """The purchase that was begun: one object, as Zephyr has it. A list of anything but objects stays as it is."""
    posted = profile.get("purchase_incomplete")
    if isinstance(posted, dict):
        profile["purchase_incomplete"] = _purchase(posted)
    elif isinstance(posted, list) and all(isinstance(each, dict) for each in posted):
        purchases = [_purchase(each) for each in posted]
        profile["purchase_incomplete"] = max(purchases, key=_when, default=None)
        if len(purchases) > 1:
            _add(profile, {"purchases_incomplete": purchases})


def _when(purchase: Data) -> float:
    time = purchase.get("time")
    return time if isinstance(time, int | float) else 0


def _purchase(posted: Any) -> Any:
    return {**posted, "time": _time(posted["time"])} if isinstance(posted, dict) and "time" in posted else posted


def _time(value: Any) -> Any:
    """Unix seconds, where the value is a text that says a time with its zone; anything else as it is.

    >>> _time("Tue, 31 Dec 2024 19:00:00 -0500"), _time("2025-01-01T00:00:00Z"), _time("1735689600"), _time("soon")
    (1735689600, 1735689600, 1735689600, 'soon')
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    read: Callable[[str], datetime]
    if _SECONDS.fullmatch(text):
        return int(text)
    if _ISO.fullmatch(text):
        read = datetime.fromisoformat
    elif _MAIL_DATE.fullmatch(text):
        read = parsedate_to_datetime
    else:
        return value
    try:
        moment = read(text.upper() if read is datetime.fromisoformat else text)
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    except (ValueError, OverflowError, TypeError):  # a day or an hour that does not exist
        return value


def _object(data: Any, *names: str) -> Data:
    """The object that stands under these names; an empty one where there is none."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _add(data: Data, more: Mapping[str, Any]) -> None:
    """What is there already stays."""
    for name, value in more.items():
        data.setdefault(name, value)


def _decoded(value: Any, pointer: str, problems: list[Problem]) -> Any:
    """The same data with a text beside each one that came as base64."""
    if isinstance(value, list):
        return [_decoded(each, f"{pointer}/{at}", problems) for at, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    made = {
        name: each if name in _NOT_FIELDS else _decoded(each, f"{pointer}/{_escaped(name)}", problems)
        for name, each in value.items()
    }
    for name, each in value.items():
        plain = name.removesuffix(_ENCODED)
        if not name.endswith(_ENCODED) or not plain or plain.endswith(_ENCODED) or plain in value or each is None:
            continue
        try:
            made[plain] = _text(each)
        except ValueError as error:
            detail = f"The field {name[:60]!r} cannot be read: {error}."
            hint = "Write it as {base64_encode(...)}, or leave the ending _b64 off its name."
            problems.append(Problem("context.base64", detail, f"{pointer}/{_escaped(name)}", hint))
    return made


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _text(encoded: Any) -> str:
    """The text in base64, of either alphabet, with or without its padding. Raises ValueError with the end of a sentence."""
    if not isinstance(encoded, str):
        raise ValueError("it is not text")
    # A form turns + into a blank; a line break is nobody's meaning.
    letters = encoded.strip().replace("\r", "").replace("\n", "").translate(str.maketrans("-_ ", "+/+")).rstrip("=")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True).decode()
    except UnicodeDecodeError:
        raise ValueError("what it holds is not UTF-8") from None
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64") from None


def _person(profile: Data) -> tuple[str | None, str | None]:
    """Phone number and mail address that the profile says are one person's."""
    phone, email = _object(profile, "keys").get("sms"), profile.get("email")
    if isinstance(phone, str) and isinstance(email, str) and "@" in email:
        return phone, email.strip().lower()
    return None, None
