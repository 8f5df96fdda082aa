"""Photos without what cameras write into them: place, time, owner, device."""

from __future__ import annotations

START, SCAN, END = b"\xff\xd8", 0xDA, b"\xff\xd9"
TOLD = {*range(0xE1, 0xF0), 0xFE} - {0xEE}
"""Segments that hold words: APP1 (Exif, XMP) to APP15, and comments; APP14 alone says how colours are meant."""


class PhotoError(ValueError):
    """It is no JPEG."""


def bare(photo: bytes) -> bytes:
    """The JPEG without those segments. Raises PhotoError."""
    if not photo.startswith(START) or END not in photo:
        raise PhotoError("not a JPEG")
    kept, at = [START], 2
    while True:
        if at + 4 > len(photo) or photo[at] != 0xFF:
            raise PhotoError("a segment is broken")
        kind, length = photo[at + 1], int.from_bytes(photo[at + 2 : at + 4])
        if kind == SCAN:
            return b"".join(kept) + photo[at : photo.index(END, at) + 2]
        if length < 2:
            raise PhotoError("a segment is broken")
        if kind not in TOLD:
            kept.append(photo[at : at + 2 + length])
        at += 2 + length
