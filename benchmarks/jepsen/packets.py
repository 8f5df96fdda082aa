"""Packets: rules that lose or double them, in a network of the run's own, where nothing else is."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

SET_FLAGS = 0x8914
"""The request of Linux that sets the flags of a network interface, of which 1 is that it is up."""
SOME = "numgen random mod 10 0 drop"
"""One in ten."""


def find_tool() -> str:
    """Find the program that sets rules, which is often not on the path of ordinary users."""
    return shutil.which("nft", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "nft"


def find_own_network() -> list[str]:
    """Find the command that runs another one in a network of its own; empty where the system has or allows none."""
    command = ["unshare", "--net"]
    if os.geteuid():  # whom the system lets do it only in a list of users of their own, which has them alone
        command += ["--user", "--map-current-user", "--keep-caps"]
    try:
        subprocess.run([*command, find_tool(), "list", "ruleset"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return command


def raise_loopback() -> None:
    """Have the loopback of a new network be up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any:
        fcntl.ioctl(any, SET_FLAGS, struct.pack("16sH14x", b"lo", 1))


@contextmanager
def set_rules(rules: Iterable[str], hook: str = "input") -> Iterator[None]:
    """Have rules for all packets for as long as the block lasts, where they arrive or (`output`) where they leave."""
    head = f"type filter hook {hook} priority 0"
    run_tool("\n".join(("table ip jepsen {", "chain packets {", head, *rules, "}", "}")))
    try:
        yield
    finally:
        run_tool("delete table ip jepsen")


def run_tool(text: str) -> None:
    """Carry out commands on the rules."""
    subprocess.run([find_tool(), "-f", "-"], input=text, text=True, check=True)


def find_connections(pid: int, ports: Iterable[int]) -> list[tuple[int, int]]:
    """Find the connections of a process that one of these ports belongs to: its own port, and that of the others."""
    files, found = set[str](), []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            files.add(str(path.readlink()))
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        # Addresses are hexadecimal, with the port behind a colon.
        _, own, other, *_, inode = line.split()[:10]
        pair = int(own.split(":")[1], 16), int(other.split(":")[1], 16)
        if f"socket:[{inode}]" in files and not set(pair).isdisjoint(ports):
            found.append(pair)
    return found


def isolate(connections: Sequence[tuple[int, int]], ports: Iterable[int]) -> list[str]:
    """Write rules that hold some connections, and let no new ones come about at these ports."""
    pairs = {pair for own, other in connections for pair in ((own, other), (other, own))}
    known = ", ".join(f"{sender} . {receiver}" for sender, receiver in sorted(pairs))
    listed = ", ".join(map(str, ports))
    return [
        f"tcp sport . tcp dport {{ {known} }} drop",
        # Whose they would be nobody can tell.
        f"tcp dport {{ {listed} }} tcp flags & (syn | ack) == syn drop",
    ]
