"""Read positions: how much of the database's log a caller has seen, said in a header or a cookie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gongzhi_server.gateway.rate_limits import Header
from gongzhi_server.telemetry.requests import RequestNote

from .browser_sessions import BrowserSessions

__all__ = ["HEADER", "ReadPositions"]

HEADER = b"gongzhi-position"
DIGITS = 19
"""No position has more."""


@dataclass(frozen=True)
class ReadPositions:
    """Reads positions from requests, and tells them in replies."""

    browsers: BrowserSessions

    def read(self, headers: Mapping[bytes, bytes], note: RequestNote) -> None:
        """Note the position that a request says; of a header and a cookie the further one."""
        texts = headers.get(HEADER, b"").decode("latin-1"), self.browsers.read_position(headers) or ""
        # What is none of ours says nothing: the primary answers, as it does to whoever says none.
        given = [int(text) for text in texts if len(text) <= DIGITS and text.isascii() and text.isdecimal()]
        note.seen = max(given, default=None)

    def lines(self, headers: Mapping[bytes, bytes], note: RequestNote) -> tuple[Header, ...]:
        """Return the headers that tell a position, if there is one to tell."""
        if note.told is None:
            return ()
        text = str(note.told)
        header = (HEADER, text.encode())
        if not self.browsers.is_own_page(headers):
            return (header,)
        return header, (b"set-cookie", self.browsers.position_cookie(text).encode("latin-1"))
