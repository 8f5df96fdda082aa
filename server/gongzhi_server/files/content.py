"""File content: tells what a file is by its bytes, and makes it harmless: no position, camera, owner or macros."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import puremagic
from gongzhi.core.attachments.models import AttachmentKind
from gongzhi.runtime.file_checks import DocumentLimits, ReceivedFile, UnfitFile

from . import recordings, webm
from .office_documents import check_document, open_archive
from .pdf import check_pdf
from .picture_decoding import PictureDecoder
from .picture_metadata import strip_metadata

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


@dataclass(frozen=True)
class Format:
    """A format that is taken: what people call it, what it is kept as, how many bytes it has, what makes it harmless.

    Pictures have nothing here: an upload is decoded anew, and one that comes within a mutation is never opened.
    """

    name: str
    kind: AttachmentKind
    media_type: str
    most: int
    clean: Callable[[BinaryIO], BinaryIO] | None = None


def clean_office(file: BinaryIO) -> BinaryIO:
    """Check an office document, which is kept as it is."""
    check_document(file)
    return file


def clean_pdf(file: BinaryIO) -> BinaryIO:
    """Check a PDF, which is kept as it is."""
    check_pdf(file.read())
    return file


_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCX, _XLSX = f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}spreadsheetml.sheet"
FORMATS = {
    "image/jpeg": Format("JPEG", AttachmentKind.PHOTO, "image/jpeg", 20 * MB),
    "image/png": Format("PNG", AttachmentKind.PHOTO, "image/jpeg", 20 * MB),
    "image/webp": Format("WebP", AttachmentKind.PHOTO, "image/jpeg", 20 * MB),
    "audio/mpeg": Format("MP3", AttachmentKind.VOICE, "audio/mpeg", 10 * MB, recordings.clean_mp3),
    "audio/mp4": Format("M4A", AttachmentKind.VOICE, "audio/mp4", 10 * MB, recordings.clean_mp4),
    "audio/wav": Format("WAV", AttachmentKind.VOICE, "audio/wav", 10 * MB, recordings.plain_wav),
    "audio/webm": Format("WebM (Opus)", AttachmentKind.VOICE, "audio/webm", 10 * MB, webm.keep_sound),
    "audio/amr": Format("AMR", AttachmentKind.VOICE, "audio/amr", 10 * MB, recordings.whole_frames),
    "audio/amr-wb": Format("AMR", AttachmentKind.VOICE, "audio/amr-wb", 10 * MB, recordings.whole_frames),
    "video/mp4": Format("MP4", AttachmentKind.VIDEO, "video/mp4", 50 * MB, recordings.clean_mp4),
    "application/pdf": Format("PDF", AttachmentKind.DOCUMENT, "application/pdf", 20 * MB, clean_pdf),
    _DOCX: Format("docx", AttachmentKind.DOCUMENT, _DOCX, 20 * MB, clean_office),
    _XLSX: Format("xlsx", AttachmentKind.DOCUMENT, _XLSX, 20 * MB, clean_office),
}
"""By the media type that the content has. Uploaded pictures are all kept as JPEG."""
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
        raise untaken_type(format for format in FORMATS.values() if format.kind in kinds)
    if size > format.most:
        most = format.most // MB
        raise UnfitFile(f"The file is larger than {most} MB.", f"文件超过 {most} MB。")
    file.seek(0)
    with refuse_damaged():
        if format.clean is None:
            remade = await decoder.remake(file.read(), edge=EDGE, small=SMALL)
            return CleanedFile(format.kind, format.media_type, io.BytesIO(remade.whole), remade.small)
        # In a thread: it takes long for a large file.
        clean = await asyncio.to_thread(format.clean, file)
    clean.seek(0)
    return CleanedFile(format.kind, format.media_type, clean)


def clean_received(raw: bytes, types: Collection[str], limits: DocumentLimits | None = None) -> ReceivedFile:
    """Make a file harmless that came within a mutation, as an upload is, but that pictures are not opened.

    Raises UnfitFile for what is not of these media types by its content.
    """
    file = io.BytesIO(raw)
    media_type = sniff_type(file)
    if media_type not in types:
        raise untaken_type(FORMATS[one] for one in types)
    clean = FORMATS[media_type].clean
    file.seek(0)
    with refuse_damaged():
        if clean is None:
            return ReceivedFile(media_type, strip_metadata(raw, media_type))
        if limits:
            check_document(file, limits)
            return ReceivedFile(media_type, raw)
        kept = clean(file)
        kept.seek(0)
        return ReceivedFile(media_type, kept.read())


def untaken_type(formats: Iterable[Format]) -> UnfitFile:
    """Return the refusal of a file that is none of these formats."""
    taken = ", ".join(dict.fromkeys(one.name for one in formats))
    return UnfitFile(f"This file is not taken here. Send {taken}.", f"不支持该文件类型，请上传 {taken} 文件。")


@contextmanager
def refuse_damaged() -> Iterator[None]:
    """Raise UnfitFile whatever a hostile file makes a library raise."""
    try:
        yield
    except UnfitFile:
        raise
    except Exception as error:  # parsers raise anything when they are given anything
        raise UnfitFile("The file is damaged, or it is not what it says.", "文件已损坏，或与其类型不符。") from error


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
