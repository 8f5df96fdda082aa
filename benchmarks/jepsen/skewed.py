"""Skewed: a server whose clock is wrong, by as many seconds as the file says that the first argument names."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

# Before anything else of the server is imported, since others take the function itself.
from gongzhi_server import clock as clocks

file, right = Path(sys.argv.pop(1)), clocks.clock


def clock() -> datetime:
    """Return what the wrong clock shows; the file may change at any time, as a clock that is set does."""
    return right() + timedelta(seconds=float(file.read_text()))


clocks.clock = clock

if __name__ == "__main__":
    from gongzhi_server.cli import main

    main()
