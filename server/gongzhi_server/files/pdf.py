"""PDF check: refuses documents that run scripts or programs in the reader of whoever opens them.

Names are looked for in the whole file and in packed objects. What is encrypted is not seen, and files attached to a PDF
are left in: electronic invoices carry their data so. The malware scanner sees both.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from gongzhi.office_documents import DocumentError

ACTIVE = re.compile(rb"/(JavaScript|Launch|ImportData|RichMedia)(?![A-Za-z0-9])")
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
"""A letter of a name that is written as a number."""
PACKED = re.compile(rb"/ObjStm\b.{0,2000}?stream\r?\n", re.DOTALL)
"""The beginning of a stream that holds objects."""
MOST = 50_000_000
"""Bytes that all packed objects of a document may have together."""


def check_pdf(raw: bytes) -> None:
    """Raise DocumentError for a PDF that runs something when it is opened or clicked on."""
    if any(ACTIVE.search(piece) for piece in (unescape(raw), *unpack(raw))):
        raise DocumentError(
            "The PDF holds scripts or starts programs; print it to a new PDF and send that.",
            "PDF 含有脚本或会启动程序，请重新打印为 PDF 后上传。",
        )


def unescape(raw: bytes) -> bytes:
    return ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), raw)


def unpack(raw: bytes) -> Iterator[bytes]:
    """The packed objects of a document, as far as they are in zlib's format. Raises DocumentError for a bomb."""
    left = MOST
    for found in PACKED.finditer(raw):
        reader = zlib.decompressobj()
        try:
            piece = reader.decompress(raw[found.end() :], left)
        except zlib.error:
            continue
        left -= len(piece)
        if left <= 0:
            raise DocumentError("The PDF unfolds to too much; print it anew.", "PDF 解压后过大，请重新打印为 PDF。")
        yield unescape(piece)
