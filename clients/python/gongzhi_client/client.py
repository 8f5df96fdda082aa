"""Client: asks the API over HTTP, with an API key or a token."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from .types import Event, FiledOrder, Order

WAIT = 8
"""The most seconds that the server lets us wait for events."""
PAGE = 200
"""The most events that it has in an answer."""
BATCH = 100
"""The most orders that it takes at once."""
SOON, LATE = 1.0, 60.0
"""Seconds until a failure is tried again, twice as many each time, and at most."""
POSITION = "gongzhi-position"
"""The header by which a server with replicas is told, and tells, how far somebody has come."""
INTAKE = """
mutation Intake($input: IntakeCasesInput!) {
  intakeCases(input: $input) {
    results { externalNumber case { number status } receiptCode errors { code message path } }
    errors { code message path }
  }
}
"""


class GongzhiError(Exception):
    """What was asked for is refused; `code` says why, for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CursorExpired(GongzhiError):
    """One cannot go on from the cursor: load what you follow, and begin anew."""


@dataclass(frozen=True)
class Page:
    """Events in their order, as CloudEvents, and the cursor behind them."""

    events: Sequence[Event]
    cursor: str


class Client:
    """One system's access. `address` is the server's, such as `https://gongzhi.example.org`."""

    def __init__(self, address: str, token: str, *, timeout: float = 30.0) -> None:
        headers = {"authorization": f"Bearer {token}"}
        hooks = {"response": [self._keep_position]}
        self.http = httpx.Client(base_url=address, headers=headers, timeout=timeout, event_hooks=hooks)

    def close(self) -> None:
        """Close connections."""
        self.http.close()

    def _keep_position(self, reply: httpx.Response) -> None:
        """Keep how far we have come: with it what we have changed is read, whichever server of the database answers."""
        told, known = reply.headers.get(POSITION, ""), self.http.headers.get(POSITION, "0")
        if told.isascii() and told.isdecimal() and int(told) > int(known):
            self.http.headers[POSITION] = told

    def ask(self, document: str, **variables: Any) -> Mapping[str, Any]:
        """Return the data of a query or mutation. Raises GongzhiError, and httpx.HTTPError if there is no answer."""
        try:
            reply = self.http.post("/graphql", json={"query": document, "variables": variables})
        except httpx.TransportError:
            self.http.headers.pop(POSITION, None)  # what was changed may be further than we know
            raise
        data: Mapping[str, Any] = read_reply(reply)["data"]
        return data

    def find_cursor(self) -> str:
        """Return the cursor of now: ask for it before you load what you follow."""
        return str(self.ask("{ eventCursor }")["eventCursor"])

    def poll(self, after: str, *, first: int = PAGE, wait: int = WAIT) -> Page:
        """Return the next events behind a cursor, if need be after waiting for them. Raises as `ask` does."""
        given: dict[str, str | int] = {"after": after, "first": first, "wait": wait}
        found = read_reply(self.http.get("/x/integrations/events", params=given))
        return Page(found["events"], found["cursor"])

    def follow(self, after: str) -> Iterator[Page]:
        """Yield pages of events without end. Keep a page's events and its cursor together before you ask for the next.

        While the server or the network is away it is tried again. Raises GongzhiError for what that does not mend.
        """
        pause = SOON
        while True:
            try:
                page = self.poll(after)
            except (httpx.TransportError, httpx.HTTPStatusError) as problem:
                time.sleep(max(pause, read_retry_after(problem)))
                pause = min(2 * pause, LATE)
                continue
            pause = SOON
            if page.events:
                yield page
            after = page.cursor

    def file_orders(self, orders: Sequence[Order]) -> Iterator[FiledOrder]:
        """File orders, each once by its `externalNumber`, and yield what came of each. Raises as `ask` does."""
        for at in range(0, len(orders), BATCH):
            payload = self.ask(INTAKE, input={"entries": list(orders[at : at + BATCH])})["intakeCases"]
            for problem in payload["errors"]:
                raise GongzhiError(problem["code"], problem["message"])
            yield from payload["results"]


def read_reply(reply: httpx.Response) -> Mapping[str, Any]:
    """Return the JSON of an answer. Raises GongzhiError, and httpx.HTTPStatusError while the server is away."""
    if reply.status_code == 429 or reply.status_code >= 500:  # busy, or away for a moment
        reply.raise_for_status()
    try:
        found: Mapping[str, Any] = reply.json()
    except ValueError:
        reply.raise_for_status()
        raise GongzhiError("BAD_RESPONSE", "The answer is no JSON; is the address right?") from None
    for problem in found.get("errors") or ():
        code = str(problem.get("extensions", {}).get("code", "UNKNOWN"))
        raise (CursorExpired if code == "CURSOR_EXPIRED" else GongzhiError)(code, str(problem["message"]))
    return found


def read_retry_after(problem: httpx.HTTPError) -> float:
    """Return the seconds that the server asks us to wait; none if it does not say."""
    text = problem.response.headers.get("retry-after", "") if isinstance(problem, httpx.HTTPStatusError) else ""
    return min(float(text), LATE) if text.isascii() and text.isdecimal() else 0.0
