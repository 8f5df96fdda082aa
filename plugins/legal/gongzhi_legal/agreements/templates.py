"""Agreement templates: a county's own document, which may fill in blanks and go through lists, and nothing else."""

from __future__ import annotations

import asyncio
import datetime
import io
from collections.abc import Iterator
from typing import Any

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import Node, column, entity, expression, one, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.runtime.file_checks import DocumentLimits, UnfitFile
from gongzhi.values.errors import FIELD, Refusal
from strawberry import ID as ID

from .. import visibility
from ..models import TemplateRow
from ..visibility import MANAGE
from .documents import BLANKS, LISTS, OPTIONAL, template_environment

BYTES = 500_000
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LIMITS = DocumentLimits(entries=500, total=5_000_000, part=5_000_000)


@entity(TemplateRow, visible=visibility.visible_templates, order=("set_at",))
class AgreementTemplate(Node):
    """A county's document for agreements (协议书模板)."""

    grid: Grid | None = one("The county (所属县).")
    blanks: list[str] = expression(
        "The blanks it fills in; an agreement needs a value for each (填充项).",
        lambda at: Sql("array(select jsonb_array_elements_text({0}))", at.row.blanks),
    )
    set_at: datetime.datetime = column("Since when (启用时间).")


@strawberry.type(description="The template, or what is wrong with it (模板结果).")
class AgreementTemplatePayload:
    template: AgreementTemplate | None = result_field("The template (模板).")
    errors: list[Problem] = problems()


@strawberry.input(description="A county's document for agreements (设置协议书模板).")
class SetAgreementTemplateInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("The county, by code (县编码).")
    content: str = input_field(
        f"A docx in base64, 500 kB at most. Blanks: {', '.join(BLANKS)}; lists: {', '.join(LISTS)} (docx 文件).",
        longest=2 * BYTES,
    )


@command("Set the document that a county's agreements are written with (设置协议书模板).", requires=MANAGE)
async def set_agreement_template(call: Call, input: SetAgreementTemplateInput) -> AgreementTemplatePayload:
    grid = await find_grid(input.grid, "grid")
    if grid.kind != "COUNTY":
        raise invalid_input("A template is a county's: give a county's code.", "模板按县设置，请填写县级编码。", "grid")
    if not call.may(MANAGE, grid):
        raise not_allowed("grid")
    try:
        file = await call.context.files.receive(input.content, longest=BYTES, types=[DOCX], limits=LIMITS)
    except UnfitFile as error:
        raise error.at("content") from None
    # Parsing an archive takes CPU; the event loop must not wait for it.
    blanks = await asyncio.to_thread(check_template, file.content)
    # A new row each time: agreements keep the template they were made with.
    row = await TemplateRow.create(
        grid=grid, content=file.content, blanks=blanks, set_at=call.now, account=call.viewer.account.name
    )
    return AgreementTemplatePayload(template=ref(AgreementTemplate, row.id))


def check_template(content: bytes) -> list[str]:
    """Return the blanks a template has. Raises Refusal TEMPLATE_FIELD for one that an agreement has no value for.

    Whoever gets an agreement opens it, so a template runs, embeds and loads nothing.
    """
    from docxtpl import DocxTemplate  # type: ignore[import-untyped]
    from jinja2 import TemplateError

    try:
        # Parsed and walked, not tried out: a template that was only rendered once could hide an instruction behind a
        # condition.
        texts, env = list(template_parts(DocxTemplate(io.BytesIO(content)))), template_environment()
        found = {name for text in texts for name in names_used(env.parse(text).body, {})}
    except (TemplateError, KeyError, ValueError, UnicodeDecodeError) as error:
        said = "模板无法解析，请检查花括号。"
        raise invalid_input("The template cannot be read; look at its braces.", said, "content") from error
    return sorted(name for name in found if name in BLANKS)


def template_parts(document: Any) -> Iterator[str]:
    """Yield every text of a document that is filled in: the body, heads and feet, notes, what it says of itself."""
    document.init_docx()
    yield document.patch_xml(document.get_xml())
    for uri in (document.HEADER_URI, document.FOOTER_URI):
        for _, part in document.get_headers_footers(uri):
            yield document.patch_xml(document.get_part_xml(part))
    for part in document.docx.part.package.parts:
        if part.content_type.endswith("footnotes+xml"):
            yield document.patch_xml(part.blob.decode())
    about = document.docx.core_properties
    yield from (getattr(about, name) for name in ("author", "comments", "identifier", "language", "subject", "title"))


def names_used(body: list[Any], known: dict[str, str]) -> Iterator[str]:
    """Yield the names a template uses; `known` has the lists that its loops go through, by the loop's variable."""
    from jinja2 import nodes

    for node in body:
        match node:
            case nodes.Output():
                yield from names_used(node.nodes, known)
            case nodes.TemplateData():
                continue
            case nodes.Name(name=name) if name in BLANKS:
                yield name
            case nodes.Getattr(node=nodes.Name(name=name), attr=attr) if attr in LISTS.get(known.get(name, ""), ()):
                yield f"{known[name]}.{attr}"
            case nodes.For(target=nodes.Name(name=name), iter=nodes.Name(name=listed)) if listed in LISTS:
                yield from names_used(node.body, {**known, name: listed})
            case nodes.Name(name=name):
                raise unknown_blank(name)
            case nodes.Getattr(attr=attr):
                raise unknown_blank(attr)
            # An allow-list: whatever is not a blank, a list or plain text is refused, filters and calls included.
            case _:
                raise invalid_input(
                    "A template fills in blanks and goes through lists, and does nothing else.",
                    "模板只能填充字段和循环列表，不能包含其他指令。",
                    "content",
                )


def unknown_blank(name: str) -> Refusal:
    """Build the refusal for a blank that an agreement knows nothing of. Its name is the author's, and no secret."""
    said = name[:40]
    return Refusal(
        "TEMPLATE_FIELD",
        f"The template has the blank {said!r}, for which an agreement has no value.",
        f"模板中的字段“{said}”没有对应的取值。",
        ("content",),
    )


async def in_use(county: int | None) -> TemplateRow | None:
    """Return the template of a county that agreements are written with now; None if it has none of its own."""
    return await TemplateRow.filter(grid_id=county).order_by("-set_at", "-id").first() if county else None


def require_blanks(template: TemplateRow | None, values: dict[str, str | None]) -> None:
    """Refuse an agreement that leaves a blank of the template empty."""
    for name in template.blanks if template else ():
        if name in OPTIONAL and not values.get(name):
            raise not_found(f"{FIELD} is asked for by the county's template.", f"本县协议书模板要求填写{FIELD}。", name)


EXTENSIONS = (extend(Mutation, set_agreement_template=set_agreement_template),)
