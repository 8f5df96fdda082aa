"""What a file is, told by its content, and made harmless: no position, no camera, no owner, no macros."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import puremagic
from gongzhi.attachments.models import AttachmentKind
from gongzhi.errors import Text

from . import pictures, recordings

MB = 1_000_000
HEAD = 8_192
"""Bytes that tell what a file is."""


class Unfit(Exception):
    """A file that is not taken, with what to do instead."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = Text(en, zh)


@dataclass(frozen=True)
class Content:
    """What is kept of an upload: its media type, its bytes from the beginning, and a small picture."""

    kind: AttachmentKind
    media_type: str
    file: BinaryIO
    thumbnail: bytes | None = None


@dataclass(frozen=True)
class Format:
    """A format that is taken: what it is kept as, and how large it may be in bytes."""

    kind: AttachmentKind
    media_type: str
    most: int
    clean: Callable[[BinaryIO], tuple[BinaryIO, bytes | None]]


def photo(file: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    return pictures.remade(file)


def untagged(file: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    return recordings.untagged(file), None


def emptied(file: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    return recordings.emptied(file), None


def kept(file: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    return file, None


def office(file: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    """The document, if it is one: a whole archive of a sensible size that holds no program."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        names = {entry.filename.lower() for entry in entries}
        if "[content_types].xml" not in names or len(entries) > 5_000:
            raise ValueError("not a document")
        if sum(entry.file_size for entry in entries) > 200 * MB:
            raise ValueError("too large inside")
        if any(name.endswith((".bin", ".exe", ".dll", ".js", ".vbs")) for name in names):
            raise ValueError("holds programs")
    return file, None


_JPEG = Format(AttachmentKind.PHOTO, "image/jpeg", 20 * MB, photo)
_MP4 = Format(AttachmentKind.VIDEO, "video/mp4", 50 * MB, emptied)
_OFFICE = "application/vnd.openxmlformats-officedocument."
FORMATS = {
    "image/jpeg": _JPEG,
    "image/png": _JPEG,
    "image/webp": _JPEG,
    "audio/mpeg": Format(AttachmentKind.VOICE, "audio/mpeg", 10 * MB, untagged),
    "audio/mp4": Format(AttachmentKind.VOICE, "audio/mp4", 10 * MB, emptied),
    "audio/amr": Format(AttachmentKind.VOICE, "audio/amr", 10 * MB, kept),
    "video/mp4": _MP4,
    "application/pdf": Format(AttachmentKind.DOCUMENT, "application/pdf", 20 * MB, kept),
    f"{_OFFICE}wordprocessingml.document": Format(
        AttachmentKind.DOCUMENT, f"{_OFFICE}wordprocessingml.document", 20 * MB, office
    ),
    f"{_OFFICE}spreadsheetml.sheet": Format(AttachmentKind.DOCUMENT, f"{_OFFICE}spreadsheetml.sheet", 20 * MB, office),
}
"""By the media type that the content has. Pictures are all kept as JPEG."""
NAMES = {
    AttachmentKind.PHOTO: "JPEG, PNG, WebP",
    AttachmentKind.VOICE: "MP3, M4A, AMR",
    AttachmentKind.VIDEO: "MP4",
    AttachmentKind.DOCUMENT: "PDF, docx, xlsx",
}
LARGEST = max(format.most for format in FORMATS.values())


def examined(file: BinaryIO, size: int, kinds: frozenset[AttachmentKind] = frozenset(AttachmentKind)) -> Content:
    """What is kept of an upload. Raises Unfit; whatever a hostile file makes a library raise is that, too."""
    format = FORMATS.get(sniffed(file))
    if format is None or format.kind not in kinds:
        taken = ", ".join(NAMES[kind] for kind in AttachmentKind if kind in kinds)
        raise Unfit(f"This file is not taken here. Send {taken}.", f"不支持该文件类型，请上传 {taken} 文件。")
    if size > format.most:
        most = format.most // MB
        raise Unfit(f"The file is larger than {most} MB.", f"文件超过 {most} MB。")
    try:
        file.seek(0)
        clean, thumbnail = format.clean(file)
    except Exception as error:  # decoders raise anything when they are given anything
        raise Unfit("The file is damaged, or it is not what it says.", "文件已损坏，或与其类型不符。") from error
    clean.seek(0)
    return Content(format.kind, format.media_type, clean, thumbnail)


def sniffed(file: BinaryIO) -> str:
    """The media type of the content, as far as we take it; empty for anything else."""
    file.seek(0)
    head = file.read(HEAD)
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:12] in (b"M4A ", b"M4B ") else "video/mp4"
    if head[:4] == b"PK\x03\x04":
        return inside(file)
    if head[:6] == b"#!AMR\n":
        return "audio/amr"
    if head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"):
        return "audio/mpeg"
    try:
        found = str(puremagic.from_string(head, mime=True))
    except (puremagic.PureError, ValueError):
        return ""
    return {"audio/mp3": "audio/mpeg"}.get(found, found)


def inside(file: BinaryIO) -> str:
    """Which office document an archive is, by the folder its text lies in."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return ""
    if "word/document.xml" in names:
        return f"{_OFFICE}wordprocessingml.document"
    return f"{_OFFICE}spreadsheetml.sheet" if "xl/workbook.xml" in names else ""
