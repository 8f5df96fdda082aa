"""File checks: what the server finds of a file that somebody sent, before anybody opens it.

    photo = await call.context.files.receive(input.photo, longest=600_000, types=["image/jpeg"])

Nothing else opens what strangers made: plugins ask the server by `context.files`.
"""

from __future__ import annotations

from collections.abc import Collection
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
class ReceivedFile:
    """A file as it may be kept: its media type, told by its content, and its bytes without what devices wrote there."""

    media_type: str
    content: bytes


@dataclass(frozen=True)
class RemadePicture:
    """A picture as a new JPEG with nothing in it but its points, and a small one if that was asked for."""

    whole: bytes
    small: bytes = b""


class FileChecks:
    """Looks at files, by the server's own checks, which stand in its place: here nothing is taken.

    What is not `async` may take long: use a thread.
    """

    async def receive(
        self, encoded: str, *, longest: int, types: Collection[str], limits: DocumentLimits | None = None
    ) -> ReceivedFile:
        """Take a file that came in base64: it is scanned, told by its content, and made harmless as uploads are.

        `types` are the media types that are taken, of those that uploads may have. Pictures are not opened: a JPEG or
        PNG loses what the camera wrote into it. Raises UnfitFile for more than `longest` bytes, for what is not in
        base64 or of another type, for documents that run, embed or load something, or unfold to more than `limits`,
        for what is damaged, and for what the scanner refuses or cannot look at.
        """
        raise NotImplementedError

    async def remake_picture(self, raw: bytes, *, edge: int = 2_560, small: int = 0) -> RemadePicture:
        """Write a picture anew with `edge` points on its longer side at most, and a small one of `small` points.

        Of an animated one the first frame. Raises UnfitFile for what is no WebP, JPEG or PNG, or takes too much.
        """
        raise NotImplementedError

    def check_archive(self, file: BinaryIO, limits: DocumentLimits | None = None) -> None:
        """Raise UnfitFile for an archive that unfolds to more than `limits`: for a document that is only read."""
        raise NotImplementedError
