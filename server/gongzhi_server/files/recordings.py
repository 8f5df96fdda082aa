"""Recordings: sound and films without what the device wrote beside them: where, when, by whom, with what."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf"}
TOLD = {b"udta", b"meta", b"uuid", b"skip", b"free"}
"""Boxes that say where and by whom a film was made, or in which anything may be hidden."""
HEADERS = {b"mvhd", b"tkhd", b"mdhd"}
"""Boxes that begin with the times of making and of changing."""
NAMED = 24
"""Bytes of a handler before its name, which tells what made the recording."""
KNOWN = HOLDERS | TOLD | HEADERS | {b"ftyp", b"mdat", b"moof", b"mfra", b"sidx", b"wide", b"styp"}
DEEPEST, MOST = 8, 10_000
SOUND = frozenset((1, 3, 6, 7, 0x11, 0x31, 0xFFFE))
"""Codings of a WAV: PCM, A-law, mu-law, and those of telephones. An MP3 in a WAV is sent as an MP3."""
AMR: Mapping[bytes, Sequence[int]] = {
    b"#!AMR\n": (12, 13, 15, 17, 19, 20, 26, 31, 5, -1, -1, -1, -1, -1, -1, 0),
    b"#!AMR-WB\n": (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, -1, -1, -1, -1, 0, 0),
}
"""Bytes of a frame by its type, behind the byte that tells the type (RFC 4867); -1 for types that no file has."""
FRAMES = 1_000_000
"""The most frames of an AMR: five hours and a half."""


@dataclass(frozen=True)
class Mp4Box:
    """A box of an MP4: where its head begins, and its content starts and stops."""

    kind: bytes
    at: int
    start: int
    stop: int


def clean_mp4(file: BinaryIO) -> BinaryIO:
    """Turn the boxes of an MP4 that tell of people and places into free space of zeros; all others stay in place.

    Raises ValueError for what is no MP4.
    """
    # Nothing moves: indexes in the file hold offsets, and moving sound or pictures would break them.
    found = list(iterate_boxes(file, 0, file.seek(0, io.SEEK_END)))
    if not {b"ftyp", b"moov"} <= {box.kind for box in found}:
        raise ValueError("not an MP4")
    for box in found:
        blank_box(file, box)
    return file


def iterate_boxes(file: BinaryIO, at: int, end: int, depth: int = 0) -> Iterator[Mp4Box]:
    """Yield each box between two places, and those inside of holders."""
    # Bounded in number and depth: a hostile file may nest without end, or be nothing but heads.
    for _ in range(MOST):
        if at >= end:
            return
        box = read_box(file, at, end)
        # What is not known at the top could hold anything, so the file is refused rather than searched.
        if depth == DEEPEST or (depth == 0 and box.kind not in KNOWN):
            raise ValueError("a box does not belong here")
        yield box
        if box.kind in HOLDERS:
            yield from iterate_boxes(file, box.start, box.stop, depth + 1)
        at = box.stop
    raise ValueError("too many boxes")


def read_box(file: BinaryIO, at: int, end: int) -> Mp4Box:
    """Read the head of a box. Raises ValueError for one that does not fit into what holds it."""
    file.seek(at)
    head = file.read(16)
    size, start = int.from_bytes(head[:4], "big"), at + 8
    # A size of 1 says that the real one follows in 64 bits; 0, that the box goes to the end.
    if size == 1:
        size, start = int.from_bytes(head[8:16], "big"), at + 16
    stop = at + size if size else end
    if not start <= stop <= end:
        raise ValueError("a box does not fit")
    return Mp4Box(head[4:8], at, start, stop)


def blank_box(file: BinaryIO, box: Mp4Box) -> None:
    """Wipe what a box tells of people, places and times; the rest of it stays."""
    if box.kind in TOLD:
        file.seek(box.at + 4)
        # Renamed to "free" before it is wiped: players skip it by its kind.
        file.write(b"free")
        wipe_range(file, box.start, box.stop)
    elif box.kind == b"hdlr":
        wipe_range(file, min(box.start + NAMED, box.stop), box.stop)
    elif box.kind in HEADERS and box.stop - box.start >= 20:
        file.seek(box.start)
        # Version 1 has times of 64 bits.
        times = 16 if file.read(1) == b"\x01" else 8
        wipe_range(file, box.start + 4, box.start + 4 + times)


def wipe_range(file: BinaryIO, start: int, stop: int) -> None:
    """Fill a part of the file with zeros."""
    file.seek(start)
    for at in range(start, stop, 65_536):
        file.write(bytes(min(65_536, stop - at)))


def is_sound(file: BinaryIO) -> bool:
    """Return whether the tracks of an MP4 are all sound, whatever brand it claims. False for what is damaged."""
    try:
        first = islice(iterate_boxes(file, 0, file.seek(0, io.SEEK_END)), MOST)
        found = [box for box in first if box.kind == b"hdlr"]
    except ValueError:
        return False
    return bool(found) and all(track_handler(file, box) == b"soun" for box in found)


def track_handler(file: BinaryIO, box: Mp4Box) -> bytes:
    """Return what a track's handler is for."""
    file.seek(box.start + 8)
    return file.read(4)


