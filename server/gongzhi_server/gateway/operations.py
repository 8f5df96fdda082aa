"""Operations: what HTTP, sockets and event streams share: caller, document, cost, and running it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from time import perf_counter, thread_time
from typing import Any, Generic, NamedTuple

from gongzhi.runtime.tracing import span
from graphql import GraphQLError, Lexer, Source, TokenKind
from starlette.types import Scope

from gongzhi_server.errors import Unavailable
from gongzhi_server.telemetry.requests import LONGEST, REQUEST

from . import error_responses
from .error_codes import Code, coded_error
from .interfaces import (
    Answer,
    Authenticate,
    Engine,
    Forbidden,
    Kind,
    Memory,
    P,
    RequestRefused,
    Stage,
    Traits,
    Unauthenticated,
)
from .options import GatewaySettings
from .overload import Guard
from .rate_limits import METER, CallerBudget, Header, Overloaded, RateLimited, RateLimiter, TimeMeter, network_of
from .request import Request
from .timeouts import Timeout
from .trusted_documents import DocumentStore

logger = logging.getLogger("gongzhi")

__all__ = ["Caller", "Observation", "Operations", "Progress"]

NOTICE = 60.0
"""Seconds before its end at which a connection is told that its credentials end."""
TAIL = 0.01
"""Seconds by which a timer may come too early."""
INTROSPECTION = re.compile(r"__(?:schema|type)\b")
WAITING, RETRY = 64, 2.0
"""Documents that wait to be prepared, of strangers and of the others; and the seconds after which to come back."""


class Caller(NamedTuple):
    """The sender of a request, and what pays for it."""

    viewer: Any
    discovers: bool
    who: str
    """Whom open sockets are counted for."""
    budget: CallerBudget | None = None
    stranger: bool = False
    """Whether they have no account."""

    def headers(self) -> tuple[Header, ...]:
        """Return the headers that tell what the caller may still ask."""
        return self.budget.headers() if self.budget else ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What there is to measure of an operation that has ended; strangers' names for them are left out."""

    name: str | None
    kind: Kind
    outcome: str
    """ok, errors (some field failed), refused, timeout, overloaded, unavailable, cancelled or fault."""
    seconds: float
    cost: int


OUTCOMES: Mapping[type[BaseException], str] = {
    RequestRefused: "refused",
    TimeoutError: "timeout",
    Unavailable: "unavailable",
    Overloaded: "overloaded",
    RateLimited: "refused",
    asyncio.CancelledError: "cancelled",
}


@dataclass(slots=True)
class Progress:
    """The progress of one subscription: under which key it is remembered, and the cursor last sent."""

    key: str | None = None
    cursor: str | None = None


