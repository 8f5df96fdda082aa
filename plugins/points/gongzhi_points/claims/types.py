"""Claim types: claims, what is brought with them, and objections, as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import (
    Node,
    aggregate,
    column,
    embedded,
    entity,
    expression,
    many,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql

from .. import enums as enums
from .. import visibility
from ..ledger.types import PointsAccount, PointsEntry, language_sql, of_posting, posting_column, reason_sql
from ..models import ClaimRow, ClaimState, EntryRow, ObjectionRow, ObjectionState, Proof, VoteRow
from ..programmes.types import PointsRule
from .photos import PHOTO_URL


@strawberry.type(description="Something brought with a claim (凭证).")
class PointsEvidence:
    kind: Proof = strawberry.field(description="What it is (类型).")
    url: str = strawberry.field(description="The photo or text itself, as a data URL (内容).")


# Photos lie in the database and go out as data URLs, so they are seen by whoever may see the claim and nobody else.
EVIDENCE = f"""
(select coalesce(jsonb_agg(jsonb_build_object('kind', v.kind, 'url', v.url)), '[]') from (
 select 'TEXT' kind, to_jsonb('data:text/plain;charset=utf-8;base64,'||
 replace(encode(convert_to(c.text, 'utf8'), 'base64'), E'\\n', '')) url
 from points.claim c where c.id = {{0}} and c.text is not null
 union all select 'PHOTO', {PHOTO_URL} from points.photo f where f.claim_id = {{0}}) v)
"""


@entity(VoteRow, visible=visible_to_all, through="claim", order=("at",))
class PointsVote(Node):
    """What a peer says of a claim; who it was is not told (评议).

    The claimant sees how many agree, so that nobody is asked to explain a vote.
    """

    claim: PointsClaim | None = one("The claim (申报).")
    approve: bool = column("Whether they agree (是否同意).")
    at: datetime.datetime = column("When (时间).")


@entity(
    ClaimRow,
    visible=visibility.visible_claims,
    order=("claimed_at",),
    filter={"state": None, "grid": compare_place(), "claimed_at": None},
)
class PointsClaim(Node):
    """Somebody says that they did what a rule rewards (积分申报)."""

    rule: PointsRule | None = one("The version of the rule (规则).")
    person: Person | None = one("Who did it (申报人).")
    beneficiary: PointsAccount | None = one("Whose account gets the points (受益账户).")
    grid: Grid | None = one("Where they live (所在网格).")
    acted_on: datetime.date = column("The day of the act (行为日期).")
    text: str | None = column("What they say (说明).")
    evidence: list[PointsEvidence] = embedded(
        "What they brought with it (凭证).", lambda at: Sql(EVIDENCE, at.row.id), sealed=("url",)
    )
    state: ClaimState = column("Where it stands (状态).")
    claimed_at: datetime.datetime = column("When it was claimed (申报时间).")
    decide_by: datetime.date = column("By when it is to be decided (认定期限).")
    decided_at: datetime.datetime | None = column("When it was decided (认定时间).")
    note: str | None = column("Why it was decided so (认定说明).")
    votes: list[PointsVote] = many("What peers say (评议).", on="claim", order="at", cap=50)
    agreed: int = aggregate(
        "How many peers agree (同意人数).",
        lambda: PointsVote,
        lambda at: Sql("count(*) filter (where {0})", at.rows.approve),
        on="claim",
    )
    version: int = column("Grows with every change (版本).")


@entity(ObjectionRow, visible=visibility.visible_objections, order=("raised_at",), filter={"state": None})
class PointsObjection(Node):
    """Somebody objects to what was decided or booked; another person looks at it again (异议)."""

    claim: PointsClaim | None = one("The claim it is about (申报).")
    beneficiary: PointsAccount | None = one("Whose account it is about (账户).")
    reason: str = column("Why (理由).")
    state: ObjectionState = column("Where it stands (状态).")
    raised_at: datetime.datetime = column("When it was raised (提出时间).")
    decide_by: datetime.date = column("By when it is to be decided (处理期限).")
    answer: str | None = column("What was found (处理意见).")
    decided_at: datetime.datetime | None = column("When it was decided (处理时间).")


@strawberry.type(description="Something that decided about points, as it was (输入).")
class PointsInput:
    name: str = strawberry.field(description="What (名称).")
    value: str = strawberry.field(description="How much, or which (取值).")


def evidence_sql(at: Frame) -> Any:
    claim = "(select p.claim_id from points.posting p where p.id={0})"
    return Sql(EVIDENCE, Sql(claim, at.row.posting_id))


# By its name and version, and not by its code: residents read it.
ACT_ZH = "'，行为「'||a.name||'」'||case when a.county_id is null then '' else '本县' end||'第'||a.version||'版'"
ACT_EN = (
    "', for the act '''||a.name_en||''', '||case when a.county_id is null then '' else 'the county''s ' end||"
    "'version '||a.version"
)


def explanation_sql(at: Frame) -> Any:
    """Build a sentence in the caller's language: how much, for what, by which rule, when."""
    # One expression of the statement, not a resolver: explaining an entry stays one query.
    return Sql(
        "(select case {1} when 'zh' then p.occurred_on||'：'||p.reason_zh||'，'||{2}||coalesce("
        f"'。依据规则「'||r.title||'」第'||r.version||'版'||coalesce({ACT_ZH},'')"
        "||'：'||r.text, '') "
        "else p.occurred_on||': '||p.reason_en||', '||{2}||coalesce("
        f"'. By the rule '''||r.title||''', version '||r.version||coalesce({ACT_EN},'')"
        "||': '||r.text, '') end from points.posting p left join points.rule r on r.id=p.rule_id "
        "left join points.act a on a.id=r.act_id where p.id={0})",
        at.row.posting_id,
        language_sql(at),
        at.row.amount,
    )


@entity(EntryRow, visible=visible_to_all, through="account")
class PointsExplanation:
    """Why a movement is as it is: the rule of that day, what was looked at, and what was brought (积分说明)."""

    account: PointsAccount | None = one("The account (账户).")
    text: str = expression("In a sentence, in the caller's language (说明).", explanation_sql)
    reason: str = expression("What for (事由).", reason_sql)
    occurred_on: datetime.date = expression("The day of the act (行为日期).", posting_column("occurred_on"))
    rule: PointsRule | None = pick(
        "The version of the rule that was in force that day (当日规则).", of_posting("rule_id")
    )
    evidence: list[PointsEvidence] = embedded("What was brought (凭证).", evidence_sql, sealed=("url",))
    inputs: list[PointsInput] = embedded(
        "What was looked at, as it was (当时输入).",
        lambda at: Sql("(select p.inputs from points.posting p where p.id={0})", at.row.posting_id),
    )
    reversal: PointsEntry | None = pick(
        "The movement that took it back, if one did (冲正流水).",
        lambda at: [
            Sql(
                "{0}=(select p.id from points.posting p where p.reverses_id={1}) and {2}={3}",
                at.rows.posting_id,
                at.row.posting_id,
                at.rows.account_id,
                at.row.account_id,
            )
        ],
    )
