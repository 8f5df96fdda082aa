"""File checker: what plugins have done with files by `context.files`, as it is done with uploads."""

from __future__ import annotations

from gongzhi.runtime.file_checks import FileChecks

from .office_documents import check_document, check_packed
from .picture_decoding import PictureDecoder
from .picture_metadata import strip_metadata


class FileChecker(FileChecks):
    """Checks files by the modules beside it."""

    strip_metadata = staticmethod(strip_metadata)
    check_document = staticmethod(check_document)
    check_archive = staticmethod(check_packed)

    def __init__(self, decoder: PictureDecoder) -> None:
        # The decoder bounds how many pictures are open at once, so there is one for the whole server.
        self.remake_picture = decoder.remake  # type: ignore[method-assign]
