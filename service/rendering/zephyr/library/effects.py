"""What Sailthru would do or know in its own house: recorded and shown, never carried out."""

from __future__ import annotations

from typing import Any

from service.rendering.zephyr.library._marks import silent
from service.rendering.zephyr.scope import Scope


@silent
def api_user(scope: Scope, options: Any, id: Any = None) -> None:
    """Would change a user's profile.

    >>> from service.rendering.limits import Limits, Run
    >>> scope = Scope(Run(Limits()))
    >>> api_user(scope, {"vars": {"vip": True}}), scope.effects[0].function
    (None, 'api_user')
    """
    scope.effect("api_user", options, id)


@silent
def api_event(scope: Scope, event: Any) -> None:
    """Would post an event.

    >>> from service.rendering.limits import Limits, Run
    >>> api_event(Scope(Run(Limits())), {"event": "tried"})
    """
    scope.effect("api_event", event)


@silent
def api_send(scope: Scope, template: Any, *options: Any) -> None:
    """Would send another message.

    >>> from service.rendering.limits import Limits, Run
    >>> api_send(Scope(Run(Limits())), "welcome", "ada@example.com")
    """
    scope.effect("api_send", template, *options)


@silent
def append_user_var(scope: Scope, name: Any, value: Any, cap: Any = None) -> None:
    """Would add a value to a list of the profile, the newest first.

    >>> from service.rendering.limits import Limits, Run
    >>> append_user_var(Scope(Run(Limits())), "seen", "kettle")
    """
    scope.effect("append_user_var", name, value, cap)


def message_id(scope: Scope) -> str:
    """Would print the id of the message; here it prints nothing.

    >>> from service.rendering.limits import Limits, Run
    >>> message_id(Scope(Run(Limits())))
    ''
    """
    return _link(scope, "message_id")


def public_share(scope: Scope, type: Any, status: Any = None) -> str:  # noqa: ARG001
    """Would print a link to share; here it prints nothing.

    >>> from service.rendering.limits import Limits, Run
    >>> public_share(Scope(Run(Limits())), "link")
    ''
    """
    return _link(scope, "public_share")


def social_share(scope: Scope, mode: Any, url: Any, *options: Any) -> str:  # noqa: ARG001
    """Would print a link to share; here it prints nothing.

    >>> from service.rendering.limits import Limits, Run
    >>> social_share(Scope(Run(Limits())), "link", "https://shop.example.com")
    ''
    """
    return _link(scope, "social_share")


def signup_confirm(scope: Scope, lists: Any) -> str:  # noqa: ARG001
    """Would print a link that confirms a sign-up; here it prints nothing.

    >>> from service.rendering.limits import Limits, Run
    >>> signup_confirm(Scope(Run(Limits())), ["Newsletter"])
    ''
    """
    return _link(scope, "signup_confirm")


def _link(scope: Scope, name: str) -> str:
    scope.warn(
        "unknown_here", f"{name}() is known to Sailthru only and prints nothing here.", "Send it with the profile's data."
    )
    return ""
