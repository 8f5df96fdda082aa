"""API keys that count at some addresses alone, that are proved without being sent, and whose use is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
import pytest_asyncio
from gongzhi_server.auth.client_assertions import TYPE
from gongzhi_server.testing import Server
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from .conftest import TOGETHER, Enrol, until
from .test_client_credentials import ASKED, ask, make_client, owner  # noqa: F401
from .test_commands import sign_in_with

pytestmark = TOGETHER
ISSUER = "http://127.0.0.1:8000"
SIGNING = {"EC": "ES256", "OKP": "Ed25519", "RSA": "RS256"}
USED = "{ me { apiKeys(first: 5) { nodes { lastUsedAt usage { day requests refused } } } } }"


@asynccontextmanager
async def coming_from(server: Server, address: str) -> AsyncIterator[Server]:
    """The same server, as somebody at this address has it."""
    transport = httpx.ASGITransport(server.client._transport.app, client=(address, 4711))  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield replace(server, client=client)


@pytest_asyncio.fixture(loop_scope="module")
async def client(owner: Server) -> dict[str, str]:  # noqa: F811
    return await make_client(owner)


async def limit(owner: Server, client: dict[str, str], *networks: str) -> list[Any]:  # noqa: F811
    made = await owner.do("limitApiKey", "apiKey { networks }", apiKey=client["client_id"], networks=list(networks))
    return [(one["code"], one["path"]) for one in made["errors"]]


async def is_good_at(server: Server, credential: str, address: str) -> bool:
    async with coming_from(server, address) as there:
        return (await there.with_token(credential).ask("{ me { account } }")).status == 200


async def test_key_counts_at_its_addresses_alone(server: Server, owner: Server, client: dict[str, str]) -> None:  # noqa: F811
    """At once, with the key and with a token for it, over IPv6 too; and nobody is told why not."""
    key = client["client_secret"]
    token = (await ask(server, ASKED | client)).json()["access_token"]
    assert await is_good_at(server, key, "192.0.2.7")
    assert await limit(owner, client, "10.1.0.0/16", "2001:db8::/32", "10.9.9.9") == []
    for credential in (key, token):
        await until(lambda one=credential: is_refused_at(server, one, "192.0.2.7"))  # type: ignore[misc]
        for address, good in {
            "10.1.255.1": True, "::ffff:10.1.2.3": True, "10.9.9.9": True, "2001:db8:1::5": True,
            "10.2.0.1": False, "10.9.9.8": False, "2001:db9::1": False, "::ffff:10.2.0.1": False, "": False,
        }.items():  # fmt: skip
            assert await is_good_at(server, credential, address) is good, address
    async with coming_from(server, "192.0.2.7") as there:
        wrong = await there.with_token(key).ask("{ me { account } }")
        guess = await there.with_token("gzk_" + "x" * 43).ask("{ me { account } }")
        assert (wrong.status, wrong.body) == (guess.status, guess.body)
        assert (await ask(there, ASKED | client)).json()["error"] == "invalid_client"
    async with coming_from(server, "10.1.0.1") as there:
        assert (await ask(there, ASKED | client)).status_code == 200
    assert await limit(owner, client) == []
    await until(lambda: is_good_at(server, key, "192.0.2.7"))


async def is_refused_at(server: Server, credential: str, address: str) -> bool:
    return not await is_good_at(server, credential, address)


async def test_next_key_counts_at_the_same_addresses(server: Server, owner: Server, client: dict[str, str]) -> None:  # noqa: F811
    assert await limit(owner, client, "10.1.0.0/16") == []
    assert await register(owner, client, SignedClient(client["client_id"]).public) == []
    made = await owner.do("rotateApiKey", "secret apiKey { networks publicKeys }", apiKey=client["client_id"])
    assert made["apiKey"]["networks"] == ["10.1.0.0/16"] and len(made["apiKey"]["publicKeys"]) == 1
    assert not await is_good_at(server, made["secret"], "192.0.2.7")
    assert await is_good_at(server, made["secret"], "10.1.0.1")


async def test_new_key_is_bound_at_once(server: Server, owner: Server) -> None:  # noqa: F811
    """Not a moment at which it counts from everywhere; wrong networks make no key."""
    given = {"label": "bound", "permissions": ["cases.view"]}
    made = await owner.do("createApiKey", "secret apiKey { networks }", **given, networks=["10.1.0.0/16", "10.9.9.9"])
    assert made["apiKey"]["networks"] == ["10.1.0.0/16", "10.9.9.9/32"]
    assert await is_good_at(server, made["secret"], "10.1.0.1")
    assert not await is_good_at(server, made["secret"], "192.0.2.7")
    refused = await owner.do("createApiKey", "secret apiKey { id }", **given, networks=["10.1.0.1/16"])
    assert refused["secret"] is None and [one["path"] for one in refused["errors"]] == [["networks"]]


@pytest.mark.parametrize("wrong", ["10.1.0.1/16", "example.org", "", "10.0.0.0/40", "１0.0.0.1"])
async def test_wrong_networks(owner: Server, client: dict[str, str], wrong: str) -> None:  # noqa: F811
    assert await limit(owner, client, "10.1.0.0/16", wrong) == [("BAD_USER_INPUT", ["networks"])]
    assert await limit(owner, client, *(f"10.0.0.{at}" for at in range(21))) == [("BAD_USER_INPUT", ["networks"])]


async def test_key_does_not_free_itself(
    server: Server, owner: Server, client: dict[str, str], enrol: Enrol, database: Any  # noqa: F811
) -> None:  # fmt: skip
    """Neither does whoever has stolen it, nor another account; an administrator may."""
    assert await limit(server.with_token(client["client_secret"]), client) == [("FORBIDDEN", [])]
    other = await sign_in_with(server, enrol, "other", ("integrator", {"grid": "610921"}), database=database)
    assert [code for code, _ in await limit(other, client)] == ["NOT_FOUND"]
    assert await limit(server.as_("administrator"), client, "10.1.0.0/16") == []


async def test_use_is_counted(server: Server, owner: Server, client: dict[str, str]) -> None:  # noqa: F811
    """By day in China, with what was refused for its address; for the holder and whoever looks after the account."""
    key = client["client_secret"]
    assert (await owner.ask(USED)).data["me"]["apiKeys"]["nodes"][0]["lastUsedAt"] is None
    for _ in range(3):
        assert await is_good_at(server, key, "10.1.0.1")
    assert await limit(owner, client, "10.1.0.0/16") == []
    await until(lambda: is_refused_at(server, key, "192.0.2.7"))
    server.clock.move(hours=15)  # the next day in China, and not in Greenwich
    assert await is_good_at(server, key, "10.1.0.1")
    wanted = [{"day": "2026-07-01", "requests": 1, "refused": 0}, {"day": "2026-06-30", "requests": 3, "refused": 1}]

    async def is_written_down() -> bool:
        [node] = (await owner.ask(USED)).data["me"]["apiKeys"]["nodes"]
        return bool(node["usage"] == wanted and node["lastUsedAt"])

    # Requests until the change is heard are good ones: the first day may have more of them.
    async def is_counted() -> bool:
        found = (await owner.ask(USED)).data["me"]["apiKeys"]["nodes"][0]["usage"]
        wanted[1]["requests"] = found[1]["requests"] if len(found) > 1 else 3
        return await is_written_down() and wanted[1]["requests"] >= 3

    server.clock.move(hours=-15)
    await until(is_counted)
    seen = await server.as_("administrator").ask(
        '{ account(name: "sync") { apiKeys(first: 1) { nodes { usage { requests } } } } }'
    )
    assert seen.data["account"]["apiKeys"]["nodes"][0]["usage"][0] == {"requests": 1}


class SignedClient:
    """A system that signs."""

    def __init__(self, id: str, key: ECKey | OKPKey | RSAKey | None = None) -> None:
        self.id, self.key = id, key or ECKey.generate_key("P-256", auto_kid=True)

    @property
    def public(self) -> dict[str, Any]:
        return dict(self.key.as_dict(private=False))

    def sign(self, server: Server, key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        now, algorithm = int(server.clock().timestamp()), SIGNING[(key or self.key).key_type]
        usual = {"iss": self.id, "sub": self.id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": str(uuid4())}
        said = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode({"alg": algorithm, **(header or {})}, said, key or self.key, algorithms=[algorithm])

    async def ask(self, server: Server, assertion: str, **more: str) -> httpx.Response:
        return await ask(server, {**ASKED, "client_assertion_type": TYPE, "client_assertion": assertion, **more})


async def register(owner: Server, client: dict[str, str], *keys: dict[str, Any]) -> list[Any]:  # noqa: F811
    jwks = orjson.dumps({"keys": keys}).decode()
    made = await owner.do("setApiKeyPublicKeys", "apiKey { publicKeys }", apiKey=client["client_id"], jwks=jwks)
    return [(one["code"], one["path"]) for one in made["errors"]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ECKey.generate_key("P-256"),
        lambda: OKPKey.generate_key("Ed25519"),
        lambda: RSAKey.generate_key(2048),
    ],
)
async def test_assertion_gets_a_token(
    server: Server, owner: Server, client: dict[str, str], make: Callable[[], Any]  # noqa: F811
) -> None:  # fmt: skip
    """The token is like any other for the key, for either way of writing its id, and for both of our addresses."""
    signer = SignedClient(client["client_id"], make())
    assert await register(owner, client, signer.public) == []
    reply = await signer.ask(server, signer.sign(server), scope="cases.view")
    assert reply.status_code == 200, reply.text
    me = await server.with_token(reply.json()["access_token"]).ask("{ me { account permissions } }")
    assert me.data["me"] == {"account": "sync", "permissions": ["cases.view"]}
    bare = SignedClient(client["client_id"].removeprefix("ApiKey:"), signer.key)
    assertion = bare.sign(server, aud=[f"{ISSUER}/auth/token"])
    assert (await bare.ask(server, assertion, client_id=client["client_id"])).status_code == 200


async def test_wrong_assertions(server: Server, owner: Server, client: dict[str, str]) -> None:  # noqa: F811
    """One answer for whatever is wrong with it; and none of them spoils a good one."""
    signer, stranger = SignedClient(client["client_id"]), ECKey.generate_key("P-256")
    assert await register(owner, client, signer.public) == []
    other = SignedClient((await make_client(owner))["client_id"], signer.key)
    now, jti = int(server.clock().timestamp()), str(uuid4())
    wrong = [
        signer.sign(server, key=stranger, jti=jti),
        signer.sign(server, key=stranger, header={"kid": signer.public["kid"]}, jti=jti),
        other.sign(server),
        *(signer.sign(server, aud=aud, jti=jti) for aud in (None, "https://other.example", [ISSUER, "https://b"], [])),
        signer.sign(server, aud=f"{ISSUER}/graphql"),
        *(signer.sign(server, exp=exp, jti=jti) for exp in (None, now - 61, now + 400, "soon", 1e300)),
        signer.sign(server, nbf=now + 120),
        *(signer.sign(server, jti=one) for one in (None, "", 7, "x" * 201)),
        *(signer.sign(server, iss=one) for one in (None, "someone", other.id)),
        *(signer.sign(server, sub=one) for one in (None, "someone", other.id, f"ApiKey:{uuid4()}")),
        "x.y.z",
        "",
    ]
    answers = [await signer.ask(server, one) for one in wrong]
    answers.append(await signer.ask(server, signer.sign(server), client_id=other.id))
    assert [one.status_code for one in answers] == [401] * len(answers)
    assert len({one.text for one in answers}) == 1
    assert (await signer.ask(server, signer.sign(server, jti=jti))).status_code == 200


async def test_assertion_is_taken_once(server: Server, owner: Server, client: dict[str, str], database: Any) -> None:  # noqa: F811
    """Until it is over; what is over is thrown away."""
    signer = SignedClient(client["client_id"])
    assert await register(owner, client, signer.public) == []
    assertion = signer.sign(server)
    replies = [(await signer.ask(server, assertion)).status_code for _ in range(2)]
    assert replies == [200, 401]
    server.clock.move(seconds=119)
    assert (await signer.ask(server, assertion)).status_code == 401
    server.clock.move(seconds=2)
    assert (await signer.ask(server, signer.sign(server))).status_code == 200
    assert await database.fetchval("select count(*) from api_keys.assertion") == 1


async def test_assertion_ends_with_its_key(server: Server, owner: Server, client: dict[str, str]) -> None:  # noqa: F811
    signer = SignedClient(client["client_id"])
    assert await register(owner, client, signer.public) == []
    assert (await signer.ask(server, signer.sign(server))).status_code == 200
    assert await limit(owner, client, "10.1.0.0/16") == []
    assert (await signer.ask(server, signer.sign(server))).status_code == 401
    async with coming_from(server, "10.1.0.1") as there:
        assert (await signer.ask(there, signer.sign(server))).status_code == 200
        assert await register(owner, client) == []
        assert (await signer.ask(there, signer.sign(server))).status_code == 401
        assert await register(owner, client, signer.public) == []
        assert (await owner.do("revokeApiKey", "apiKey { id }", apiKey=client["client_id"]))["errors"] == []
        assert (await signer.ask(there, signer.sign(server))).status_code == 401


async def test_one_way_at_a_time(server: Server, owner: Server, client: dict[str, str]) -> None:  # noqa: F811
    signer = SignedClient(client["client_id"])
    assert await register(owner, client, signer.public) == []
    for more in ({"client_secret": client["client_secret"]}, {"client_assertion_type": "saml"}):
        reply = await signer.ask(server, signer.sign(server), **more)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


async def test_what_is_no_public_key(owner: Server, client: dict[str, str]) -> None:  # noqa: F811
    good = SignedClient(client["client_id"])
    private = dict(good.key.as_dict(private=True))
    shared = {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}
    wrong = [[private], [shared], [good.public | {"use": "enc"}], [good.public, {"kty": "EC"}], [good.public] * 5]
    for keys in wrong:
        assert await register(owner, client, *keys) == [("BAD_USER_INPUT", ["jwks"])]
    for jwks in ("", "[]", "null", "{}", '{"keys": 7}', '{"keys": [7]}', "x" * 9000):
        made = await owner.do("setApiKeyPublicKeys", "apiKey { id }", apiKey=client["client_id"], jwks=jwks)
        assert [one["path"] for one in made["errors"]] == [["jwks"]]


async def test_who_may_not_make_a_key_registers_none(
    server: Server, owner: Server, client: dict[str, str], database: Any  # noqa: F811
) -> None:  # fmt: skip
    """For a key that does what takes two persons, nobody does so for another account; nor does the key for itself."""
    public = SignedClient(client["client_id"]).public
    assert await register(server.with_token(client["client_secret"]), client, public) == [("FORBIDDEN", [])]
    assert await register(server.as_("administrator"), client, public) == []
    guarded = "update accounts.key set permissions = array_append(permissions, 'accounts.appoint') where id = $1"
    await database.execute(guarded, client["client_id"].removeprefix("ApiKey:"))
    assert [code for code, _ in await register(server.as_("administrator"), client, public)] == ["FORBIDDEN"]
