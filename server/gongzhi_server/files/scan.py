"""Whether a file holds malware: asked of clamd over its socket, or of a command."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable
from typing import BinaryIO
from urllib.parse import urlsplit

CHUNK = 65_536
SECONDS = 60
CLEAN, INFECTED = 0, 1
"""What a command exits with, as clamscan and clamdscan do."""

Scan = Callable[[BinaryIO], Awaitable[bool]]
"""Whether the file is clean. Raises ScanError where nobody can tell: then the file is not taken."""


class ScanError(Exception):
    """The scanner does not answer, or says something else than yes or no."""


def scanner(said: str | None) -> Scan:
    """A scanner from the setting: `unix:/run/clamav/clamd.sock`, `tcp://host:3310`, a command, or nothing."""
    if not said:
        return trusting
    scheme, _, rest = said.partition(":")
    if scheme == "unix":
        return lambda file: timed(over(lambda: asyncio.open_unix_connection(rest), file))
    if scheme == "tcp":
        url = urlsplit(said)
        return lambda file: timed(over(lambda: asyncio.open_connection(url.hostname, url.port), file))
    return lambda file: timed(command(shlex.split(said), file))


async def trusting(file: BinaryIO) -> bool:
    return True


async def timed(scan: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(SECONDS):
            return await scan
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise ScanError(f"the malware scanner does not answer ({type(error).__name__})") from error


Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def over(connect: Connect, file: BinaryIO) -> bool:
    """clamd's INSTREAM: each chunk with its length before it, and a length of nothing at the end."""
    reader, writer = await connect()
    try:
        writer.write(b"zINSTREAM\0")
        file.seek(0)
        while chunk := file.read(CHUNK):
            writer.write(len(chunk).to_bytes(4, "big") + chunk)
            await writer.drain()
        writer.write(bytes(4))
        await writer.drain()
        answer = (await reader.readuntil(b"\0")).rstrip(b"\0\n")
    finally:
        writer.close()
    if answer.endswith(b" OK"):
        return True
    if answer.endswith(b" FOUND"):
        return False
    raise ScanError("the malware scanner did not say OK or FOUND")


async def command(words: list[str], file: BinaryIO) -> bool:
    """The command reads the file from its standard input and exits with 0 for clean, 1 for infected."""
    quiet = asyncio.subprocess.DEVNULL
    file.seek(0)
    running = await asyncio.create_subprocess_exec(*words, stdin=asyncio.subprocess.PIPE, stdout=quiet, stderr=quiet)
    try:
        await running.communicate(file.read())
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    if running.returncode not in (CLEAN, INFECTED):
        raise ScanError(f"the malware scanner failed with status {running.returncode}")
    return running.returncode == CLEAN
