"""Ledger types: accounts, entries and statements as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Household, Person
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    embedded,
    entity,
    expression,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.filters import compare_place, compare_term, enum_comparison
from gongzhi.declare.plans import Build, Frame, Where
from gongzhi.declare.sql import Sql

from .. import enums as enums
from .. import visibility
from ..models import AccountKind, AccountRow, EntryRow, PostingKind
from ..programmes.types import SPAN, PointsProgramme, PointsRule


@strawberry.type(description="Points that expire on a day unless they are spent before (即将过期积分).")
class PointsExpiring:
    amount: int = strawberry.field(description="How many (数量).")
    on: datetime.date = strawberry.field(description="The first day they are gone (过期日).")


@strawberry.type(description="A line of a statement (对账单行).")
class PointsStatementLine:
    at: datetime.datetime = strawberry.field(description="When it was booked (记账时间).")
    amount: int = strawberry.field(description="What came, or went below zero (变动).")
    balance: int = strawberry.field(description="The balance after it (余额).")
    kind: PostingKind = strawberry.field(description="Why points moved (类型).")
    reason: str = strawberry.field(description="What for (事由).")


@strawberry.type(description="What moved on an account from one day to another, whole (对账单).")
class PointsStatement:
    opening: int = strawberry.field(description="The balance before the first line (期初余额).")
    closing: int = strawberry.field(description="The balance after the last line (期末余额).")
    lines: list[PointsStatementLine] = strawberry.field(description="What moved, in its order (明细).")


EXPIRING = """
(select coalesce(jsonb_agg(jsonb_build_object('amount', l.amount, 'on', l.expires_on) order by l.expires_on), '[]')
 from (select expires_on, sum(amount) amount from points.lots({0}) where expires_on is not null
 group by 1 order by 1 limit 24) l)
"""
# Running balances are summed over all entries before the period is cut out, or the first balance would be wrong. Days
# are days in China, whatever the session's zone.
STATEMENT = """
(select jsonb_build_object('opening', coalesce(min(s.balance - s.amount) filter (where s.no = 1), {4}),
 'closing', coalesce(max(s.balance) filter (where s.no = s.count), {4}),
 'lines', coalesce(jsonb_agg(jsonb_build_object('at', s.posted_at, 'amount', s.amount, 'balance', s.balance,
 'kind', s.kind, 'reason', s.reason) order by s.no), '[]'))
 from (select r.*, row_number() over (order by r.posted_at, r.id) no, count(*) over () count from (
 select e.id, e.posted_at, e.amount, sum(e.amount) over (order by e.posted_at, e.id) balance, p.kind,
 case {3} when 'zh' then p.reason_zh else p.reason_en end reason
 from points.entry e join points.posting p on p.id = e.posting_id where e.account_id = {0}) r
 where r.posted_at >= {1}::timestamp at time zone 'Asia/Shanghai'
 and r.posted_at < {2}::timestamp at time zone 'Asia/Shanghai') s)
"""
# The balance before the period, for a period without a line.
BEFORE = (
    "coalesce((select sum(e.amount) from points.entry e where e.account_id={0} "
    "and e.posted_at < {1}::timestamp at time zone 'Asia/Shanghai'),0)"
)


def language_sql(at: Frame) -> Any:
    return at.given.whole(lambda arguments, context: context.viewer.language, cast="text")


def statement_sql(at: Frame) -> Any:
    since, before = (at.given.bind(name, cast="date") for name in SPAN)
    return Sql(STATEMENT, at.row.id, since, before, language_sql(at), Sql(BEFORE, at.row.id, since))


@entity(
    AccountRow,
    visible=visibility.visible_accounts,
    order=("opened_at",),
    filter={"kind": compare_term(lambda at: at.rows.kind, enum_comparison(AccountKind)), "grid": compare_place()},
)
class PointsAccount(Node):
    """An account of points; never a debt (积分账户)."""

    programme: PointsProgramme | None = one("The programme (项目).")
    kind: AccountKind = column("Whose it is (账户类型).")
    name: str | None = column("A group's name (集体名称).")
    person: Person | None = one("Whose it is, or who leads the group (个人).")
    household: Household | None = one("Whose it is (户).")
    grid: Grid | None = one("Where (网格).")
    balance: int = column("The sum of its entries (余额).")
    held: int = column("How much of it is held for redemptions in progress (冻结).")
    expiring: list[PointsExpiring] = embedded(
        "What expires when, the next first; what expires first is spent first (即将过期).",
        lambda at: Sql(EXPIRING, at.row.id),
    )
    entries: Connection[PointsEntry] = connection(
        "What moved on it, the last first (流水).", on="account", order="-posted_at"
    )
    statement: PointsStatement | None = embedded(
        "What moved on it in a time, whole (对账单).", statement_sql, arguments=SPAN
    )
    opened_at: datetime.datetime = column("When it was opened (开户时间).")


def posting_column(name: str) -> Build:
    """Build the expression of a column of the entry's posting."""
    return lambda at: Sql(f"(select p.{name} from points.posting p where p.id={{0}})", at.row.posting_id)


def reason_sql(at: Frame) -> Any:
    """Build the reason for a movement, in the caller's language."""
    reason = "case {1} when 'zh' then p.reason_zh else p.reason_en end"
    return Sql(f"(select {reason} from points.posting p where p.id={{0}})", at.row.posting_id, language_sql(at))


def of_posting(name: str) -> Where:
    """Build the condition for the row that the entry's posting names."""
    return lambda at: [
        Sql(f"{{0}}=(select p.{name} from points.posting p where p.id={{1}})", at.rows.id, at.row.posting_id)
    ]


@entity(
    EntryRow,
    visible=visible_to_all,
    through="account",
    order=("posted_at",),
    filter={"posted_at": None, "amount": None},
)
class PointsEntry(Node):
    """One movement on an account; it is never changed, only reversed by another (积分流水)."""

    account: PointsAccount | None = one("The account (账户).")
    amount: int = column("What came, or went below zero (变动).")
    posted_at: datetime.datetime = column("When it was booked (记账时间).")
    expires_on: datetime.date | None = column("The first day it is gone, if it is not spent before (过期日).")
    kind: PostingKind = expression("Why points moved (类型).", posting_column("kind"))
    reason: str = expression("What for, in the caller's language (事由).", reason_sql)
    occurred_on: datetime.date = expression("The day of the act (行为日期).", posting_column("occurred_on"))
    rule: PointsRule | None = pick("The version of the rule it was given by (所依规则).", of_posting("rule_id"))
    case: Case | None = pick("The case it was given for, if you may see it (相关诉求).", of_posting("case_id"))
    reversed: bool = expression(
        "Whether it was taken back as wrongly booked (是否已冲正).",
        lambda at: Sql("exists(select from points.posting p where p.reverses_id={0})", at.row.posting_id),
    )
