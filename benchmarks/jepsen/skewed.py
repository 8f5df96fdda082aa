"""Skewed: a server whose clock is wrong, by as many seconds as the first argument says."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

# Before anything else of the server is imported, since others take the function itself.
from gongzhi_server import clock as clocks

wrong, right = timedelta(seconds=float(sys.argv.pop(1))), clocks.clock


def clock() -> datetime:
    """Return what the wrong clock shows."""
    return right() + wrong


clocks.clock = clock

if __name__ == "__main__":
    from gongzhi_server.cli import main

    main()
