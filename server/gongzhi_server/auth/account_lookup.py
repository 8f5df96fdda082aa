"""Account lookup: loads the account behind a credential, with what it was granted, in one query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from gongzhi.declare.viewer import ViewerAccount, ViewerGrant, narrow_grants
from gongzhi.values.codes import Kind

from .claims import ByIdentity, ByKey, ByKeyToken, ByName, Claim, InSession, OnBehalf

if TYPE_CHECKING:
    import asyncpg

    from gongzhi_server.storage.connection_shares import SharedReader

# Raw SQL, since every kind of credential must be joined to the same account and grants, and it runs with every
# credential that is not remembered. Grants that begin later are read, too: they tell when the answer gets old.
QUERY = """
select a.id, a.name, a.person_id, h.role, h.grid_id, r.kind, h.unit_id, h.since, h.until, {columns},
  {methods} methods
from {source}
join accounts.account a on a.id = c.account_id
left join accounts.holding h on h.account_id = a.id and (h.until is null or h.until > $1::timestamptz)
  and h.proposed_at is null
left join grids.grid r on r.id = h.grid_id
where a.suspended_at is null and {condition}
order by h.since, h.id
"""
NO_KEY = "null::uuid api_key, null::text[] networks"
STRONG = frozenset({"otp", "recovery", "idp"})
"""Ways of signing in that need no second factor besides: they are one, or the identity provider's matter."""
ANY = "null::text[]"
"""Said of what is no session: API keys are for machines, and a provider's tokens are its own matter."""
QUERIES: Mapping[type, str] = {
    InSession: QUERY.format(
        columns=f"c.expires_at, null::text[] permissions, {NO_KEY}",
        methods="c.methods",
        source="accounts.session c",
        condition="c.id = $2 and c.account_id = $3 and c.ended_at is null and c.expires_at > $1",
    ),
    ByKey: QUERY.format(
        columns="c.expires_at, c.permissions, c.id api_key, c.networks",
        methods=ANY,
        source="accounts.key c",
        condition="c.digest = $2 and c.revoked_at is null and c.expires_at > $1",
    ),
    ByKeyToken: QUERY.format(
        columns="c.expires_at, c.permissions, c.id api_key, c.networks",
        methods=ANY,
        source="accounts.key c",
        condition="c.id = $2 and c.account_id = $3 and c.revoked_at is null and c.expires_at > $1",
    ),
    ByIdentity: QUERY.format(
        columns=f"null::timestamptz expires_at, null::text[] permissions, {NO_KEY}",
        methods=ANY,
        source="accounts.identity c",
        condition="c.issuer = $2 and c.subject = $3 and c.proposed_at is null",
    ),
    OnBehalf: QUERY.format(
        columns=f"null::timestamptz expires_at, c.permissions, {NO_KEY}",
        methods=ANY,
        source="(select $2::uuid as account_id, $3::text[] as permissions) c",
        condition="true",
    ),
    ByName: QUERY.format(
        columns=f"null::timestamptz expires_at, null::text[] permissions, {NO_KEY}",
        methods=ANY,
        source="(select id as account_id from accounts.account where name = $2) c",
        condition="true",
    ),
}


@dataclass(frozen=True)
class LoadedAccount:
    """An account as it is now, and when that changes by itself: a grant begins or ends, or the credential does."""

    account: ViewerAccount
    until: datetime | None


class Accounts:
    """Loads accounts. `held` tells the permissions of a role, and raises KeyError for one that nobody declares.

    Whoever holds one of the `factored` roles may nothing in a session that was opened without a second factor.
    """

    def __init__(
        self,
        pool: asyncpg.Pool[Any] | SharedReader,
        held: Callable[[str], frozenset[str]],
        factored: frozenset[str] = frozenset(),
    ) -> None:
        self.pool, self.held, self.factored = pool, held, factored

    async def load(self, claim: Claim, now: datetime) -> LoadedAccount | None:
        """Load the account; None if there is none, it is suspended, or the credential was taken back."""
        rows = await self.pool.fetch(QUERIES[type(claim)], now, *claim_values(claim))
        if not rows:
            return None
        first = rows[0]
        held = [row for row in rows if row["role"] is not None]
        # A grant that has not begun gives nothing yet.
        grants = [grant for row in held if row["since"] <= now for grant in self._grant(row)]
        owes = self._owes_factor(first["methods"], grants)
        only = None if first["permissions"] is None else frozenset(first["permissions"])
        if isinstance(claim, ByKeyToken) and only is not None and claim.scope is not None:
            only &= claim.scope
        nobody = only is not None or owes or isinstance(claim, OnBehalf)  # it acts for the account, and is no person
        only = frozenset() if owes else only
        account = ViewerAccount(
            name=first["name"],
            person=None if nobody else first["person_id"],
            grants=tuple(grants if only is None else narrow_to_key(grants, only)),
            id=first["id"],
            api_key=first["api_key"],
            networks=tuple(map(ip_network, first["networks"] or ())),
            expires=first["expires_at"] if isinstance(claim, ByKey | ByKeyToken) else None,
            owes_factor=owes,
        )
        return LoadedAccount(account, next_change(held, first["expires_at"], now))

    def _owes_factor(self, methods: Iterable[str] | None, grants: Iterable[ViewerGrant]) -> bool:
        """Return whether a session was opened without a second factor by somebody who may not be without."""
        return methods is not None and STRONG.isdisjoint(methods) and any(one.role in self.factored for one in grants)

    def _grant(self, row: Mapping[str, Any]) -> Iterable[ViewerGrant]:
        """Build the grant of a holding, with the permissions of its role."""
        try:
            permissions = self.held(row["role"])
        except KeyError:  # its plugin is gone; whoever works for a unit still does
            permissions = frozenset()
        kind = Kind(row["kind"]) if row["kind"] else None
        yield ViewerGrant(
            row["role"], permissions, kind=kind, grid=row["grid_id"], unit=row["unit_id"], until=row["until"]
        )


def claim_values(claim: Claim) -> tuple[Any, ...]:
    """Return what a query binds for a claim, in its order."""
    match claim:
        case InSession(account, session):
            return session, account
        case ByKey(digest):
            return (digest,)
        case ByKeyToken(account, key):
            return key, account
        case ByIdentity(issuer, subject):
            return issuer, subject
        case OnBehalf(account, permissions):
            return account, permissions
        case ByName(name):
            return (name,)


def narrow_to_key(grants: Iterable[ViewerGrant], only: frozenset[str]) -> Iterable[ViewerGrant]:
    """Narrow the grants to a key's permissions, keeping the units one works for, which bar whatever a key may."""

    def keep(grant: ViewerGrant) -> ViewerGrant | None:
        kept = grant.permissions & only
        return replace(grant, permissions=kept) if kept else None

    return narrow_grants(grants, keep)


def next_change(held: Iterable[Mapping[str, Any]], expires: datetime | None, now: datetime) -> datetime | None:
    """Return the moment at which something begins or ends next, or None."""
    moments = [moment for row in held for moment in (row["since"], row["until"])]
    return min((moment for moment in [*moments, expires] if moment is not None and moment > now), default=None)
