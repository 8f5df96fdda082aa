"""Authentication: from a request's headers to its viewer."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes
from uuid import UUID

from gongzhi.core.accounts.secrets import PREFIX, key_digest
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.values.errors import Language

from gongzhi_server.addresses import plain_address
from gongzhi_server.caching import Cache
from gongzhi_server.clock import clock
from gongzhi_server.errors import Unavailable
from gongzhi_server.gateway import negotiation
from gongzhi_server.gateway.interfaces import Unauthenticated
from gongzhi_server.plugins.contributions import Plugins

from .access_tokens import AccessTokens
from .account_lookup import Accounts
from .browser_sessions import BrowserSessions
from .claims import ByKey, Claim
from .development_tokens import ISSUER, TrialAccounts
from .jws import LONGEST, InvalidToken, ParsedToken

if TYPE_CHECKING:
    from .client_assertions import ClientAssertions
    from .identity_provider import Provider
    from .key_usage import KeyUsage

REMEMBERED, PASS, GRANT = 100_000_000, 8_000, 400
"""Bytes of verified credentials that a process keeps, and about how many a credential and a grant take."""
PURPOSE = b"gongzhi-purpose"
PURPOSE_LENGTH = 200
UNHEARD = timedelta(seconds=30)
"""How long an account is remembered without a query; changes are heard of at once, and this bounds what is missed."""
LOOKING_UP = 5.0
"""Seconds that looking an account up may take."""
INVALID = 'Bearer error="invalid_token"'


class CachedCredential:
    """A credential that was verified, and the account behind it as it was last seen."""

    __slots__ = ("__weakref__", "account", "claim", "expires", "until")

    def __init__(self, claim: Claim | None, expires: float) -> None:
        self.claim, self.expires = claim, expires
        self.account = ViewerAccount()
        self.until = 0.0
        """Until when the account need not be looked at again, in seconds since 1970."""


class Authenticator:
    """Authentication by tokens and keys. What was verified is remembered until it expires or is taken back.

    `trials` reads tokens for trying things out; without it there are none. `usage` counts what API keys are used for.
    """

    def __init__(
        self,
        accounts: Accounts,
        plugins: Plugins,
        access: AccessTokens,
        trials: TrialAccounts | None = None,
        providers: Sequence[Provider] = (),
        now: Callable[[], datetime] = clock,
        usage: KeyUsage | None = None,
        assertions: ClientAssertions | None = None,
    ) -> None:
        self.accounts, self.access, self.trials, self.now = accounts, access, trials, now
        self.usage, self.assertions = usage, assertions
        self.browsers = BrowserSessions(access.issuer.startswith("https://"))
        self.providers = {provider.trust.issuer: provider for provider in providers}
        self.stranger = ViewerAccount(grants=(ViewerGrant("stranger", plugins.held("stranger")),))
        self._known: Cache[str, CachedCredential] = Cache(REMEMBERED)
        # Weak: a credential that the bounded cache has dropped need not be told of changes any more.
        self._passes: weakref.WeakSet[CachedCredential] = weakref.WeakSet()
        # Counts changes heard of, to notice one that comes while an account is being loaded.
        self._heard = 0
        self.language = negotiation.cache_parsed(preferred_language)

    async def __call__(self, headers: Mapping[bytes, bytes]) -> Viewer:
        """Return the viewer of a request. Raises Unauthenticated for a token or key that is not valid."""
        now = self.now()
        language: Language = self.language(headers.get(b"accept-language", b""))
        purpose = read_purpose(headers[PURPOSE]) if PURPOSE in headers else None
        token = self._read_token(headers)
        if token is None:
            return Viewer(self.stranger, now, language, purpose)
        return Viewer(await self.account(token, now), now, language, purpose)

    def _read_token(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Return the token that a request shows; None for a stranger. Raises Unauthenticated."""
        header = headers.get(b"authorization")
        if header is None:
            return self.browsers.read_access(headers)
        # Latin-1 maps every byte, so wrong bytes are refused as an unknown token instead of raising here.
        scheme, _, token = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send the token as `Authorization: Bearer …`.", INVALID)
        return token

    async def account(self, token: str, now: datetime) -> ViewerAccount:
        """Return the account that a token or key speaks for. Raises Unauthenticated."""
        # The common case takes one look into a dictionary: no signature is checked and no query sent.
        found, moment = self._known.get(token), now.timestamp()
        if found is not None and found.until > moment:
            return found.account
        try:
            # A signature that held once holds until the token expires; only the account must be looked at again.
            shown = found if found is not None and found.expires > moment else await self._verify(token, now)
        except (ValueError, KeyError) as error:
            raise invalid_token() from error
        # Forgotten at once, so that a key that was taken back is not found again.
        if not await self._looked_up(shown, now):
            self._known.pop(token)
            raise invalid_token()
        self._known.put(token, shown, 2 * len(token) + PASS + GRANT * len(shown.account.grants))
        return shown.account

    def admit(self, account: ViewerAccount, address: str, counts: bool = True) -> None:
        """Refuse an API key, or a token for one, at an address where it does not count. Raises Unauthenticated.

        The answer is that to a wrong key: whoever has stolen one is not told that it is good elsewhere. Its holder sees
        it in the key's usage.
        """
        if account.api_key is None:
            return
        admitted = is_within(address, account.networks)
        if self.usage and (counts or not admitted):
            self.usage.note(account.api_key, self.now(), admitted)
        if not admitted:
            raise invalid_token()

    async def current(self, viewer: Viewer) -> Viewer | None:
        """Return the viewer with what they are granted now; None once their credential is not good any more.

        Whoever goes on for long asks before each step. It costs nothing as long as nothing has changed.
        """
        shown = viewer.account.credential
        # Strangers have no credential that could end.
        if not isinstance(shown, CachedCredential):
            return viewer
        now = self.now()
        moment = now.timestamp()
        if shown.expires <= moment or (shown.until <= moment and not await self._looked_up(shown, now)):
            return None
        if shown.account is viewer.account:
            return viewer
        # Where they are is not known here: they connect again, and are looked at anew.
        moved = shown.account.networks != viewer.account.networks
        return None if moved else replace(viewer, account=shown.account, now=now)

    def forget_account(self, account: UUID | None) -> None:
        """Have this account looked up anew before it is used again; None for all of them."""
        self._heard += 1
        for one in list(self._passes):
            # An account without an id is still being loaded, so it may be the one.
            if account is None or one.account.id in (account, None):
                one.until = 0.0

    def expiry(self, viewer: Viewer) -> float | None:
        """Return the seconds until the viewer's token is over; None for a stranger."""
        expires = viewer.account.expires
        return (expires - self.now()).total_seconds() if expires else None

    async def _verify(self, token: str, now: datetime) -> CachedCredential:
        """Verify a token or key and return what it claims. Raises ValueError or KeyError."""
        # Keys are random, not signed: whether one is good only the table knows, so it is looked up by its digest.
        if token.startswith(PREFIX):
            if len(token) > LONGEST:
                raise InvalidToken("too long for a key")
            return CachedCredential(ByKey(key_digest(token)), datetime.max.replace(tzinfo=UTC).timestamp())
        # The issuer is read before anything is verified, only to choose by whose keys to verify.
        read = ParsedToken.read(token)
        issuer = read.claims.get("iss")
        if self.trials and issuer == ISSUER:
            return await self._verify_trial(token, now)
        if issuer == self.access.issuer:
            claim, expires = self.access.read(read, now)
        elif isinstance(issuer, str) and issuer in self.providers:
            claim, expires = await self.providers[issuer].read(read, now)
        else:
            raise InvalidToken("issued by nobody we trust")
        return CachedCredential(claim, expires.timestamp())

    async def _verify_trial(self, token: str, now: datetime) -> CachedCredential:
        """Verify a token for trying things out, which stands for no account."""
        assert self.trials
        claims = self.trials.tokens.read(token, now)
        shown = CachedCredential(None, float(str(claims["exp"])))
        shown.account = replace(await self.trials.build_account(claims), credential=shown)
        return shown

    async def _looked_up(self, shown: CachedCredential, now: datetime) -> bool:
        """Return whether the credential still stands for an account, which is remembered until something changes."""
        if shown.claim is None:
            # What such a token grants is written in it, so nothing can change but its end.
            shown.until = shown.expires
            return True
        heard = self._heard
        try:
            async with asyncio.timeout(LOOKING_UP):
                loaded = await self.accounts.load(shown.claim, now)
        except TimeoutError as late:  # a database that hangs says nothing at all
            raise Unavailable from late
        if loaded is None:
            shown.until, shown.account = 0.0, ViewerAccount()
            return False
        ends = datetime.fromtimestamp(min(shown.expires, LAST), UTC)
        if loaded.account.expires is not None:
            ends = min(ends, loaded.account.expires)
            shown.expires = ends.timestamp()
        shown.account = replace(loaded.account, expires=ends, credential=shown)
        self._passes.add(shown)
        if heard == self._heard:  # else it may be old already
            shown.until = min(shown.expires, *(one.timestamp() for one in (loaded.until, now + UNHEARD) if one))
        return True


LAST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


def invalid_token() -> Unauthenticated:
    """Make the one answer for every credential that is not good, so that nothing tells why."""
    return Unauthenticated("The token is not valid, or it has expired; ask for a new one.", INVALID)


def is_within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Return whether an address lies in one of the networks, or there are none."""
    if not networks:
        return True
    found = plain_address(address)
    return found is not None and any(found in one for one in networks)


def read_purpose(header: bytes) -> str | None:
    """Return what a request is for, percent-encoded UTF-8; None where nothing is said."""
    return clean_purpose(unquote_to_bytes(header).decode(errors="replace")) or None


def clean_purpose(text: str) -> str:
    """Clean a purpose to one line of a length that can be kept."""
    # Line breaks and control characters would let a purpose forge entries where logs are read as text.
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:PURPOSE_LENGTH]


def preferred_language(header: bytes) -> Language:
    """Return the better liked of our two languages; English where neither is named."""
    best: tuple[float, Language] = (0.0, "en")
    for tag, weight in negotiation.parse_weights(header):
        found: Language | None = "zh" if tag.startswith(b"zh") else "en" if tag.startswith(b"en") else None
        if found and weight > best[0]:
            best = (weight, found)
    return best[1]
