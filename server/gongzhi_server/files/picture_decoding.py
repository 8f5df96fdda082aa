"""Picture decoding: pictures that people send, made anew in a process of their own.

Nothing else decodes a picture, neither the server nor a plugin: a decoder is given what strangers made, and a picture
of a few kilobytes may unfold to hundreds of megabytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gongzhi.runtime.file_checks import RemadePicture, UnfitFile

from .picture_worker import LENGTH, TOO_LARGE

WORKER = Path(__file__).with_name("picture_worker.py")
FORMATS = ("JPEG", "PNG", "WEBP")
"""The formats that are opened. Of an animated picture the first frame is kept; GIF and SVG are refused."""
ENVIRONMENT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What the process gets of our environment: keys and passwords are in the rest."""


@dataclass(frozen=True)
class PictureLimits:
    """How much one picture may take."""

    points: int = 50_000_000
    """Width times height, read from the header before anything is decoded."""
    memory: int = 640_000_000
    """Bytes of address space of the process, with Python and the decoders in it."""
    seconds: int = 20
    """Seconds of processor time; on the clock it has three times as long, since others want the processor, too."""


class PictureDecoder:
    """Makes pictures anew, `at_once` at a time; one more waits for its turn. There is one of it in a server."""

    def __init__(self, limits: PictureLimits | None = None, at_once: int = 2) -> None:
        self.limits = limits or PictureLimits()
        # Each process may take `memory`, so few run at a time.
        self._turns = asyncio.Semaphore(at_once)

    async def remake(
        self, raw: bytes, *, edge: int = 2_560, small: int = 0, formats: Sequence[str] = FORMATS
    ) -> RemadePicture:
        """Write the picture anew with `edge` points on its longer side at most, and a small one of `small` points.

        Raises UnfitFile for what is no picture of these formats, or takes more than `limits`.
        """
        limits = self.limits
        wanted = {
            "memory": limits.memory,
            "seconds": limits.seconds,
            "points": limits.points,
            "edge": edge,
            "small": small,
            "formats": [*formats],
        }
        async with self._turns:
            status, made = await run_worker(json.dumps(wanted), raw, limits.seconds * 3)
        if status == TOO_LARGE:
            most = limits.points // 1_000_000
            raise UnfitFile(
                f"The picture has more than {most} million points; send a smaller one.",
                f"图片超过 {most}00 万像素，请缩小后上传。",
            )
        if status != 0:
            raise UnfitFile(
                "The picture is damaged, not what it says, or takes too much to open; send it as a plain JPEG.",
                "图片已损坏、类型不符，或打开时占用过多资源，请另存为普通 JPEG 后上传。",
            )
        end = LENGTH.size + LENGTH.unpack_from(made)[0]
        return RemadePicture(made[LENGTH.size : end], made[end:])


async def run_worker(wanted: str, raw: bytes, seconds: float) -> tuple[int, bytes]:
    """Run the worker once: what it exits with, below 0 for a signal, and what it wrote. It is gone when this returns.

    A process for each picture takes a tenth of a second more than one that is kept, and a picture that takes over the
    decoder can do nothing to the next one. It is started anew rather than forked: threads are at work in the server.
    """
    process = await asyncio.create_subprocess_exec(
        # Isolated: neither the working folder nor the environment can put a module in Pillow's place.
        *(sys.executable, "-I", "-B", str(WORKER), wanted),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
    )
    try:
        async with asyncio.timeout(seconds):
            made, _ = await process.communicate(raw)
    except TimeoutError:
        return -1, b""
    finally:
        if process.returncode is None:
            # It may have ended by itself in the meantime.
            with suppress(ProcessLookupError):
                process.kill()
            # Awaited in any case: a dead process that nobody waits for stays behind.
            await process.wait()
    return process.returncode or 0, made
