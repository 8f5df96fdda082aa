"""File content: tells what a file is by its bytes, and makes it harmless: no position, camera, owner or macros."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import BinaryIO

import puremagic
from gongzhi.core.attachments.models import AttachmentKind
from gongzhi.runtime.file_checks import UnfitFile

from . import recordings, webm
from .office_documents import check_document, open_archive
from .pdf import check_pdf
from .picture_decoding import PictureDecoder

MB = 1_000_000
HEAD = 8_192
"""Bytes that tell what a file is."""
EDGE, SMALL = 2_560, 320
"""The longer edge of a photo as it is kept, and of the small picture."""


@dataclass(frozen=True)
class CleanedFile:
    """An upload as it is kept: its media type, its bytes from the beginning, and a small picture."""

    kind: AttachmentKind
    media_type: str
    file: BinaryIO
    thumbnail: bytes | None = None


Cleaned = tuple[BinaryIO, bytes | None]
"""A file with what is kept of it, and a small picture."""


@dataclass(frozen=True)
class Format:
    """A format that is taken: what it is kept as, and how large it may be in bytes."""

    kind: AttachmentKind
    media_type: str
    most: int
    clean: Callable[[BinaryIO, PictureDecoder], Awaitable[Cleaned]]


async def clean_photo(file: BinaryIO, decoder: PictureDecoder) -> Cleaned:
    """Decode a photo and encode it anew, which leaves out all that is not the picture."""
    remade = await decoder.remake(file.read(), edge=EDGE, small=SMALL)
    return io.BytesIO(remade.whole), remade.small


def clean_in_thread(clean: Callable[[BinaryIO], BinaryIO]) -> Callable[[BinaryIO, PictureDecoder], Awaitable[Cleaned]]:
    """Make a cleaner that runs in a thread: it takes long for a large file."""

    async def run(file: BinaryIO, _: PictureDecoder) -> Cleaned:
        return await asyncio.to_thread(clean, file), None

    return run


def clean_office(file: BinaryIO) -> BinaryIO:
    """Check an office document, which is kept as it is."""
    check_document(file)
    return file


def clean_pdf(file: BinaryIO) -> BinaryIO:
    """Check a PDF, which is kept as it is."""
    check_pdf(file.read())
    return file


_JPEG = Format(AttachmentKind.PHOTO, "image/jpeg", 20 * MB, clean_photo)
_MP4 = Format(AttachmentKind.VIDEO, "video/mp4", 50 * MB, clean_in_thread(recordings.clean_mp4))
_OFFICE = "application/vnd.openxmlformats-officedocument."
FORMATS = {
    "image/jpeg": _JPEG,
    "image/png": _JPEG,
    "image/webp": _JPEG,
    "audio/mpeg": Format(AttachmentKind.VOICE, "audio/mpeg", 10 * MB, clean_in_thread(recordings.clean_mp3)),
    "audio/mp4": Format(AttachmentKind.VOICE, "audio/mp4", 10 * MB, clean_in_thread(recordings.clean_mp4)),
    "audio/wav": Format(AttachmentKind.VOICE, "audio/wav", 10 * MB, clean_in_thread(recordings.plain_wav)),
    "audio/webm": Format(AttachmentKind.VOICE, "audio/webm", 10 * MB, clean_in_thread(webm.keep_sound)),
    "audio/amr": Format(AttachmentKind.VOICE, "audio/amr", 10 * MB, clean_in_thread(recordings.whole_frames)),
    "audio/amr-wb": Format(AttachmentKind.VOICE, "audio/amr-wb", 10 * MB, clean_in_thread(recordings.whole_frames)),
    "video/mp4": _MP4,
    "application/pdf": Format(AttachmentKind.DOCUMENT, "application/pdf", 20 * MB, clean_in_thread(clean_pdf)),
    f"{_OFFICE}wordprocessingml.document": Format(
        AttachmentKind.DOCUMENT, f"{_OFFICE}wordprocessingml.document", 20 * MB, clean_in_thread(clean_office)
    ),
    f"{_OFFICE}spreadsheetml.sheet": Format(
        AttachmentKind.DOCUMENT, f"{_OFFICE}spreadsheetml.sheet", 20 * MB, clean_in_thread(clean_office)
    ),
}
"""By the media type that the content has. Pictures are all kept as JPEG."""
NAMES = {
    AttachmentKind.PHOTO: "JPEG, PNG, WebP",
    AttachmentKind.VOICE: "MP3, M4A, WAV, WebM (Opus), AMR",
    AttachmentKind.VIDEO: "MP4",
    AttachmentKind.DOCUMENT: "PDF, docx, xlsx",
}
LARGEST = max(format.most for format in FORMATS.values())


async def clean_upload(
    file: BinaryIO,
    size: int,
    decoder: PictureDecoder,
    kinds: frozenset[AttachmentKind] = frozenset(AttachmentKind),
) -> CleanedFile:
    """Make an upload harmless and return what is kept of it.

    Raises UnfitFile, whatever a hostile file makes a library raise.
    """
    # By content alone: names and declared types are the sender's word.
    format = FORMATS.get(await asyncio.to_thread(sniff_type, file))
    if format is None or format.kind not in kinds:
        taken = ", ".join(NAMES[kind] for kind in AttachmentKind if kind in kinds)
        raise UnfitFile(f"This file is not taken here. Send {taken}.", f"不支持该文件类型，请上传 {taken} 文件。")
    if size > format.most:
        most = format.most // MB
        raise UnfitFile(f"The file is larger than {most} MB.", f"文件超过 {most} MB。")
    file.seek(0)
    try:
        clean, thumbnail = await format.clean(file, decoder)
    except UnfitFile:
        raise
    except Exception as error:  # parsers raise anything when they are given anything
        raise UnfitFile("The file is damaged, or it is not what it says.", "文件已损坏，或与其类型不符。") from error
    clean.seek(0)
    return CleanedFile(format.kind, format.media_type, clean, thumbnail)


def sniff_type(file: BinaryIO) -> str:
    """Return the media type of the content, as far as we take it; empty for anything else."""
    file.seek(0)
    head = file.read(HEAD)
    # M4A and MP4 are one container; what its tracks hold decides, since phones write either brand.
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:12] in (b"M4A ", b"M4B ") or recordings.is_sound(file) else "video/mp4"
    if head[:4] == b"PK\x03\x04":
        return office_kind(file)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "audio/webm"
    if head[:6] == b"#!AMR\n":
        return "audio/amr"
    if head[:9] == b"#!AMR-WB\n":
        return "audio/amr-wb"
    # MPEG frame sync without an ID3 tag, which puremagic does not know.
    if head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"):
        return "audio/mpeg"
    try:
        found = str(puremagic.from_string(head, mime=True))
    except (puremagic.PureError, ValueError):
        return ""
    return {"audio/mp3": "audio/mpeg"}.get(found, found)


def office_kind(file: BinaryIO) -> str:
    """Return which office document an archive is, by the folder its text lies in."""
    try:
        with open_archive(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return ""
    if "word/document.xml" in names:
        return f"{_OFFICE}wordprocessingml.document"
    return f"{_OFFICE}spreadsheetml.sheet" if "xl/workbook.xml" in names else ""
