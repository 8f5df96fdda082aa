"""Attachment types: attachments as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.attachments import links, rules
from gongzhi.core.attachments.models import AttachmentKind, AttachmentRow
from gongzhi.core.attachments.uploads import CAP
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import Node, column, entity, expression, many, one
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.sql import Sql

describe_enum(
    AttachmentKind,
    "AttachmentKind",
    "What sort of file an attachment is, by its content (附件类型).",
    PHOTO="A picture, made anew without what the camera adds (照片)",
    VOICE="A recording (语音)",
    VIDEO="A film (视频)",
    DOCUMENT="A PDF, or a document of an office program without macros (文档)",
)


@entity(AttachmentRow, visible=rules.visible_attachments, through="case", order=("at",), filter={"kind": None})
class Attachment(Node):
    """A photo, recording, video or document of a case; seen by whoever sees the case (附件)."""

    case: Case | None = one("The case it belongs to (诉求).")
    kind: AttachmentKind = column("What sort of file it is (类型).")
    media_type: str = column("Its media type, such as image/jpeg (媒体类型).")
    size: int = column("Its size in bytes (大小，字节).")
    at: datetime.datetime = column("When it was sent (上传时间).")
    url: str = expression(
        "Where it is, as an address on this server. Good for 5 to 10 minutes, for anybody who has it: do not keep it "
        "(下载地址，短时有效).",
        links.link_sql(links.FULL),
    )
    thumbnail_url: str | None = expression(
        "The same for a small picture of it; photos have one (缩略图地址，短时有效).",
        lambda at: Sql("case when {0} then {1} end", at.row.thumbnail, links.link_sql(links.THUMBNAIL)(at)),
    )


EXTENSIONS = (
    extend(
        Case,
        attachments=many(
            "Photos, recordings, videos and documents, the first first (附件).",
            on="case",
            order="at",
            cap=CAP,
            type=list[Attachment],
        ),
    ),
)
