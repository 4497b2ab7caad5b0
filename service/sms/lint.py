"""What a reader or a carrier will dislike in a rendered text: problems where it cannot go out, warnings elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from service.errors import Problem
from service.sms._words import words, words_of
from service.sms.segments import Cause, Measure
from service.sms.segments import measure as measured

LONGEST = 1600
"""Characters above which a text is called too long: the limit that is common elsewhere; the vendor publishes none."""

TOO_MANY_SEGMENTS = 10
"""Segments above which no account's limit makes a text sensible."""

_IMAGE_TYPES = (".jpg", ".jpeg", ".png", ".gif")
_CAUSES_NAMED = 3

_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)'\]]", re.IGNORECASE)
_HOST = re.compile(r"(?<![\w@./-])[a-z0-9-]+(?:\.[a-z0-9-]+)+(?![\w@-])", re.IGNORECASE)
_LEFTOVER = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\{\{|\{%"
    r"|%%[A-Za-z_][\w.: -]{0,80}%%|\[\[[^\]\n]{1,80}\]\]|\*\|[^|\n]{1,80}\|\*"
    r"|\b(?:personalize|[a-z]+_[a-z_]+)\([^)\n]{0,200}\)"
    r"|\b(?:profile|event)\.[a-z_]\w*(?:\.\w+)*",
    re.DOTALL,
)
_MAY_BE_LEFTOVER = re.compile(r"[{}(|\[]|%%|profile\.|event\.")  # without one of these there is nothing to look for
_CARD = re.compile(r"(?<![\w.+-])(?:[0-9][ -]?){12,18}[0-9](?![\w-])")
_CARD_PREFIX = re.compile(
    r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|[68])|6(?:011|4[4-9]|5)|35(?:2[89]|[3-8])"
)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}([- ])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![\w-])")
_HOLE = re.compile(r"(?<=\S)[ \u00a0]{2,}(?=\S)|(?<=\w)[ \u00a0]+[,!?;](?=\s|$)|(?<=\w)[ \u00a0]+\.(?=\s|$)|\(\s*\)|\"\"|“”")
_SHOUTED = re.compile(r"!{3,}|(?:!\s+){2,}!")
_SHOUTING_LETTERS = 16
_SHOUTING_SHARE = 0.7


