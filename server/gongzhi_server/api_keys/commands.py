"""Commands: bind an API key to addresses, and to public keys of its holder."""

from __future__ import annotations

from ipaddress import ip_network

import orjson
import strawberry
from gongzhi.core.accounts.credential_commands import ApiKeyPayload, load_key_account, require_responsible
from gongzhi.core.accounts.models import KeyRow
from gongzhi.core.accounts.rules import require_signed_in
from gongzhi.core.accounts.types import ApiKey
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import KEY, Call, command, input_field
from gongzhi.values.errors import FIELD
from strawberry import ID

from gongzhi_server.auth.jws import PUBLIC, PinnedKey

NETWORKS, PUBLIC_KEYS = 20, 4
"""The most networks that a key counts at, and the most public keys of its holder."""
LONGEST = 8192
OF = "The key's id (密钥标识)."


@strawberry.input(description="From where a key counts (限定密钥来源).")
class LimitApiKeyInput:
    idempotency_key: str = input_field(KEY)
    api_key: ID = input_field(OF)
    networks: list[str] = input_field(
        f"Addresses or networks, such as 10.1.0.0/16, {NETWORKS} at most; none: it counts from everywhere (来源网段)."
    )


@command("Bind an API key to addresses: shown from elsewhere it is refused, at once (限定密钥来源).", requires=None)
async def limit_api_key(call: Call, input: LimitApiKeyInput) -> ApiKeyPayload:
    # Whoever has stolen a key must not be able to free it.
    require_signed_in(call)
    key: KeyRow = await call.find(ApiKey, "apiKey", id=key_of(ApiKey)(input.api_key))
    await require_responsible(call, await key.account, "apiKey")
    key.networks = check_networks(input.networks)
    await key.save()
    return ApiKeyPayload(api_key=ref(ApiKey, key.id))


@strawberry.input(description="The public keys of a key's holder (登记客户端公钥).")
class SetApiKeyPublicKeysInput:
    idempotency_key: str = input_field(KEY)
    api_key: ID = input_field(OF)
    jwks: str = input_field(
        f"A JSON Web Key Set (RFC 7517) of {PUBLIC_KEYS} public keys at most: RSA from 2048 bits, P-256 or Ed25519; "
        '{"keys": []} takes all away (公钥集).'
    )


@command(
    "Have assertions that its holder signs (private_key_jwt, RFC 7523) taken for tokens of an API key, beside the key "
    "itself. Whoever may make the key may do so (登记客户端公钥).",
    requires=None,
)
async def set_api_key_public_keys(call: Call, input: SetApiKeyPublicKeysInput) -> ApiKeyPayload:
    key: KeyRow = await call.find(ApiKey, "apiKey", id=key_of(ApiKey)(input.api_key))
    # Whoever has the private key is the account, as whoever has the API key is.
    await load_key_account(call, (await key.account).name, key.permissions)
    key.public_keys = read_public_keys(input.jwks)
    await key.save()
    return ApiKeyPayload(api_key=ref(ApiKey, key.id))


def check_networks(given: list[str]) -> list[str]:
    """Write networks as they are kept. Raises Refusal."""
    try:
        networks = sorted({str(ip_network(one.strip())) for one in given})
    except ValueError:
        networks = None
    if networks is None or len(networks) > NETWORKS:
        raise invalid_input(
            f"{FIELD} are up to {NETWORKS} addresses or networks, such as 10.1.0.0/16, with no bits beyond the prefix.",
            f"{FIELD}最多 {NETWORKS} 个，应为地址或网段，如 10.1.0.0/16，主机位须为零。",
            "networks",
        )
    return networks


def read_public_keys(jwks: str) -> list[str]:
    """Read the public members of a JWKS, each key under its thumbprint. Raises Refusal."""
    try:
        keys = [dict(one) for one in orjson.loads(jwks)["keys"]] if len(jwks) <= LONGEST else None
    except (ValueError, TypeError, KeyError):
        keys = None
    pinned = [PinnedKey.of(one) for one in keys or ()]
    # A private key in it is known to whoever has seen the request: it proves nothing any more.
    if keys is None or len(keys) > PUBLIC_KEYS or None in pinned or any("d" in one for one in keys):
        raise invalid_input(
            f"{FIELD} is a JWKS of up to {PUBLIC_KEYS} public keys: RSA from 2048 bits, P-256 or Ed25519.",
            f"{FIELD}应为最多 {PUBLIC_KEYS} 个公钥的 JWKS：RSA（2048 位以上）、P-256 或 Ed25519。",
            "jwks",
        )
    kept = {}
    for one, found in zip(keys, pinned, strict=True):
        assert found
        kid = found.key.thumbprint()
        kept[kid] = {name: one[name] for name in sorted(PUBLIC | {"alg"}) if name in one} | {"kid": kid}
    return [orjson.dumps(one).decode() for one in kept.values()]


EXTENSIONS = (
    extend(
        Mutation,
        limit_api_key=limit_api_key,
        set_api_key_public_keys=set_api_key_public_keys,
    ),
)
