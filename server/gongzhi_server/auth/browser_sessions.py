"""Browser sessions: a session's tokens in cookies that scripts cannot read, for pages of the server's own origin.

A browser adds cookies to whatever request any page has it send. So they count only beside a header that a page of
another origin cannot set without asking first, which is granted to nobody, and where the browser names no other origin.
In all other requests they are not looked at: whoever sent them is a stranger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import cookie_parser
from starlette.responses import Response

__all__ = ["HEADER", "BrowserSessions"]

HEADER, COOKIE = b"x-gongzhi-session", b"cookie"
"""The header by which a page says that its cookies are to count, and its value."""
ACCESS, REFRESH, POSITION = "gongzhi-access", "gongzhi-refresh", "gongzhi-position"


@dataclass(frozen=True)
class BrowserSessions:
    """Reads and sets the cookies. `secure` says that the server is reached by HTTPS."""

    secure: bool

    def is_own_page(self, headers: Mapping[bytes, bytes]) -> bool:
        """Say whether a page of this very origin sent a request and wants its cookies to count."""
        scheme = b"https://" if self.secure else b"http://"
        # Old browsers send no Sec-Fetch-Site, and some no Origin with a GET; none sends the header for another origin.
        return (
            headers.get(HEADER) == COOKIE
            and headers.get(b"sec-fetch-site", b"same-origin") == b"same-origin"
            and headers.get(b"origin", scheme + headers.get(b"host", b"")) == scheme + headers.get(b"host", b"")
        )

    def read_access(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Return the access token of a request by cookie; empty where it is over and the session is not."""
        cookies = self._read(headers)
        found = cookies.get(self._name(ACCESS))
        return found if found or self._name(REFRESH) not in cookies else ""

    def read_refresh(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Return the refresh token of a request by cookie."""
        return self._read(headers).get(self._name(REFRESH))

    def read_position(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Return the position in the database's log of a request by cookie."""
        return self._read(headers).get(self._name(POSITION)) if b"cookie" in headers else None

    def position_cookie(self, position: str) -> str:
        """Return the header by which a browser keeps a position for as long as it is open."""
        response = Response()
        self._set(response, POSITION, position, None)
        return response.headers["set-cookie"]

    def keep(self, response: Response, access: str, refresh: str, lifetime: timedelta, longest: timedelta) -> None:
        """Have the browser keep a session's tokens."""
        self._set(response, ACCESS, access, lifetime)
        self._set(response, REFRESH, refresh, longest)

    def forget(self, response: Response) -> None:
        """Have the browser forget the session."""
        for name in (ACCESS, REFRESH):
            self._set(response, name, "", timedelta())

    def _read(self, headers: Mapping[bytes, bytes]) -> Mapping[str, str]:
        return cookie_parser(headers.get(b"cookie", b"").decode("latin-1")) if self.is_own_page(headers) else {}

    def _set(self, response: Response, name: str, value: str, lifetime: timedelta | None) -> None:
        response.set_cookie(
            self._name(name),
            value,
            max_age=None if lifetime is None else int(lifetime.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def _name(self, name: str) -> str:
        # With the prefix a browser takes the cookie from this host alone: a neighbouring one cannot plant a session.
        return f"__Host-{name}" if self.secure else name
