"""The actions that destinations offer, as their schemas describe them."""

from __future__ import annotations

from service.api import _schemas as schemas
from service.api import _show as show
from service.api._call import Call
from service.api._door import Answer, Reply, door, json_answer
from service.model import Scope


@door(
    "GET",
    "/v1/actions",
    scope=Scope.READ,
    replies={200: Reply("Every action, by name.", schemas.listed(schemas.ref("ActionLine")))},
)
def list_actions(call: Call) -> Answer:
    """List the actions."""
    return json_answer({"data": [show.action_line(each) for each in call.parts.actions.values()]})


@door(
    "GET",
    "/v1/actions/{action}",
    scope=Scope.READ,
    path_schemas={"action": schemas.ACTION_NAME},
    replies={200: Reply("The action with its schema.", schemas.ref("Action"))},
    errors=(404,),
)
def get_action(call: Call) -> Answer:
    """Show an action with the schema of its payload."""
    return json_answer(show.action(call.parts.actions.get_or_raise(call.name("action"))))
