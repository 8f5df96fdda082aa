"""Agreement types: agreements, their promises, and their confirmation by the court, as the schema has them."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from gongzhi.declare.entity import Node, batch, column, entity, expression, many, one, pick
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql
from gongzhi.runtime.context import Context

from .. import enums as enums
from .. import visibility
from ..matters.sealed_words import sealed_words
from ..matters.types import LegalMatter
from ..mediation.types import Mediation, MediationParty, fetch_party_names, of_matter
from ..models import AgreementForm, AgreementRow, ConfirmationRow, ConfirmationState, SignatureRow, Signing, TermRow
from .court_file import pack_court_file
from .documents import agreement_data, make_docx, make_pdf


class LegalDocumentFormat(StrEnum):
    """In which form a document is wanted."""

    PDF = "PDF"
    DOCX = "DOCX"


describe_enum(
    LegalDocumentFormat,
    "LegalDocumentFormat",
    "In which form a document is wanted (文书格式).",
    PDF="To print (PDF 文件)",
    DOCX="To go on writing in, by the county's template (docx 文档)",
)
MEDIA = {
    LegalDocumentFormat.PDF: "application/pdf",
    LegalDocumentFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@batch(needs=("party_id",))
async def signer_names(rows: Sequence[Any], context: Context) -> list[str | None]:
    """Their name (姓名)."""
    found = await fetch_party_names(context, [row.party_id for row in rows])
    return [found.get(row.party_id) for row in rows]


@entity(SignatureRow, visible=visibility.visible_with_matter, through="matter", order=("at",))
class AgreementSignature(Node):
    """Who signed (签署)."""

    matter: LegalMatter | None = one("The matter (事项).")
    party: MediationParty | None = one("Which party, or who speaks for one (当事人).")
    name: str | None = signer_names
    at: datetime.datetime = column("When (时间).")
    how: Signing = column("How (方式).")


@entity(TermRow, visible=visibility.visible_with_matter, through="matter", order=("place",))
class AgreementTerm(Node):
    """One thing that somebody promised (协议事项)."""

    matter: LegalMatter | None = one("The matter (事项).")
    place: int = column("Its place (序号).")
    text: str | None = sealed_words("What was promised (内容).", "text", "term")
    obligor: MediationParty | None = one("Who promised it (履行人).")
    due_on: datetime.date | None = column("By when (履行期限).")
    kept: bool | None = column("Whether it was done; null before that is known (是否履行).")
    settled_on: datetime.date | None = column("When that was known (确认日期).")


@batch(needs=("matter_id",), cost=100)
async def bundle_url(rows: Sequence[Any], context: Context) -> list[str | None]:
    """What the court is sent: request, agreement and files, as a zip in a data URL (申请材料包)."""
    found = [await pack_court_file(context, row.matter_id) for row in rows]
    return [f"data:application/zip;base64,{base64.b64encode(one).decode()}" if one else None for one in found]


def local_day(column: str) -> Any:
    return lambda at: Sql("({0} at time zone 'Asia/Shanghai')::date", at.row.field(column))


@entity(ConfirmationRow, visible=visibility.visible_with_matter, through="matter", order=("due_at",))
class JudicialConfirmation(Node):
    """An agreement before the court: asked for together within 30 days of its effect (司法确认)."""

    matter: LegalMatter | None = one("The matter (事项).")
    state: ConfirmationState = column("Where it stands (状态).")
    request_by: datetime.date = expression("The last day to ask for it (申请截止日).", local_day("due_at"))
    court: str | None = column("Which court (法院).")
    requested_at: datetime.datetime | None = column("When it was asked for (申请时间).")
    accept_by: datetime.date | None = column("By when the court says whether it accepts (受理期限).")
    accepted_on: datetime.date | None = column("When it accepted (受理日期).")
    decide_by: datetime.date | None = column("By when it decides (审查期限).")
    decided_on: datetime.date | None = column("When it decided (裁定日期).")
    reference: str | None = column("The number of its ruling (裁定书文号).")
    bundle_url: str | None = bundle_url
    version: int = column("Grows with every change (版本).")


@batch(needs=("id", "form"), cost=100)
async def document_url(rows: Sequence[Any], context: Context, format: LegalDocumentFormat) -> list[str | None]:
    """The document as a data URL; an oral agreement has none (协议书)."""
    return [
        await render_agreement(context, row.id, format) if row.form == AgreementForm.WRITTEN else None for row in rows
    ]


async def render_agreement(context: Context, agreement: Any, format: LegalDocumentFormat) -> str:
    data, template = await agreement_data(context, agreement)
    made = await make_pdf(data) if format == LegalDocumentFormat.PDF else await make_docx(data, template)
    return f"data:{MEDIA[format]};base64,{base64.b64encode(made).decode()}"


@entity(AgreementRow, visible=visibility.visible_with_matter, through="matter", order=("made_at",))
class MediationAgreement(Node):
    """What parties agreed on; it binds whoever signed it (调解协议)."""

    matter: LegalMatter | None = one("The matter (事项).")
    number: str = column("Its number (编号).")
    form: AgreementForm = column("Whether it is on paper (形式).")
    facts: str | None = sealed_words("What the dispute was about (主要事实).", "facts", "agreement")
    place: str | None = sealed_words("Where it is to be done (履行地点).", "place", "agreement")
    performance: str | None = sealed_words("How it is to be done (履行方式).", "performance", "agreement")
    effective_on: datetime.date = column("From when it binds (生效日期).")
    made_at: datetime.datetime = column("When it was recorded (登记时间).")
    kept_on: datetime.date | None = column("When all of it was done (履行完毕日期).")
    terms: list[AgreementTerm] = many("What was promised (协议事项).", of_matter, order="place", cap=30)
    signed_by: list[AgreementSignature] = many("Who signed (签署人).", of_matter, order="at", cap=20)
    confirmation: JudicialConfirmation | None = pick(
        "Its confirmation by the court; an oral one has none (司法确认).", of_matter, order="due_at"
    )
    document_url: str | None = document_url


def matter_agreement(at: Frame) -> Any:
    return [Sql("{0}={1}", at.rows.matter_id, at.row.matter_id)]


EXTENSIONS = (
    extend(
        Mediation,
        agreement=pick(
            "What the parties agreed on (调解协议).",
            matter_agreement,
            order="made_at",
            type=MediationAgreement | None,
            requires=None,
        ),
    ),
)
