"""Picture metadata: what cameras write into pictures, which is place, time, owner, device, is left out.

Nothing is decoded here, so the evidence that somebody sends stays the picture that it was, and costs what its bytes
cost. What is shown to others is made anew instead, by `picture_decoding`.
"""

from __future__ import annotations

from gongzhi.runtime.file_checks import UnfitFile

START, SCAN, END = b"\xff\xd8", 0xDA, b"\xff\xd9"
TOLD = {*range(0xE1, 0xF0), 0xFE} - {0xEE}
"""Segments of a JPEG that hold words: APP1 (Exif, XMP) to APP15, comments; but APP14 says how colours are meant."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNKS = frozenset((b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"))
"""Chunks of a PNG that hold words."""
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Segments of a JPEG that say how large it is."""
POINTS = 50_000_000
"""The most points of a picture, as its header says: whoever opens one that has more is without memory."""


def strip_metadata(raw: bytes, kind: str) -> bytes:
    """Return a picture without what the camera wrote into it, anything else as it is. Raises UnfitFile if broken."""
    # Other kinds of files are not looked into.
    read = READERS.get(kind)
    try:
        return b"".join(read(raw)) if read else raw
    except IndexError:
        raise damaged_picture() from None


def check_size(width: int, height: int) -> None:
    if not 0 < width * height <= POINTS:
        raise UnfitFile(
            f"The picture has no points, or more than {POINTS // 1_000_000} million; send a smaller one.",
            f"图片没有像素，或超过 {POINTS // 1_000_000}00 万像素，请缩小后上传。",
        )


def damaged_picture() -> UnfitFile:
    return UnfitFile("The picture is damaged; send it again.", "图片已损坏，请重新上传。")


def strip_jpeg(raw: bytes) -> list[bytes]:
    if not raw.startswith(START):
        raise damaged_picture()
    kept, at = [START], 2
    while True:
        mark, code, length = raw[at], raw[at + 1], int.from_bytes(raw[at + 2 : at + 4])
        # Every segment begins with FF and holds its own length.
        if mark != 0xFF or length < 2:
            raise damaged_picture()
        if code == SCAN:
            # What is appended behind the end is left out, such as the film that some telephones put there.
            return [*kept, raw[at : raw.index(END, at) + 2]]
        if code in FRAMES:
            check_size(int.from_bytes(raw[at + 7 : at + 9]), int.from_bytes(raw[at + 5 : at + 7]))
        if code not in TOLD:
            kept.append(raw[at : at + 2 + length])
        at += 2 + length


def strip_png(raw: bytes) -> list[bytes]:
    if not raw.startswith(SIGNATURE):
        raise damaged_picture()
    kept, at = [SIGNATURE], 8
    while at < len(raw):
        size, name = int.from_bytes(raw[at : at + 4]), raw[at + 4 : at + 8]
        # Length, name and checksum take 12 bytes beside the data.
        if len(name) < 4 or at + 12 + size > len(raw):
            raise damaged_picture()
        if name == b"IHDR":
            check_size(int.from_bytes(raw[at + 8 : at + 12]), int.from_bytes(raw[at + 12 : at + 16]))
        if name not in CHUNKS:
            kept.append(raw[at : at + 12 + size])
        if name == b"IEND":
            return kept
        at += 12 + size
    raise damaged_picture()


READERS = {"image/jpeg": strip_jpeg, "image/png": strip_png}
"""By the media type that the content has."""
