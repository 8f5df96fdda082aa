"""Programmes: what a points office sets up (programmes, groups), and taking back what was wrongly booked."""

from __future__ import annotations

import datetime
from uuid import UUID

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.people.naming import find_nameable
from gongzhi.core.people.tiers import add_months
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import covers_row
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_held
from gongzhi.runtime.checks import (
    duplicate,
    is_given,
    not_found,
    today,
)
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from ..actions import require_through, rows_through
from ..ledger import posting as ledger
from ..ledger.accounts import open_account
from ..ledger.chain import FIRST
from ..ledger.posting import Leg, Posting
from ..ledger.types import PointsAccount, PointsEntry
from ..models import AccountKind, AccountRow, ChainRow, EntryRow, PostingKind, PostingRow, ProgrammeRow, Unit
from ..visibility import MANAGE
from .types import PointsProgramme

HOLDERS = (AccountKind.PERSON, AccountKind.HOUSEHOLD, AccountKind.GROUP)
"""Whose points expire: those of the programme itself and of shops do not."""


MANAGING = Action(PointsProgramme, (require_held(MANAGE),))


async def load_programme(call: Call, id: str) -> ProgrammeRow:
    """Return the programme, locked, as the command's action allows."""
    programme: ProgrammeRow = await call.find(PointsProgramme, "programme", id=key_of(PointsProgramme)(id))
    return programme


@strawberry.input(description="A points programme (新建积分项目).")
class AddPointsProgrammeInput:
    idempotency_key: str = input_field(KEY)
    code: str = input_field("Its code: lower-case letters, digits and hyphens (编码).", pattern=SHORT_CODE)
    name: str = input_field("Its name (名称).", length=(1, 100))
    grid: str = input_field("The grid it covers, by code (适用网格编码).")
    unit: Unit = input_field("What it counts in (计量单位).", default=Unit.POINT)
    starts_on: datetime.date | None = input_field("The first day; today if not given (起始日).", default=UNSET)
    lasts_months: int | None = input_field(
        "After how many months points expire (有效月数).", between=(1, 120), default=UNSET
    )
    warn_days: int = input_field(
        "How many days before that its holder is told (提醒天数).", between=(1, 180), default=30
    )
    code_minutes: int = input_field(
        "How long a code may be used, in minutes (兑换码有效分钟).", between=(1, 10_080), default=30
    )
    settle_days: int = input_field(
        "Within how many days an offline shop settles (离线核销天数).", between=(1, 60), default=7
    )


@strawberry.type(description="The programme, or why there is none (积分项目结果).")
class PointsProgrammePayload:
    programme: PointsProgramme | None = result_field("The programme (项目).")
    errors: list[Problem] = problems()


@command("Set up a points programme (新建积分项目).", requires=MANAGE)
async def add_points_programme(call: Call, input: AddPointsProgrammeInput) -> PointsProgrammePayload:
    # Locked, so that two who send one form do not both find the code free.
    grid = await find_grid(input.grid, "grid", lock=True)
    if not call.may(MANAGE, grid):
        raise not_allowed("grid")
    if await ProgrammeRow.exists(code=input.code):
        raise duplicate("There is a programme with this code.", "该编码的项目已存在。", "code")
    programme = await ProgrammeRow.create(
        code=input.code,
        name=input.name,
        grid=grid,
        unit=input.unit,
        starts_on=input.starts_on if is_given(input.starts_on) else today(call),
        lasts_months=input.lasts_months if is_given(input.lasts_months) else None,
        warn_days=input.warn_days,
        code_minutes=input.code_minutes,
        settle_days=input.settle_days,
    )
    # The chain's first row and the issuer's account exist from the beginning: posting takes both for granted.
    await ChainRow.create(programme=programme, hash=FIRST)
    await open_account(call, programme.id, AccountKind.ISSUER, grid.id)
    return PointsProgrammePayload(programme=ref(PointsProgramme, programme.id))


@strawberry.input(description="A group that earns points together (开立集体账户).")
class OpenPointsGroupInput:
    idempotency_key: str = input_field(KEY)
    programme: ID = input_field("The programme (项目).")
    name: str = input_field("The group's name, such as a team of volunteers (集体名称).", length=(1, 100))
    leader: ID = input_field("Who claims and redeems for it (负责人).")


@strawberry.type(description="The account, or why there is none (账户结果).")
class PointsAccountPayload:
    account: PointsAccount | None = result_field("The account (账户).")
    errors: list[Problem] = problems()


