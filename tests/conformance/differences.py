"""Where the schemas and the emulator disagree on purpose, or cannot but disagree: one row each, with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from service.errors import Problem

Refuser = Literal["schemas", "emulator"]


@dataclass(frozen=True, slots=True)
class Difference:
    """`refused_by` says no to what the other takes, in the words `said`: for the schemas code and pointer of a problem (`*`
    for a place in a list), for the emulator its message."""

    refused_by: Refuser
    actions: str
    said: str
    reason: str

    def covers(self, action: str, said: str) -> bool:
        return fnmatchcase(action, f"attentive.{self.actions}") and re.fullmatch(self.said, said) is not None


DIFFERENCES = (
    # The service asks for more than the vendor, so that nothing is lost in silence.
    Difference(
        "schemas",
        "*",
        r"payload\.unknown_field .*",
        "A field that the API does not have is most often spelled wrongly. What Attentive does with it is not known.",
    ),
    Difference(
        "schemas",
        "subscriptions.unsubscribe",
        r"payload\.(required|size) /subscriptions",
        "Attentive takes a missing list for everything, and a list can go missing by an empty variable.",
    ),
    Difference(
        "schemas",
        "messages.send",
        r"payload\.pattern /mediaUrl",
        "An address has no braces and no letters beyond ASCII. Attentive does not say that it looks.",
    ),
    Difference(
        "schemas",
        "events.*",
        r"payload\.(pattern|length) /items/\*/product(Image|Url)",
        "A link that is none is a mistake of the template. Attentive does not say that it looks.",
    ),
    Difference(
        "schemas",
        "events.*",
        r"payload\.range /items/\*/quantity",
        "Nobody buys less than nothing: a return is no purchase. Attentive does not say that it looks.",
    ),
    Difference(
        "schemas",
        "*",
        r"payload\.format /(occurredAt|updatedSince)",
        "RFC 3339 with T, and no offset that does not exist. What else Attentive reads is not known.",
    ),
    Difference(
        "schemas",
        "*",
        r"payload\.format (/user|(/users/\*)?/identifiers|/members/\*)?/(email|subjectEmail)",
        "A domain with an empty part can get no mail. How closely Attentive looks is not known.",
    ),
    Difference(
        "schemas",
        "*",
        r"payload\.length .*[iI]dentifiers/(clientUserId|customIdentifiers/\*/(name|key|value))",
        "100 characters are documented for identity; an identifier that is longer could never be tied to anybody.",
    ),
    Difference(
        "schemas",
        "*",
        r"payload\.(required|length) (/properties|(/users/\*)?/attributes/custom)/.*",
        "A property without a name cannot be used in a journey.",
    ),
    Difference("schemas", "attributes.set", r"payload\.size /properties", "A call that sets nothing does nothing."),
    Difference(
        "schemas",
        "*",
        r"payload\.size (/user|/users/\*)?(/externalIdentifiers|/identifiers)?/customIdentifiers",
        "An empty list is a loop of the template that found nothing.",
    ),
    Difference(
        "schemas",
        "subscriptions.create",
        r"payload\.size /externalIdentifiers",
        "An empty object comes from variables that were empty. Attentive does not say that it looks.",
    ),
    Difference(
        "schemas",
        "messages.send",
        r"payload\.required /messageName",
        "A name of blanks shows in no report.",
    ),
    Difference(
        "schemas",
        "attributes.set-user*",
        r"payload\.size (/users/\*)?/attributes(/(demographic|location|locale|custom))?",
        "An empty object comes from variables that were empty. Attentive does not say that it looks.",
    ),
    Difference(
        "schemas",
        "attributes.set-user*",
        r"payload\.range (/users/\*)?/attributes/location/(latitude|longitude)",
        "There is no such place on earth. Attentive does not say that it looks.",
    ),
    Difference(
        "schemas",
        "*",
        r"payload\.(pattern|length) /(webhookId|bulkJobId|externalId|id)",
        "An id that is blank or very long belongs to nothing; asked for in a path, it is most often not found.",
    ),
    Difference(
        "schemas",
        "webhooks.*",
        r"payload\.pattern /url",
        "An address has no braces and no letters beyond ASCII. Attentive does not say that it looks.",
    ),
    Difference(
        "schemas",
        "messages.send-legacy",
        r"payload\.pattern /to",
        "Attentive cleans the number, and guesses the country of ten digits. One that names its country needs no guess.",
    ),
    # The account decides, which a schema cannot know.
    Difference(
        "emulator",
        "subscriptions.create",
        r"There is not exactly one API sign-up unit for this locale\..*",
        "The emulated company has one unit, for en and US. Which units a company has, only Attentive knows.",
    ),
)
"""Every disagreement that is known and meant."""


def words(problem: Problem) -> str:
    """A problem as rows name it: its code, and its pointer with `*` for every place in a list.

    >>> words(Problem("payload.type", "...", "/items/0/price/1/value"))
    'payload.type /items/*/price/*/value'
    """
    return f"{problem.code} {re.sub(r'/[0-9]+(?=/|$)', '/*', problem.pointer or '')}"


def rows(action: str, refused_by: Refuser, said: str) -> list[Difference]:
    """The rows that explain why only `refused_by` refuses, in the words `said`."""
    return [row for row in DIFFERENCES if row.refused_by == refused_by and row.covers(action, said)]
