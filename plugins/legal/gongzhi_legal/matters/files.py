"""Files: what sort of file somebody sent, told by its content; pictures lose what cameras write into them."""

from __future__ import annotations

import base64
import binascii

from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.file_checks import FileChecks, UnfitFile
from gongzhi.values.errors import FIELD

BYTES = 600_000
# By content and never by name or by what the sender says: a web page that calls itself a picture is refused.
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


def read_file(files: FileChecks, encoded: str, path: str) -> tuple[bytes, str]:
    """Return a file sent in base64, and its media type."""
    # Refused by its length before it is decoded.
    if len(encoded) > BYTES * 4 // 3 + 4:
        raise invalid_input(f"A file has {BYTES} bytes at most.", f"单个文件不超过 {BYTES} 字节。", path)
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise invalid_input(f"{FIELD} is not in base64.", f"{FIELD}不是 base64 编码。", path) from None
    kind = next((kind for mark, at, kind in KINDS if raw[at:].startswith(mark)), None)
    if kind is None:
        raise invalid_input(
            "Send a JPEG, PNG, PDF, or a recording as AMR, MP3, M4A or Ogg.",
            "仅支持 JPEG、PNG、PDF，以及 AMR、MP3、M4A、Ogg 录音。",
            path,
        )
    try:
        # Where and with what a picture was taken is removed before it is sealed.
        return files.strip_metadata(raw, kind), kind
    except UnfitFile as error:
        raise invalid_input(error.text.en, error.text.zh, path) from None
