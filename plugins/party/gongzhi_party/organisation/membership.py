"""Membership: admission, transfers from one organisation to another, and reporting where one lives."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_held, require_rows, require_states
from gongzhi.runtime.checks import check_past_day, duplicate, invalid_input, is_given, not_found, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    problems,
    result_field,
)
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from ..actions import own_transfers, require_own, require_own_branch
from ..links.commands import hand_over_links
from ..lookups import find_resident, load_own_person
from ..models import BranchKind, BranchRow, MemberRow, MemberStatus, ReportRow, TransferRow, TransferState
from ..visibility import KEEP
from .types import PartyBranch, PartyMember, PartyTransfer

HOLDING_MEMBERS = (BranchKind.BRANCH, BranchKind.GENERAL_BRANCH, BranchKind.COMMITTEE)


@strawberry.type(description="The member, or why nothing was done (党员操作结果).")
class PartyMemberPayload:
    member: PartyMember | None = result_field("The member (党员).")
    errors: list[Problem] = problems()


@strawberry.input(description="Somebody belongs to an organisation (登记党员).")
class AdmitPartyMemberInput:
    idempotency_key: str = input_field(KEY)
    branch: ID = input_field("To which organisation (党组织).")
    person: ID = input_field("Who (人员).")
    status: MemberStatus = input_field("How (状态).", default=MemberStatus.FULL)
    joined_on: datetime.date = input_field("Since when (入党日期).")


@command(
    "Put a member on an organisation's roll (登记党员).",
    requires=KEEP,
    action=Action(PartyBranch, (require_held(KEEP),)),
)
async def admit_party_member(call: Call, input: AdmitPartyMemberInput) -> PartyMemberPayload:
    branch = await load_roll_branch(call, input.branch)
    person = await find_resident(call, input.person, KEEP, "person")
    joined = check_past_day(call, input.joined_on, "joinedOn")
    if input.status == MemberStatus.LEFT:
        raise invalid_input("Nobody is admitted as having left.", "新登记党员不能为已离开。", "status")
    # One roll at a time; moving is a transfer.
    if await MemberRow.filter(person=person).exclude(status=MemberStatus.LEFT).exists():
        raise duplicate(
            "They belong to an organisation already; transfer them.", "已有组织关系，请办理转接。", "person"
        )
    member = await MemberRow.create(
        person=person,
        branch=branch,
        grid_id=branch.grid_id,
        status=input.status,
        joined_on=joined,
        confirmed_on=joined if input.status == MemberStatus.FULL else None,
    )
    return PartyMemberPayload(member=ref(PartyMember, member.id))


async def load_roll_branch(call: Call, id: str) -> BranchRow:
    """Return an organisation that keeps a roll of its own, where the caller keeps it."""
    branch: BranchRow = await call.find(PartyBranch, "branch", id=key_of(PartyBranch)(id))
    if branch.kind not in HOLDING_MEMBERS or branch.dissolved_on:
        raise invalid_input("A group keeps no roll; name its branch.", "党小组不单独建册，请选择支部。", "branch")
    return branch


@strawberry.input(description="What changes for a member (党员变更).")
class UpdatePartyMemberInput:
    idempotency_key: str = input_field(KEY)
    member: ID = input_field("The member (党员).")
    expected_version: int = input_field(EXPECTED)
    status: MemberStatus | None = input_field("Full member now, or no longer one (状态).", default=UNSET)
    group: ID | None = input_field("In which group of the branch; null for none (党小组).", default=UNSET)


# Whoever left comes back by being admitted anew.
STAYING = Requirement(
    "ILLEGAL_TRANSITION",
    lambda member, viewer: [Sql("{0}<>'LEFT'", member.status)],
    Text("They have left.", "该党员已离开组织。"),
)
# The member may ask by themselves: the organisation that they leave is not asked. One transfer at a time: two
# organisations could otherwise both accept.
ASKED = "not exists(select from party.transfer asked where asked.member_id={0} and asked.state='REQUESTED')"
ASKING = Action(
    PartyMember,
    (require_own("person_id", KEEP),),
    (
        STAYING,
        Requirement(
            "DUPLICATE",
            lambda member, viewer: [Sql(ASKED, member.id)],
            Text("A transfer has been asked for already.", "已有待办理的转接申请。"),
        ),
    ),
)
WAITING = require_states((TransferState.REQUESTED,), Text("This transfer has been decided.", "该转接已办结。"))


@command(
    "Confirm a member, let one go, or put one into a group (党员变更).",
    requires=KEEP,
    action=Action(PartyMember, (require_held(KEEP),), (STAYING,)),
)
async def update_party_member(call: Call, input: UpdatePartyMemberInput) -> PartyMemberPayload:
    member: MemberRow = await call.find(PartyMember, "member", id=key_of(PartyMember)(input.member))
    call.concern(member.person_id)
    if is_given(input.status):
        change_status(call, member, input.status)
    if input.group is not UNSET:
        member.group_id = await find_group(call, member, input.group)
    member.version += 1
    await member.save()
    if is_given(input.status) and input.status == MemberStatus.LEFT:
        await end_membership(call, member)
    return PartyMemberPayload(member=ref(PartyMember, member.id))


async def end_membership(call: Call, member: MemberRow) -> None:
    """End all that rests on somebody's being a member: transfers, reports and households."""
    # Another organisation must not take over whoever has left.
    waiting = TransferRow.filter(member=member, state=TransferState.REQUESTED)
    await waiting.update(state=TransferState.WITHDRAWN, decided_at=call.now)
    # The community no longer sees them, and what it does for its members is no longer shown to them.
    await ReportRow.filter(member=member, until=None).update(until=today(call))
    # Households must not be left with a helper who is no member any more.
    await hand_over_links(call, member.person_id, None)


