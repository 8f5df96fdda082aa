"""Interfaces: what the gateway asks of the engine, of authentication and of a memory, and what it gets back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from graphql import GraphQLError

from gongzhi_server.telemetry.requests import RequestNote

__all__ = [
    "Answer",
    "Authenticate",
    "Engine",
    "Forbidden",
    "Kind",
    "Memory",
    "Positions",
    "PreparedOperation",
    "RequestRefused",
    "Stage",
    "Traits",
    "Unauthenticated",
]

Kind = Literal["query", "mutation", "subscription"]


class Stage(StrEnum):
    """How far a request came before it was refused; decides the status line."""

    PARSE = auto()
    VALIDATION = auto()
    OPERATION = auto()
    COERCION = auto()
    COST = auto()
    LIMIT = auto()


class Answer(NamedTuple):
    """A response body as bytes, and what the status line needs to know of it."""

    body: bytes
    """The complete JSON of the GraphQL response, UTF-8."""
    errors: bool = False
    """Whether there are errors in it."""
    data: bool = True
    """Whether it has a data entry that is not null."""
    cost: int = 0
    """Objects it may have taken to answer; what rate limits and batches count."""
    cursor: str | None = None
    """Where a stream can go on after it: the `id` of a server-sent event."""


class RequestRefused(Exception):
    """A request error: nothing was executed. Errors without a code get the one of the stage."""

    def __init__(self, errors: Sequence[GraphQLError], stage: Stage) -> None:
        super().__init__(f"refused at {stage}: {len(errors)} errors")
        self.errors = errors
        self.stage = stage


class Unauthenticated(Exception):
    """The credentials are missing, wrong or expired (401). The message is shown to the client."""

    def __init__(self, message: str = "Sign in first.", challenge: str = "Bearer") -> None:
        super().__init__(message)
        self.challenge = challenge
        """The value of WWW-Authenticate, e.g. `Bearer error="invalid_token"`."""


class Forbidden(Exception):
    """The viewer is known and may not do this (403). The message is shown to the client."""


class PreparedOperation(Protocol):
    """A document that was parsed, limited, validated and planned, with its operation chosen."""

    @property
    def operation(self) -> Kind: ...


P = TypeVar("P", bound=PreparedOperation)


class Engine(Protocol[P]):
    """What answers operations. It caches what it prepares; the gateway keeps nothing."""

    def prepare(self, text: str, name: str | None, /, trusted: bool = False, stranger: bool = False) -> P:
        """Return the operation `name` of the document `text`, ready to run; raise RequestRefused.

        A trusted document may be of any size. Whether a text is trusted never changes while the server runs. What
        strangers send is kept apart. A thread may call it: parsing and validating can take long.
        """
        ...

    def recall(self, text: str, name: str | None, /, trusted: bool = False, stranger: bool = False) -> P | None:
        """Return what was prepared before, if it is kept."""
        ...

    async def run(
        self, prepared: P, variables: Mapping[str, Any] | None, viewer: Any, extensions: Mapping[str, Any] | None, /
    ) -> Answer:
        """Execute; raise RequestRefused for bad variables or too high a cost. Is cancelled when time is up."""
        ...

    def subscribe(
        self, prepared: P, variables: Mapping[str, Any] | None, viewer: Any, extensions: Mapping[str, Any] | None, /
    ) -> AsyncGenerator[Answer, None]:
        """Yield an answer per event; raise RequestRefused as `run` does. Is closed when the client goes.

        An answer without a body is not sent: its cursor is where the stream begins.

        `extensions["lastEventId"]` is the cursor of the last answer the client has, if it comes back.
        """
        ...


Authenticate = Callable[[Mapping[bytes, bytes]], Awaitable[Any]]
"""From headers (lower-case names, repeated ones joined by a comma) to the viewer.

Raises Unauthenticated or Forbidden.
"""


class Memory(Protocol):
    """The memory of where subscriptions had come to when their connection's credentials ended, each under a key."""

    async def remember(self, places: Mapping[str, str]) -> None: ...

    async def recall(self, key: str, /) -> str | None: ...


class Positions(Protocol):
    """What knows how much of the database's log a caller has seen, and tells them how far they have come."""

    def read(self, headers: Mapping[bytes, bytes], note: RequestNote, /) -> None: ...

    def lines(self, headers: Mapping[bytes, bytes], note: RequestNote, /) -> tuple[tuple[bytes, bytes], ...]: ...


def no_trait(viewer: Any) -> None:
    """Return None: the trait is unknown."""
    return None


def allow_everybody(viewer: Any) -> bool:
    """Return True: anybody may."""
    return True


def admit_from_everywhere(viewer: Any, address: str, counts: bool) -> None:
    """Refuse nobody."""


@dataclass(frozen=True, kw_only=True)
class Traits:
    """The traits of a viewer that the gateway has to know; it otherwise only hands the viewer on."""

    account: Callable[[Any], str | None] = no_trait
    """Whom rate limits and open sockets are counted for; None for strangers, who are counted by address."""
    key: Callable[[Any], str | None] = no_trait
    """The API key in use, which has a rate limit of its own."""
    log_key: Callable[[Any], str | None] = no_trait
    """The key of the account, by which the log names it."""
    expiry: Callable[[Any], float | None] = no_trait
    """Seconds for which the credentials still hold; None if that is not known."""
    discover: Callable[[Any], bool] = allow_everybody
    """Whether the schema may be explored: introspection, and suggestions in errors."""
    admit: Callable[[Any, str, bool], None] = admit_from_everywhere
    """Refuses credentials at an address where they do not count, and counts their use if told to."""
