"""What sort of file somebody sent, told by its content; pictures lose what cameras write into them."""

from __future__ import annotations

import base64
import binascii

from gongzhi.checks import wrong

BYTES = 600_000
KINDS: tuple[tuple[bytes, int, str], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"%PDF-", 0, "application/pdf"),
    (b"#!AMR", 0, "audio/amr"),
    (b"ID3", 0, "audio/mpeg"),
    (b"OggS", 0, "audio/ogg"),
    (b"ftypM4A", 4, "audio/mp4"),
)
"""What files begin with, from which byte on."""
START, SCAN, END = b"\xff\xd8", 0xDA, b"\xff\xd9"
TOLD = {*range(0xE1, 0xF0), 0xFE} - {0xEE}
"""Segments of a JPEG that hold words: place, time, owner, device."""
CHUNKS = frozenset((b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"))
"""The same of a PNG."""


def sent(encoded: str, path: str) -> tuple[bytes, str]:
    """A file sent in base64, and its media type."""
    if len(encoded) > BYTES * 4 // 3 + 4:
        raise wrong(f"A file has {BYTES} bytes at most.", f"单个文件不超过 {BYTES} 字节。", path)
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise wrong(f"{path} is not in base64.", f"{path} 不是 base64 编码。", path) from None
    kind = next((kind for mark, at, kind in KINDS if raw[at:].startswith(mark)), None)
    if kind is None:
        raise wrong(
            "Send a JPEG, PNG, PDF, or a recording as AMR, MP3, M4A or Ogg.",
            "仅支持 JPEG、PNG、PDF，以及 AMR、MP3、M4A、Ogg 录音。",
            path,
        )
    try:
        return bare(raw, kind), kind
    except (ValueError, IndexError):
        raise wrong("The file is damaged; send it again.", "文件已损坏，请重新上传。", path) from None


def bare(raw: bytes, kind: str) -> bytes:
    """A picture without what the camera wrote into it; anything else as it is. Raises ValueError if it is broken."""
    if kind == "image/jpeg":
        return b"".join(jpeg(raw))
    return b"".join(png(raw)) if kind == "image/png" else raw


def jpeg(raw: bytes) -> list[bytes]:
    kept, at = [START], 2
    while True:
        mark, code, length = raw[at], raw[at + 1], int.from_bytes(raw[at + 2 : at + 4])
        if mark != 0xFF or length < 2:
            raise ValueError("a segment is broken")
        if code == SCAN:
            return [*kept, raw[at : raw.index(END, at) + 2]]
        if code not in TOLD:
            kept.append(raw[at : at + 2 + length])
        at += 2 + length


def png(raw: bytes) -> list[bytes]:
    kept, at = [raw[:8]], 8
    while at < len(raw):
        size, name = int.from_bytes(raw[at : at + 4]), raw[at + 4 : at + 8]
        if len(name) < 4 or at + 12 + size > len(raw):
            raise ValueError("a chunk is broken")
        if name not in CHUNKS:
            kept.append(raw[at : at + 12 + size])
        if name == b"IEND":
            return kept
        at += 12 + size
    raise ValueError("there is no end")