class Operations(Generic[P]):
    """The operations of callers, whichever way they came in."""

    def __init__(
        self,
        engine: Engine[P],
        authenticate: Authenticate,
        settings: GatewaySettings,
        traits: Traits,
        documents: DocumentStore,
        memory: Memory | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.engine, self.authenticate, self.documents = engine, authenticate, documents
        self.memory, self.guard = memory, guard
        self.observers: list[Callable[[Observation], None]] = [self.log_operation]
        """Hear of each operation once it has ended."""
        self.settings, self.limits, self.traits = settings, settings.limits, traits
        self.limiter = RateLimiter(settings.rates) if settings.rates else None
        self._open: Counter[str] = Counter()
        # To validate a document may take a tenth of a second, in which the others are not to wait. One thread each, for
        # strangers and for the rest: the interpreter shares its time out by threads, and the loop is one of them.
        self._preparing = {stranger: ThreadPoolExecutor(1, "preparing") for stranger in (False, True)}
        self._waiting = {False: 0, True: 0}
        self.documents_asked = self.documents_prepared = 0
        """How many documents were asked for, and how many of them had to be prepared; for operators."""

    async def enter(self, headers: Mapping[bytes, bytes], scope: Scope, counts: bool = True) -> Caller:
        """Find out who calls. Raises Unauthenticated, Forbidden, or RateLimited for somebody who keeps guessing.

        `counts` says whether it is a request, and not another look at who is connected already.
        """
        try:
            viewer = await self.authenticate(headers)
            self.traits.admit(viewer, client_address(scope), counts)
        except (Unauthenticated, Forbidden):
            if self.limiter:
                # Wrong credentials cost their address much, so that guessing tokens is slow.
                self.limiter.budget(None, None, client_address(scope)).consume(self.limiter.rates.refused)
            raise
        account = self.traits.account(viewer)
        if (note := REQUEST.get()) is not None:
            note.account = self.traits.log_key(viewer)
        where = client_address(scope)
        budget = self.limiter.budget(account, self.traits.key(viewer), where) if self.limiter else None
        who = f"address {network_of(where)}" if account is None else f"account {account}"
        return Caller(viewer, self.traits.discover(viewer), who, budget, account is None)

    async def prepare(self, request: Request, caller: Caller) -> P:
        """Find and prepare the document, and take a point for it. Raises RateLimited, Malformed or RequestRefused."""
        if caller.budget:
            caller.budget.consume()
        text, trusted, keep = self.documents.find(request)
        # A cheap search first; only a text that mentions it is read token by token.
        if not caller.discovers and not trusted and INTROSPECTION.search(text) and self.is_introspection(text):
            message = "The schema cannot be explored here: introspection is off."
            raise RequestRefused([coded_error(Code.FORBIDDEN, message)], Stage.VALIDATION)
        behind = self.guard is not None and self.guard.level > 0
        if behind and "mutation" not in text:  # surely a read: it is not even parsed
            self.admit(caller)
        # Found without a thread: nearly every operation has been sent before.
        prepared = self.engine.recall(text, request.name, trusted, caller.stranger)
        self.documents_asked += 1
        if prepared is None:
            self.documents_prepared += 1
            prepared = await self._prepare(text, request.name, trusted, caller)
        if behind and prepared.operation != "mutation":
            self.admit(caller)
        if keep and not trusted:
            self.documents.keep(keep, text)
        return prepared

    async def _prepare(self, text: str, name: str | None, trusted: bool, caller: Caller) -> P:
        """Prepare a document in a thread, and charge for the time that it takes of the processor."""
        # Bounded, since each waiting document holds memory and its caller a connection.
        if self._waiting[caller.stranger] >= WAITING:
            raise Overloaded("documents", RETRY)
        seconds = 0.0

        def make() -> P:
            nonlocal seconds
            # The thread's own processor time: waiting for the interpreter is not the caller's fault.
            begun = thread_time()
            try:
                return self.engine.prepare(text, name, trusted, caller.stranger)
            finally:
                seconds = thread_time() - begun

        self._waiting[caller.stranger] += 1
        try:
            with Timeout(self.limits.running):
                return await asyncio.get_running_loop().run_in_executor(self._preparing[caller.stranger], make)
        finally:
            self._waiting[caller.stranger] -= 1
            if caller.budget:  # a document that is refused took its time, too
                caller.budget.charge(0, seconds, paid=1)

    def log_operation(self, seen: Observation) -> None:
        """Log an operation that was cut off or took long."""
        if seen.seconds < self.settings.slow and seen.outcome != "timeout":
            return
        message = "an operation took long or was cut off"
        about = {"kind": seen.kind, "outcome": seen.outcome, "seconds": round(seen.seconds, 4), "cost": seen.cost}
        logger.warning(message, extra={**about, "repeats": (message, seen.name, seen.outcome)})

    def budget(self, scope: Scope) -> CallerBudget | None:
        """Return what pays for an address, or None without rates."""
        return self.limiter.budget(None, None, client_address(scope)) if self.limiter else None

    def admit(self, caller: Caller) -> None:
        """Let a read of this caller in, unless the server is behind. Raises Overloaded."""
        if self.guard is not None:
            self.guard.admit(caller.stranger)

    def prepare_own(self, text: str, caller: Caller) -> P:
        """Prepare a document of our own that stands for what a caller asked in another way, and take a point for it."""
        if caller.budget:
            caller.budget.consume()
        return self.engine.prepare(text, None, trusted=True, stranger=caller.stranger)

    def is_introspection(self, text: str) -> bool:
        """Say whether a document names an introspection field, as far as it can be read at all."""
        # Bounded by the same limits as parsing; a longer document is refused there.
        lexer = Lexer(Source(text[: self.limits.document]))
        try:
            for _ in range(self.limits.tokens + 1):
                token = lexer.advance()
                if token.kind is TokenKind.NAME and token.value in ("__schema", "__type"):
                    return True
                if token.kind is TokenKind.EOF:
                    break
        except GraphQLError:
            pass  # preparing it will tell
        return False

    async def run(self, prepared: P, request: Request, caller: Caller, seconds: float | None = None) -> Answer:
        """Execute as `charge` does, and tell the observers how it went."""
        name = None if caller.stranger else request.name
        if (note := REQUEST.get()) is not None:
            note.operation = name and name[:LONGEST]
        begun, outcome, cost = perf_counter(), "ok", 0
        try:
            with span(f"graphql {prepared.operation}", **{"graphql.operation.name": name or ""}):
                answer = await self.charge(prepared, request, caller, seconds)
            outcome, cost = "errors" if answer.errors else "ok", answer.cost
            return answer
        except BaseException as error:
            outcome = OUTCOMES.get(type(error), "fault")
            raise
        finally:
            seen = Observation(name, prepared.operation, outcome, perf_counter() - begun, cost)
            for observe in self.observers:
                observe(seen)

    async def charge(self, prepared: P, request: Request, caller: Caller, seconds: float | None = None) -> Answer:
        """Execute within the time, and charge what it took in any case. Raises RequestRefused or TimeoutError."""
        meter, cost = TimeMeter(), 0
        # A context variable, because what works for the operation lies many calls below and in other tasks.
        before = METER.set(meter)
        try:
            with Timeout(self.limits.running if seconds is None else seconds):
                answer = await self.engine.run(prepared, request.variables, caller.viewer, request.extensions)
            cost = answer.cost
            return answer
        finally:
            METER.reset(before)
            if caller.budget:
                caller.budget.charge(cost, meter.seconds, paid=1)

    async def answers(
        self, prepared: P, request: Request, caller: Caller, progress: Progress | None = None
    ) -> AsyncGenerator[Answer, None]:
        """Yield what an operation of any kind answers: one answer, or those of a subscription as they come.

        A subscription goes on where the caller's last connection with the same one ended with its credentials,
        unless the request says itself where to go on. `progress` is kept up to date with what was sent.
        """
        if prepared.operation != "subscription":
            yield await self.run(prepared, request, caller)
            return
        progress = Progress() if progress is None else progress
        progress.key = self.resumption_key(request, caller)
        extensions = await self.resume_extensions(request, progress.key)
        meter = TimeMeter()
        METER.set(meter)  # the task is the stream's own, and ends with it
        stream = self.engine.subscribe(prepared, request.variables, caller.viewer, extensions)
        try:
            async with aclosing(stream) as events:
                async for answer in events:
                    # At least a point for each event, however cheap: a
                    # stream could otherwise send without end for one point.
                    if caller.budget:
                        caller.budget.charge(max(1, answer.cost), meter.take())
                    if answer.body:
                        yield answer
                    progress.cursor = answer.cursor or progress.cursor  # only now is it with the client
        except (Unauthenticated, Forbidden):
            await self.remember([progress])
            raise
        finally:
            if caller.budget:
                caller.budget.charge(0, meter.take())

    def resumption_key(self, request: Request, caller: Caller) -> str | None:
        """Return the digest of who follows what; None for strangers, who cannot be told from one another."""
        account = self.traits.account(caller.viewer)
        if self.memory is None or account is None:
            return None
        # Account and whole request, so that no other subscription, and nobody else's, goes on from the cursor.
        what = [account, request.query, request.document, request.name, request.variables]
        return sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    async def resume_extensions(self, request: Request, key: str | None) -> Mapping[str, Any] | None:
        """Return the extensions of a request, with the cursor to go on after if one is remembered."""
        given = request.extensions
        if key is None or self.memory is None or (given and given.get("lastEventId")):
            return given
        cursor = await self.memory.recall(key)
        return {**(given or {}), "lastEventId": cursor} if cursor else given

    async def remember(self, places: Iterable[Progress]) -> None:
        """Remember how far subscriptions have come whose connection ends with its credentials."""
        known = {one.key: one.cursor for one in places if one.key and one.cursor}
        if self.memory and known:
            await self.memory.remember(known)

    def describe_errors(self, problem: Exception, caller: Caller | None = None) -> list[dict[str, Any]]:
        """Word the errors of a response."""
        return error_responses.describe_problem(problem, self.limits, suggest=caller is not None and caller.discovers)

    @contextmanager
    def reserve_connection(self, caller: Caller) -> Iterator[None]:
        """Hold one of the connections a caller may keep open; raise TooManyConnections if there is none left."""
        if self._open[caller.who] >= self.limits.sockets:
            raise TooManyConnections(self.limits.sockets, self.limits.ping)
        self._open[caller.who] += 1
        try:
            yield
        finally:
            self._open[caller.who] -= 1
            # Removed at zero, or the counter would grow with every address that ever came.
            if not self._open[caller.who]:
                del self._open[caller.who]

    async def watch(
        self,
        caller: Caller,
        headers: Mapping[bytes, bytes],
        scope: Scope,
        announce: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        """Check the credentials of a connection for as long as it lasts; raise what `enter` raises when they end.

        `announce` is called once with the seconds that are left, a minute before the end where that is known.
        """
        most = self.limits.recheck
        while True:
            left = self.traits.expiry(caller.viewer)
            if left is None:
                pause = most
            elif left <= 0:
                raise Unauthenticated("The token has expired; connect again with the next one.")
            else:
                if announce and left <= NOTICE:
                    await announce(left)
                    announce = None
                # Not a moment later than the end; a timer that comes early would find the token good and look again.
                pause = min(most, left + TAIL, left - NOTICE if announce else most)
            await asyncio.sleep(pause)
            try:
                caller = await self.enter(headers, scope, counts=False)
            except (Unauthenticated, Forbidden, RateLimited) as refused:
                if not isinstance(refused, Overloaded):
                    raise
            # While nobody can look, because the database is away, nobody's credentials have ended but by the clock.
            except Exception as problem:
                logger.warning("credentials cannot be looked at just now: %s", type(problem).__name__)


class TooManyConnections(RateLimited):
    """A caller holds as many connections as they may."""

    def __init__(self, most: int, seconds: float) -> None:
        Exception.__init__(self, f"At most {most} sockets and streams may be open at a time (limits.sockets).")
        self.policy, self.after = "sockets", max(1, round(seconds))


def client_address(scope: Scope) -> str:
    """Return the address a connection comes from; a proxy's word for it only where the proxy is believed."""
    client = scope.get("client")
    return client[0] if client else ""
