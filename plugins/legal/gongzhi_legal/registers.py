"""Disclosure: what tables of legal services hold about people, and what a person may release."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from gongzhi.declare.register_entries import COUNTY_OF_ROW, GONE, Holding, Statement, StatementClaim
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

LAW = Text(
    "People's Mediation Law 27, Legal Aid Law; PIPL 13(1)(3)",
    "《人民调解法》第二十七条、《法律援助法》；《个人信息保护法》第十三条第一款第三项",
)
CONSENT = Text("Consent, PIPL 13(1)(1)", "本人同意，《个人信息保护法》第十三条第一款第一项")
PUBLIC = Text("Public; no personal data", "公开信息，不含个人信息")
OFFICE = Text("Appointments of an office", "履行职务信息")
KEPT_MONTHS = 60
"""How long files of closed matters are kept."""
# Whoever has or had a seat: the matter is theirs to get a copy of.
SAT = "t.{} in (select s.matter_id from legal.seat s where s.person_id=$1)"
OTHERS = (
    "exists(select from legal.seat o where o.matter_id=t.{} and o.person_id is not null and o.person_id<>$1) "
    "or exists(select from legal.party q where q.matter_id=t.{} and q.name is not null)"
)
"""Somebody else is a party as well: their matter stays when one of them goes."""
CLOSED = "(select m.closed_at from legal.matter m where m.id=t.matter_id)"


def _sealed_holding(table: str, en: str, zh: str, *hidden: str) -> Holding:
    """Describe a table of words that only a matter's key opens; it goes with the matter."""
    return Holding(
        f"legal.{table}",
        Text(en, zh),
        LAW,
        person=SAT.format("matter_id"),
        # Where somebody else is a party, their words stay when one of them goes.
        shared=OTHERS.format("matter_id", "matter_id"),
        # What was said and filed goes five years after closing; agreements stay as records of what binds people.
        erase=GONE if table in ("message", "file", "session") else {},
        hidden=hidden,
        **({"months": KEPT_MONTHS, "since": CLOSED} if table in ("message", "file", "session") else {}),  # type: ignore[arg-type]
    )


HOLDINGS = (
    Holding(
        "legal.matter",
        Text("matters of the law; without the key nobody reads a word of them again", "法律事务；密钥删除后内容不可读"),
        LAW,
        person=SAT.format("id"),
        shared=OTHERS.format("id", "id"),
        # Without the key nothing of the matter can be read any more.
        erase={"secret": "null"},
        hidden=("secret",),
        wrapped={"secret": COUNTY_OF_ROW},
        months=KEPT_MONTHS,
        since="t.closed_at",
    ),
    Holding(
        "legal.seat",
        Text("who takes part in a matter", "参与人"),
        LAW,
        person="t.person_id=$1",
        erase={"person_id": "null"},
    ),
    Holding(
        "legal.party",
        Text("parties to mediations", "调解当事人"),
        LAW,
        person="t.person_id=$1",
        erase={"person_id": "null"},
        hidden=("name", "phone"),
    ),
    _sealed_holding("message", "what was said in matters", "会话", "text", "account"),
    _sealed_holding("file", "files of matters", "材料", "title", "content", "account"),
    _sealed_holding("session", "minutes of mediations", "调解笔录", "place", "minutes", "account"),
    _sealed_holding("mediation", "mediations", "人民调解", "facts", "reason", "requested_by"),
    _sealed_holding("agreement", "agreements", "调解协议", "facts", "place", "performance", "account"),
    _sealed_holding("term", "what was promised", "协议事项", "text"),
    # No words of theirs: that somebody signed is a record of what binds people.
    _sealed_holding("signature", "who signed", "签署记录"),
    _sealed_holding("confirmation", "judicial confirmations", "司法确认"),
    _sealed_holding("mediator", "who mediated", "调解员记录"),
    _sealed_holding("advice", "questions about the law", "法律咨询", "question"),
    _sealed_holding("aid", "legal aid", "法律援助", "facts", "grounds"),
    _sealed_holding("hours", "time spent on legal aid", "法律援助工时", "account"),
    _sealed_holding("clue", "clues for inspectors", "执法线索", "text", "reply"),
    Holding(
        "legal.booking",
        Text("appointments", "预约"),
        CONSENT,
        person="t.person_id=$1",
        erase={"person_id": "null"},
        months=24,
        since="t.booked_at",
    ),
    Holding("legal.conflict", Text("conflicts that advisers declared", "回避申报"), LAW, "t.person_id=$1", erase=GONE),
    Holding(
        "legal.feed",
        Text("addresses of calendars", "日历订阅"),
        CONSENT,
        person="t.person_id=$1",
        erase=GONE,
        hidden=("digest",),
    ),
    Holding(
        "legal.adviser",
        Text("the legal panel, published", "法律顾问名单（公开）"),
        OFFICE,
        person="t.person_id=$1",
        # The published name stays: the panel is an office, and files say who held it.
        erase={"person_id": "null"},
        hidden=("account",),
    ),
    *(
        Holding(f"legal.{table}", Text(en, zh), basis)
        for table, en, zh, basis in (
            ("serves", "whom advisers serve", "服务范围", OFFICE),
            ("shift", "rotas", "值班表", OFFICE),
            ("slot", "times that can be booked", "预约时段", OFFICE),
            ("dispute_type", "types of dispute", "纠纷类型", PUBLIC),
            ("counter", "numbers given to agreements", "协议编号", PUBLIC),
            ("template", "documents of counties", "文书模板", PUBLIC),
            ("rate", "what mediators are paid by case", "调解补贴标准", PUBLIC),
            ("entry", "answers for everybody, without names", "法律知识库（不含姓名）", PUBLIC),
            ("screening", "situations, without names", "矛盾排查（不含姓名）", OFFICE),
            ("review", "situations looked at again", "排查复查", OFFICE),
            ("article", "things to read about the law", "普法文章", PUBLIC),
            ("lecture", "talks about the law", "普法活动", PUBLIC),
            ("quiz", "quizzes about the law", "普法问答", PUBLIC),
            ("tally", "how often things were read, and nobody's name", "阅读计数（不含个人信息）", PUBLIC),
        )
    ),
)

# Kept by all: a promise that one side broke gives nobody a statement. Whoever was represented counts as a signer.
KEPT = """
select count(distinct a.id)::int kept, max(a.kept_on) last from legal.agreement a
join legal.signature g on g.matter_id=a.matter_id join legal.party p on p.id=g.party_id
where a.kept_on is not null and (p.person_id=$1
 or p.represents_id in (select q.id from legal.party q where q.person_id=$1))
"""


async def claim_kept_agreements(call: Call, person: UUID) -> Sequence[StatementClaim]:
    """Return how many agreements the person signed that were kept by all; with whom and about what is not told."""
    [row] = await call.fetch(KEPT, person)
    count = row["kept"]
    text = Text(f"Agreements kept: {count}", f"已履行完毕的调解协议：{count} 份")
    return [StatementClaim(text, count)] if count else []


STATEMENTS = (
    Statement("legal.agreement_kept", Text("Agreements that were kept", "调解协议已履行"), claim_kept_agreements),
)
