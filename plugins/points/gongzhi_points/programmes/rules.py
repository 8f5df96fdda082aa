"""Rules: proposed as data, adopted by resolution, ended by the next version. What is adopted never changes."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import Any

import strawberry
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_states
from gongzhi.runtime.checks import (
    check_whole_number,
    input_form,
    invalid_input,
    is_given,
    today,
)
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from gongzhi_resolutions.records import find_adoption
from strawberry import ID, UNSET
from tortoise.expressions import Q

from ..actions import require_through
from ..events import OWN
from ..models import AccountKind, Approver, Period, ProgrammeRow, Proof, RuleRow, RuleState
from ..visibility import MANAGE
from .acts import AMOUNT, acts_in_force, choose_act, fits_act
from .commands import MANAGING, load_programme
from .screening import screen_rule
from .types import PointsRule

CAP, DAYS = 1_000_000, 365


@strawberry.input(description="A version of a rule, to be adopted by resolution (拟定积分规则).")
class ProposePointsRuleInput:
    idempotency_key: str = input_field(KEY)
    programme: ID = input_field("The programme (项目).")
    code: str = input_field("The rule's code; a known one makes its next version (代码).", pattern=SHORT_CODE)
    title: str = input_field("Its title (标题).", length=(1, 100))
    text: str = input_field("The rule as it is to be published (规则全文).", length=(1, 2000))
    act: str | None = input_field(
        "The act it rewards, by code, in the version that holds on the rule's first day (行为代码).", default=UNSET
    )
    event: str | None = input_field("Or the event that feeds it, such as case.closed (事件).", default=UNSET)
    amount: int = input_field("How many points; never below one (分值).")
    beneficiary: AccountKind = input_field("Whose account gets them (受益账户).", default=AccountKind.PERSON)
    cap: int | None = input_field("The most in a period (周期上限).", between=(1, CAP), default=UNSET)
    period: Period = input_field("What the cap is for (上限周期).", default=Period.MONTH)
    cooldown_days: int = input_field("How many days between two acts (间隔天数).", between=(0, DAYS), default=0)
    proof: Proof = input_field("What has to come with a claim (凭证).", default=Proof.TEXT)
    approver: Approver = input_field("Who decides on claims (认定方式).", default=Approver.GRID_WORKER)
    peers: int = input_field("How many peers have to agree (评议人数).", between=(1, 50), default=3)
    decide_days: int = input_field("Within how many days a claim is decided (认定期限).", between=(1, DAYS), default=7)
    objection_days: int = input_field("Within how many days one may object (异议期限).", between=(7, DAYS), default=15)
    starts_on: datetime.date = input_field("The first day acts count; not before it is adopted (生效日).")


@strawberry.type(description="The rule, or why there is none (积分规则结果).")
class PointsRulePayload:
    rule: PointsRule | None = result_field("The rule (规则).")
    errors: list[Problem] = problems()


@command(
    "Propose a rule or its next version; it gives nothing before a resolution adopts it (拟定积分规则).",
    requires=MANAGE,
    action=MANAGING,
    form=lambda call, input: read_rule(call, input),
)
async def propose_points_rule(call: Call, input: ProposePointsRuleInput) -> PointsRulePayload:
    programme = await load_programme(call, input.programme)
    fields = read_rule(call, input)
    if is_given(input.act):
        # The act of the day the rule begins: a rule for next month rewards next month's version.
        act = await choose_act(call, input.act, programme.county_id, max(input.starts_on, today(call)))
        with input_form() as read:
            read(fits_act, act, input.amount, input.proof)
        fields["act_id"] = act["id"]
    rule = await RuleRow.create(
        programme=programme,
        # The programme's row was locked when it was found, so versions are numbered without a gap or a clash.
        version=await RuleRow.filter(programme=programme, code=input.code).count() + 1,
        beneficiary=input.beneficiary,
        period=input.period,
        proof=input.proof,
        approver=input.approver,
        starts_on=input.starts_on,
        proposed_at=call.now,
        account=call.viewer.account.name or "",
        **fields,
    )
    return PointsRulePayload(rule=ref(PointsRule, rule.id))


def read_rule(call: Call, input: ProposePointsRuleInput) -> dict[str, Any]:
    """Read what a rule says. Raises Refusals for all that is wrong."""
    with input_form() as read:
        fields: dict[str, Any] = {
            "code": input.code,
            "title": input.title,
            "text": input.text,
            "cap": input.cap if is_given(input.cap) else None,
            "cooldown_days": input.cooldown_days,
            "peers": input.peers,
            "decide_days": input.decide_days,
            # Never less than a week to object, whatever an office writes.
            "objection_days": input.objection_days,
            "amount": read(check_gain, input.amount),
        }
        read(screen_rule, f"{input.title}\n{input.text}", "text")
        fields |= read(read_source, input, call.context.feedable) or {}
        read(check_recipient, input)
    return fields


def check_gain(amount: int) -> int:
    """Check how many points a rule gives; it never takes any."""
    if amount < 1:
        raise Refusal(
            "DEDUCTION",
            "A rule gives points and takes none: what was wrongly given is reversed.",
            "规则只能加分：误发的积分用冲正处理。",
            ("amount",),
        )
    return check_whole_number(amount, 1, AMOUNT, "amount")


def read_source(input: ProposePointsRuleInput, feeds: Collection[str]) -> Mapping[str, Any]:
    """Return what feeds the rule: an act that is claimed, or an event whose type allows it."""
    if is_given(input.act) == is_given(input.event):
        raise invalid_input(
            "A rule rewards an act or is fed by an event, one of them.", "规则须对应行为或事件之一。", "act"
        )
    if not is_given(input.event):
        return {"event": None}
    if input.event.startswith(OWN):
        raise Refusal(
            "RULE_CYCLE",
            "A rule cannot be fed by what points do: it would feed itself.",
            "规则不能由积分事件触发。",
            ("event",),
        )
    # The event's type decides, not this plugin: mediation, petitions and advice declare that they feed nothing.
    if input.event not in feeds:
        known = ", ".join(sorted(feeds))
        raise Refusal(
            "NOT_FEEDABLE",
            f"Events of this type feed no rule; those that do: {known}.",
            f"该类事件不得触发积分；可用：{known}。",
            ("event",),
        )
    return {"event": input.event}


def check_recipient(input: ProposePointsRuleInput) -> None:
    if input.beneficiary in (AccountKind.ISSUER, AccountKind.MERCHANT):
        raise invalid_input(
            "Rules give to persons, households and groups.", "积分仅授予个人、家庭或集体。", "beneficiary"
        )
    if is_given(input.event) and input.beneficiary is AccountKind.GROUP:
        raise invalid_input("An event tells of no group.", "事件触发的规则不能授予集体。", "beneficiary")


@strawberry.input(description="A rule that a resolution adopts (规则生效).")
class AdoptPointsRuleInput:
    idempotency_key: str = input_field(KEY)
    rule: ID = input_field("The rule (规则).")


def on_rule(state: RuleState, text: Text) -> Action:
    """Return what is done to rules in a state, by who manages their programmes."""
    managed = require_through("programme", "programme_id", MANAGE)
    return Action(PointsRule, (managed,), (require_states((state,), text),))


@command(
    "Put a rule into force that a recorded resolution adopts (规则生效).",
    requires=MANAGE,
    action=on_rule(RuleState.PROPOSED, Text("This version was adopted before.", "该版本已生效。")),
)
async def adopt_points_rule(call: Call, input: AdoptPointsRuleInput) -> PointsRulePayload:
    rule, programme = await load_rule(call, input.rule)
    # A resolution names rules by this text; the version in it keeps an old resolution from adopting a new text.
    name = f"points.{programme.code}.{rule.code}/{rule.version}"
    resolution = await find_adoption(call, name, programme.grid_id)
    if resolution is None:
        raise Refusal(
            "NOT_ADOPTED",
            f"No resolution in force adopts {name}: record it first.",
            f"尚无有效决议通过 {name}，请先登记决议。",
            ("rule",),
        )
    # Never back in time: nothing may be earned by a rule before villagers had adopted it.
    rule.starts_on = max(rule.starts_on, resolution.decided_on, today(call))
    # Asked for the day that was just settled on, which may be later than the one proposed.
    await check_act_in_force(call, rule, programme)
    rule.state, rule.resolution = RuleState.ADOPTED, resolution
    await rule.save()
    # Versions end the day the new one begins, also those with a later end of their own.
    lasting = Q(state=RuleState.ADOPTED) | Q(state=RuleState.ENDED, ends_on__gt=rule.starts_on)
    before = RuleRow.filter(lasting, programme=programme, code=rule.code).exclude(id=rule.id)
    await before.update(state=RuleState.ENDED, ends_on=rule.starts_on)
    return PointsRulePayload(rule=ref(PointsRule, rule.id))


async def check_act_in_force(call: Call, rule: RuleRow, programme: ProgrammeRow) -> None:
    """Refuse a rule whose act has ended, or has another version, since it was proposed."""
    if rule.act_id is None:
        return
    if rule.act_id not in {
        one["id"] for one in (await acts_in_force(call, programme.county_id, rule.starts_on)).values()
    }:
        raise Refusal(
            "ACT_CHANGED",
            "The act has ended or has another version since: propose the rule anew.",
            "该行为已停用或已有新版本，请重新拟定规则。",
            ("rule",),
        )


async def load_rule(call: Call, id: str) -> tuple[RuleRow, ProgrammeRow]:
    """Return the rule, as the command's action allows, and its programme, both locked."""
    rule: RuleRow = await call.find(PointsRule, "rule", id=key_of(PointsRule)(id))
    # The programme is locked so that two versions adopted at once end each other in one order.
    programme = await ProgrammeRow.filter(id=rule.programme_id).select_for_update().get()
    return rule, programme


@strawberry.input(description="The end of a rule (规则停用).")
class EndPointsRuleInput:
    idempotency_key: str = input_field(KEY)
    rule: ID = input_field("The rule (规则).")
    on: datetime.date = input_field("The first day acts no longer count; not before tomorrow (失效日).")


@command(
    "End a rule; what was done before still counts (规则停用).",
    requires=MANAGE,
    action=on_rule(RuleState.ADOPTED, Text("Only a rule in force is ended.", "仅可停用生效中的规则。")),
)
async def end_points_rule(call: Call, input: EndPointsRuleInput) -> PointsRulePayload:
    rule, _ = await load_rule(call, input.rule)
    # Not today: what was done this morning in good faith counts.
    if input.on <= today(call):
        raise invalid_input("A rule ends tomorrow at the earliest.", "失效日最早为明日。", "on")
    rule.state, rule.ends_on = RuleState.ENDED, input.on
    await rule.save()
    return PointsRulePayload(rule=ref(PointsRule, rule.id))


EXTENSIONS = (
    extend(
        Mutation,
        propose_points_rule=propose_points_rule,
        adopt_points_rule=adopt_points_rule,
        end_points_rule=end_points_rule,
    ),
)
