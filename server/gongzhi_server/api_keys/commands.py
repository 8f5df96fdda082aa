"""Commands: make, rotate and revoke API keys, and bind them to addresses and to public keys of their holders."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_network

import orjson
import strawberry
from gongzhi.core.accounts.credential_commands import (
    KEYED,
    LONGEST,
    OWN,
    ApiKeyPayload,
    check_key_expiry,
    load_key_account,
    mint_key,
)
from gongzhi.core.accounts.models import NAME, KeyRow
from gongzhi.core.accounts.requirements import IN_FORCE, RESPONSIBLE
from gongzhi.core.accounts.rules import require_signed_in
from gongzhi.core.accounts.types import ApiKey
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action
from gongzhi.runtime.checks import invalid_input, is_given
from gongzhi.runtime.commands import KEY, Call, command, input_field
from gongzhi.values.errors import FIELD
from strawberry import ID, UNSET

from gongzhi_server.auth.jws import PUBLIC, PinnedKey

NETWORKS, PUBLIC_KEYS = 20, 4
"""The most networks that a key counts at, and the most public keys of its holder."""
LONGEST_SET = 8192
OVERLAP = 24
"""Hours that a rotated key goes on for, if nobody says how many."""
OF = "The key's id (密钥标识)."
FROM = f"Addresses or networks, such as 10.1.0.0/16, {NETWORKS} at most; none: it counts from everywhere (来源网段)."


@strawberry.input(description="A new API key (创建接口密钥).")
class CreateApiKeyInput:
    idempotency_key: str = input_field(KEY)
    account: str | None = input_field(OWN, default=UNSET)
    label: str = input_field("What it is for (用途).", length=(1, NAME))
    permissions: list[str] = input_field("What it may, of what its account may (权限).")
    expires_at: datetime | None = input_field(
        f"Until when, a year at most; {KEYED.days} days if not said (到期时间).", default=UNSET
    )
    networks: list[str] = input_field(FROM, default_factory=list)


@command("Make an API key (创建接口密钥).", requires=None)
async def create_api_key(call: Call, input: CreateApiKeyInput) -> ApiKeyPayload:
    account = await load_key_account(
        call, input.account if is_given(input.account) else call.viewer.account.name, input.permissions
    )
    expires = check_key_expiry(
        call, require_offset(input.expires_at, "expiresAt") if is_given(input.expires_at) else call.now + KEYED
    )
    key = KeyRow(
        label=input.label,
        permissions=sorted(set(input.permissions)),
        networks=check_networks(input.networks),
        account=account,
    )
    return await mint_key(call, key, expires)


@strawberry.input(description="A key that another one is to take the place of (轮换接口密钥).")
class RotateApiKeyInput:
    idempotency_key: str = input_field(KEY)
    api_key: ID = input_field(OF)
    overlap: int = input_field("For how many hours both are good (重叠小时数).", between=(0, 31 * 24), default=OVERLAP)


@command("Make a key like another, which ends after an overlap: no system stands still (轮换接口密钥).", requires=None)
async def rotate_api_key(call: Call, input: RotateApiKeyInput) -> ApiKeyPayload:
    old: KeyRow = await call.find(ApiKey, "apiKey", id=key_of(ApiKey)(input.api_key))
    account = await load_key_account(call, (await old.account).name, old.permissions)
    if old.revoked_at or old.expires_at <= call.now:
        raise invalid_input("The key is over; make a new one.", "该密钥已失效，请新建。", "apiKey")
    # With the same permissions, though the account may have got more since, and bound to the same addresses and keys.
    same = {name: getattr(old, name) for name in ("label", "permissions", "networks", "public_keys")}
    new = KeyRow(**same, account=account)
    # The new key lasts as long as the old one was made for, a year at most.
    lifetime = old.expires_at - old.created_at
    old.expires_at = min(old.expires_at, call.now + timedelta(hours=input.overlap))
    await old.save()
    return await mint_key(call, new, call.now + min(lifetime, LONGEST))


@strawberry.input(description="A key that is not to be good any more (吊销接口密钥).")
class RevokeApiKeyInput:
    idempotency_key: str = input_field(KEY)
    api_key: ID = input_field(OF)


@command("Revoke an API key at once (吊销接口密钥).", requires=None, action=Action(ApiKey, (RESPONSIBLE,), (IN_FORCE,)))
async def revoke_api_key(call: Call, input: RevokeApiKeyInput) -> ApiKeyPayload:
    key: KeyRow = await call.find(ApiKey, "apiKey", id=key_of(ApiKey)(input.api_key))
    key.revoked_at = call.now
    await key.save()
    return ApiKeyPayload(api_key=ref(ApiKey, key.id))


@strawberry.input(description="From where a key counts (限定密钥来源).")
class LimitApiKeyInput:
    idempotency_key: str = input_field(KEY)
    api_key: ID = input_field(OF)
    networks: list[str] = input_field(FROM)


@command(
    "Bind an API key to addresses: shown from elsewhere it is refused, at once (限定密钥来源).",
    requires=None,
    action=Action(ApiKey, (RESPONSIBLE,), (IN_FORCE,)),
)
async def limit_api_key(call: Call, input: LimitApiKeyInput) -> ApiKeyPayload:
    # Whoever has stolen a key must not be able to free it.
    require_signed_in(call)
    key: KeyRow = await call.find(ApiKey, "apiKey", id=key_of(ApiKey)(input.api_key))
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
        keys = [dict(one) for one in orjson.loads(jwks)["keys"]] if len(jwks) <= LONGEST_SET else None
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
        create_api_key=create_api_key,
        rotate_api_key=rotate_api_key,
        revoke_api_key=revoke_api_key,
        limit_api_key=limit_api_key,
        set_api_key_public_keys=set_api_key_public_keys,
    ),
)
