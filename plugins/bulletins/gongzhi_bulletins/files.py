"""Files: what is published with a bulletin or a disclosure, made harmless by the server before anybody opens it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import strawberry
from gongzhi.runtime.commands import Call, input_field
from gongzhi.runtime.file_checks import UnfitFile

from .models import PublishedFile

BYTES, NAME = 600_000, 100
MOST_FILES = 3
"""The most files of one bulletin or disclosure."""
TYPES = ("image/jpeg", "image/png", "application/pdf")


@strawberry.input(description="A file to be published: JPEG, PNG or PDF, 600 kB at most (公开附件).")
class BulletinFileInput:
    name: str = input_field("What it is called (文件名).", length=(1, NAME))
    content: str = input_field("The file, in base64 (文件内容).", longest=1_000_000)


FileRow = TypeVar("FileRow", bound=PublishedFile)


async def receive_files(call: Call, files: Sequence[BulletinFileInput], table: type[FileRow]) -> list[FileRow]:
    """Return rows of the table for the files that came with a mutation, not yet of any owner."""
    return [await receive_file(call, one, at, table) for at, one in enumerate(files)]


async def receive_file(call: Call, file: BulletinFileInput, at: int, table: type[FileRow]) -> FileRow:
    # With its place in the list, so that a form marks the file that is wrong.
    path = "attachments", str(at)
    try:
        received = await call.context.files.receive(file.content, longest=BYTES, types=TYPES)
    except UnfitFile as error:
        raise error.at(*path, "content") from None
    return table(name=file.name, media_type=received.media_type, content=received.content)
