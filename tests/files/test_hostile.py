"""Hostile files, forms, headers and links: refused with a code, never a fault of ours, never a traceback."""

from __future__ import annotations

import io
import logging
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from gongzhi_server.gateway import Code
from gongzhi_server.testing import Server
from PIL import Image

from .conftest import Phone
from .samples import (
    ENDLESS,
    OPUS,
    PCM,
    PDF,
    amr,
    box,
    element,
    film,
    memo,
    office,
    photo,
    recording,
    track,
    wav,
    webm,
)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []


def bomb() -> bytes:
    """A PNG of 40 000 by 40 000 points, most of them missing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9_999))) + chunk(b"IEND", b"")
    )


def zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("[Content_Types].xml", b""), ("word/document.xml", bytes(201_000_000))):
            archive.writestr(name, content)
    return made.getvalue()


def gif() -> bytes:
    made = io.BytesIO()
    Image.new("P", (10, 10)).save(made, "GIF")
    return made.getvalue()


nested = b""
for _ in range(30):
    nested = box(b"moov", nested)

FILES = {
    "nothing": b"",
    "a byte": b"\xff",
    "text": b"hello",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a page in a picture's clothes": b"\xff\xd8\xff\xe0<script>alert(1)</script>",
    "a program": b"MZ" + bytes(500),
    "an ELF": b"\x7fELF" + bytes(500),
    "a GIF": gif(),
    "half a photo": photo()[:3000],
    "a photo of noise": photo()[:200] + bytes(range(256)) * 40,
    "a bomb": bomb(),
    "a PNG of nothing": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "half a film": film()[:60],
    "a film without end": box(b"ftyp", b"isom") + b"\xff\xff\xff\xffmoov",
    "a film of large boxes": box(b"ftyp", b"isom") + b"\x00\x00\x00\x01moov" + b"\xff" * 8,
    "a film of tiny boxes": box(b"ftyp", b"isom") + b"\x00\x00\x00\x02moov",
    "a film in a film": box(b"ftyp", b"isom") + nested,
    "many boxes": box(b"ftyp", b"isom") + box(b"moov", box(b"abcd") * 20_000),
    "a film of something else": box(b"ftyp", b"isom") + box(b"html", b"<script>"),
    "tags alone": b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f",
    "many tags": b"ID3\x03\x00\x00\x00\x00\x00\x00" * 10_000,
    "half a recording": recording()[:30],
    "half a memo": memo()[:80],
    "a WAV without sound": wav(sound=b""),
    "a WAV of text": wav(form=b"<script>alert(1)</script>"),
    "a WAV of pictures": wav(form=b"\x99\x99" + PCM[2:]),
    "a WAV of no channels": wav(form=PCM[:2] + bytes(2) + PCM[4:]),
    "a WAV with a long format": wav(form=PCM + bytes(99)),
    "a WAV whose chunk does not fit": b"RIFF\4\0\0\0WAVE" + b"LIST\xff\xff\0\0",
    "a WAV of chunks": b"RIFF\4\0\0\0WAVE" + (b"junk" + bytes(4)) * 20_000,
    "a RIFF of something else": b"RIFF\4\0\0\0AVI " + bytes(99),
    "an AMR without sound": b"#!AMR\n",
    "an AMR of text": b"#!AMR\n<script>alert(1)</script>",
    "an AMR of frames that are none": b"#!AMR\n\x5c" + bytes(99),
    "an AMR with something behind": amr()[:-10] + b"PK\3\4" + bytes(99),
    "an AMR of frames without sound": b"#!AMR\n" + b"\x7c" * 1_100_000,
    "half a WebM": webm()[:400],
    "a Matroska": webm(doc_type=b"matroska"),
    "a WebM with pictures": webm(tracks=track(b"\1", b"V_VP8")),
    "a WebM with pictures beside the sound": webm(tracks=track() + track(b"\1", b"V_VP8")),
    "a WebM of another codec": webm(tracks=track(codec=b"A_VORBIS")),
    "a WebM whose head is none": webm(tracks=track(head=b"<script>")),
    "a WebM whose head goes on": webm(tracks=track(head=OPUS + bytes(500))),
    "a WebM with a long number": webm(tracks=track(b"\2", b"A_OPUS", OPUS, element(0x23E383, bytes(9999)))),
    "a WebM without tracks": webm(tracks=element(0xEC)),
    "a WebM without sound": webm()[: webm().index(b"\x1f\x43\xb6\x75")],
    "a WebM in a WebM": webm() + webm(),
    "a WebM whose element does not fit": webm(element(0x1254C367, size=9_999)),
    "a WebM whose tag has no end": webm(element(0x1254C367, size=ENDLESS)),
    "a WebM of tiny elements": webm(b"\xe7\x80" * 300_000),
    "a WebM of no numbers": b"\x1a\x45\xdf\xa3" + bytes(99),
    "a zip": office()[:40],
    "an archive": b"PK\x05\x06" + bytes(18),
    "macros": office("word/vbaProject.bin"),
    "a program in a document": office("word/embeddings/oleObject1.exe"),
    "a zip bomb": zip_bomb(),
    "many entries": office(*map(str, range(5_001))),
    "an old document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "rich text": b"{\\rtf1}",
    "an archive of another kind": b"Rar!\x1a\x07\x00" + bytes(100),
}


async def test_files_are_refused(resident: Phone) -> None:
    for name, content in FILES.items():
        reply = await resident.send(content, **{"content-type": "image/jpeg"})
        assert reply.status_code == 415, (name, reply.text)
        assert reply.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
        assert reply.headers["x-content-type-options"] == "nosniff" and len(reply.content) < 500


MULTIPART = "multipart/form-data; boundary=x"
END = b"--x--"


def piece(head: bytes, content: bytes = b"a") -> bytes:
    return b"--x\r\ncontent-disposition: form-data; " + head + b"\r\n\r\n" + content + b"\r\n"


FORMS = {
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "an empty boundary": ("multipart/form-data; boundary=", b"--\r\n\r\n"),
    "an odd boundary": ("multipart/form-data; boundary=\xff\xfe", b"--\xff\xfe\r\n\r\n"),
    "half a form": (MULTIPART, b'--x\r\ncontent-disposition: form-data; name="f"; filename="a'),
    "no end": (MULTIPART, piece(b'name="f"; filename="a"')),
    "no file": (MULTIPART, piece(b'name="f"') + END),
    "no name": (MULTIPART, piece(b'filename="a"') + END),
    "many fields": (MULTIPART, piece(b'name="f"') * 99 + END),
    "two files": (MULTIPART, piece(b'name="f"; filename="a"') * 2 + END),
    "a huge field": (MULTIPART, piece(b'name="f"', b"a" * 50_000) + END),
    "bytes for headers": (MULTIPART, b"--x\r\n\xff\x00\xfe: \x01\r\n\r\n\r\n--x--"),
    "an odd charset": (f"{MULTIPART}; charset=nope", piece(b'name="\xff"', b"\xff") + END),
}


@pytest.mark.filterwarnings("ignore")  # Starlette leaves the file of a form without end to be collected
async def test_forms_are_refused(resident: Phone) -> None:
    for name, (media, body) in FORMS.items():
        raw = {b"content-type": media.encode("latin-1"), b"authorization": resident.headers["authorization"].encode()}
        reply = await resident.server.client.post("/attachments", content=body, headers=raw)
        assert 400 <= reply.status_code < 500, name
        assert Code(reply.json()["errors"][0]["extensions"]["code"])


HEADERS = {
    "no client": ({"x-client-id": ""}, 400),
    "a client of bytes": ({"x-client-id": "\xff\xfe"}, 400),
    "a bad token": ({"authorization": "Bearer x"}, 401),
    "no token": ({"authorization": "Basic eDp5"}, 401),
    "a length that is none": ({"content-length": "-1"}, 413),
    "a length of 40 digits": ({"content-length": "9" * 40}, 413),
    "a language of bytes": ({"accept-language": "\xff\xff,;q=q", "x-client-id": ""}, 400),
}


async def test_headers_are_refused(server: Server) -> None:
    for name, (headers, status) in HEADERS.items():
        sent = {"x-client-id": str(uuid4()), **headers}
        raw = {key.encode(): value.encode("latin-1") for key, value in sent.items()}
        reply = await server.client.post("/attachments", content=PDF, headers=raw)
        assert reply.status_code == status, name
        assert Code(reply.json()["errors"][0]["extensions"]["code"])


async def test_endless_body_ends(resident: Phone) -> None:
    """Without a length the bytes are counted as they come."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1_000_000)

    reply = await resident.server.client.post("/attachments", content=endless(), headers=resident.headers)
    assert reply.status_code == 413


