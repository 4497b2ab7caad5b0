"""Who may do what."""

from __future__ import annotations

import pytest

from service import api

ADA = {"to": "+12025550143", "name": "Ada"}
NEEDED = {
    ("POST", "/v1/hooks/hello"): "hooks",
    ("POST", "/v1/text/send"): "hooks",
    ("POST", "/v1/actions/attentive.messages.send"): "hooks",
    ("POST", "/v1/render"): "render",
    ("GET", "/v1/actions"): "read",
    ("GET", "/v1/templates"): "read",
    ("PUT", "/v1/templates/hello"): "admin",
    ("POST", "/v1/templates/hello/publish"): "admin",
    ("GET", "/v1/deliveries"): "read",
    ("POST", "/v1/deliveries:search"): "read",
    ("POST", "/v1/deliveries:replay"): "admin",
    ("GET", "/v1/accounts"): "read",
    ("GET", "/v1/keys"): "admin",
    ("POST", "/v1/keys"): "admin",
}


def test_every_door_under_v1_asks_for_a_key(caller):
    for door in api.doors():
        is_signed = door.path == "/v1/inbound/{destination}/{account}"  # by the vendor, see tests/inbound
        assert (door.scope is not None) == (door.path.startswith("/v1/") and not is_signed), door.path
        if door.scope is not None:
            assert caller()(door.method, door.path.replace("{", "").replace("}", "")).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer bgk_wrong", "Basic Zm9vOmJhcg==", "bgk_x", "Bearer é", "Bearer bgk_" + "x" * 9000],
)
def test_a_wrong_key_is_a_401_always_in_the_same_words(caller, header):
    answer = caller().post("/v1/hooks/hello", json=ADA, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json["detail"] == "There is no key with this call, or none that is known."
    assert "bgk_wrong" not in answer.text


@pytest.mark.parametrize(("method", "path"), NEEDED)
def test_a_scope_opens_its_own_doors_only(caller, method, path):
    needed = NEEDED[method, path]
    for scope in ("hooks", "render", "read", "admin"):
        status = caller(scope)(method, path, json={}).status_code
        assert (status == 403) == (scope not in (needed, "admin")), (scope, status)


def test_a_key_that_was_revoked_here_is_refused_at_once(admin, caller, parts):  # S1-2
    flow = caller("hooks")
    assert flow.post("/v1/hooks/hello", json=ADA).status_code == 202
    [name] = [each.name for each in parts.store.keys.list() if "hooks" in each.scopes]
    assert admin("DELETE", f"/v1/keys/{name}").json["revoked_at"]
    assert flow.post("/v1/hooks/hello", json=ADA).status_code == 401


def test_a_key_is_made_listed_and_shown_once(admin, caller, parts):  # S1-2, S1-5
    made = admin.post("/v1/keys", json={"name": "welcome flow", "templates": ["hello"]})
    assert made.status_code == 201
    assert (made.json["scopes"], made.json["templates"]) == (["hooks", "render"], ["hello"])
    flow = caller()
    flow.secret = made.json["secret"]
    assert flow.post("/v1/hooks/hello", json=ADA).status_code == 202
    assert flow.post("/v1/hooks/choosy", json=ADA).status_code == 403
    listed = admin.get("/v1/keys")
    assert "welcome flow" in [each["name"] for each in listed.json["data"]]
    assert made.json["secret"] not in listed.text
    assert admin.post("/v1/keys", json={"name": "welcome flow"}).status_code == 409


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "a", "scopes": ["all"]}, {"name": "a\0b"}, {"name": "a", "x": 1}]
)
def test_a_key_with_bad_words_is_a_422_that_points_at_them(admin, body):
    answer = admin.post("/v1/keys", json=body)
    assert answer.status_code == 422
    assert answer.json["problems"]


def test_a_key_cannot_shut_itself_out(admin):
    [key] = admin.get("/v1/keys").json["data"]
    assert admin("DELETE", f"/v1/keys/{key['name']}").status_code == 409
    assert admin("DELETE", f"/v1/keys/{key['id']}").status_code == 409
    assert admin.get("/v1/keys").status_code == 200


def test_a_key_that_is_not_there_cannot_be_revoked(admin):
    assert admin("DELETE", "/v1/keys/nobody").status_code == 404


def test_a_limited_key_sees_and_renders_its_own_templates_only(caller, flow):
    sent = flow.post("/v1/hooks/choosy", json=ADA).json["id"]
    limited = caller("read", "render", templates=["hello"])
    assert limited.get("/v1/deliveries").status_code == 403
    assert limited.get("/v1/deliveries?template=choosy").status_code == 403
    assert limited.get("/v1/deliveries?template=hello").status_code == 200
    assert limited.get(f"/v1/deliveries/{sent}").status_code == 404
    assert limited.post("/v1/render", json={"template": "choosy", "context": ADA}).status_code == 403
    assert limited.post("/v1/render", json={"template": "choosy", "version": 1, "context": ADA}).status_code == 403
    assert limited.post("/v1/render", json={"template": "hello", "context": ADA}).status_code == 200


def test_accounts_show_where_a_token_is_and_never_the_token(caller, parts, monkeypatch):
    monkeypatch.setenv("TOKEN", "very-secret")
    answer = caller("read").get("/v1/accounts")
    [account] = answer.json["data"]
    assert (account["token_from"], account["circuit"], account["brand_prefix"]) == ("env:TOKEN", "closed", "Shop: ")
    assert "very-secret" not in answer.text
    assert caller("read").get("/v1/accounts/default").json == account
    assert caller("read").get("/v1/accounts/defualt").json["hint"] == "Did you mean default?"
