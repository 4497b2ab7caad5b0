"""Accounts: a brand's place at a destination, and how sending for it goes. Tokens never come out."""

from __future__ import annotations

from service.api import _schemas as schemas
from service.api import _show as show
from service.api._call import Call
from service.api._door import Answer, Reply, door, json_answer
from service.errors import NotFound
from service.model import Scope
from service.registry import nearest


@door(
    "GET",
    "/v1/accounts",
    scope=Scope.READ,
    replies={200: Reply("Every account, by name.", schemas.listed(schemas.ref("Account")))},
    errors=(503,),
)
def list_accounts(call: Call) -> Answer:
    """List the accounts."""
    store = call.parts.store.accounts
    states = {each.account: each for each in store.states()}
    return json_answer({"data": [show.account(each, states.get(each.name)) for each in store.list()]})


@door(
    "GET",
    "/v1/accounts/{account}",
    scope=Scope.READ,
    path_schemas={"account": schemas.ACCOUNT_NAME},
    replies={200: Reply("The account.", schemas.ref("Account"))},
    errors=(404, 503),
)
def get_account(call: Call) -> Answer:
    """Show an account, and whether its circuit is open."""
    store, name = call.parts.store.accounts, call.name("account")
    account = store.get(name)
    if account is None:
        near = nearest(name, [each.name for each in store.list()])
        raise NotFound(f"There is no account {name[:80]!r}.", hint=f"Did you mean {near}?" if near else None)
    states = {each.account: each for each in store.states()}
    return json_answer(show.account(account, states.get(name)))
