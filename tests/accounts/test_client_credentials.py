"""Tokens for API keys by OAuth 2: they may what the key may, end with it at once, and come to nobody else."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from gongzhi_server.auth.access_tokens import LIFETIME
from gongzhi_server.auth.jws import ParsedToken
from gongzhi_server.testing import Server

from .conftest import TOGETHER, Enrol, is_signed_out, name_of, until
from .test_commands import sign_in_with

pytestmark = TOGETHER
ASKED = {"grant_type": "client_credentials"}
MAY = ["cases.intake", "cases.view"]


@pytest_asyncio.fixture(loop_scope="module")
async def owner(server: Server, enrol: Enrol, database: Any) -> Server:
    return await sign_in_with(server, enrol, "sync", ("integrator", {"grid": "610921"}), database=database)


@pytest_asyncio.fixture(loop_scope="module")
async def client(owner: Server) -> dict[str, str]:
    """The id and the secret of a client, which are those of an API key."""
    return await make_client(owner)


async def make_client(owner: Server, **more: Any) -> dict[str, str]:
    made = await owner.do("createApiKey", "apiKey { id } secret", label="hotline", permissions=MAY, **more)
    assert made["errors"] == []
    return {"client_id": made["apiKey"]["id"], "client_secret": made["secret"]}


async def ask(server: Server, fields: dict[str, str], **more: Any) -> httpx.Response:
    return await server.client.post("/auth/token", data=fields, **more)


def basic(client: dict[str, str]) -> dict[str, str]:
    pair = ":".join(quote_plus(client[name]) for name in ("client_id", "client_secret"))
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


async def test_client_gets_a_short_lived_token(server: Server, client: dict[str, str]) -> None:
    """In the form or in the header; it may what the key may, is nobody, and is over after ten minutes."""
    for reply in (await ask(server, ASKED | client), await ask(server, ASKED, headers=basic(client))):
        assert reply.status_code == 200 and reply.headers["cache-control"] == "no-store"
        body = reply.json()
        assert body.pop("access_token") and body == {
            "token_type": "Bearer", "expires_in": int(LIFETIME.total_seconds()), "scope": "cases.intake cases.view",
        }  # fmt: skip
    token = reply.json()["access_token"]
    caller = server.with_token(token)
    me = (await caller.ask("{ me { account permissions person { id } } }")).data["me"]
    assert me == {"account": "sync", "permissions": MAY, "person": None}
    more = await caller.do("createApiKey", "secret", label="more", permissions=["cases.view"])
    assert [one["code"] for one in more["errors"]] == ["FORBIDDEN"]  # no more than the key itself
    server.clock.move(seconds=LIFETIME.total_seconds())
    assert await name_of(server, token) is None


async def test_scope_narrows(server: Server, client: dict[str, str]) -> None:
    reply = (await ask(server, {**ASKED, **client, "scope": "cases.view"})).json()
    assert reply["scope"] == "cases.view"
    me = (await server.with_token(reply["access_token"]).ask("{ me { permissions } }")).data["me"]
    assert me == {"permissions": ["cases.view"]}
    for wrong in ("cases.handle", "cases.view cases.handle", "accounts.make_keys", " "):
        reply = await ask(server, {**ASKED, **client, "scope": wrong})
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_scope")


async def test_revoked_key_ends_its_tokens(server: Server, owner: Server, client: dict[str, str]) -> None:
    """At once, though they would go on for minutes; and there is no further one."""
    token = (await ask(server, ASKED | client)).json()["access_token"]
    assert await name_of(server, token) == "sync"
    assert (await owner.do("revokeApiKey", "apiKey { id }", apiKey=client["client_id"]))["errors"] == []
    await until(lambda: is_signed_out(server, token))
    await until(lambda: refused(server, client))


async def refused(server: Server, client: dict[str, str]) -> bool:
    return (await ask(server, ASKED | client)).status_code == 401


async def test_suspended_account_ends_its_tokens(server: Server, database: Any, client: dict[str, str]) -> None:
    token = (await ask(server, ASKED | client)).json()["access_token"]
    assert await name_of(server, token) == "sync"
    await database.execute("update accounts.account set suspended_at = now() where name = 'sync'")
    await until(lambda: is_signed_out(server, token))
    await until(lambda: refused(server, client))


async def test_token_ends_with_the_key(server: Server, owner: Server) -> None:
    """What is issued shortly before the end of the key does not outlive it."""
    ends = (server.clock() + LIFETIME / 2).isoformat()
    reply = (await ask(server, ASKED | await make_client(owner, expiresAt=ends))).json()
    assert reply["expires_in"] == LIFETIME.total_seconds() / 2
    server.clock.move(seconds=LIFETIME.total_seconds() / 2)
    assert await name_of(server, reply["access_token"]) is None


async def test_nobody_else_gets_one(server: Server, owner: Server, client: dict[str, str]) -> None:
    """One answer for whatever is wrong with a client: another key's id, a token for a secret, a session's token."""
    other = await make_client(owner)
    token = (await ask(server, ASKED | client)).json()["access_token"]
    session = owner.headers["authorization"].removeprefix("Bearer ")
    wrong = (
        {},
        {"client_id": client["client_id"]},
        {"client_secret": client["client_secret"]},
        client | {"client_id": other["client_id"]},
        client | {"client_id": f"ApiKey:{uuid4()}"},
        client | {"client_secret": "gzk_" + "x" * 43},
        client | {"client_secret": token},
        client | {"client_secret": session},
        client | {"client_secret": ""},
    )
    answers = [await ask(server, ASKED | one) for one in wrong]
    answers += [await ask(server, ASKED, headers={"authorization": one}) for one in ("Basic x", "Basic", "Bearer y")]
    assert {one.status_code for one in answers} == {401}
    assert len({one.text for one in answers}) == 1 and answers[0].json()["error"] == "invalid_client"
    assert all(one.headers["www-authenticate"].startswith("Basic ") for one in answers)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"data": {"grant_type": "password"}}, "unsupported_grant_type"),
        ({"data": {}}, "invalid_request"),
        ({"json": ASKED}, "invalid_request"),
        ({"content": "a=1&a=2", "headers": {"content-type": "application/x-www-form-urlencoded"}}, "invalid_request"),
        ({"data": {str(at): "x" for at in range(30)}}, "invalid_request"),
        ({"data": {"a": "x" * 9000}}, "invalid_request"),
        ({"content": b"a=\xff", "headers": {"content-type": "application/x-www-form-urlencoded"}}, "invalid_request"),
    ],
)
async def test_malformed_requests(server: Server, client: dict[str, str], change: dict[str, Any], error: str) -> None:
    headers = change.pop("headers", {}) | basic(client)
    reply = await server.client.post("/auth/token", headers=headers, **change)
    assert reply.json()["error"] == error and reply.status_code in (400, 413)
    assert client["client_secret"] not in reply.text


async def test_secret_is_sent_in_one_place(server: Server, client: dict[str, str]) -> None:
    reply = await ask(server, ASKED | client, headers=basic(client))
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


async def test_token_names_its_key_and_cannot_pass_for_a_session(server: Server, client: dict[str, str]) -> None:
    token = (await ask(server, ASKED | client)).json()["access_token"]
    claims = ParsedToken.read(token).claims
    assert claims["client_id"] == client["client_id"].removeprefix("ApiKey:") and "sid" not in claims
    assert claims["aud"].endswith("/graphql") and claims["exp"] - claims["iat"] == LIFETIME.total_seconds()
