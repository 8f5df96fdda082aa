"""Ledger commands: declare what a village publishes, write it down, sign it twice; and ask about it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import (
    Action,
    require_empty,
    require_held,
    require_rows,
    require_states,
    tell_state,
)
from gongzhi.runtime.checks import check_past_day, duplicate, input_form, invalid_input, is_given, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    not_allowed,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.codes import Kind
from gongzhi.values.errors import FIELD, Text
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from ..files import MOST_FILES, BulletinFileInput, receive_files
from ..models import (
    AffairKind,
    AffairRow,
    Capital,
    DisclosureFileRow,
    DisclosureRow,
    DisclosureState,
    FigureRow,
    FigureUnit,
    Rhythm,
)
from .periods import MAJOR_DAYS, open_periods_of
from .rules import COUNTERSIGN, KEEP, SIGN
from .signed_bulletins import publish_disclosure
from .types import VillageAffair, VillageDisclosure

TITLE, TEXT, REASON, NAME, LINES = 100, 10_000, 500, 60, 100
MOST = Decimal("9999999999999")
DISCLOSURE = "The disclosure's id (公开记录标识)."
FILES = "Its files; what was there stays where none are named (附件)."


@strawberry.type(description="The affair, or why nothing was done (公开事项结果).")
class AffairPayload:
    affair: VillageAffair | None = result_field("The affair (公开事项).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="Something that a village has to publish (登记公开事项).")
class DeclareAffairInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("The village, by code (村编码).")
    kind: AffairKind = input_field("What sort of affair (类别).")
    title: str = free_text("What it is (事项名称).", length=(1, TITLE))
    monthly: bool = input_field("Whether it is published each month, not each quarter (是否按月公开).", default=False)
    since: datetime.date | None = input_field(
        "From when on, or when a major affair happened; today if not given (起始日期).", default=UNSET
    )


@command("Declare what a village has to publish: each quarter or month, or at once (登记村务公开事项).", requires=KEEP)
async def declare_affair(call: Call, input: DeclareAffairInput) -> AffairPayload:
    since = check_past_day(call, input.since, "since") if is_given(input.since) else today(call)
    # Locked, so that one affair is not declared twice at once.
    grid = await find_grid(input.grid, "grid", lock=True)
    if not call.may(KEEP, grid):
        raise not_allowed("grid")
    # The law obliges villages; their groups and the towns above publish bulletins.
    if grid.kind != Kind.VILLAGE:
        raise invalid_input("A ledger belongs to a village.", "村务公开以行政村（社区）为单位。", "grid")
    major = input.kind == AffairKind.MAJOR
    if major and input.monthly:
        raise invalid_input("A major affair is published at once.", "重大事项应随时公开。", "monthly")
    rhythm = Rhythm.AT_ONCE if major else Rhythm.MONTHLY if input.monthly else Rhythm.QUARTERLY
    # A major affair ends as it is declared, so the next one may have its name.
    if await AffairRow.exists(grid=grid, title=input.title, until=None, kind=input.kind):
        raise duplicate("This affair is declared.", "该事项已登记。", "title")
    row = await AffairRow.create(
        grid=grid,
        kind=input.kind,
        rhythm=rhythm,
        title=input.title,
        since=since,
        until=since if major else None,
        declared_at=call.now,
    )
    await open_first_periods(call, row, grid)
    return AffairPayload(affair=ref(VillageAffair, row.id))


async def open_first_periods(call: Call, row: AffairRow, grid: GridRow) -> None:
    """Put into the ledger what is owed already: a major affair at once, others for the periods that are over."""
    county = grid.county_id or 0
    # Not in the night alone: whoever declares an affair sees at once what is owed of it.
    if row.rhythm != Rhythm.AT_ONCE:
        return await open_periods_of(call, row.id, county, today(call))
    due = row.since + timedelta(days=int(await MAJOR_DAYS.read(call, county)))
    await DisclosureRow.create(
        affair=row, grid=grid, begins_on=row.since, ends_on=row.since, due_on=due, state=DisclosureState.DUE
    )


@strawberry.input(description="An affair of which there is nothing more to publish (终止公开事项).")
class EndAffairInput:
    idempotency_key: str = input_field(KEY)
    affair: ID = input_field("The affair's id (公开事项标识).")
    expected_version: int = input_field(EXPECTED)


GOES_ON = require_empty("until", Text("It has ended.", "该事项已终止。"))


@command(
    "End an affair: its last period is the one that runs today (终止村务公开事项).",
    requires=KEEP,
    action=Action(VillageAffair, (require_held(KEEP),), (GOES_ON,)),
)
async def end_affair(call: Call, input: EndAffairInput) -> AffairPayload:
    row: AffairRow = await call.find(VillageAffair, "affair", id=key_of(VillageAffair)(input.affair))
    # What is owed already stays owed.
    row.until = today(call)
    row.version += 1
    await row.save()
    return AffairPayload(affair=ref(VillageAffair, row.id))


@strawberry.input(description="A line of the table of funds, assets and resources (三资明细).")
class FigureInput:
    capital: Capital = input_field("Which of the three (类别).")
    name: str = input_field("What it is (项目).", length=(1, NAME))
    unit: FigureUnit = input_field("What is counted; funds are in yuan (单位).")
    opening: Decimal = input_field("At the beginning of the period (期初).")
    increase: Decimal = input_field("What came in (本期增加).")
    decrease: Decimal = input_field("What went out (本期减少).")


@strawberry.type(description="The disclosure, or why nothing was done (村务公开结果).")
class DisclosurePayload:
    disclosure: VillageDisclosure | None = result_field("The disclosure (公开记录).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="What a village publishes of an affair for a period (填写公开内容).")
class DraftDisclosureInput:
    idempotency_key: str = input_field(KEY)
    disclosure: ID = input_field(DISCLOSURE)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("What it says; do not name private persons (内容).", length=(1, TEXT))
    figures: list[FigureInput] = input_field(
        "Funds, assets and resources (三资明细).", items=LINES, default_factory=list
    )
    attachments: list[BulletinFileInput] | None = input_field(FILES, items=MOST_FILES, default=UNSET)


# A copy and no reference: the earlier disclosure stays as it was signed, whatever becomes of the correction.
COPIED_FILES = """
insert into bulletins.disclosure_file (id, disclosure_id, name, media_type, content)
select gen_random_uuid(), $2::uuid, name, media_type, content from bulletins.disclosure_file where disclosure_id=$1
"""

AS_IT_IS = tell_state(Text("disclosure", "该公开记录"))
DRAFTING = Action(
    VillageDisclosure,
    (require_held(KEEP),),
    (require_states((DisclosureState.DUE, DisclosureState.SIGNING), AS_IT_IS),),
)


@command(
    "Write down what is to be published; whoever had signed an earlier wording signs again (填写村务公开内容).",
    requires=KEEP,
    action=DRAFTING,
)
async def draft_disclosure(call: Call, input: DraftDisclosureInput) -> DisclosurePayload:
    # Before the row is locked: reading two hundred lines takes a moment.
    figures = read_figures(input.figures)
    files = await read_files(call, input.attachments)
    row: DisclosureRow = await call.find(
        VillageDisclosure, "disclosure", id=key_of(VillageDisclosure)(input.disclosure)
    )
    await write_draft(call, row, input.text, figures)
    if files is not None:
        await write_files(row, files)
    return DisclosurePayload(disclosure=ref(VillageDisclosure, row.id))


@strawberry.input(description="What a village published wrongly, and publishes anew (更正村务公开).")
class CorrectDisclosureInput:
    idempotency_key: str = input_field(KEY)
    disclosure: ID = input_field(DISCLOSURE)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("What it should say (内容).", length=(1, TEXT))
    figures: list[FigureInput] = input_field(
        "Funds, assets and resources (三资明细).", items=LINES, default_factory=list
    )
    attachments: list[BulletinFileInput] | None = input_field(FILES, items=MOST_FILES, default=UNSET)
    reason: str = free_text("What was wrong; anybody reads it (更正原因).", length=(1, REASON))


@command(
    "Publish an affair of a period anew, with both signatures; until then the earlier one stands (更正村务公开).",
    requires=KEEP,
    action=Action(VillageDisclosure, (require_held(KEEP),), (require_states((DisclosureState.PUBLISHED,), AS_IT_IS),)),
)
async def correct_disclosure(call: Call, input: CorrectDisclosureInput) -> DisclosurePayload:
    figures = read_figures(input.figures)
    files = await read_files(call, input.attachments)
    old: DisclosureRow = await call.find(
        VillageDisclosure, "disclosure", id=key_of(VillageDisclosure)(input.disclosure)
    )
    # The next round is there: two corrections of one wording would both replace it.
    if await DisclosureRow.exists(affair_id=old.affair_id, begins_on=old.begins_on, round=old.round + 1):
        raise duplicate("A correction waits for its signatures.", "已有更正待签字。", "disclosure")
    row = await DisclosureRow.create(
        affair_id=old.affair_id,
        grid_id=old.grid_id,
        begins_on=old.begins_on,
        ends_on=old.ends_on,
        due_on=old.due_on,
        round=old.round + 1,
        state=DisclosureState.DUE,
        reason=input.reason,
    )
    await write_draft(call, row, input.text, figures)
    if files is None:
        await call.fetch(COPIED_FILES, old.id, row.id)
    else:
        await write_files(row, files)
    return DisclosurePayload(disclosure=ref(VillageDisclosure, row.id))


def read_figures(figures: Sequence[FigureInput]) -> list[FigureRow]:
    """Return the lines of a table, not yet of any disclosure."""
    with input_form() as read:
        return [read(read_figure, at, one) for at, one in enumerate(figures)]


async def read_files(call: Call, files: Sequence[BulletinFileInput] | None) -> list[DisclosureFileRow] | None:
    """Return rows for the files that came, not yet of any disclosure; None where none were named."""
    return await receive_files(call, files or (), DisclosureFileRow) if is_given(files) else None


def read_figure(at: int, given: FigureInput) -> FigureRow:
    """Return a line of the table; funds are counted in yuan, and nothing is less than nothing."""
    path = "figures", str(at)
    if (given.capital == Capital.FUNDS) and given.unit != FigureUnit.YUAN:
        raise invalid_input("Funds are counted in yuan.", "资金以元计。", *path, "unit")
    for field in ("opening", "increase", "decrease"):
        check_amount(getattr(given, field), *path, field)
    if given.opening + given.increase < given.decrease:
        raise invalid_input("More went out than there was.", "减少数大于期初数与增加数之和。", *path, "decrease")
    return FigureRow(
        number=at + 1,
        capital=given.capital,
        name=given.name,
        unit=given.unit,
        opening=given.opening,
        increase=given.increase,
        decrease=given.decrease,
    )


def check_amount(value: Decimal, *path: str) -> None:
    """Refuse what is less than nothing, too much, or has more than two decimals."""
    if not 0 <= value <= MOST or value != round(value, 2):
        raise invalid_input(
            f"{FIELD} is zero or more, with two decimals at most.", f"{FIELD}应不小于零，最多两位小数。", *path
        )


async def write_draft(call: Call, row: DisclosureRow, text: str, figures: Sequence[FigureRow]) -> None:
    """Keep a wording and its table in place of an earlier one. What was signed is what was read: signatures go."""
    # All of it anew: a line that was left out would be signed with the others.
    await FigureRow.filter(disclosure=row).delete()
    for line in figures:
        line.disclosure, line.grid_id = row, row.grid_id
    await FigureRow.bulk_create(figures)
    row.text, row.state, row.drafted_by = text, DisclosureState.SIGNING, call.viewer.account.name
    row.committee_by = row.committee_at = row.supervision_by = row.supervision_at = None
    row.version += 1
    await row.save()


async def write_files(row: DisclosureRow, files: Sequence[DisclosureFileRow]) -> None:
    """Keep the files of a wording in place of earlier ones."""
    await DisclosureFileRow.filter(disclosure=row).delete()
    for file in files:
        file.disclosure = row
    await DisclosureFileRow.bulk_create(files)


def signable_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return what one may sign, for the village committee or for its supervision."""
    committee, supervision = viewer.within(row, SIGN), viewer.within(row, COUNTERSIGN)
    return None if committee is None or supervision is None else [*committee, *supervision]


