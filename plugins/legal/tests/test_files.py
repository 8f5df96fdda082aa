"""Files by their content, without what cameras write into them."""

from __future__ import annotations

import asyncio
import base64
import zlib

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_legal.matters.files import BYTES, read_file
from gongzhi_server.files.checker import FileChecker
from gongzhi_server.files.picture_decoding import PictureDecoder
from hypothesis import given
from hypothesis import strategies as st

FILES = FileChecker(PictureDecoder())
EXIF = b"\xff\xe1\x00\x10Exif\0\0GPS 32.9"
JPEG = b"\xff\xd8" + EXIF + b"\xff\xdb\x00\x04ab" + b"\xff\xda\x00\x02xyz\xff\xd9tail"


def chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", b"\0\0\0\1\0\0\0\1" + bytes(5))
    + chunk(b"tEXt", b"GPS 32.9")
    + chunk(b"IEND", b"")
)


@pytest.mark.parametrize(("raw", "kind"), [(JPEG, "image/jpeg"), (PNG, "image/png")])
async def test_pictures_lose_where_they_were_taken(raw: bytes, kind: str) -> None:
    found, told = await read_file(FILES, base64.b64encode(raw).decode(), "content")
    assert told == kind and b"GPS" not in found and FILES.strip_metadata(found, kind) == found


@given(st.binary(max_size=200), st.sampled_from([JPEG[:3], PNG[:8], b"%PDF-", b""]))
def test_any_bytes_are_taken_or_refused(tail: bytes, head: bytes) -> None:
    try:
        found, _ = asyncio.run(read_file(FILES, base64.b64encode(head + tail).decode(), "content"))
        assert len(found) <= len(head + tail)
    except Refusal as refusal:
        assert refusal.path == ("content",)


@pytest.mark.parametrize("said", ["%%%", "aGVsbG8=", "A" * (BYTES * 2)])
async def test_what_is_no_file_is_refused(said: str) -> None:
    with pytest.raises(Refusal, match="JPEG|base64|bytes"):
        await read_file(FILES, said, "content")
