"""What points publish of themselves: the algorithm card, what tables hold about people, what may be released."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from gongzhi.declare.register_entries import GONE, Card, Holding, Statement, StatementClaim
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from .honours.types import EARNED

CARDS = (
    Card(
        "points.award",
        "1",
        purpose=Text("How many points an act earns", "确定一项行为可获得的积分"),
        basis=Text(
            "Voluntary, by rules that the village's assembly adopted; PIPL 13(1)(1) and 24",
            "自愿参加，依据村民（代表）会议通过的规则；《个人信息保护法》第十三条第一款第一项、第二十四条",
        ),
        inputs=(
            Text("the rule in the version in force on the day of the act", "行为当日有效的规则版本"),
            Text("the version of the act that the rule names", "规则所指行为的版本"),
            Text("the day of the act", "行为日期"),
            Text("the decision of the grid worker or the peers on the claim", "网格员或村民评议的认定结果"),
            Text("for a reported problem: its kind, subject and that it was settled", "上报问题的类型、分类及是否办结"),
            Text("what the same rule gave to the account in the period", "同一规则本周期内已给分值"),
        ),
        formula=Text(
            "The rule's amount, or what is left of its cap in the period if that is less; nothing before its "
            "cool-down is over. Every rule is public with its text. Nothing is ever "
            "deducted but what was wrongly booked.",
            "规则分值与本周期剩余额度取小；间隔期内不计分。各规则全文公开。除误记冲正外不扣分。",
        ),
        owner=Text("the office that runs the programme", "积分项目管理单位"),
        since=date(2026, 1, 1),
        limits=Text(
            "It knows only what is claimed or reported. It never looks at complaints, petitions, mediation, consent "
            "refused, relatives, health, religion or past sentences.",
            "仅反映已申报或上报的行为。不使用投诉、信访、调解、拒绝同意、亲属、健康、宗教、前科等信息。",
        ),
        contact=Text("Object, or ask the grid worker", "可提出异议，或咨询网格员"),
    ),
)

# The legal basis of each table, and what erasure does to it. Entries and accounts outlive the person without their
# key, because the sums of others depend on them.
BASIS = Text("Consent by taking part, PIPL 13(1)(1)", "本人自愿参加，《个人信息保护法》第十三条第一款第一项")
BOOKS = Text("Books of account: 10 years", "会计档案，保存十年")
PUBLIC = Text("Public; no personal data", "公开信息，不含个人信息")
MINE = "select a.id from points.account a where a.person_id=$1"

HOLDINGS = (
    Holding(
        "points.photo",
        Text("photos beside claims, sealed", "申报照片（加密存放）"),
        BASIS,
        # Reached through the claim, since a photo has no key of a person.
        person="t.claim_id in (select c.id from points.claim c where c.person_id=$1)",
        erase=GONE,
        hidden=("data_key", "content"),
        # Months count from the claim: a photo has no time of its own.
        months=24,
        since="(select c.claimed_at from points.claim c where c.id=t.claim_id)",
        wrapped={"data_key": "t.county"},
    ),
    Holding(
        "points.objection",
        Text("objections", "积分异议"),
        BASIS,
        person=f"t.beneficiary_id in ({MINE})",
        erase={"reason": "''", "answer": "null"},
    ),
    Holding(
        "points.claim",
        Text("claims for acts", "积分申报"),
        BASIS,
        person="t.person_id=$1",
        erase={"text": "null", "note": "null", "person_id": "null"},
    ),
    Holding(
        "points.redemption",
        Text("redemptions", "积分兑换"),
        BOOKS,
        person="t.person_id=$1",
        erase={"person_id": "null"},
    ),
    Holding("points.award", Text("honours", "荣誉"), BASIS, person=f"t.account_id in ({MINE})", erase=GONE),
    Holding(
        "points.entry",
        Text("entries of the ledger, without names", "积分流水（不含姓名）"),
        BOOKS,
        f"t.account_id in ({MINE})",
    ),
    Holding(
        "points.account", Text("accounts", "积分账户"), BOOKS, person="t.person_id=$1", erase={"person_id": "null"}
    ),
    *(
        Holding(f"points.{table}", Text(en, zh), PUBLIC)
        for table, en, zh in (
            ("programme", "programmes", "积分项目"),
            ("act", "acts that may be rewarded, version by version", "积分行为各版本"),
            ("rule", "rules", "积分规则"),
            ("merchant", "shops", "商户"),
            ("reward", "rewards", "奖品"),
            ("honour", "honours and their criteria", "荣誉及标准"),
            ("entitlement", "services by tier", "政策激励"),
        )
    ),
    *(
        Holding(f"points.{table}", Text(en, zh), BOOKS)
        for table, en, zh in (
            ("chain", "the last links of the ledgers", "账本链尾"),
            ("posting", "movements of points, in codes and numbers", "积分凭证（代码和数字）"),
            ("settlement", "what shops handed in", "商户结算单"),
            ("settled", "codes that were handed in", "核销明细"),
            ("warning", "which accounts were told of points about to expire", "到期提醒记录"),
            ("vote", "what reviewers said of claims", "评议记录"),
        )
    ),
)

MONTHS = 12
# The expression that honours are given by, so that a statement tells no other number.
SUMS = f"""
select p.name, p.unit, {EARNED.format("a.id", "$2::int", "$3::date")}::bigint earned
from points.account a join points.programme p on p.id=a.programme_id where a.kind='PERSON' and a.person_id=$1 order by 1
"""
HONOURS = """
select h.title, (w.awarded_at at time zone 'Asia/Shanghai')::date "on"
from points.award w join points.honour h on h.id=w.honour_id join points.account a on a.id=w.account_id
where a.person_id=$1 and a.kind='PERSON' order by w.awarded_at
"""


async def claim_earned_points(call: Call, person: UUID) -> Sequence[StatementClaim]:
    """Return what the person earned in the last twelve months, programme by programme."""
    rows = await call.fetch(SUMS, person, MONTHS, today(call))
    return [
        StatementClaim(
            Text(
                f"Earned {row['earned']} points in {MONTHS} months ({row['name']})",
                f"近 {MONTHS} 个月获得积分 {row['earned']}（{row['name']}）",
            ),
            row["earned"],
        )
        for row in rows
        # A release carries positive statements alone: nothing earned says nothing.
        if row["earned"] > 0
    ]


async def claim_honours(call: Call, person: UUID) -> Sequence[StatementClaim]:
    """Return the honours the person was given."""
    rows = await call.fetch(HONOURS, person)
    return [
        StatementClaim(Text(f"Honour: {row['title']}", f"荣誉：{row['title']}"), row["on"].isoformat()) for row in rows
    ]


STATEMENTS = (
    Statement("points.earned", Text("Points earned in twelve months", "近十二个月获得的积分"), claim_earned_points),
    Statement("points.honours", Text("Honours given by published criteria", "按公开标准授予的荣誉"), claim_honours),
)
