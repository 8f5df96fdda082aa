"""Claiming points for an act, and deciding on claims: by the grid worker, or by peers."""

from __future__ import annotations

import datetime
from datetime import timedelta
from uuid import UUID

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import covers_row
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_held, require_rows, require_states
from gongzhi.runtime.checks import (
    CHINA,
    check_past_day,
    duplicate,
    input_form,
    invalid_input,
    is_given,
    not_found,
    today,
)
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.runtime.file_checks import FileChecks, UnfitFile
from gongzhi.values.errors import Refusal, Text
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from ..actions import DISINTERESTED
from ..ledger.accounts import can_spend, find_holder_account
from ..ledger.posting import lock_chain
from ..ledger.types import PointsAccount
from ..models import (
    AccountKind,
    AccountRow,
    ActRow,
    ClaimRow,
    ClaimState,
    ProgrammeRow,
    Proof,
    Recorder,
    RuleRow,
    VoteRow,
)
from ..programmes.acts import mark_act
from ..programmes.types import PointsRule
from ..visibility import DECIDE, REVIEW
from .awards import Act, award_points, require_in_force
from .photos import keep_photos
from .types import PointsClaim

# Photos lie sealed in the database, as data URLs: the bounds keep a claim below two megabytes.
PHOTOS, BYTES = 3, 400_000
"""How many photos come with a claim, and how large each may be."""


@strawberry.input(description="An act that a rule rewards (积分申报).")
class ClaimPointsInput:
    idempotency_key: str = input_field(KEY)
    rule: ID = input_field("The rule, in the version that was in force that day (规则).")
    acted_on: datetime.date = input_field("The day of the act (行为日期).")
    text: str | None = input_field("What was done (说明).", length=(1, 2000), default=UNSET)
    photos: list[str] = input_field(
        f"JPEG photos in base64, {BYTES} bytes each; where and with what they were taken is removed (照片).",
        default_factory=list,
        items=PHOTOS,
        longest=2 * BYTES,
    )
    person: ID | None = input_field("For whom, if a grid worker files it (代为申报的对象).", default=UNSET)
    group: ID | None = input_field("The group's account, if the rule is for groups (集体账户).", default=UNSET)


@strawberry.type(description="The claim, or why there is none (积分申报结果).")
class PointsClaimPayload:
    claim: PointsClaim | None = result_field("The claim (申报).")
    errors: list[Problem] = problems()


@command("Claim points for an act (积分申报).", requires=None)
async def claim_points(call: Call, input: ClaimPointsInput) -> PointsClaimPayload:
    person = await load_claimant(call, input)
    rule = await RuleRow.get(id=(await call.find(PointsRule, "rule", id=key_of(PointsRule)(input.rule))).id)
    programme = await ProgrammeRow.get(id=rule.programme_id)
    # Everything wrong with the form is told at once, not field by field.
    with input_form() as read:
        day = read(check_past_day, call, input.acted_on, "actedOn")
        said = input.text or None
        try:
            photos = await read_photos(call.context.files, input.photos)
        except Refusal as refusal:
            read.refusals.append(refusal)
    check_claim(rule, programme, person, day, said, photos)
    await check_recorder(call, rule, person)
    account = await find_beneficiary(call, input, rule, person)
    # A refused claim may be made again, with better proof; one that waits or was approved may not.
    if await ClaimRow.exists(
        rule=rule, beneficiary_id=account, acted_on=day, state__in=(ClaimState.CLAIMED, ClaimState.APPROVED)
    ):
        raise duplicate("This has been claimed for that day.", "该日已申报过此项。", "actedOn")
    claim = await ClaimRow.create(
        rule=rule,
        person=person,
        beneficiary_id=account,
        grid_id=person.grid_id,
        acted_on=day,
        text=said,
        claimed_at=call.now,
        decide_by=today(call) + timedelta(days=rule.decide_days),
        account=call.viewer.account.name,
    )
    if photos:
        await keep_photos(call, claim.id, (await GridRow.get(id=person.grid_id)).code[:6], photos)
    return PointsClaimPayload(claim=ref(PointsClaim, claim.id, shown=True))


