"""Recordings and films without what the device wrote beside them: where, when, by whom, with what."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf"}
TOLD = {b"udta", b"meta", b"uuid", b"skip", b"free"}
"""Boxes that say where and by whom a film was made, or in which anything may be hidden."""
HEADERS = {b"mvhd", b"tkhd", b"mdhd"}
"""Boxes that begin with the times of making and of changing."""
KNOWN = HOLDERS | TOLD | HEADERS | {b"ftyp", b"mdat", b"moof", b"mfra", b"sidx", b"wide", b"styp"}
DEEPEST, MOST = 8, 10_000


@dataclass(frozen=True)
class Box:
    """A box of an MP4: where its head begins, and its content starts and stops."""

    kind: bytes
    at: int
    start: int
    stop: int


def emptied(file: BinaryIO) -> BinaryIO:
    """An MP4 whose boxes stay where they are; those that tell of people and places are free space, filled with zeros.

    Raises ValueError for what is no MP4.
    """
    found = list(boxes(file, 0, file.seek(0, io.SEEK_END)))
    if not {b"ftyp", b"moov"} <= {box.kind for box in found}:
        raise ValueError("not an MP4")
    for box in found:
        blank(file, box)
    return file


def boxes(file: BinaryIO, at: int, end: int, depth: int = 0) -> Iterator[Box]:
    """Each box from here to there, and those inside of holders."""
    for _ in range(MOST):
        if at >= end:
            return
        box = read(file, at, end)
        if depth == DEEPEST or (depth == 0 and box.kind not in KNOWN):
            raise ValueError("a box does not belong here")
        yield box
        if box.kind in HOLDERS:
            yield from boxes(file, box.start, box.stop, depth + 1)
        at = box.stop
    raise ValueError("too many boxes")


def read(file: BinaryIO, at: int, end: int) -> Box:
    file.seek(at)
    head = file.read(16)
    size, start = int.from_bytes(head[:4], "big"), at + 8
    if size == 1:
        size, start = int.from_bytes(head[8:16], "big"), at + 16
    stop = at + size if size else end
    if not start <= stop <= end:
        raise ValueError("a box does not fit")
    return Box(head[4:8], at, start, stop)


def blank(file: BinaryIO, box: Box) -> None:
    """Wipe what a box tells of people, places and times; the rest of it stays."""
    if box.kind in TOLD:
        file.seek(box.at + 4)
        file.write(b"free")
        wipe(file, box.start, box.stop)
    elif box.kind in HEADERS and box.stop - box.start >= 20:
        file.seek(box.start)
        times = 16 if file.read(1) == b"\x01" else 8
        wipe(file, box.start + 4, box.start + 4 + times)


def wipe(file: BinaryIO, start: int, stop: int) -> None:
    file.seek(start)
    for at in range(start, stop, 65_536):
        file.write(bytes(min(65_536, stop - at)))


def untagged(file: BinaryIO) -> BinaryIO:
    """An MP3 without its tags, before (ID3v2) and behind (ID3v1, APEv2). Raises ValueError for what is no MP3."""
    data = file.read()
    while data[:3] == b"ID3" and len(data) > 10:
        size = sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
        data = data[10 + size + (10 if data[5] & 0x10 else 0) :]
    data = data.lstrip(b"\0")
    if data[-128:-125] == b"TAG":
        data = data[:-128]
    if data[-32:-24] == b"APETAGEX":
        size, headed = int.from_bytes(data[-20:-16], "little"), data[-9] & 0x80
        data = data[: -(size + 32 if headed else size)]
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        raise ValueError("not an MP3")
    return io.BytesIO(data)
