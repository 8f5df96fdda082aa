"""Histories: what every process saw, in the order in which it was seen, as JSON lines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson


class History:
    """A file that lines are appended to. Each has the time `t` in seconds, `who` saw it, and its `type`."""

    def __init__(self, path: Path) -> None:
        self.file, self.began = path.open("ab"), time.monotonic()

    def write(self, who: str, type: str, **facts: Any) -> None:
        """Append a line, at once: what comes later happened later."""
        line = {"t": round(time.monotonic() - self.began, 4), "who": who, "type": type, **facts}
        self.file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        self.file.flush()

    def close(self) -> None:
        """End it."""
        self.file.close()


def read_history(path: Path) -> Iterator[dict[str, Any]]:
    """Read a history's lines."""
    with path.open("rb") as file:
        yield from map(orjson.loads, file)