async def load_claimant(call: Call, input: ClaimPointsInput) -> PersonRow:
    """Return who did it: the caller, or the person a grid worker files it for."""
    if is_given(input.person):
        person: PersonRow = await call.find(Person, "person", id=key_of(Person)(input.person))
        # Anybody may name themselves; naming somebody else takes the permission where that person lives.
        if person.id != call.viewer.account.person and not call.may(DECIDE, person):
            raise not_allowed("person")
        return person
    mine = call.viewer.account.person
    if mine is None:
        raise not_found("Sign in as the person who did it.", "请以本人身份登录后申报。", "person")
    return await PersonRow.get(id=mine)


async def read_photos(files: FileChecks, given: list[str]) -> list[bytes]:
    """Decode the photos and remove what cameras write into them."""
    return [await read_photo(files, one, str(at)) for at, one in enumerate(given)]


async def read_photo(files: FileChecks, encoded: str, place: str) -> bytes:
    try:
        return (await files.receive(encoded, longest=BYTES, types=["image/jpeg"])).content
    except UnfitFile as error:
        raise error.at("photos", place) from None


def check_claim(
    rule: RuleRow, programme: ProgrammeRow, person: PersonRow, day: datetime.date, said: str | None, photos: list[bytes]
) -> None:
    """Refuse what the rule does not reward: events, other places, other days, acts without proof."""
    if rule.act_id is None:
        raise Refusal("NOT_CLAIMABLE", "This rule gives points by itself.", "该规则自动计分，无需申报。", ("rule",))
    if not covers_row(programme, person):
        raise not_found(
            "The programme does not cover where the person lives.", "该项目不适用于申报人所在网格。", "rule"
        )
    require_in_force(rule, programme, day, "actedOn")
    if rule.proof is Proof.PHOTO and not photos:
        raise Refusal("EVIDENCE_REQUIRED", "The rule asks for a photo.", "该规则要求提供照片。", ("photos",))
    if rule.proof is Proof.TEXT and not said and not photos:
        raise Refusal("EVIDENCE_REQUIRED", "The rule asks for a description.", "该规则要求文字说明。", ("text",))


async def check_recorder(call: Call, rule: RuleRow, person: PersonRow) -> None:
    """Refuse to claim for oneself what only a grid worker may record."""
    act = await ActRow.get(id=rule.act_id)
    if act.recorder is Recorder.GRID_WORKER and person.id == call.viewer.account.person:
        raise Refusal("FOR_GRID_WORKERS", "A grid worker records this act.", "该行为由网格员登记申报。", ("rule",))


async def find_beneficiary(call: Call, input: ClaimPointsInput, rule: RuleRow, person: PersonRow) -> UUID:
    """Return the account that is to get the points. Raises Refusal for a group the caller cannot act for."""
    if rule.beneficiary is not AccountKind.GROUP:
        return await find_holder_account(call, rule.programme_id, rule.beneficiary, person)
    if not is_given(input.group):
        raise not_found(
            "The rule is for groups: name the group's account.", "该规则面向集体，请指定集体账户。", "group"
        )
    account: AccountRow = await call.find(PointsAccount, "group", id=key_of(PointsAccount)(input.group))
    own = account.kind is AccountKind.GROUP and account.programme_id == rule.programme_id
    if not own or not (await can_spend(call, account) or call.may(DECIDE, account)):
        raise not_allowed("group")
    key: UUID = account.id
    return key


@strawberry.input(description="A decision on a claim (认定).")
class DecidePointsClaimInput:
    idempotency_key: str = input_field(KEY)
    claim: ID = input_field("The claim (申报).")
    approve: bool = input_field("Whether it is so (是否认定).")
    note: str | None = input_field("Why; needed to refuse (说明).", length=(1, 500), default=UNSET)
    expected_version: int = input_field(EXPECTED)


