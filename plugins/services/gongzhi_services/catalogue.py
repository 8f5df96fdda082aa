"""Catalogue commands: publish what people may apply for, edition by edition, and offer it no longer."""

from __future__ import annotations

from typing import Any

import strawberry
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.commands import find_unit
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_rows
from gongzhi.runtime.checks import (
    Form,
    duplicate,
    input_form,
    invalid_input,
    is_given,
)
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import FIELD, Text
from strawberry import ID, UNSET

from .models import DocumentRow, Fact, MatterRow
from .rules import PUBLISH, published_rows
from .types import ServiceMatter

NAME, BASIS, PAPERS, DAYS, VISITS, FEE = 100, 500, 30, 250, 5, 10_000_000
MATTER = "The edition's id (事项标识)."


@strawberry.type(description="The matter, or why nothing was done (政务服务事项结果).")
class ServiceMatterPayload:
    matter: ServiceMatter | None = result_field("The edition (事项).")
    errors: list[Problem] = problems()


@strawberry.input(description="A paper that a matter wants (申请材料).")
class ServiceDocumentInput:
    code: str = input_field("Its code within the matter (材料编码).", pattern=SHORT_CODE)
    name: str = input_field("What it is (材料名称).", length=(1, NAME))
    fact: Fact | None = input_field(
        "What of it the county has on file, if anything: whoever has that on file is not asked for it (库内信息).",
        default=UNSET,
    )


@strawberry.input(description="What people may apply for, from now on (发布政务服务事项).")
class PublishServiceMatterInput:
    idempotency_key: str = input_field(KEY)
    # By its code, which units keep for good.
    unit: str = input_field("The unit that decides, by code (办理单位编码).")
    code: str = input_field("The matter's code, the same in all editions (事项编码).", pattern=SHORT_CODE)
    replaces: ID | None = input_field(
        "The edition that this one ends, unless the matter is new (被替换版本标识).", default=UNSET
    )
    name: str = input_field("What it is (事项名称).", length=(1, NAME))
    basis: str = input_field("By which law, with its articles (设定依据).", length=(1, BASIS))
    documents: list[ServiceDocumentInput] = input_field(
        "What it wants; nothing else is asked for (申请材料).", items=PAPERS
    )
    statutory_days: int = input_field("Working days that the law gives (法定办结时限，工作日).", between=(1, DAYS))
    promised_days: int = input_field(
        "Working days that the unit promises, no more than that (承诺办结时限，工作日).", between=(1, DAYS)
    )
    fee: int = input_field("What it costs, in fen (收费，分).", between=(0, FEE), default=0)
    visits: int = input_field(
        "How often one has to go somewhere at most (到办事现场次数).", between=(0, VISITS), default=1
    )


@command(
    "Publish a matter that people may apply for; an edition before it ends, and holds on for who applied under it "
    "(发布政务服务事项).",
    requires=PUBLISH,
)
async def publish_service_matter(call: Call, input: PublishServiceMatterInput) -> ServiceMatterPayload:
    with input_form() as read:
        given = read_matter(read, input)
        documents = [read(read_document, at, one) for at, one in enumerate(input.documents)]
        if len({one.code for one in input.documents}) < len(input.documents):
            read(refuse_same_codes)
    matter, unit = MatterRow(**given), await find_unit(input.unit, "unit")
    grid = await GridRow.get(id=unit.grid_id)
    if not may_publish(call, unit, grid):
        raise not_allowed("unit")
    if grid.county_id is None:
        raise invalid_input("A matter belongs to a county.", "事项应属于县级以下单位。", "unit")
    # Locked with the unit, so that of two editions at once the second sees the first.
    await UnitRow.filter(id=unit.id).select_for_update(no_key=True).first()
    matter.edition = await end_edition(call, input, unit)
    matter.unit, matter.grid, matter.since = unit, grid, call.now
    await matter.save(force_create=True)
    # After the edition, which they point at.
    for document in documents:
        document.matter = matter
    await DocumentRow.bulk_create(documents)
    return ServiceMatterPayload(matter=ref(ServiceMatter, matter.id))


def may_publish(call: Call, unit: UnitRow, grid: GridRow) -> bool:
    """Return whether the caller keeps the catalogue where the unit serves, or for the unit itself."""
    acting = any(one.unit == unit.id and PUBLISH in one.permissions for one in call.viewer.account.grants)
    return acting or call.may(PUBLISH, grid)


def read_matter(read: Form, input: PublishServiceMatterInput) -> dict[str, Any]:
    """Return the columns of the edition that was given."""
    given = {
        "code": input.code,
        "name": input.name,
        "basis": input.basis,
        "statutory_days": input.statutory_days,
        "promised_days": input.promised_days,
        "fee": input.fee,
        "visits": input.visits,
    }
    read(refuse_longer_promise, input)
    return given


def refuse_longer_promise(input: PublishServiceMatterInput) -> None:
    if input.promised_days > input.statutory_days:
        raise invalid_input(f"{FIELD}: no more than the law gives.", f"{FIELD}不得超过法定办结时限。", "promisedDays")


def refuse_same_codes() -> None:
    raise invalid_input("Give each paper a code of its own.", "材料编码不能重复。", "documents")


def read_document(at: int, given: ServiceDocumentInput) -> DocumentRow:
    """Return a paper that is wanted, not yet of any matter."""
    return DocumentRow(
        number=at + 1,
        code=given.code,
        name=given.name,
        fact=given.fact if is_given(given.fact) else None,
    )


async def end_edition(call: Call, input: PublishServiceMatterInput, unit: UnitRow) -> int:
    """End the edition that is replaced, and return the number of the next one."""
    last = await MatterRow.filter(unit=unit, code=input.code).order_by("-edition").first()
    replaced = key_of(ServiceMatter)(input.replaces) if is_given(input.replaces) else None
    # Whoever publishes names what they saw, so that nobody's edition ends unread.
    if (last.id if last and last.until is None else None) != replaced:
        raise duplicate(
            "Name the edition that holds now, and no other, as the one that is replaced.",
            "请指明被替换的现行版本；事项无现行版本的无需填写。",
            "replaces",
        )
    if last is None:
        return 1
    # The very moment at which the next one begins: there is none between.
    if last.until is None:
        last.until = call.now
        await last.save(update_fields=["until"])
    return int(last.edition) + 1


@strawberry.input(description="A matter that is offered no longer (停办事项).")
class EndServiceMatterInput:
    idempotency_key: str = input_field(KEY)
    matter: ID = input_field(MATTER)


OFFERED = require_empty("until", Text("This edition has ended.", "该版本已失效。"))


@command(
    "Offer a matter no longer; who applied under it is decided on (停办政务服务事项).",
    requires=PUBLISH,
    action=Action(ServiceMatter, (require_rows(published_rows),), (OFFERED,)),
)
async def end_service_matter(call: Call, input: EndServiceMatterInput) -> ServiceMatterPayload:
    row: MatterRow = await call.find(ServiceMatter, "matter", id=key_of(ServiceMatter)(input.matter))
    # Its code stays the unit's: offered again, it goes on counting editions.
    row.until = call.now
    await row.save(update_fields=["until"])
    return ServiceMatterPayload(matter=ref(ServiceMatter, row.id))


EXTENSIONS = (extend(Mutation, publish_service_matter=publish_service_matter, end_service_matter=end_service_matter),)
