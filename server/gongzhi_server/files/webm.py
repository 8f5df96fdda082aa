"""WebM recordings: Opus sound and nothing else, without what the device wrote beside it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

ROOT = 0
EBML, SEGMENT, INFO, TRACKS, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
TRACK, AUDIO, GROUP = 0xAE, 0xE1, 0xA0
DOC_TYPE, TRACK_TYPE, CODEC, CODEC_HEAD = 0x4282, 0x83, 0x86, 0x63A2
SIMPLE_BLOCK, BLOCK = 0xA3, 0xA1
SOFTWARE = frozenset((0x4D80, 0x5741))
"""Names of the programs that wrote it. A file must have them, so they stay as empty texts."""
VOID = 0xEC
KEPT = {
    ROOT: frozenset((EBML, SEGMENT)),
    EBML: frozenset((DOC_TYPE, 0x4286, 0x42F7, 0x42F2, 0x42F3, 0x4287, 0x4285)),
    SEGMENT: frozenset((INFO, TRACKS, CLUSTER)),
    INFO: frozenset((0x2AD7B1, 0x4489)) | SOFTWARE,
    TRACKS: frozenset((TRACK,)),
    TRACK: frozenset(
        (0xD7, 0x73C5, TRACK_TYPE, 0xB9, 0x88, 0x55AA, 0x9C, 0x23E383, CODEC, CODEC_HEAD, 0x56AA, 0x56BB, AUDIO)
    ),
    AUDIO: frozenset((0xB5, 0x78B5, 0x9F, 0x6264)),
    CLUSTER: frozenset((0xE7, 0xA7, 0xAB, SIMPLE_BLOCK, GROUP)),
    GROUP: frozenset((BLOCK, 0x9B, 0xFB, 0x75A2)),
}
"""What each holder may keep, by the ids of Matroska (RFC 9559): times, sound, and how to decode it. All else is wiped:
titles, tags, dates, attached files, chapters, indexes."""
LONG = SOFTWARE | {DOC_TYPE, CODEC, CODEC_HEAD, SIMPLE_BLOCK, BLOCK}
"""What may be longer than a number; the rest is no longer, so that nothing is hidden in it."""
NUMBER = 8
ENDLESS = frozenset((SEGMENT, CLUSTER))
"""What may be written before its size is known. A cluster goes on until something of the segment begins."""
FOUR_BYTES = 0x10000000
"""Ids of the segment's own elements have four bytes, those in a cluster fewer."""
MOST = 200_000
"""The most elements; an hour of speech has 180 000."""


@dataclass(frozen=True)
class WebmElement:
    """An element: where its head begins, and its content starts and stops; of an endless one, at the latest."""

    id: int
    at: int
    start: int
    stop: int
    endless: bool


def keep_sound(file: BinaryIO) -> BinaryIO:
    """Void the elements of a WebM that tell of people, places and devices; all others stay where they are.

    Raises ValueError for what is no WebM, or holds anything but tracks of Opus.
    """
    # Nothing moves, as in an MP4: positions in the file would no longer hold.
    data = bytearray(file.read())
    kept = list(WebmReader(data).list_children(ROOT, len(data)))
    if [one.id for one in kept if one.id in KEPT[ROOT]] != [EBML, SEGMENT]:
        raise ValueError("not one segment")
    if element_contents(data, kept, DOC_TYPE) != [b"webm"]:
        raise ValueError("not a WebM")
    require_opus(data, kept)
    return io.BytesIO(data)


def require_opus(data: bytearray, kept: Sequence[WebmElement]) -> None:
    """Refuse what is not sound in Opus, and what has no sound at all."""
    tracks = sum(one.id == TRACK for one in kept)
    types, codecs, heads = (element_contents(data, kept, id) for id in (TRACK_TYPE, CODEC, CODEC_HEAD))
    if not tracks or types != [b"\2"] * tracks or codecs != [b"A_OPUS"] * tracks or len(heads) != tracks:
        raise ValueError("not Opus")
    for head in heads:
        if head[:8] != b"OpusHead" or len(head) < 19 or len(head) != (21 + head[9] if head[18] else 19):
            raise ValueError("not the head of Opus")
    if not any(one.id in (SIMPLE_BLOCK, BLOCK) for one in kept):
        raise ValueError("no sound")


def element_contents(data: bytearray, kept: Sequence[WebmElement], id: int) -> list[bytes]:
    """Return the contents of all elements with an id."""
    return [bytes(data[one.start : one.stop]) for one in kept if one.id == id]


class WebmReader:
    """Reads elements from the first to the last, and wipes those that are not kept."""

    def __init__(self, data: bytearray) -> None:
        self.data, self.at, self.count = data, 0, 0

    def list_children(self, holder: int, stop: int, endless: bool = False) -> Iterator[WebmElement]:
        """Yield what is kept of a holder's content, and of what is in it."""
        while self.at < stop:
            element = self.head(stop)
            # A cluster of unknown size ends where an element of the segment's own begins.
            if endless and element.id >= FOUR_BYTES:
                return
            if element.id not in KEPT[holder]:
                self.wipe(element)
            elif element.id in KEPT:
                yield element
                self.at = element.start
                yield from self.list_children(element.id, element.stop, element.endless and element.id == CLUSTER)
            else:
                self.require_short(element)
                yield element
                self.at = element.stop

    def head(self, stop: int) -> WebmElement:
        """Read the head of the element that begins here."""
        self.count += 1
        if self.count > MOST:
            raise ValueError("too many elements")
        id, start = self.number(self.at, 4, marked=True)
        size, start = self.number(start, 8)
        endless = size is None and id in ENDLESS
        end = stop if endless else start + (stop if size is None else size)
        if end > stop:
            raise ValueError("an element does not fit")
        return WebmElement(id or 0, self.at, start, end, endless)

    def number(self, at: int, most: int, marked: bool = False) -> tuple[int | None, int]:
        """Read a number whose leading zeros tell its bytes; return it, None if unknown, and the place behind it.

        An id is `marked`: it keeps the bit that ends the zeros.
        """
        first = self.data[at] if at < len(self.data) else 0
        width = 9 - first.bit_length()
        if width > most or at + width > len(self.data):
            raise ValueError("not a number")
        whole = int.from_bytes(self.data[at : at + width], "big")
        # All ones stand for an unknown size (RFC 8794, section 6.2).
        value = whole if marked else whole - (1 << 7 * width)
        return None if not marked and value == (1 << 7 * width) - 1 else value, at + width

    def require_short(self, element: WebmElement) -> None:
        """Refuse a number that is none; empty the names of programs."""
        if element.id not in LONG and element.stop - element.start > NUMBER:
            raise ValueError("a number is too long")
        if element.id in SOFTWARE:
            self.data[element.start : element.stop] = bytes(element.stop - element.start)

    def wipe(self, element: WebmElement) -> None:
        """Make an element a void one of the same length."""
        length = element.stop - element.at
        # The void's own size field takes one byte or eight, so that head and content are exactly as long as before.
        size = (0x80 | length - 2).to_bytes() if length <= 128 else b"\1" + (length - 9).to_bytes(7, "big")
        head = VOID.to_bytes() + size
        self.data[element.at : element.stop] = head + bytes(length - len(head))
        self.at = element.stop