@command("Open an account for a group (开立集体账户).", requires=MANAGE, action=MANAGING)
async def open_points_group(call: Call, input: OpenPointsGroupInput) -> PointsAccountPayload:
    programme = await load_programme(call, input.programme)
    # Found by who may be named, not by who may be seen: the office need not see people's files to name a leader.
    leader = await find_nameable(call, input.leader, MANAGE, "leader")
    if not covers_row(programme, leader):
        raise not_found("The leader lives outside the programme's grid.", "负责人不在项目适用网格内。", "leader")
    account = await AccountRow.create(
        programme=programme,
        kind=AccountKind.GROUP,
        name=input.name,
        person=leader,
        grid_id=leader.grid_id,
        opened_at=call.now,
    )
    return PointsAccountPayload(account=ref(PointsAccount, account.id))


@strawberry.input(description="A movement that was wrongly booked (冲正).")
class ReversePointsInput:
    idempotency_key: str = input_field(KEY)
    entry: ID = input_field("One of its entries (流水).")
    reason: str = input_field(
        "Why; a code or a few words without names, for the holder reads it for ever (原因).", length=(1, 100)
    )


@strawberry.type(description="The movement that takes it back, or why there is none (冲正结果).")
class ReversePointsPayload:
    entry: PointsEntry | None = result_field("The entry that takes it back (冲正流水).")
    errors: list[Problem] = problems()


# A reversal is final: taking it back would make two movements that nobody can explain.
UNREVERSED = Requirement(
    "ALREADY_REVERSED",
    lambda entry, viewer: rows_through(
        "posting",
        entry.posting_id,
        lambda posting: [
            Sql(
                "{0}<>'REVERSED' and not exists(select from points.posting b where b.reverses_id={1})",
                posting.kind,
                posting.id,
            )
        ],
    ),
    Text("This has been taken back, or takes something back.", "该流水已冲正或本身为冲正。"),
)
REVERSING = Action(PointsEntry, (require_through("account", "account_id", MANAGE),), (UNREVERSED,))


@command("Take back a movement that was wrongly booked, by another one (冲正).", requires=MANAGE, action=REVERSING)
async def reverse_points(call: Call, input: ReversePointsInput) -> ReversePointsPayload:
    entry: EntryRow = await call.find(PointsEntry, "entry", id=key_of(PointsEntry)(input.entry))
    await load_account(call, entry.account_id, "entry")
    made_of = await reverse_posting(call, entry.posting_id, input.reason)
    back = await EntryRow.get(posting_id=made_of, account_id=entry.account_id)
    return ReversePointsPayload(entry=ref(PointsEntry, back.id))


async def load_account(call: Call, account: UUID | None, *path: str) -> AccountRow:
    """Return an account that the caller sees, locked."""
    found: AccountRow = await call.find(PointsAccount, *path, id=account)
    return found


async def reverse_posting(call: Call, posting: UUID, why: str) -> UUID:
    """Post the opposite of a posting and return the new one's id. Raises Refusal for what is reversed or cannot be."""
    wrongly = await PostingRow.get(id=posting)
    # Before the look at earlier reversals, or two at once would both find none.
    await ledger.lock_chain(call, wrongly.programme_id)
    if wrongly.kind is PostingKind.REVERSED or await PostingRow.exists(reverses_id=posting):
        raise UNREVERSED.refusal(wrongly, ("entry",))
    legs = await reversed_legs(call, wrongly)
    [back] = await ledger.post_entries(
        call,
        wrongly.programme_id,
        Posting(
            kind=PostingKind.REVERSED,
            key=f"reverse:{posting}",
            legs=legs,
            reason=Text(f"Wrongly booked: {why}", f"误记冲正：{why}"),
            occurred_on=today(call),
            inputs={"no": str(wrongly.no)},
            rule=wrongly.rule_id,
            case=wrongly.case_id,
            reverses=posting,
        ),
    )
    return back


async def reversed_legs(call: Call, wrongly: PostingRow) -> tuple[Leg, ...]:
    """Return the legs that undo a posting. What comes back to a holder lasts as long as what is given today."""
    programme = await ProgrammeRow.get(id=wrongly.programme_id)
    entries = await EntryRow.filter(posting_id=wrongly.id).select_related("account")
    # When the points that were spent would have expired cannot be said any more: lots are used up in their order.
    last = add_months(today(call), programme.lasts_months) if programme.lasts_months else None
    return tuple(
        [
            Leg(one.account_id, -one.amount, last if one.amount < 0 and one.account.kind in HOLDERS else None)
            for one in entries
        ]
    )


EXTENSIONS = (
    extend(
        Mutation,
        add_points_programme=add_points_programme,
        open_points_group=open_points_group,
        reverse_points=reverse_points,
    ),
)