def change_status(call: Call, member: MemberRow, status: MemberStatus) -> None:
    """Move a member from probation to full membership, or out."""
    if status == MemberStatus.PROBATIONARY:
        raise Refusal("ILLEGAL_TRANSITION", "Nobody returns to probation.", "不能退回预备期。", ("status",))
    if status == MemberStatus.FULL and member.confirmed_on is None:
        member.confirmed_on = today(call)
    if status == MemberStatus.LEFT:
        # From this day the term runs after which membership is deleted.
        member.left_on, member.group_id = today(call), None
    member.status = status


async def find_group(call: Call, member: MemberRow, id: str | None) -> object:
    """Return the key of a group of the member's own branch; None to leave the group."""
    if id is None:
        return None
    found: BranchRow = await call.find(PartyBranch, "group", id=key_of(PartyBranch)(id))
    if found.kind != BranchKind.GROUP or found.parent_id != member.branch_id:
        raise invalid_input("It is no group of the member's branch.", "不是该支部的党小组。", "group")
    return found.id


# transfers


@strawberry.type(description="The transfer, or why nothing was done (转接结果).")
class PartyTransferPayload:
    transfer: PartyTransfer | None = result_field("The transfer (转接).")
    errors: list[Problem] = problems()


@strawberry.input(description="A member's wish, or their organisation's, to move to another (申请转接).")
class RequestPartyTransferInput:
    idempotency_key: str = input_field(KEY)
    member: ID = input_field("Who (党员).")
    target: ID = input_field("To which organisation (转入组织).")


@command("Ask another organisation to take a member over (申请转接组织关系).", requires=None, action=ASKING)
async def request_party_transfer(call: Call, input: RequestPartyTransferInput) -> PartyTransferPayload:
    member: MemberRow = await call.find(PartyMember, "member", id=key_of(PartyMember)(input.member))
    call.concern(member.person_id)
    target: BranchRow = await call.find(PartyBranch, "target", id=key_of(PartyBranch)(input.target))
    if target.id == member.branch_id or target.kind not in HOLDING_MEMBERS or target.dissolved_on:
        raise invalid_input("Name another organisation that keeps a roll.", "请选择其他可接收的党组织。", "target")
    transfer = await TransferRow.create(
        member=member,
        source_id=member.branch_id,
        target=target,
        requested_at=call.now,
        account=call.viewer.account.name or "",
    )
    return PartyTransferPayload(transfer=ref(PartyTransfer, transfer.id))


@strawberry.input(description="What the other organisation says (接收转接).")
class DecidePartyTransferInput:
    idempotency_key: str = input_field(KEY)
    transfer: ID = input_field("The transfer (转接).")
    accept: bool = input_field("Whether it takes the member over (是否接收).")
    reason: str | None = input_field("Why not (理由).", length=(1, 500), default=UNSET)


