"""Files as phones make them, with what should not be kept of them."""

from __future__ import annotations

import io
import zipfile

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OWNER = b"Owner Testman"


def photo(width: int = 400, height: int = 300, format: str = "JPEG") -> bytes:
    """A picture that lies on its side, with the place and the owner of the camera in it."""
    image = Image.effect_noise((width, height), 60).convert("RGB")
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif[Base.Artist] = OWNER.decode()
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (32.0, 53.0, 24.0)
    made = io.BytesIO()
    image.save(made, format, exif=exif, comment=OWNER) if format == "JPEG" else image.save(made, format, exif=exif)
    return made.getvalue()


def box(kind: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return (len(inside) + 8).to_bytes(4, "big") + kind + inside


def film(brand: bytes = b"isom") -> bytes:
    """An MP4 with a place in its user data, and the time it was made."""
    times = (3_900_000_000).to_bytes(4, "big")
    head = box(b"mvhd", bytes(4), times, times, bytes(88))
    place = box(b"udta", box(b"\xa9xyz", b"\x00\x12\x15\xc7+32.8900+108.5100/"))
    track = box(b"trak", box(b"tkhd", bytes(4), times, times, bytes(72)), box(b"meta", OWNER))
    moov = box(b"moov", head, place, track)
    return box(b"ftyp", brand, bytes(4)) + moov + box(b"mdat", b"frames" * 100)


def recording() -> bytes:
    """An MP3 with tags before and behind."""
    frames = (b"\xff\xfb\x90\x00" + bytes(413)) * 4
    tag = b"TPE1" + (len(OWNER) + 1).to_bytes(4, "big") + bytes(3) + OWNER
    return b"ID3\x03\x00\x00" + bytes([0, 0, 0, len(tag)]) + tag + frames + (b"TAG" + OWNER).ljust(128, b"\0")


def office(*more: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("[Content_Types].xml", "word/document.xml", *more):
            archive.writestr(name, "<x/>")
    return made.getvalue()


PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def memo() -> bytes:
    """An MP4 of sound alone, as telephones record it, whose brand is that of a film."""
    media = box(b"mdia", box(b"hdlr", bytes(8), b"soun", bytes(12), OWNER + b"\0"))
    moov = box(b"moov", box(b"mvhd", bytes(100)), box(b"trak", box(b"tkhd", bytes(84)), media))
    return box(b"ftyp", b"iso5", bytes(4)) + moov + box(b"mdat", b"frames" * 100)


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


SPEECH = bytes(range(256)) * 8
PCM = b"\1\0\1\0" + (8_000).to_bytes(4, "little") + (16_000).to_bytes(4, "little") + b"\2\0\x10\0"


def wav(*more: bytes, form: bytes = PCM, sound: bytes = SPEECH) -> bytes:
    """A WAV with its owner before and behind the sound."""
    owner = chunk(b"LIST", b"INFO" + chunk(b"IART", OWNER))
    inside = b"WAVE" + owner + chunk(b"fmt ", form) + chunk(b"data", sound) + chunk(b"id3 ", OWNER) + b"".join(more)
    return chunk(b"RIFF", inside)


def element(id: int, *content: bytes, size: int | None = None) -> bytes:
    """An element of a WebM; its size is its content's, unless another is said."""
    inside = b"".join(content)
    width = (id.bit_length() + 7) // 8
    told = len(inside) if size is None else size
    return id.to_bytes(width, "big") + (told | 1 << 56).to_bytes(8, "big") + inside


ENDLESS = (1 << 56) - 1
OPUS = b"OpusHead\1\1" + (312).to_bytes(2, "little") + (48_000).to_bytes(4, "little") + bytes(3)


def track(kind: bytes = b"\2", codec: bytes = b"A_OPUS", head: bytes = OPUS, *more: bytes) -> bytes:
    parts = [element(0xD7, b"\1"), element(0x73C5, bytes(8)), element(0x83, kind), element(0x86, codec)]
    return element(
        0xAE, *parts, element(0x63A2, head), element(0x536E, OWNER), element(0xE1, element(0x9F, b"\1")), *more
    )


def webm(*more: bytes, tracks: bytes = b"", doc_type: bytes = b"webm", endless: bool = False) -> bytes:
    """A WebM of Opus with its owner in a title, a tag and an attached file; `endless` as browsers write it."""
    head = element(0x1A45DFA3, element(0x4286, b"\1"), element(0x4282, doc_type), element(0x4287, b"\4"))
    about = element(0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40"), element(0x7BA9, OWNER), element(0x5741, OWNER))
    size = ENDLESS if endless else None
    clusters = [
        element(0x1F43B675, element(0xE7, bytes([at])), element(0xA3, b"\x81\0\0\x80" + SPEECH), size=size)
        for at in range(2)
    ]
    tags = element(0x1254C367, element(0x7373, element(0x67C8, element(0x4487, OWNER * 20))))
    files = element(0x1941A469, element(0x61A7, element(0x465C, OWNER)))
    parts = [element(0xEC, OWNER), about, element(0x1654AE6B, tracks or track()), *clusters, tags, files, *more]
    return head + element(0x18538067, *parts, size=size)


def amr() -> bytes:
    """Four frames of 12.2 kbit/s and a silence, and half a frame at which somebody hung up."""
    return b"#!AMR\n" + (b"\x3c" + SPEECH[:31]) * 4 + b"\x44" + SPEECH[:5] + b"\x3c" + SPEECH[:9]
