"""Ports: which ones a process of a test or benchmark may listen on, where it must be told beforehand."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path

LOWEST = 16_384
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def find_free_port(following: int = 0) -> int:
    """Find a port of this machine that nobody has, with as many behind it.

    It is none of those that the kernel hands out itself: one of these may belong to somebody's connection by the time
    it is listened on, even to that of who tries it before, for such a connection reaches itself.
    """
    above = int(RANGE.read_text().split()[0]) if RANGE.exists() else 32_768
    while True:
        port = random.SystemRandom().randrange(LOWEST, above - following)
        try:
            with ExitStack() as held:
                for one in range(port, port + following + 1):
                    held.enter_context(socket.create_server(("127.0.0.1", one)))
        except OSError:
            continue
        return port
