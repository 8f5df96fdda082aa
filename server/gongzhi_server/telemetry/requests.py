"""Requests: which one is under way, so that whatever is logged meanwhile says to whom it belongs."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from typing import Any

HEADER = b"x-request-id"
GIVEN = re.compile(rb"[A-Za-z0-9._-]{8,64}")
"""What a proxy may call a request: nothing that could be taken for another line or field of a log."""
LONGEST = 60
"""Characters of an operation's name that are logged, as are counted."""


class RequestNote:
    """What is known of a request so far."""

    __slots__ = ("account", "id", "operation", "seen", "told")

    def __init__(self, id: str) -> None:
        self.id = id
        self.account: str | None = None
        """The key of the account, which tells nothing to whoever cannot look it up."""
        self.operation: str | None = None
        """The name that somebody who is signed in gave it; strangers' are left out."""
        self.seen: int | None = None
        """How much of the primary's log the caller has seen, if they say; used where there are replicas."""
        self.told: int | None = None
        """The position in the log that the reply tells them."""


REQUEST: ContextVar[RequestNote | None] = ContextVar("REQUEST", default=None)


def begin_request(given: bytes | None) -> RequestNote:
    """Begin a request, under the id that a proxy has given it if that can be one, else under one of ours."""
    note = RequestNote(given.decode() if given and GIVEN.fullmatch(given) else secrets.token_hex(8))
    REQUEST.set(note)
    return note


def continue_request() -> RequestNote:
    """Begin another operation of the same request, as of a socket."""
    before = REQUEST.get()
    if before is None:
        return begin_request(None)
    note = RequestNote(before.id)
    REQUEST.set(note)
    return note


def name_request() -> dict[str, Any]:
    """Return what an error says of its request, where somebody may look for it in the log; nothing outside of one."""
    note = REQUEST.get()
    return {} if note is None else {"requestId": note.id}