BY_PEERS = "(select of_claim.approver from points.rule of_claim where of_claim.id={0})='PEERS'"
PENDING = require_states((ClaimState.CLAIMED,), Text("This claim has been decided.", "该申报已有结论。"))
DECIDING = Action(
    PointsClaim,
    (require_held(DECIDE), DISINTERESTED),
    (
        PENDING,
        # What peers leave undecided may be decided by the grid worker after its term, so that none waits for ever.
        Requirement(
            "FOR_PEERS",
            lambda claim, viewer: [Sql(f"not {BY_PEERS} or {{1}}<{{2}}", claim.rule_id, claim.decide_by, viewer.today)],
            Text("Peers decide on this until the term ends.", "期限内由村民评议认定。"),
        ),
    ),
)
VOTED = "not exists(select from points.vote v where v.claim_id={0} and v.account={1})"
VOTING = Action(
    PointsClaim,
    (require_held(REVIEW), DISINTERESTED),
    (
        PENDING,
        Requirement(
            "NOT_FOR_PEERS",
            lambda claim, viewer: [Sql(BY_PEERS, claim.rule_id)],
            Text("The grid worker decides on this.", "该申报由网格员认定。"),
        ),
        # The answer for a second vote is a refusal, not the first vote again: a vote cannot be changed.
        Requirement(
            "DUPLICATE",
            lambda claim, viewer: [Sql(VOTED, claim.id, viewer.account)],
            Text("You have said so already.", "您已评议。"),
        ),
    ),
)


