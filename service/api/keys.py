"""Keys of flows: created (the secret is shown once), listed, revoked."""

from __future__ import annotations

from service.api import _schemas as schemas
from service.api import _show as show
from service.api._call import Call
from service.api._door import JSON, Answer, Reply, door, json_answer
from service.errors import Conflict
from service.model import Scope

_BODY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": schemas.KEY_NAME,
        "scopes": {
            "type": "array",
            "items": {"enum": [each.value for each in Scope]},
            "minItems": 1,
            "maxItems": len(Scope),
            "description": "Default: hooks and render.",
        },
        "templates": {"type": "array", "items": schemas.NAME, "maxItems": 200, "description": "Default: all templates."},
    },
}


@door(
    "POST",
    "/v1/keys",
    scope=Scope.ADMIN,
    body={JSON: _BODY},
    body_example={"name": "welcome-flow", "scopes": ["hooks"], "templates": ["welcome"]},
    replies={201: Reply("The key with its secret, which is shown this once.", schemas.ref("NewKey"))},
    errors=(400, 409, 413, 415, 422, 503),
)
def create_key(call: Call) -> Answer:
    """Create a key for a flow."""
    body = call.json()
    scopes = [Scope(each) for each in body.get("scopes", ["hooks", "render"])]
    key, secret = call.parts.store.keys.create(body["name"], scopes, body.get("templates", ()), by=call.key.signature)
    return json_answer({**show.key(key), "secret": secret}, 201)


@door(
    "GET",
    "/v1/keys",
    scope=Scope.ADMIN,
    replies={200: Reply("Every key, revoked ones too, by name.", schemas.listed(schemas.ref("Key")))},
    errors=(503,),
)
def list_keys(call: Call) -> Answer:
    """List the keys, without their secrets."""
    return json_answer({"data": [show.key(each) for each in call.parts.store.keys.list()]})


@door(
    "DELETE",
    "/v1/keys/{key}",
    scope=Scope.ADMIN,
    path_schemas={"key": schemas.KEY_NAME},
    replies={200: Reply("The key, now revoked.", schemas.ref("Key"))},
    errors=(404, 409, 503),
)
def revoke_key(call: Call) -> Answer:
    """Revoke a key, by name or id.

    It is refused from now on; other processes follow within about a second. Its name stays taken, so that a name in the log
    always means one key. A key cannot revoke itself.
    """
    name = call.name("key")
    if name in (call.key.name, call.key.id):
        raise Conflict("A key cannot revoke itself.", hint="Use another key, or burgee keys revoke.")
    revoked = call.parts.store.keys.revoke(name, by=call.key.signature)
    call.gate.keys.forget()
    return json_answer(show.key(revoked))
