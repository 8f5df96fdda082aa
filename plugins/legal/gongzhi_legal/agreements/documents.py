"""Agreement documents: one set of data, printed as PDF by Typst and as docx from the county's own template.

What writes documents is imported where one is written: serving starts without it.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.context import Context

from ..matters.sealed_words import reveal_words
from ..mediation.types import fetch_party_names
from ..models import Signing

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

SOURCE = Path(__file__).with_name("agreement.typ")
HEAD = """
select t.id, t.matter_id, t.number, t.effective_on, t.made_at, t.facts, t.place, t.performance, m.secret, g.code,
 g.name county, d.name dispute, p.content template, coalesce(v.name, w.name, g.name) committee
from legal.agreement t join legal.matter m on m.id=t.matter_id join grids.grid g on g.id=m.county_id
join legal.mediation n on n.matter_id=m.id join legal.dispute_type d on d.id=n.dispute_type_id
left join grids.grid v on v.id=m.village_id and n.level='VILLAGE'
left join grids.grid w on w.id=m.town_id and n.level in ('VILLAGE','TOWN')
left join legal.template p on p.id=t.template_id where t.id=$1
"""
PARTIES = "select id, place, represents_id from legal.party where matter_id=$1 order by place"
TERMS = "select id, place, text, obligor_id, due_on from legal.term where matter_id=$1 order by place"
SIGNED = "select party_id, at, how from legal.signature where matter_id=$1 order by at, id"
MEDIATED = """
select a.name, r.acting from legal.mediator r join legal.adviser a on a.id=r.adviser_id
where r.matter_id=$1 and r.until is null order by r.since, r.id
"""
HOW = {Signing.SIGNATURE: "签名", Signing.FINGERPRINT: "按指印", Signing.ONLINE: "线上确认"}
BLANKS = ("number", "county", "committee", "dispute", "facts", "place", "performance", "effective_on", "made_on")
"""What a template can fill in once."""
LISTS = {
    "parties": ("name", "role"),
    "terms": ("no", "text", "obligor", "due"),
    "signatures": ("name", "on", "how"),
    "mediators": ("name", "role"),
}
"""What it can go through, and what each has."""
OPTIONAL = ("place", "performance")
"""Blanks that a mediator may leave empty, unless the county's template has them."""


async def agreement_data(context: Context, agreement: UUID) -> tuple[dict[str, Any], bytes | None]:
    """Return what is printed of an agreement, as words, for whoever sits at it; and the county's template, or None."""
    [head] = await context.fetch(HEAD, agreement)
    # Names are opened by the viewer's seat, and so is the row of the agreement itself.
    matter = head["matter_id"]
    parties = await context.fetch(PARTIES, matter)
    # A party whose name cannot be read, or is erased, is a dash and not a missing line.
    called = {
        key: said or "—" for key, said in (await fetch_party_names(context, [one["id"] for one in parties])).items()
    }
    terms, signed, mediators = [await context.fetch(text, matter) for text in (TERMS, SIGNED, MEDIATED)]

    def clear(column: str) -> str:
        return reveal_words_of(context, head, "agreement", column, head["id"], head[column])

    data = {
        **{name: head[name] for name in ("number", "county", "committee", "dispute")},
        **{name: clear(name) for name in ("facts", *OPTIONAL)},
        "effective_on": spell_day(head["effective_on"]),
        "made_on": spell_day(head["made_at"].astimezone(CHINA).date()),
        "parties": [
            {"name": called[one["id"]], "role": "代理人" if one["represents_id"] else side_name(one["place"])}
            for one in parties
        ],
        "terms": [
            {
                "no": str(one["place"] + 1),
                "text": reveal_words_of(context, head, "term", "text", one["id"], one["text"]),
                "obligor": called[one["obligor_id"]],
                "due": spell_day(one["due_on"]) if one["due_on"] else "即时",
            }
            for one in terms
        ],
        "signatures": [
            {"name": called[one["party_id"]], "on": spell_local_day(one["at"]), "how": HOW[Signing(one["how"])]}
            for one in signed
        ],
        "mediators": [
            {"name": one["name"], "role": "调解员" if one["acting"] == "MEDIATOR" else "专家"} for one in mediators
        ],
    }
    return data, head["template"]


