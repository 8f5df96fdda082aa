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