@strawberry.input(description="A signature under what a village publishes (村务公开签字).")
class SignDisclosureInput:
    idempotency_key: str = input_field(KEY)
    disclosure: ID = input_field(DISCLOSURE)
    expected_version: int = input_field(EXPECTED)


@command(
    "Sign what a village publishes, for its committee or for the supervision committee; with both signatures, of two "
    "persons whom nothing connects, it is published (村务公开签字).",
    requires=None,
    two_persons=True,
    action=Action(
        VillageDisclosure, (require_rows(signable_rows),), (require_states((DisclosureState.SIGNING,), AS_IT_IS),)
    ),
)
async def sign_disclosure(call: Call, input: SignDisclosureInput) -> DisclosurePayload:
    row: DisclosureRow = await call.find(
        VillageDisclosure, "disclosure", id=key_of(VillageDisclosure)(input.disclosure)
    )
    account = call.viewer.account.name
    # Members of the committee may not sit on its supervision (art. 32), so whoever supervises signs as that.
    supervises = call.may(COUNTERSIGN, row)
    if (row.supervision_by if supervises else row.committee_by) is not None:
        raise duplicate("This signature is there.", "该方已签字。", "disclosure")
    # The supervision looks at what others wrote; the committee signs what one of it may have written.
    others = {row.drafted_by, row.committee_by} if supervises else {row.supervision_by}
    await require_independence(call, "disclosure", *(one for one in others if one))
    # The account, for an office signs; the audit has the person behind it.
    if supervises:
        row.supervision_by, row.supervision_at = account, call.now
    else:
        row.committee_by, row.committee_at = account, call.now
    # Counts with each signature, so that whoever signs names what they saw.
    row.version += 1
    if row.committee_by and row.supervision_by:
        await publish_disclosure(call, row)
    await row.save()
    return DisclosurePayload(disclosure=ref(VillageDisclosure, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        declare_affair=declare_affair,
        end_affair=end_affair,
        draft_disclosure=draft_disclosure,
        correct_disclosure=correct_disclosure,
        sign_disclosure=sign_disclosure,
    ),
)
