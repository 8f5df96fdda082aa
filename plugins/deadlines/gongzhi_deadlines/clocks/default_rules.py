"""Defaults: the rule sets that ship, of the 12345 hotline, a fast lane and petitions; a county may write its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from gongzhi.core.cases.models import CaseKind, Urgency

from gongzhi_deadlines.worktime import Term, Unit

from .models import Stage

JINAN = "济南市12345市民服务热线条例第二十四条；潍坊市12345政务服务便民热线条例第二十条、第二十二条"
PLATFORM = "平台默认，可由县调整"
FAST = "武侯区簇锦街道：15分钟响应、1小时处理、1.5天反馈"
URBAN = "济源市城市管理部件事件处置标准"
PETITION = "信访工作条例第二十二条、第三十四条"


@dataclass(frozen=True)
class Rule:
    """How long a stage may take in cases that fit; what is None fits any."""

    stage: Stage
    term: Term
    basis: str
    kind: CaseKind | None = None
    category: str | None = None
    urgency: Urgency | None = None
    channel: str | None = None
    any_hour: bool = False
    """Whether its reminders are sent at night and on holidays, too, as they are in every emergency."""


@dataclass(frozen=True)
class RuleSet:
    """Rules in the order in which they are tried."""

    code: str
    edition: int
    name: str
    rules: tuple[Rule, ...]


def _working(amount: int) -> Term:
    return Term(amount, Unit.WORKING_DAY, next_day=True)


TODAY = Term(1, Unit.WORKING_DAY)
"""Before the office closes on the same day."""

_USUAL = (
    Rule(Stage.RESPOND, Term(2, Unit.WORKING_HOUR), PLATFORM),
    Rule(Stage.ACCEPT, _working(1), PLATFORM),
    Rule(Stage.DISPATCH, Term(4, Unit.WORKING_HOUR), PLATFORM),
    Rule(Stage.CONTACT, _working(1), PLATFORM),
    Rule(Stage.HANDLE, _working(4), PLATFORM),
    Rule(Stage.REPLY, _working(5), JINAN),
    Rule(Stage.FOLLOW_UP, _working(5), PLATFORM),
    Rule(Stage.GRACE, Term(7, Unit.DAY, next_day=True), PLATFORM),
)
_URGENT = tuple(
    Rule(stage, term, PLATFORM, urgency=urgency, any_hour=urgency is Urgency.EMERGENCY)
    for urgency in (Urgency.EMERGENCY, Urgency.URGENT)
    for stage, term in (
        (Stage.RESPOND, Term(15 if urgency is Urgency.EMERGENCY else 60, Unit.MINUTE)),
        (Stage.DISPATCH, Term(30 if urgency is Urgency.EMERGENCY else 120, Unit.MINUTE)),
        (Stage.CONTACT, Term(1 if urgency is Urgency.EMERGENCY else 4, Unit.HOUR)),
        (Stage.HANDLE, Term(24, Unit.HOUR) if urgency is Urgency.EMERGENCY else TODAY),
        (Stage.REPLY, Term(36, Unit.HOUR) if urgency is Urgency.EMERGENCY else _working(1)),
    )
)
_CITY = (
    Rule(Stage.HANDLE, Term(5, Unit.WORKING_HOUR), URBAN, category="environment.road"),
    Rule(Stage.HANDLE, _working(1), URBAN, category="environment.garbage"),
    Rule(Stage.HANDLE, _working(4), URBAN, category="environment.rubble"),
)

DEFAULT = "12345"
SETS = (
    RuleSet(DEFAULT, 1, "12345 热线默认时限", (*_URGENT, *_CITY, *_USUAL)),
    RuleSet(
        "fast-lane",
        1,
        "快速通道（武侯 15 分钟、1 小时、1.5 天）",
        (
            Rule(Stage.RESPOND, Term(15, Unit.MINUTE), FAST),
            Rule(Stage.CONTACT, Term(1, Unit.HOUR), FAST),
            Rule(Stage.REPLY, Term(36, Unit.HOUR), FAST),
            Rule(Stage.ACCEPT, Term(15, Unit.MINUTE), FAST),
            Rule(Stage.DISPATCH, Term(15, Unit.MINUTE), FAST),
            Rule(Stage.HANDLE, Term(35, Unit.HOUR), FAST),
            *_USUAL[-2:],
        ),
    ),
    RuleSet(
        "petition",
        1,
        "信访事项时限",
        (
            Rule(Stage.ACCEPT, Term(15, Unit.DAY, next_day=True), PETITION),
            Rule(Stage.REPLY, Term(60, Unit.DAY, next_day=True), PETITION),
            Rule(Stage.HANDLE, Term(60, Unit.DAY, next_day=True), PETITION),
            *(rule for rule in _USUAL if rule.stage not in (Stage.ACCEPT, Stage.REPLY, Stage.HANDLE)),
        ),
    ),
)
SINCE = datetime.fromisoformat("2020-01-01T00:00:00+08:00")


class Connection(Protocol):
    """As much of an asyncpg connection as seeding needs."""

    async def fetch(self, query: str, *args: Any) -> Any: ...


async def seed_rules(connection: Connection) -> None:
    """Add the editions that are missing; one that is there is never changed."""
    known = {
        (row["code"], row["edition"]) for row in await connection.fetch("select code, edition from clocks.rule_set")
    }
    for one in SETS:
        # A clock runs by the rule that was in force when it started, so what was promised then must stay to be read.
        if (one.code, one.edition) not in known:
            await _record(connection, one)


async def _record(connection: Connection, one: RuleSet) -> None:
    [row] = await connection.fetch(
        "insert into clocks.rule_set (code, edition, name, since) values ($1, $2, $3, $4) returning id",
        one.code,
        one.edition,
        one.name,
        SINCE,
    )
    for rank, rule in enumerate(one.rules, 1):
        await connection.fetch(
            "insert into clocks.rule (set_id, rank, stage, kind, category, urgency, channel, amount, unit, next_day, "
            "basis, any_hour) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            row["id"], rank, rule.stage, rule.kind, rule.category, rule.urgency, rule.channel,
            rule.term.amount, rule.term.unit, rule.term.next_day, rule.basis, rule.any_hour,
        )  # fmt: skip
