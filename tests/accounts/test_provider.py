"""Tokens of an identity provider of our own, on a real socket: rotation, outages, and every trick we know of."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from gongzhi_server.app import create_app
from gongzhi_server.auth.identity_provider import Provider, PublishedKeys, TrustedIssuer
from gongzhi_server.auth.jws import InvalidToken, ParsedToken, PinnedKey
from gongzhi_server.testing import TODAY, Clock, Server, settings_for_tests
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from .conftest import Enrol, until

ISSUER, AUDIENCE = "https://id.county.example", "gongzhi-api"
NOW = int(TODAY.timestamp())


class Silent(JWSRegistry):
    """joserfc warns of the name EdDSA."""

    def get_alg(self, name: str) -> Any:
        return JWSRegistry.algorithms[name]


@cache
def rsa_key(name: str) -> RSAKey:
    """Make a key of this name, the same for all tests: making one takes longer than most of them."""
    return RSAKey.generate_key(2048, {"kid": name})


@dataclass
class Idp:
    """An identity provider: publishes keys, counts who asks, and signs what it is told to."""

    keys: dict[str, Any] = field(default_factory=dict)
    asked: int = 0
    status: int = 200
    body: bytes | None = None
    url: str = ""

    def add(self, name: str, alg: str | None = None, kind: str = "RSA") -> Any:
        made: Any
        if kind == "RSA":
            made = rsa_key(name)
        elif kind == "EC":
            made = ECKey.generate_key("P-256", {"kid": name})
        else:
            made = OKPKey.generate_key("Ed25519", {"kid": name})
        self.keys[name] = (made, alg)
        return made

    def published(self) -> bytes:
        if self.body is not None:
            return self.body
        found = [{**key.as_dict(private=False), **({"alg": alg} if alg else {})} for key, alg in self.keys.values()]
        return json.dumps({"keys": found}).encode()

    def sign(self, name: str, alg: str, header: dict[str, Any] | None = None, **claims: Any) -> str:
        told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u-1", "iat": NOW, "exp": NOW + 300, **claims}
        told = {name: value for name, value in told.items() if value is not None}
        head = {"alg": alg, "kid": name, "typ": "at+jwt", **(header or {})}
        return jwt.encode(head, told, self.keys[name][0], registry=Silent(strict_check_header=False), default_type=None)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        body = self.published()
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n" % (self.status, len(body)))
        writer.write(b"location: http://169.254.169.254/\r\n\r\n" + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def provider() -> AsyncIterator[Idp]:
    idp = Idp()
    server = await asyncio.start_server(idp.answer, "127.0.0.1", 0)
    idp.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
    async with server:
        yield idp


@pytest_asyncio.fixture
async def idp() -> AsyncIterator[Idp]:
    async with provider() as made:
        made.add("one")
        yield made


@pytest_asyncio.fixture
async def reader(idp: Idp) -> AsyncIterator[Provider]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield Provider(TrustedIssuer(ISSUER, idp.url, AUDIENCE), client)


async def is_accepted(reader: Provider, token: str, clock: Clock | None = None) -> bool:
    try:
        await reader.read(ParsedToken.read(token), (clock or Clock())())
    except InvalidToken:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "named", "alg"),
    [
        ("RSA", "RS256", "RS256"),
        ("RSA", None, "RS256"),
        ("EC", "ES256", "ES256"),
        ("OKP", "EdDSA", "EdDSA"),
        ("OKP", None, "EdDSA"),
        ("OKP", None, "Ed25519"),
    ],
)
async def test_algorithms_accepted(idp: Idp, reader: Provider, kind: str, named: str | None, alg: str) -> None:
    idp.add("two", named, kind)
    assert await is_accepted(reader, idp.sign("two", alg))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://id.elsewhere.example"},
        {"iss": None},
        {"aud": "another-api"},
        {"aud": ["another-api"]},
        {"aud": None},
        {"aud": {"gongzhi-api": 1}},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"exp": None},
        {"exp": "never"},
        {"exp": NOW - 61},
        {"exp": 10**30},
        {"exp": float("inf")},
        {"nbf": NOW + 61},
        {"nbf": "soon"},
        {"iat": NOW + 61},
    ],
)
async def test_claims_refused(idp: Idp, reader: Provider, claims: dict[str, Any]) -> None:
    assert not await is_accepted(reader, idp.sign("one", "RS256", **claims))


@pytest.mark.parametrize(
    "claims",
    [{"aud": ["another-api", AUDIENCE]}, {"exp": NOW - 59}, {"nbf": NOW + 60}, {"scope": "数", "deep": {"a": [1]}}],
)
async def test_claims_accepted(idp: Idp, reader: Provider, claims: dict[str, Any]) -> None:
    assert await is_accepted(reader, idp.sign("one", "RS256", **claims))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "id_token+jwt"},
        {"typ": 1},
        {"kid": "nobody"},
        {"kid": ["one"]},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"jwk": {"kty": "RSA"}},
        {"crit": ["exp"], "exp": 1},
    ],
)
async def test_headers_refused(idp: Idp, reader: Provider, header: dict[str, Any]) -> None:
    good = idp.sign("one", "RS256")
    head, body, _ = good.split(".")
    changed = {**json.loads(decode_part(head)), **header}
    signing = f"{encode_part(json.dumps(changed).encode())}.{body}"
    signature = idp.keys["one"][0].private_key.sign(signing.encode(), *rsa_padding())
    assert await is_accepted(reader, good)
    assert not await is_accepted(reader, f"{signing}.{encode_part(signature)}")


def rsa_padding() -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return PKCS1v15(), SHA256()


def encode_part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


async def test_key_decides_the_algorithm(idp: Idp, reader: Provider) -> None:
    """None, a MAC with the public key for its secret, another algorithm of the family: the header decides nothing."""
    idp.add("named", "ES256", "EC")
    head, body, signature = idp.sign("one", "RS256").split(".")
    public = idp.keys["one"][0].as_pem(private=False)
    for alg in ("none", "None", "HS256", "PS256", "RS384", "ES256", "", None):
        forged = encode_part(json.dumps({"alg": alg, "typ": "at+jwt", "kid": "one"}).encode())
        mac = encode_part(hmac.digest(public, f"{forged}.{body}".encode(), hashlib.sha256))
        for made in ("", signature, mac):
            assert not await is_accepted(reader, f"{forged}.{body}.{made}"), (alg, made[:5])


async def test_weak_keys_unused(idp: Idp) -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "x"}).as_dict(private=False)
    assert PinnedKey.of(rsa) is not None
    for change in (
        {"use": "enc"}, {"alg": "RS512"}, {"alg": "HS256"}, {"kty": "oct", "k": "c2VjcmV0"}, {"n": "AQAB"}, {"n": 5},
        {"key_ops": ["sign"]}, {"kty": "EC"}, {"kty": None},
    ):  # fmt: skip
        assert PinnedKey.of({**rsa, **change}) is None, change
    with pytest.warns(match="2048"):
        small = RSAKey.generate_key(1024, {"kid": "x"}).as_dict(private=False)
    logging.captureWarnings(False)
    assert small and pinned_quietly(small) is None


@pytest.mark.filterwarnings("ignore:Key size")
def pinned_quietly(jwk: Any) -> PinnedKey | None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PinnedKey.of(jwk)


@pytest.fixture
def huge() -> Iterator[str]:
    yield "eyJhbGciOiJSUzI1NiJ9." + "A" * 8192 + ".x"


async def test_shapes_refused(idp: Idp, reader: Provider, huge: str) -> None:
    good = idp.sign("one", "RS256")
    head, body, signature = good.split(".")
    shapes = [
        "",
        ".",
        "..",
        "a.b.c",
        head,
        f"{head}.{body}",
        f"{good}.x",
        huge,
        f"{head}.{encode_part(b'[]')}.{signature}",
    ]
    shapes += [
        encode_part(b"[" * 5000) + "..",
        f"{good}é",
        f"{head}.{encode_part(b'{')}.x",
        f" {good}",
        f"{head}\n.{body}.{signature}",
    ]
    doubled = encode_part(b'{"alg":"RS256","alg":"none","kid":"one","typ":"at+jwt"}')
    for shape in [*shapes, f"{doubled}.{body}.{signature}", idp.sign("one", "RS256", pad="x" * 8192)]:
        assert not await is_accepted(reader, shape), shape[:50]


@given(at=st.integers(0, 10_000), bit=st.integers(0, 5))
def test_any_change_refused(at: int, bit: int) -> None:
    """Whatever character of a token is another one, it is no token any more."""
    token, pinned = SIGNED
    place = at % len(token)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if token[place] == ".":
        return
    other = alphabet[alphabet.index(token[place]) ^ (1 << bit)]
    changed = token[:place] + other + token[place + 1 :]
    head, body, signature = changed.split(".")
    if decode_part(signature) == decode_part(token.split(".")[2]) and place > token.rindex("."):
        return  # the last character carries bits of no byte
    with pytest.raises(InvalidToken):
        ParsedToken.read(changed).verify_claims(pinned)


def sign_token() -> tuple[str, PinnedKey]:
    idp = Idp()
    key = idp.add("ec", "ES256", "EC")
    pinned = PinnedKey.of(key.as_dict(private=False))
    assert pinned
    return idp.sign("ec", "ES256"), pinned


SIGNED = sign_token()


async def test_keys_fetched_seldom(idp: Idp, reader: Provider) -> None:
    clock = Clock()
    for _ in range(5):
        assert await is_accepted(reader, idp.sign("one", "RS256"), clock)
    assert idp.asked == 1
    clock.move(minutes=4, seconds=59)
    assert await is_accepted(reader, idp.sign("one", "RS256", exp=NOW + 3600), clock)
    assert idp.asked == 1
    clock.move(seconds=1)
    assert await is_accepted(reader, idp.sign("one", "RS256", exp=NOW + 3600), clock)
    assert idp.asked == 2


async def test_rotation_followed(idp: Idp, reader: Provider) -> None:
    """A new key is found at once; one that was taken away is refused when the keys have been looked at again."""
    clock = Clock()
    old = idp.sign("one", "RS256", exp=NOW + 3600)
    assert await is_accepted(reader, old, clock)
    del idp.keys["one"]
    idp.add("two")
    clock.move(seconds=31)
    assert await is_accepted(reader, idp.sign("two", "RS256"), clock)
    assert not await is_accepted(reader, old, clock)


async def test_unknown_keys_ask_once(idp: Idp, reader: Provider) -> None:
    """However many keys somebody invents, the provider is asked once in a cool-down."""
    clock = Clock()
    assert await is_accepted(reader, idp.sign("one", "RS256"), clock)
    for at in range(20):
        assert await reader.keys.find(f"invented{at}", clock()) is None
    assert idp.asked == 1
    clock.move(seconds=30)
    await asyncio.gather(*(reader.keys.find(f"invented{at}", clock()) for at in range(20)))
    assert idp.asked == 2


async def test_outage_bridged(idp: Idp, reader: Provider, caplog: pytest.LogCaptureFixture) -> None:
    """A provider that is down is bridged for a quarter of an hour, and no longer."""
    clock = Clock()
    token = idp.sign("one", "RS256", exp=NOW + 36_000)
    assert await is_accepted(reader, token, clock)
    idp.status = 503
    clock.move(minutes=14)
    assert await is_accepted(reader, token, clock)
    clock.move(minutes=1)
    assert not await is_accepted(reader, token, clock)
    idp.status = 200
    clock.move(seconds=30)
    assert await is_accepted(reader, token, clock)
    assert any("cannot be had" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (302, None),
        (404, b"{}"),
        (200, b"no json"),
        (200, b"[]"),
        (200, b'{"keys": 5}'),
        (200, b" " * 70_000),
        (200, b""),
    ],
)
async def test_odd_answers_survived(idp: Idp, reader: Provider, status: int, body: bytes | None) -> None:
    token = idp.sign("one", "RS256")
    idp.status, idp.body = status, body
    assert not await is_accepted(reader, token)
    idp.status, idp.body = 200, None
    clock = Clock()
    clock.move(seconds=30)
    assert await is_accepted(reader, token, clock)


async def test_doubled_ids_name_nobody(idp: Idp) -> None:
    first, second = RSAKey.generate_key(2048, {"kid": "x"}), RSAKey.generate_key(2048, {"kid": "x"})
    idp.body = json.dumps({"keys": [first.as_dict(private=False), second.as_dict(private=False), "x", {}]}).encode()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert await PublishedKeys(idp.url, client).find("x", TODAY) is None


async def test_signs_in_by_provider(server: Server, filled: str, tmp_path: Path, enrol: Enrol, idp: Idp) -> None:
    """Over HTTP, from the settings: a linked identity is its account, an unlinked one is nobody."""
    await enrol("li.wei", "grid_worker", grid="610921101220")
    linked = await server.as_("grid_leader", grid="610921").do(
        "linkIdentity", "identity { id }", account="li.wei", issuer=ISSUER, subject="u-1"
    )
    assert linked["errors"] == []
    chosen = replace(settings_for_tests(filled, tmp_path), issuers=(ISSUER,), jwks=(idp.url,), audience=AUDIENCE)
    app = create_app(chosen, filled, server.clock)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        caller = Server(client, server.clock)
        mine = await caller.with_token(idp.sign("one", "RS256")).ask("{ me { account role } }")
        assert mine.data["me"] == {"account": "li.wei", "role": "grid_worker"}
        assert (await caller.with_token(idp.sign("one", "RS256", sub="u-2")).ask("{ me { role } }")).status == 401
        identity = linked["identity"]["id"]
        unlinked = await server.as_("administrator").do("unlinkIdentity", "account { name }", identity=identity)
        assert unlinked["errors"] == []
        token = idp.sign("one", "RS256")

        async def refused() -> bool:
            return (await caller.with_token(token).ask("{ me { role } }")).status == 401

        await until(refused)
