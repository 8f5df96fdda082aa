"""Files: what sort of file somebody sent, told by its content; pictures lose what cameras write into them."""

from __future__ import annotations

from gongzhi.runtime.file_checks import FileChecks, UnfitFile

BYTES = 600_000
# By content and never by name or by what the sender says: a web page that calls itself a picture is refused.
KINDS: tuple[tuple[bytes, int, str], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"%PDF-", 0, "application/pdf"),
    (b"#!AMR", 0, "audio/amr"),
    (b"ID3", 0, "audio/mpeg"),
    (b"OggS", 0, "audio/ogg"),
    (b"ftypM4A", 4, "audio/mp4"),
)
"""What files begin with, from which byte on."""


async def read_file(files: FileChecks, encoded: str, path: str) -> tuple[bytes, str]:
    """Return a file sent in base64, and its media type."""
    try:
        raw = await files.receive(encoded, longest=BYTES)
        kind = next((kind for mark, at, kind in KINDS if raw[at:].startswith(mark)), None)
        if kind is None:
            raise UnfitFile(
                "Send a JPEG, PNG, PDF, or a recording as AMR, MP3, M4A or Ogg.",
                "仅支持 JPEG、PNG、PDF，以及 AMR、MP3、M4A、Ogg 录音。",
            )
        # Where and with what a picture was taken is removed before it is sealed.
        return files.strip_metadata(raw, kind), kind
    except UnfitFile as error:
        raise error.at(path) from None
