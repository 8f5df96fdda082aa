"""PDF check: refuses documents that run scripts or programs in the reader of whoever opens them.

Names are looked for in the whole file and in packed objects. What is encrypted is not seen, and files attached to a PDF
are left in: electronic invoices carry their data so. The malware scanner sees both.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from gongzhi.runtime.file_checks import UnfitFile

NAMES = ("JavaScript", "Launch", "ImportData", "RichMedia")


def name_pattern(name: str) -> str:
    """Return a pattern of a name each of whose letters may be written as a number: JavaScript, J#61vaScript."""
    return "".join(f"(?:{letter}|#(?i:{ord(letter):02x}))" for letter in name)


ACTIVE = re.compile(f"/(?:{'|'.join(map(name_pattern, NAMES))})(?![A-Za-z0-9])".encode())
MOST = 50_000_000
"""Bytes that all packed objects of a document may have together."""
SLICE, OVERLAP = 65_536, 64
"""Bytes that are searched at a time, and those of the next ones with them: no name of NAMES is longer."""
HEAD = 2_000
"""Bytes in which a stream must begin after it is said to hold objects."""


def check_pdf(raw: bytes) -> None:
    """Raise UnfitFile for a PDF that runs something when it is opened or clicked on."""
    # Searched as bytes, not parsed: readers repair broken files
    # in different ways, so a parse might see less than they do.
    if any(is_active(piece) for piece in (raw, *unpack_objects(raw))):
        raise UnfitFile(
            "The PDF holds scripts or starts programs; print it to a new PDF and send that.",
            "PDF 含有脚本或会启动程序，请重新打印为 PDF 后上传。",
        )


def is_active(piece: bytes) -> bool:
    """Whether something in it is run. In slices, since a search stops every other thread until it ends."""
    for begin in range(0, len(piece), SLICE):
        end = begin + SLICE + OVERLAP
        found = ACTIVE.search(piece, begin, end)
        # One that ends with the slice may go on as another name; it lies in the next slice as a whole.
        if found and (found.end() < end or end >= len(piece)):
            return True
    return False


def unpack_objects(raw: bytes) -> Iterator[bytes]:
    """Yield the packed objects of a document, as far as they are in zlib's format. Raises UnfitFile for a bomb.

    Streams do not overlap, so what is read is no more than the document; one in which they do is a bomb as well.
    """
    view, left, unread, at = memoryview(raw), MOST, len(raw), 0
    while (at := raw.find(b"/ObjStm", at)) >= 0:
        at += 1
        begin = raw.find(b"stream", at, at + HEAD)
        if begin < 0:
            continue
        begin += 6 + (raw[begin + 6 : begin + 7] == b"\r")
        end = raw.find(b"endstream", begin)
        end = len(raw) if end < 0 else end
        unread -= end - begin
        reader = zlib.decompressobj()
        try:
            # Bounded while it unpacks: a few bytes can unfold to gigabytes.
            piece = reader.decompress(view[begin + 1 : end], left)
        except zlib.error:
            continue
        left -= len(piece)
        if left <= 0 or unread < 0:
            raise UnfitFile("The PDF unfolds to too much; print it anew.", "PDF 解压后过大，请重新打印为 PDF。")
        yield piece
