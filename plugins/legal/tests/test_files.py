"""Files by their content, without what cameras write into them."""

from __future__ import annotations

import asyncio
import base64
import zlib

import pytest
from gongzhi.runtime.file_checks import ReceivedFile
from gongzhi.values.errors import Refusal
from gongzhi_legal.matters.files import BYTES, RECORDINGS, TYPES, receive_file
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


async def receive(raw: bytes, types: dict[str, str] = TYPES) -> ReceivedFile:
    return await receive_file(FILES, base64.b64encode(raw).decode(), "content", types)


@pytest.mark.parametrize(("raw", "kind"), [(JPEG, "image/jpeg"), (PNG, "image/png")])
async def test_pictures_lose_where_they_were_taken(raw: bytes, kind: str) -> None:
    found = await receive(raw)
    assert found.media_type == kind and b"GPS" not in found.content and await receive(found.content) == found


@given(st.binary(max_size=200), st.sampled_from([JPEG[:3], PNG[:8], b"%PDF-", b""]))
def test_any_bytes_are_taken_or_refused(tail: bytes, head: bytes) -> None:
    try:
        found = asyncio.run(receive(head + tail))
        assert len(found.content) <= len(head + tail)
    except Refusal as refusal:
        assert refusal.path == ("content",)


async def test_what_runs_something_is_refused() -> None:
    """Whoever hears the matter opens what the other party sent."""
    with pytest.raises(Refusal, match="scripts"):
        await receive(b"%PDF-1.7 <</S /JavaScript /JS (app.alert(1))>>")
    with pytest.raises(Refusal, match=r"Send AMR, MP3"):
        await receive(PNG, RECORDINGS)


@pytest.mark.parametrize("said", ["%%%", "aGVsbG8=", "A" * (BYTES * 2)])
async def test_what_is_no_file_is_refused(said: str) -> None:
    with pytest.raises(Refusal, match="JPEG|base64|bytes"):
        await receive_file(FILES, said, "content")
