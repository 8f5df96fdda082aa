"""Files: what a matter takes as evidence, recordings and scans."""

from __future__ import annotations

from gongzhi.runtime.file_checks import FileChecks, ReceivedFile, UnfitFile

BYTES = 600_000
RECORDINGS = {
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
    "audio/webm": "webm",
}
"""Recordings that are taken, and how the names of their files end."""
TYPES = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf", **RECORDINGS}


async def receive_file(files: FileChecks, encoded: str, path: str, types: dict[str, str] = TYPES) -> ReceivedFile:
    """Return a file that was sent in base64, without where and with what it was taken."""
    try:
        return await files.receive(encoded, longest=BYTES, types=types)
    except UnfitFile as error:
        raise error.at(path) from None