def plain_wav(file: BinaryIO) -> BinaryIO:
    """Rebuild a WAV of its format and sound alone. Raises ValueError for what is no WAV, or not coded as sound is."""
    data = file.read()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("not a WAV")
    found = dict(reversed(list(iterate_chunks(data))))  # of several chunks of a kind the first counts
    form, sound = found.get(b"fmt ", b""), found.get(b"data", b"")
    tag, channels, rate, align = (int.from_bytes(form[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8), (12, 14)))
    if not 16 <= len(form) <= 50 or tag not in SOUND or not 1 <= channels <= 8 or not rate or not align or not sound:
        raise ValueError("not sound")
    # PCM needs sixteen bytes; what follows them is of no use and could hide something.
    parts = [build_chunk(b"fmt ", form[:16] if tag == 1 else form)]
    if fact := found.get(b"fact"):
        parts.append(build_chunk(b"fact", fact[:4]))
    inside = b"WAVE" + b"".join((*parts, build_chunk(b"data", sound)))
    return io.BytesIO(build_chunk(b"RIFF", inside))


def iterate_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk of a WAV. Sound that was cut off, or whose size was not known yet (2³² - 1), goes to the end."""
    at = 12
    for _ in range(MOST):
        if at + 8 > len(data):
            return
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        rest = len(data) - at - 8
        if kind == b"data":
            size = min(size, rest)
        if size > rest:
            raise ValueError("a chunk does not fit")
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise ValueError("too many chunks")


def build_chunk(kind: bytes, content: bytes) -> bytes:
    """Write a chunk, padded to an even length as RIFF wants."""
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def whole_frames(file: BinaryIO) -> BinaryIO:
    """Cut an AMR to whole frames and nothing behind them. Raises ValueError for what is no AMR."""
    data = file.read()
    magic = next((one for one in AMR if data.startswith(one)), None)
    if magic is None:
        raise ValueError("not an AMR")
    sizes, at = AMR[magic], len(magic)
    for _ in range(FRAMES):
        if at >= len(data):
            break
        # The frame's type is in bits 3 to 6 of its first byte (RFC 4867, section 5.3); its padding bits must be 0.
        size = sizes[data[at] >> 3 & 15]
        if data[at] & 0x83 or size < 0:
            raise ValueError("not a frame")
        if at + 1 + size > len(data):
            break  # the telephone hung up within it
        at += 1 + size
    else:
        raise ValueError("too many frames")
    if at == len(magic):
        raise ValueError("no sound")
    return io.BytesIO(data[:at])


def clean_mp3(file: BinaryIO) -> BinaryIO:
    """Strip an MP3 of its tags, before (ID3v2) and behind (ID3v1, APEv2). Raises ValueError for what is no MP3."""
    data = file.read()
    while data[:3] == b"ID3" and len(data) > 10:
        # ID3 writes sizes with seven bits a byte, so that no byte looks like the begin of a frame.
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