SIGNED = "expires=1782784800&signature=" + "0" * 32
LINKS = {
    "nothing": "/attachments/x",
    "no variant": f"/attachments/{uuid4()}?{SIGNED}",
    "another variant": f"/attachments/{uuid4()}/raw?{SIGNED}",
    "a path upwards": f"/attachments/..%2f..%2fsecret/full?{SIGNED}",
    "deep": f"/attachments/{'a/' * 500}full?{SIGNED}",
    "a bad signature": f"/attachments/{uuid4()}/full?{SIGNED}",
    "a signature of letters": f"/attachments/{uuid4()}/full?expires=1&signature=%F0%9F%98%80",
    "an odd time": f"/attachments/{uuid4()}/full?expires=%D9%A1&signature=0",
    "a time of 5 000 digits": f"/attachments/{uuid4()}/full?expires={'9' * 5_000}&signature=0",
    "a time below zero": f"/attachments/{uuid4()}/full?expires=-1&signature=0",
    "U+0000": f"/attachments/%00/full?{SIGNED}",
    "not UTF-8": "/attachments/%ff%fe/full?expires=%ff&signature=%ff",
}  # fmt: skip


async def test_links_are_refused(server: Server) -> None:
    for name, link in LINKS.items():
        reply = await server.client.get(link)
        assert reply.status_code == 403, name
        assert reply.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_methods_are_refused(server: Server) -> None:
    for method, path in (("GET", ""), ("PUT", ""), ("POST", "/x"), ("DELETE", "/x"), ("TRACE", "")):
        reply = await server.client.request(method, f"/attachments{path}")
        assert reply.status_code == 405
        assert reply.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
