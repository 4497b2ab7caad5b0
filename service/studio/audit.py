"""The audit log: who did what, and when."""

from __future__ import annotations

from flask import Response

from service.store.users import Role
from service.studio._page import page
from service.studio._visit import Visit

# What was done, in words. What is not here is shown as it is kept.
SAID = {
    "session.open": "signed in",
    "user.invite": "made a link for",
    "user.accept": "chose a password",
    "user.password": "changed the password",
    "user.role": "changed the role of",
    "user.remove": "removed",
    "key.create": "made a key for",
    "key.revoke": "revoked the key of",
    "template.create": "began the template",
    "template.push": "kept a version of",
    "template.publish": "published",
    "template.rollback": "rolled back",
    "template.discard": "discarded the draft of",
    "template.test": "sent a test of",
    "account.add": "added the account",
    "account.change": "changed the account",
    "delivery.replay": "replayed",
    "delivery.replay-many": "replayed",
    "delivery.cancel": "canceled",
    "delivery.settle": "settled",
    "content.import": "filled the content library from",
    "content.remove": "removed the item",
    "feed.run": "did not wait for the time of the feed",
    "suppression.add": "suppressed somebody:",
    "suppression.remove": "ended the suppression",
}


@page("GET", "/audit", role=Role.PUBLISHER)
def audit_log(visit: Visit) -> Response:
    """A page of it, newest first."""
    who, cursor = visit.asked("who")[:100], visit.asked("cursor")
    entries, older = visit.parts.store.audit.page(who=who or None, cursor=cursor or None)
    logins = sorted(
        {each.login for each in visit.parts.store.users.list()} | {"the command line"} | ({who} if who else set())
    )
    people = [("", "Anybody"), *((each, each) for each in logins)]
    return visit.show(
        "audit.html", here="audit_log", entries=entries, older=older, cursor=cursor, who=who, people=people, said=SAID
    )