class Lint(NamedTuple):
    """What was found: `problems` stop the message, `warnings` do not."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Pointers:
    """Where in the payload the parts of a message stand."""

    body: str = "/body"
    media: str = "/mediaUrl"
    type: str = "/subscriptionType"
    skip_fatigue: str = "/skipFatigue"


def lint(
    body: str,
    *,
    subscription_type: str | None = None,
    media_url: str | None = None,
    use_short_links: bool = False,
    skip_fatigue: bool = False,
    measure: Measure | None = None,
    most_segments: int = 3,
    wants_opt_out_hint: bool = False,
    pointers: Pointers = Pointers(),
) -> Lint:
    """Looks at a rendered body (every sample's, so that what profiles bring in is seen). Sources: carriers' and the vendor's
    policies as `words.toml` cites them.

    `most_segments` is the account's limit; `wants_opt_out_hint` asks MARKETING texts to say how to stop. `measure` may be
    given where it is known already.

    >>> [problem.code for problem in lint("Hi {{ name }}!").problems]
    ['sms.leftover_markup']
    >>> [warning.code for warning in lint("Hi , see http://bit.ly/x").warnings]
    ['sms.public_shortener', 'sms.link_not_https', 'sms.empty_hole']
    """
    at = pointers.body
    size = measure if measure is not None else measured(body)
    prose = _LINK.sub(" ", body)
    warnings = [
        *_size(body, size, most_segments, at),
        *_links(body, prose, use_short_links, at),
        *_words(prose, subscription_type, wants_opt_out_hint, pointers),
        *_numbers(prose, at),
        *_looks(prose, body, at),
        *_media(media_url, pointers.media),
    ]
    if skip_fatigue:
        warnings.append(fatigue(pointers.skip_fatigue))
    return Lint(broken(body, at), tuple(warnings))


def fatigue(pointer: str) -> Problem:
    """The warning that a message goes to people who have had enough."""
    return Problem(
        "sms.fatigue",
        "`skipFatigue` is true: the message also goes to people who have had enough messages.",
        pointer,
        "Set `skipFatigue` to false unless the person waits for this message.",
    )


def broken(body: str, pointer: str = "/body") -> tuple[Problem, ...]:
    """The problems alone: what stops a text. Far cheaper than `lint`, for the way from a hook to the queue.

    >>> broken("Doors open at 9"), broken("Hi {name}")[0].code
    ((), 'sms.braces')
    """
    if _MAY_BE_LEFTOVER.search(body) is None:
        return ()
    if match := _LEFTOVER.search(_LINK.sub(" ", body)):
        detail = f"The text holds template markup that was not filled: `{_short(match.group())}`."
        hint = "Correct the template, or take the markup out of the data."
        return (Problem("sms.leftover_markup", detail, pointer, hint),)
    if match := re.search(r"[{}]", body):
        detail = f"The text has the brace `{match.group()}` at character {match.start() + 1}."
        hint = "Attentive drops such a message without a word. Take the braces out, or fill the place that they stand for."
        return (Problem("sms.braces", detail, pointer, hint),)
    return ()


def _size(body: str, size: Measure, most_segments: int, at: str) -> Iterator[Problem]:
    if size.causes and size.without_causes is not None:
        named = ", ".join(_named(cause) for cause in size.causes[:_CAUSES_NAMED])
        more = f" and {len(size.causes) - _CAUSES_NAMED} more" if len(size.causes) > _CAUSES_NAMED else ""
        fewer = size.without_causes[1]
        instead = f"{_segments(size.segments)} instead of {fewer}" if fewer < size.segments else _segments(size.segments)
        detail = (
            f"{named}{more}: the whole text becomes UCS-2, which has 70 characters to a message and not 160 ({instead})."
        )
        yield Problem("sms.ucs2", detail, at, _replacements(size.causes))
    if size.segments > min(most_segments, TOO_MANY_SEGMENTS):
        limit = min(most_segments, TOO_MANY_SEGMENTS)
        detail = f"The text takes {_segments(size.segments)}, and {limit} is the most that is wanted."
        yield Problem("sms.segments", detail, at, "Shorten the text: every segment is billed.")
    if len(body) > LONGEST:
        yield Problem("sms.too_long", f"The text has {len(body)} characters, more than {LONGEST}.", at, "Shorten it.")


def _named(cause: Cause) -> str:
    shown = "" if cause.character.isspace() or not cause.character.isprintable() else f"`{cause.character}` "
    return f"{shown}({cause.name})"


def _replacements(causes: tuple[Cause, ...]) -> str:
    known = [cause for cause in causes if cause.suggest is not None]
    if not known:
        return "Leave these characters out, or accept the higher price."
    return "The filter `gsm` replaces " + ("them." if len(known) == len(causes) else "those that have a look-alike.")


def _links(body: str, prose: str, use_short_links: bool, at: str) -> Iterator[Problem]:
    known = words()
    whole = [match.group() for match in _LINK.finditer(body)]
    hosts = [(urlsplit(link).hostname or "").removeprefix("www.") if link.isascii() else "" for link in whole]
    bare = [host for host in _HOST.findall(prose) if host.rsplit(".", 1)[1].lower() in known.bare_endings]
    shorteners = [each for each in [*hosts, *map(str.lower, bare)] if each in known.public_shorteners]
    if shorteners:
        detail = f"`{shorteners[0]}` is a public link shortener, and carriers filter texts with such links."
        yield Problem("sms.public_shortener", detail, at, "Give the whole address, and let `useShortLinks` shorten it.")
    if any(link.lower().startswith("http://") for link in whole):
        yield Problem("sms.link_not_https", "A link in the text begins with http://.", at, "Write https://.")
    if bare:
        detail = f"`{_short(bare[0])}` has no https:// before it."
        hint = "Write https:// before it" + (": `useShortLinks` shortens whole links only." if use_short_links else ".")
        yield Problem("sms.link_unqualified", detail, at, hint)


def _words(prose: str, subscription_type: str | None, wants_opt_out_hint: bool, pointers: Pointers) -> Iterator[Problem]:
    topics, used = words().topics, words_of(prose)
    if subscription_type == "TRANSACTIONAL" and (word := topics["promotional"].find(prose, used)):
        detail = f"`{word}` reads like promotion, and the message is TRANSACTIONAL."
        yield Problem("sms.promotional_transactional", detail, pointers.type, "Send promotion as MARKETING.")
    if subscription_type == "MARKETING" and wants_opt_out_hint and not topics["opt_out"].find(prose, used):
        detail = "The text does not say how to stop such messages."
        yield Problem("sms.no_opt_out_hint", detail, pointers.body, "Add words such as: Reply STOP to stop.")
    for name, says in _POLICIES.items():
        if word := topics[name].find(prose, used):
            yield Problem(f"sms.{name}", f"`{word}` {says}.", pointers.body, "Choose other words, or ask the vendor first.")


_POLICIES: Mapping[str, str] = {
    "shaft": "may be about sex, hate, alcohol, firearms or tobacco, which carriers restrict and Attentive prohibits",
    "restricted": "may be about cannabis, gambling or debts, which carriers restrict and Attentive prohibits",
    "health": "may be about a person's health, which Attentive prohibits",
}


def _numbers(prose: str, at: str) -> Iterator[Problem]:
    hint = "Take it out: the vendor's policy prohibits it, and texts are not secret."
    for written in _CARD.findall(prose):
        digits = re.sub(r"\D", "", written)
        if _CARD_PREFIX.match(digits) and _luhn(digits):
            detail = f"The text holds what may be a card number (•••• {digits[-4:]})."
            yield Problem("sms.card_number", detail, at, hint)
            break
    if _SSN.search(prose):
        yield Problem("sms.ssn", "The text holds what may be a social security number (•••-••-••••).", at, hint)


def _luhn(digits: str) -> bool:
    doubled = [int(each) * (2 if at % 2 else 1) for at, each in enumerate(reversed(digits))]
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


def _looks(prose: str, body: str, at: str) -> Iterator[Problem]:
    letters, capitals = sum(map(str.isalpha, prose)), sum(map(str.isupper, prose))
    if _SHOUTED.search(prose) or (letters >= _SHOUTING_LETTERS and capitals > _SHOUTING_SHARE * letters):
        detail = "The text shouts: mostly capitals, or three exclamation marks. Carriers' filters dislike it."
        yield Problem("sms.shouting", detail, at, "Write it in a normal voice.")
    if match := _HOLE.search(body):
        detail = f"There is a hole at character {match.start() + 1}: a value may have been empty."
        yield Problem("sms.empty_hole", detail, at, "Give the value a default, or leave out the words around it.")


def _media(url: str | None, at: str) -> Iterator[Problem]:
    if not url:
        return
    if not url.lower().startswith("https://"):
        yield Problem("sms.media_not_https", "The image's address does not begin with https://.", at, "Write https://.")
    if not re.split(r"[?#]", url, maxsplit=1)[0].lower().endswith(_IMAGE_TYPES):
        detail = f"The image's address does not end in {', '.join(_IMAGE_TYPES[:-1])} or {_IMAGE_TYPES[-1]}."
        yield Problem("sms.media_type", detail, at, "Carriers take JPEG, PNG and GIF.")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _segments(count: int) -> str:
    return f"{count} segment{'' if count == 1 else 's'}"