def reveal_words_of(context: Context, head: Mapping[str, Any], table: str, column: str, key: UUID, value: Any) -> str:
    row = {"written": value, "secret": head["secret"], "code": head["code"]}
    return reveal_words(context.keys, row, f"legal.{table}.{column}:{key}") or ""


def side_name(place: int) -> str:
    return "申请人" if place == 0 else "被申请人"


def spell_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def spell_local_day(moment: datetime) -> str:
    return spell_day(moment.astimezone(CHINA).date())


# PDF


async def make_pdf(data: Mapping[str, Any]) -> bytes:
    return await asyncio.to_thread(render_pdf, data)


def render_pdf(data: Mapping[str, Any]) -> bytes:
    """Typeset the data as a PDF. They enter as data, never as Typst's own language."""
    import manimgx_fonts_cjk  # type: ignore[import-untyped]
    import typst

    printer = typst.Compiler(
        str(SOURCE),
        font_paths=[str(Path(manimgx_fonts_cjk.__file__).parent)],
        # Only the fonts of the package: an agreement must look the same on every machine.
        ignore_system_fonts=True,
        sys_inputs={"data": orjson.dumps(data).decode()},
    )
    made: Any = printer.compile()
    return bytes(made)


# docx


def template_environment() -> ImmutableSandboxedEnvironment:
    """Return what templates run in: nothing of Python is at hand, and a blank without a value is an error."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Autoescape: what people wrote is text in the document's XML, never markup.
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)


async def make_docx(data: Mapping[str, Any], template: bytes | None) -> bytes:
    # Filling in takes CPU; the event loop must not wait for it.
    return await asyncio.to_thread(fill_template, data, template or standard_template())


def fill_template(data: Mapping[str, Any], template: bytes) -> bytes:
    """Fill a template in. Raises jinja2's errors for one that has other blanks."""
    from docxtpl import DocxTemplate  # type: ignore[import-untyped]

    document = DocxTemplate(io.BytesIO(template))
    document.render(dict(data), jinja_env=template_environment(), autoescape=True)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


# Built once for the process: it never changes.
@cache
def standard_template() -> bytes:
    """Build the template of counties that have none of their own."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn
    from docx.shared import Pt

    document = Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = "SimSun", Pt(12)
    # Word takes Latin and East Asian fonts apart; without this Chinese text falls back to another font.
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "宋体")
    title = document.add_heading("人民调解协议书", level=1)
    number = document.add_paragraph("{{ number }}")
    title.alignment = number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for line in STANDARD:
        document.add_paragraph(line)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def list_paragraphs(name: str, line: str) -> Sequence[str]:
    """Return the paragraphs of a template that say one line for each of a list."""
    return (f"{{%p for one in {name} %}}", line, "{%p endfor %}")


def conditional_paragraphs(name: str, line: str) -> Sequence[str]:
    """Return the paragraphs that say a line where there is something to say."""
    return (f"{{%p if {name} %}}", line, "{%p endif %}")


STANDARD = (
    *list_paragraphs("parties", "{{ one.role }}：{{ one.name }}"),
    "纠纷类型：{{ dispute }}",
    "纠纷主要事实、争议事项：{{ facts }}",
    "经{{ committee }}人民调解委员会调解，当事人自愿达成如下协议：",
    *list_paragraphs("terms", "{{ one.no }}. {{ one.text }}（履行人：{{ one.obligor }}；期限：{{ one.due }}）"),
    *conditional_paragraphs("performance", "履行方式：{{ performance }}"),
    *conditional_paragraphs("place", "履行地点：{{ place }}"),
    "本协议自{{ effective_on }}起生效。双方可自生效之日起三十日内共同向人民法院申请司法确认。",
    *list_paragraphs("signatures", "当事人：{{ one.name }}（{{ one.how }}，{{ one.on }}）"),
    *list_paragraphs("mediators", "{{ one.role }}：{{ one.name }}"),
    "{{ committee }}人民调解委员会（印章）　{{ made_on }}",
)
