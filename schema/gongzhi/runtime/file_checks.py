"""File checks: what the server finds of a file that somebody sent, before anybody opens it.

    raw = await call.context.files.receive(input.content, longest=600_000)
    content = call.context.files.strip_metadata(raw, "image/jpeg")

Nothing else opens what strangers made: plugins ask the server by `context.files`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from gongzhi.values.errors import Refusal, Text


class UnfitFile(ValueError):
    """A file that is not taken. `text` says why and what to do, for whoever sent it."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = Text(en, zh)

    def at(self, *path: str) -> Refusal:
        """Return it as the refusal of a field of the input."""
        return Refusal("BAD_USER_INPUT", self.text.en, self.text.zh, path)


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
    """Looks at files, by the server's own checks, which stand in its place: here nothing is taken.

    What is not `async` may take long: use a thread.
    """

    async def receive(self, encoded: str, *, longest: int) -> bytes:
        """Return a file that came in base64, once the malware scanner has seen it.

        Raises UnfitFile for more than `longest` bytes, for what is not in base64, and for what the scanner refuses or
        cannot look at.
        """
        raise NotImplementedError

    async def remake_picture(
        self, raw: bytes, *, edge: int = 2_560, small: int = 0, formats: Sequence[str] = ("JPEG", "PNG", "WEBP")
    ) -> RemadePicture:
        """Write a picture anew with `edge` points on its longer side at most, and a small one of `small` points.

        Of an animated one the first frame. Raises UnfitFile for what is no picture of these formats, or takes too much.
        """
        raise NotImplementedError

    def strip_metadata(self, raw: bytes, kind: str) -> bytes:
        """Return a JPEG or PNG without what the camera wrote into it, by its media type; anything else as it is.

        Nothing is decoded. Raises UnfitFile for a broken one, and for one of more than 50 million points.
        """
        raise NotImplementedError

    def check_document(self, file: BinaryIO, limits: DocumentLimits | None = None) -> None:
        """Raise UnfitFile unless it is a whole docx, xlsx or pptx that runs, embeds and loads nothing."""
        raise NotImplementedError

    def check_archive(self, file: BinaryIO, limits: DocumentLimits | None = None) -> None:
        """Raise UnfitFile for an archive that unfolds to more than `limits`: for a document that is only read."""
        raise NotImplementedError