def claims_for_oneself(claim: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own claims: a grid worker who filed it for somebody cannot take it back."""
    return [Sql("{0}={1}", claim.person_id, viewer.person)] if viewer.known() else []


WITHDRAWING = Action(PointsClaim, (require_rows(claims_for_oneself),), (PENDING,))


@command(
    "Approve or refuse a claim; never one's own or one's family's (积分认定).",
    requires=DECIDE,
    two_persons=True,
    action=DECIDING,
)
async def decide_points_claim(call: Call, input: DecidePointsClaimInput) -> PointsClaimPayload:
    # Found and locked: two decisions on one claim wait for each other, and the second sees it decided.
    claim = await load_claim(call, input.claim)
    # Independence is about appointments: whoever was appointed by the person who filed could be made to agree.
    await require_independence(call, "claim", claim.account)
    rule = await RuleRow.get(id=claim.rule_id)
    note = input.note or None
    if not input.approve and not note:
        raise invalid_input("Say why it is refused.", "请说明不予认定的理由。", "note")
    await decide_claim(call, claim, rule, input.approve, note)
    return PointsClaimPayload(claim=ref(PointsClaim, claim.id))


async def load_claim(call: Call, id: str) -> ClaimRow:
    """Return the claim, locked, as the command's action allows."""
    claim: ClaimRow = await call.find(PointsClaim, "claim", id=key_of(PointsClaim)(id))
    return claim


async def decide_claim(call: Call, claim: ClaimRow, rule: RuleRow, approve: bool, note: str | None) -> None:
    """Put a decision into force, and notify the claimant."""
    if approve:
        # Points first: if the rule's terms refuse them, the claim stays undecided, and the refusal says why.
        await pay_claim(call, claim, rule, "claim")
    claim.state = ClaimState.APPROVED if approve else ClaimState.REFUSED
    claim.note, claim.decided_at, claim.decided_by = note, call.now, call.viewer.account.name
    claim.version += 1
    await claim.save()
    # The person is gone once their data were erased; the decision is kept without them.
    if claim.person_id:
        await send_notice(call, decision_notice(claim, approve), persons=[claim.person_id])


async def pay_claim(call: Call, claim: ClaimRow, rule: RuleRow, *path: str) -> None:
    """Give what a claim is for, by the rule's terms, unless the same act was paid by another claim."""
    # Under the chain's lock: a refused claim that is claimed anew and objected to could be paid twice otherwise.
    await lock_chain(call, rule.programme_id)
    same = ClaimRow.filter(rule=rule, beneficiary_id=claim.beneficiary_id, acted_on=claim.acted_on)
    if await same.filter(state=ClaimState.APPROVED).exclude(id=claim.id).exists():
        raise duplicate("This act was given for by another claim.", "该行为已通过其他申报计分。", *path)
    await award_points(call, await act_of(call, claim, rule, await ProgrammeRow.get(id=rule.programme_id)))


async def act_of(call: Call, claim: ClaimRow, rule: RuleRow, programme: ProgrammeRow) -> Act:
    assert rule.act_id is not None, "only acts are claimed"
    inputs = {
        "act": await mark_act(call, rule.act_id),
        "approver": rule.approver.value,
        "proof": rule.proof.value,
        "claimedOn": claim.claimed_at.astimezone(CHINA).date().isoformat(),
    }
    return Act(
        rule=rule,
        programme=programme,
        account=claim.beneficiary_id,
        on=claim.acted_on,
        # The claim's id is the key in the ledger, so a claim can be paid only once, by peers, worker or objection.
        key=f"claim:{claim.id}",
        today=today(call),
        inputs=inputs,
        claim=claim.id,
    )


def decision_notice(claim: ClaimRow, approve: bool) -> NoticeDraft:
    return NoticeDraft(
        "points.claim_decided",
        Text("Your claim was approved", "积分申报已认定")
        if approve
        else Text("Your claim was refused", "积分申报未获认定"),
        Text(
            f"The act of {claim.acted_on}. You may object within the rule's term.",
            f"行为日期 {claim.acted_on}。如有异议，可在规则规定期限内提出。",
        ),
        f"PointsClaim:{claim.id}",
    )


@strawberry.input(description="What a peer says of a claim (评议).")
class VoteOnPointsClaimInput:
    idempotency_key: str = input_field(KEY)
    claim: ID = input_field("The claim (申报).")
    approve: bool = input_field("Whether one agrees (是否同意).")


@command(
    "Say as a peer whether a claim is so; enough of one mind decide it (积分评议).",
    requires=REVIEW,
    two_persons=True,
    action=VOTING,
)
async def vote_on_points_claim(call: Call, input: VoteOnPointsClaimInput) -> PointsClaimPayload:
    claim = await load_claim(call, input.claim)
    rule = await RuleRow.get(id=claim.rule_id)
    # Independent of the other voters too, or one office could fill the quorum with its own appointees.
    voters = [vote.account for vote in await VoteRow.filter(claim=claim)]
    await require_independence(call, "claim", claim.account, *voters)
    await VoteRow.create(claim=claim, account=call.viewer.account.name or "", approve=input.approve, at=call.now)
    # Counted after the vote is written, in the transaction that holds the claim's lock, so only one vote completes
    # the quorum.
    if await VoteRow.filter(claim=claim, approve=input.approve).count() >= rule.peers:
        await decide_claim(call, claim, rule, input.approve, None)
    return PointsClaimPayload(claim=ref(PointsClaim, claim.id))


@strawberry.input(description="A claim that is taken back (撤回申报).")
class WithdrawPointsClaimInput:
    idempotency_key: str = input_field(KEY)
    claim: ID = input_field("The claim (申报).")


@command("Take one's own claim back before it is decided (撤回积分申报).", requires=None, action=WITHDRAWING)
async def withdraw_points_claim(call: Call, input: WithdrawPointsClaimInput) -> PointsClaimPayload:
    claim = await load_claim(call, input.claim)
    claim.state, claim.version = ClaimState.WITHDRAWN, claim.version + 1
    await claim.save()
    return PointsClaimPayload(claim=ref(PointsClaim, claim.id))


EXTENSIONS = (
    extend(
        Mutation,
        claim_points=claim_points,
        decide_points_claim=decide_points_claim,
        vote_on_points_claim=vote_on_points_claim,
        withdraw_points_claim=withdraw_points_claim,
    ),
)
