"""Reading attachments: the file itself of an attachment that the caller sees, for what a plugin makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from gongzhi.core.attachments.models import AttachmentKind, AttachmentRow
from gongzhi.declare.entity import key_of
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import Call

from .attachment_types import Attachment

LONGEST = 10_000_000
"""Bytes that are read into memory at once, unless a plugin says otherwise."""


@dataclass(frozen=True)
class AttachmentFile:
    """What sort of file it is, by its content, and its bytes."""

    kind: AttachmentKind
    media_type: str
    content: bytes


async def read_attachment(call: Call, id: str, *path: str, longest: int = LONGEST) -> AttachmentFile:
    """Read the file of an attachment, given by its global id.

    Raises Refusal at this path for one that is not there, that the caller does not see, whose file was erased, or that
    has more bytes than `longest`.
    """
    row: AttachmentRow = await call.find(Attachment, *path, id=key_of(Attachment)(id))
    # By the size in the table, before anything is read.
    if row.size > longest:
        raise invalid_input(f"The file has more than {longest:,} bytes.", f"文件超过 {longest:,} 字节。", *path)
    content = await call.context.stored(row)
    if content is None:
        raise not_found("The file was erased.", "文件已删除。", *path)
    return AttachmentFile(row.kind, row.media_type, content)
