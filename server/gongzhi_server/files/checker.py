"""File checker: what plugins have done with files by `context.files`, as it is done with uploads."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Collection

from gongzhi.runtime.file_checks import DocumentLimits, FileChecks, ReceivedFile, UnfitFile

from .content import clean_received
from .malware_scan import Scan, ScanError, trust_file
from .office_documents import check_packed
from .picture_decoding import PictureDecoder


class FileChecker(FileChecks):
    """Checks files by the modules beside it."""

    check_archive = staticmethod(check_packed)

    def __init__(self, decoder: PictureDecoder, scan: Scan = trust_file) -> None:
        self.scan = scan
        # The decoder bounds how many pictures are open at once, so there is one for the whole server.
        self.remake_picture = decoder.remake  # type: ignore[method-assign]

    async def receive(
        self, encoded: str, *, longest: int, types: Collection[str], limits: DocumentLimits | None = None
    ) -> ReceivedFile:
        """Decode a file that came within a mutation, have it scanned, and make it harmless as uploads are."""
        # By the length of the text, before it is decoded: four letters stand for three bytes.
        if len(encoded) > longest * 4 // 3 + 4:
            raise UnfitFile(f"A file has {longest} bytes at most.", f"单个文件不超过 {longest} 字节。")
        try:
            # "validate": without it Python skips what is no base64.
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise UnfitFile("The file is not in base64.", "文件不是 base64 编码。") from None
        try:
            clean = await self.scan(io.BytesIO(raw))
        except ScanError:
            said = "The file cannot be scanned now; try again later.", "暂时无法检查文件，请稍后再试。"
            raise UnfitFile(*said) from None
        if not clean:
            raise UnfitFile("The malware scanner refuses the file.", "文件未通过恶意软件检查。")
        # In a thread: archives and recordings take a while.
        return await asyncio.to_thread(clean_received, raw, types, limits)
