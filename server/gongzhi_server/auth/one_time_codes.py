"""One-time codes: an account's second factor, by the clock (TOTP, RFC 6238) or from a sheet of recovery codes.

A code is good once. That is seen to by conditions on the row that is written, so of any number at once one passes.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from gongzhi.core.accounts.secrets import invitation_mac, new_invitation
from gongzhi.core.attachments.uploads import NOWHERE
from gongzhi.runtime.sealing import KeyRing, open_value, seal_with_own_key
from uuid6 import uuid7

DIGITS, STEP = 6, 30
"""Digits of a code, and the seconds of its step. Every app for codes knows these and SHA-1, and many know no other."""
DRIFT = 1
"""Steps that a telephone's clock may be off by, each way."""
SECRET = 20
SHEET = 10
"""Recovery codes of a sheet."""
PLACE = "second_factors.factor.content:{}"
APP = "Gongzhi 共治"
"""What an app for codes calls the server."""

FIND = "select id, county, data_key, content, last_step from second_factors.factor where account_id = $1"
USE_STEP = """
update second_factors.factor set last_step = $2, used_at = $3 where id = $1 and last_step < $2 returning true
"""
USE_RECOVERY = """
update second_factors.factor set recovery = array_remove(recovery, $2), used_at = $3
where account_id = $1 and $2 = any(recovery) returning true
"""
COUNTY = """
select c.code from accounts.account a join grids.grid g on g.id = a.grid_id
join grids.grid c on c.id = coalesce(g.county_id, g.id) where a.id = $1 and c.kind = 'COUNTY'
"""
# Only in the place of the factor that was there when it was begun: of two at once the second changes nothing.
KEEP = """
insert into second_factors.factor as f
  (id, account_id, county, data_key, content, last_step, recovery, created_at, used_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
on conflict (account_id) do update set id = excluded.id, county = excluded.county, data_key = excluded.data_key,
  content = excluded.content, last_step = excluded.last_step, recovery = excluded.recovery,
  created_at = excluded.created_at, used_at = excluded.used_at, reset_by = null
where f.id = $9
returning true
"""


@dataclass(frozen=True)
class NewFactor:
    """A factor that is to be: its secret, and the factor whose place it takes."""

    secret: bytes
    replaces: UUID | None

    @property
    def text(self) -> str:
        """The secret as people type it, if they cannot scan it."""
        return base64.b32encode(self.secret).decode()

    @classmethod
    def read(cls, text: str, replaces: str | None) -> NewFactor:
        """Read one that was written down."""
        return cls(base64.b32decode(text), UUID(replaces) if replaces else None)

    def address(self, name: str) -> str:
        """Return the address that apps for codes read, as a QR code or a link."""
        return totp(self.secret).get_provisioning_uri(name, APP)


def totp(secret: bytes) -> TOTP:
    """Return the generator of a secret's codes."""
    return TOTP(secret, DIGITS, SHA1(), STEP)


def code_at(secret: bytes, moment: datetime) -> str:
    """Return the code of a moment."""
    return totp(secret).generate(int(moment.timestamp())).decode()


def match_step(secret: bytes, code: str, now: datetime, after: int) -> int | None:
    """Return the first step later than `after` that has this code, of those near now; None if none has."""
    current, generator = int(now.timestamp()) // STEP, totp(secret)
    # All are compared, whichever is right, and each in constant time.
    found = [
        step
        for step in range(current - DRIFT, current + DRIFT + 1)
        if hmac.compare_digest(generator.generate(step * STEP), code.encode()) and step > after
    ]
    return found[0] if found else None


class OneTimeCodes:
    """Keeps second factors and uses their codes. `keys` seals their secrets, `secret` is behind the recovery codes."""

    def __init__(self, keys: KeyRing, secret: bytes) -> None:
        self.keys, self.secret = keys, secret

    async def find(self, connection: Any, account: UUID) -> Mapping[str, Any] | None:
        """Return the factor of an account."""
        found: Mapping[str, Any] | None = await connection.fetchrow(FIND, account)
        return found

    async def use(self, connection: Any, account: UUID, code: str, now: datetime) -> str | None:
        """Use a code up and return what it was, `otp` or `recovery`; None for one that is not good, or no more."""
        plain = "".join(code.split())
        if not (len(plain) == DIGITS and plain.isascii() and plain.isdigit()):
            mac = invitation_mac(self.secret, plain)
            return "recovery" if await connection.fetchval(USE_RECOVERY, account, mac, now) else None
        factor = await self.find(connection, account)
        if factor is None:
            return None
        step = match_step(self._open(factor), plain, now, factor["last_step"])
        used = step is not None and await connection.fetchval(USE_STEP, factor["id"], step, now)
        return "otp" if used else None

    async def begin(self, connection: Any, account: UUID) -> NewFactor:
        """Return a new factor for an account. Nothing of it is kept until a code of it is shown."""
        factor = await self.find(connection, account)
        return NewFactor(secrets.token_bytes(SECRET), factor["id"] if factor else None)

    async def keep(self, connection: Any, account: UUID, new: NewFactor, code: str, now: datetime) -> list[str] | None:
        """Keep a factor whose code is right and return its recovery codes; None for a wrong code.

        Raises LookupError if the account's factor is another than when this one was begun.
        """
        step = match_step(new.secret, "".join(code.split()), now, 0)
        if step is None:
            return None
        id, county = uuid7(), await connection.fetchval(COUNTY, account) or NOWHERE
        sealed = seal_with_own_key(self.keys, county, PLACE.format(id), new.text)
        codes, macs = self._sheet()
        columns = id, account, sealed["county"], sealed["data_key"], sealed["content"], step, macs, now, new.replaces
        if not await connection.fetchval(KEEP, *columns):
            raise LookupError
        return codes

    async def renew_sheet(self, connection: Any, account: UUID) -> list[str]:
        """Give an account other recovery codes; those before are void."""
        codes, macs = self._sheet()
        await connection.execute("update second_factors.factor set recovery=$2 where account_id=$1", account, macs)
        return codes

    async def remove(self, connection: Any, account: UUID, invitation: UUID | None = None) -> bool:
        """Take the factor of an account away, with an invitation only if it was made for that; say whether it went."""
        gone = "delete from second_factors.factor where account_id=$1 and ($2::uuid is null or reset_by=$2) returning 1"
        return await connection.fetchval(gone, account, invitation) is not None

    def _open(self, factor: Mapping[str, Any]) -> bytes:
        """Open the secret of a factor."""
        key = self.keys.unwrap(factor["county"], bytes(factor["data_key"]))
        return base64.b32decode(open_value(key, PLACE.format(factor["id"]), bytes(factor["content"])))

    def _sheet(self) -> tuple[list[str], list[bytes]]:
        """Make the recovery codes of a sheet, and what is kept of them."""
        made = [new_invitation(self.secret) for _ in range(SHEET)]
        return [one.secret for one in made], [one.digest for one in made]
