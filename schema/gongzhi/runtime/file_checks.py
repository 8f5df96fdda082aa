"""File checks: what the server finds of a file that somebody sent, before anybody opens it.

    content = call.context.files.strip_metadata(raw, "image/jpeg")

Nothing else opens what strangers made: plugins ask the server by `context.files`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from gongzhi.values.errors import Text

NOWHERE = "no files are taken here, so none can be looked at"


class UnfitFile(ValueError):
    """A file that is not taken. `text` says why and what to do, for whoever sent it."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = Text(en, zh)


@dataclass(frozen=True)
class DocumentLimits:
    """How much a document may be when it is unpacked."""

    entries: int = 5_000
    total: int = 200_000_000
    part: int = 100_000_000


@dataclass(frozen=True)
class RemadePicture:
    """A picture as a new JPEG with nothing in it but its points, and a small one if that was asked for."""

    whole: bytes
    small: bytes = b""


class FileChecks:
    """Looks at files; the server's own checks stand in its place. What is not `async` may take long: use a thread."""

    async def remake_picture(
        self, raw: bytes, *, edge: int = 2_560, small: int = 0, formats: Sequence[str] = ("JPEG", "PNG", "WEBP")
    ) -> RemadePicture:
        """Write a picture anew with `edge` points on its longer side at most, and a small one of `small` points.

        Of an animated one the first frame. Raises UnfitFile for what is no picture of these formats, or takes too much.
        """
        raise RuntimeError(NOWHERE)

    def strip_metadata(self, raw: bytes, kind: str) -> bytes:
        """Return a JPEG or PNG without what the camera wrote into it, by its media type; anything else as it is.

        Nothing is decoded. Raises UnfitFile for a broken one, and for one of more than 50 million points.
        """
        raise RuntimeError(NOWHERE)

    def check_document(self, file: BinaryIO, limits: DocumentLimits | None = None) -> None:
        """Raise UnfitFile unless it is a whole docx, xlsx or pptx that runs, embeds and loads nothing."""
        raise RuntimeError(NOWHERE)

    def check_archive(self, file: BinaryIO, limits: DocumentLimits | None = None) -> None:
        """Raise UnfitFile for an archive that unfolds to more than `limits`: for a document that is only read."""
        raise RuntimeError(NOWHERE)
