"""Development tokens: bearer tokens for trying things out, signed with the deployment's own secret.

They stand for no account: what one may is written in the token. Accounts sign in by `auth`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from gongzhi.declare.viewer import ViewerAccount, ViewerGrant
from gongzhi.values import codes
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from gongzhi_server.clock import clock
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database

if TYPE_CHECKING:
    from gongzhi_server.storage.connection_shares import SharedReader

ISSUER = "gongzhi"
ALGORITHM = "HS256"
TYPE = "at+jwt"
LIFETIME = timedelta(days=30)
LONGEST = 8192


class Tokens:
    """Issues and reads tokens. A token says who it is for, in which role, in which grid or unit."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(secret)

    def issue(self, claims: Mapping[str, str], now: datetime, lifetime: timedelta = LIFETIME) -> str:
        """Issue a token with these claims (`sub`, `role`, optionally `grid`, `unit`, `person`)."""
        times = {"iat": int(now.timestamp()), "exp": int((now + lifetime).timestamp())}
        header = {"alg": ALGORITHM, "typ": TYPE}
        return jwt.encode(header, {**claims, "iss": ISSUER, **times}, self._key)

    def read(self, text: str, now: datetime) -> dict[str, object]:
        """Return the claims. Raises ValueError for a token that is not ours or is over."""
        # Bounded before it is parsed.
        if len(text) > LONGEST:
            raise ValueError("The token is too long.")
        try:
            token = jwt.decode(text, self._key, algorithms=[ALGORITHM])
            claims = jwt.JWTClaimsRegistry(
                now=lambda: int(now.timestamp()),
                iss={"essential": True, "value": ISSUER},
                sub={"essential": True},
                exp={"essential": True},
            )
            claims.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise ValueError("The token is not valid, or it has expired.") from error
        if token.header.get("typ") != TYPE:
            raise ValueError("The token is of another kind.")
        return dict(token.claims)


class TrialAccounts:
    """The accounts that tokens for trying things out speak for."""

    def __init__(self, tokens: Tokens, pool: asyncpg.Pool[Any] | SharedReader, plugins: Plugins) -> None:
        self.tokens, self.pool, self.plugins = tokens, pool, plugins

    async def build_account(self, claims: Mapping[str, object]) -> ViewerAccount:
        """Build the account that a token speaks for. Raises KeyError for a role, grid or unit that does not exist."""
        role = str(claims["role"])
        grant = ViewerGrant(role, self.plugins.held(role))
        if code := claims.get("grid"):
            rows = await self.pool.fetch("select id from grids.grid where code=$1 and valid_to is null", str(code))
            if not rows:
                raise KeyError("grid")
            grant = ViewerGrant(role, grant.permissions, kind=codes.grid_kind(str(code)), grid=rows[0]["id"])
        if code := claims.get("unit"):
            rows = await self.pool.fetch("select id from units.unit where code=$1", str(code))
            if not rows:
                raise KeyError("unit")
            grant = ViewerGrant(role, grant.permissions, unit=rows[0]["id"])
        person = claims.get("person")
        key = UUID(str(person).removeprefix("Person:")) if person else None
        expires = datetime.fromtimestamp(float(str(claims["exp"])), UTC) if "exp" in claims else None
        return ViewerAccount(str(claims["sub"]), key, (grant,), expires)

    async def issue(self, claims: Mapping[str, str], now: datetime) -> str:
        """Issue a token. Raises KeyError for a role, grid or unit that is not there, ValueError for a wrong person."""
        given = {"sub": "-".join(["demo", *claims.values()]), **claims}
        # Looked up now, so that a mistyped code is refused here and not with the first request.
        await self.build_account(given)
        return self.tokens.issue(given, now)


async def issue_token(settings: Settings, dsn: str, plugins: Plugins, **claims: str | None) -> str:
    """Issue a token to try things out with. Raises Problem for a role, grid, unit or person that does not exist."""
    given = {name: value for name, value in claims.items() if value}
    pool = await database.open_readers(dsn, 1)
    try:
        return await TrialAccounts(Tokens(settings.secret), pool, plugins).issue(given, clock())
    except KeyError as error:
        known = ", ".join(role.name for role in plugins.roles)
        hint = f"the roles are {known}" if error.args[0] == "role" else "give one that the database has"
        raise Problem(f"there is no such {error.args[0]}; {hint}") from error
    except ValueError as error:
        raise Problem("a grid is named by its code, a person by its id (Person:…)") from error
    finally:
        await pool.close()
