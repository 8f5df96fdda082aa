"""Base map: tiles that lie under the board's map, as the operator supplies them, and whose they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from gongzhi.plugin.settings import setting

MOST_LAYERS = 4
DEEPEST = 22
PLACES = ("{z}", "{x}", "{y}")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
"""What becomes part of a page's policy, so nothing that a policy would read as more than a host."""
LOOPBACK = ("127.0.0.1", "localhost")


# Operators read what is written of these classes: with a secret among settings, no error's own words are passed on.
class AttributionMissing(ValueError):
    """GONGZHI_CONSOLE_ATTRIBUTION must say whose map it is wherever GONGZHI_CONSOLE_BASE_MAP is set."""


class ZoomLevelsSwapped(ValueError):
    """GONGZHI_CONSOLE_MIN_ZOOM must not be above GONGZHI_CONSOLE_MAX_ZOOM."""


def read_tiles(text: str) -> tuple[str, ...]:
    """Read addresses of tiles. Raises ValueError, which never repeats them: they may hold a key."""
    found = tuple(text.split())
    if not 0 < len(found) <= MOST_LAYERS or not all(map(is_template, found)):
        raise ValueError(
            "is no base map; write https://tiles.example.gov.cn/{z}/{x}/{y}.png, with each of {z}, {x} and {y} once "
            f"and no user name, and for several layers ({MOST_LAYERS} at most) the lowest first, with spaces between"
        )
    return found


def is_template(text: str) -> bool:
    """Tell whether a text is the address of tiles, by TLS or on this very machine."""
    address = text
    for place in PLACES:
        if text.count(place) != 1:
            return False
        address = address.replace(place, "0")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    # A page that came by TLS loads nothing without it; a browser's own machine is for trying things out.
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    plain = text.isascii() and text.isprintable() and not set('{}#\\"<>') & set(address)
    named = HOST.fullmatch(host) is not None and parts.username is None and parts.password is None
    return safe and plain and named and not any(place in urlsplit(text).netloc for place in PLACES)


def read_zoom(text: str) -> int:
    """Read a zoom level. Raises ValueError."""
    if not re.fullmatch("[0-9]{1,2}", text) or int(text) > DEEPEST:
        raise ValueError(f"is no zoom level; write a whole number from 0 to {DEEPEST}")
    return int(text)


def read_line(text: str) -> str:
    """Read what is shown in one line. Raises ValueError."""
    line = text.strip()
    if not line or len(line) > 200 or not line.isprintable():
        raise ValueError("is no line of 200 characters at most; shorten it")
    return line


@dataclass(frozen=True)
class ConsoleSettings:
    """What lies under the board's map; without tiles nothing does, and no page asks another host for anything."""

    base_map: tuple[str, ...] = setting(
        "Tiles under the board's map, https://host/{z}/{x}/{y}.png, layers with spaces; browsers get any key in it.",
        default=(),
        secret=True,
        parse=read_tiles,
    )
    attribution: str | None = setting(
        "Whose map these tiles are, as it is shown beside them; must be set with them.", default=None, parse=read_line
    )
    map_approval: str | None = setting(
        "Number under which that map is approved (审图号), shown beside it.", default=None, parse=read_line
    )
    min_zoom: int = setting("The lowest zoom level that has tiles.", default=0, parse=read_zoom)
    max_zoom: int = setting("The highest zoom level that has tiles.", default=18, parse=read_zoom)

    def __post_init__(self) -> None:
        if self.base_map and not self.attribution:
            raise AttributionMissing
        if self.min_zoom > self.max_zoom:
            raise ZoomLevelsSwapped

    @property
    def origins(self) -> tuple[str, ...]:
        """The hosts that tiles come from, each once, as a page's policy names them."""
        parts = [urlsplit(each) for each in self.base_map]
        return tuple(dict.fromkeys(f"{each.scheme}://{each.netloc.lower()}" for each in parts))