# The receiving organisation decides: nobody is sent where they are not taken.
@command(
    "Take a member over, or say why not; the receiving organisation decides (接收组织关系).",
    requires=KEEP,
    action=Action(PartyTransfer, (require_own_branch("target_id", KEEP),), (WAITING,)),
)
async def decide_party_transfer(call: Call, input: DecidePartyTransferInput) -> PartyTransferPayload:
    transfer, member = await load_transfer(call, input.transfer)
    target = await BranchRow.get(id=transfer.target_id)
    if not input.accept and not is_given(input.reason):
        raise invalid_input("Say why it is refused.", "请说明不予接收的理由。", "reason")
    transfer.reason = input.reason or None
    transfer.state = TransferState.ACCEPTED if input.accept else TransferState.REFUSED
    transfer.decided_at = call.now
    await transfer.save()
    if input.accept:
        # The member's grid is the organisation's, by which sight of members goes.
        member.branch_id, member.grid_id, member.group_id = target.id, target.grid_id, None
        member.version += 1
        await member.save()
        # Whoever belongs to the organisation of their community has nothing to report to it.
        await ReportRow.filter(member=member, branch=target, until=None).update(until=today(call))
    await send_notice(call, transfer_notice(input.accept, transfer), persons=[member.person_id])
    return PartyTransferPayload(transfer=ref(PartyTransfer, transfer.id, shown=True))


@strawberry.input(description="A transfer that is taken back (撤回转接).")
class WithdrawPartyTransferInput:
    idempotency_key: str = input_field(KEY)
    transfer: ID = input_field("The transfer (转接).")


@command(
    "Take a transfer back before it is decided; the member or their organisation (撤回转接).",
    requires=None,
    action=Action(PartyTransfer, (require_rows(own_transfers),), (WAITING,)),
)
async def withdraw_party_transfer(call: Call, input: WithdrawPartyTransferInput) -> PartyTransferPayload:
    transfer, _ = await load_transfer(call, input.transfer)
    transfer.state, transfer.decided_at = TransferState.WITHDRAWN, call.now
    await transfer.save()
    return PartyTransferPayload(transfer=ref(PartyTransfer, transfer.id))


WHOSE = "select id from party.member where id=(select member_id from party.transfer where id=$1::uuid) for update"


async def load_transfer(call: Call, id: str) -> tuple[TransferRow, MemberRow]:
    """Return the transfer, as the command's action allows, and its member, both locked."""
    key = key_of(PartyTransfer)(id)
    # The member first, as whoever lets a member go locks them: the two could wait for each other otherwise.
    await call.fetch(WHOSE, key)
    transfer: TransferRow = await call.find(PartyTransfer, "transfer", id=key)
    return transfer, await MemberRow.get(id=transfer.member_id)


def transfer_notice(accepted: bool, transfer: TransferRow) -> NoticeDraft:
    return NoticeDraft(
        "party.transfer_decided",
        Text("Your transfer was accepted", "组织关系转接已接收")
        if accepted
        else Text("Your transfer was refused", "组织关系转接未接收"),
        Text("See the transfer for more.", "详情请查看转接记录。"),
        f"PartyTransfer:{transfer.id}",
    )


# reporting where one lives


@strawberry.input(description="A member reports where they live (双报到).")
class ReportToCommunityInput:
    idempotency_key: str = input_field(KEY)


# The nearest organisation at or above where somebody lives; of several their own, then the oldest.
HERE = """
select c.branch_id from party.coverage c join grids.grid g on g.id=c.grid_id
join party.branch b on b.id=c.branch_id and b.dissolved_on is null
where g.path @> (select h.path from grids.grid h where h.id=$1) and c.since<=$2 and (c.until is null or c.until>$2)
order by nlevel(g.path) desc, b.id=$3 desc, b.founded_on, b.id limit 1
"""


@command("Report to the organisation of the community where one lives (在职党员到社区报到).", requires=None)
async def report_to_community(call: Call, input: ReportToCommunityInput) -> PartyMemberPayload:
    person = await load_own_person(call)
    member = await MemberRow.filter(person=person).exclude(status=MemberStatus.LEFT).first()
    if member is None:
        raise not_found("You are on no organisation's roll.", "未查到您的组织关系。")
    found = await call.fetch(HERE, person.grid_id, today(call), member.branch_id)
    if not found:
        raise not_found("No organisation works where you live.", "您居住地暂无党组织。")
    branch = found[0]["branch_id"]
    if branch == member.branch_id:
        raise invalid_input("That is your own organisation.", "居住地党组织即您所在组织，无需报到。")
    if await ReportRow.exists(member=member, branch_id=branch, until=None):
        raise duplicate("You have reported there.", "您已报到。")
    # One community at a time.
    # The earlier community no longer sees the member.
    await ReportRow.filter(member=member, until=None).update(until=today(call))
    await ReportRow.create(member=member, branch_id=branch, since=today(call))
    return PartyMemberPayload(member=ref(PartyMember, member.id))


EXTENSIONS = (
    extend(
        Mutation,
        admit_party_member=admit_party_member,
        update_party_member=update_party_member,
        request_party_transfer=request_party_transfer,
        decide_party_transfer=decide_party_transfer,
        withdraw_party_transfer=withdraw_party_transfer,
        report_to_community=report_to_community,
    ),
)
