"""Mediation figures: the official table, by whole quarters, and what mediators are due by case (以案定补).

Counts of a few would tell of people, so numbers under ten are not shown, and no difference of what is shown is one.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import kind_of
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql, ancestor_column
from gongzhi.runtime.checks import invalid_input
from gongzhi.values.codes import Kind
from pypika_tortoise.queries import Table

from ..models import MediationOutcome
from ..visibility import FIGURES

FEWEST = 10
"""The smallest number that is shown, but for zero."""
SETTLED = "n.outcome in ('WRITTEN_AGREEMENT','ORAL_AGREEMENT')"
COUNTED = {
    "accepted": "true",
    "written": "n.outcome='WRITTEN_AGREEMENT'",
    "oral": "n.outcome='ORAL_AGREEMENT'",
    "failed": "n.outcome in ('FAILED','REFERRED')",
    "ended": "n.outcome in ('WITHDRAWN','REFUSED')",
    "inVillage": f"{SETTLED} and n.level in ('GRID','VILLAGE')",
    "inTown": f"{SETTLED} and n.level='TOWN'",
    "inCounty": f"{SETTLED} and n.level='COUNTY'",
    "confirmed": "exists(select from legal.confirmation c where c.matter_id=n.matter_id and c.state='CONFIRMED')",
    "kept": "exists(select from legal.agreement a where a.matter_id=n.matter_id and a.kept_on is not null)",
}
"""What the columns of the table count, of the mediations that were asked for in the time."""


@strawberry.type(
    description="Mediations of one type of dispute; null for few; to the nearest five below a county (调解统计行)."
)
class MediationFigures:
    dispute_type: str = strawberry.field(description="The type, by code; ALL for all of them (纠纷类型).")
    name: str = strawberry.field(description="Its name (名称).")
    accepted: int | None = strawberry.field(description="Asked for in the time (受理件数).")
    written: int | None = strawberry.field(description="Agreed in writing (书面协议).")
    oral: int | None = strawberry.field(description="Agreed by word (口头协议).")
    failed: int | None = strawberry.field(description="Not agreed, or for others (调解不成、转出).")
    ended: int | None = strawberry.field(description="Taken back or not wanted (撤回、不同意).")
    in_village: int | None = strawberry.field(description="Agreed in the village or its grids (村级及以下化解).")
    in_town: int | None = strawberry.field(description="Agreed in the town (镇级化解).")
    in_county: int | None = strawberry.field(description="Agreed in the county (县级化解).")
    confirmed: int | None = strawberry.field(description="Confirmed by the court (司法确认).")
    kept: int | None = strawberry.field(description="Kept by all (履行完毕).")


SPAN = {
    "grid": Argument(str, "A village, town or county, by code (网格编码)."),
    "since": Argument(datetime.date, "The first day (起始日)."),
    "before": Argument(datetime.date, "The first day no longer (截止日，不含)."),
}
QUARTERS = {
    "grid": SPAN["grid"],
    "since": Argument(datetime.date, "The first day of a quarter (起始日，为某季度首日)."),
    "before": Argument(datetime.date, "The first day of the quarter that is counted no longer (截止季度首日，不含)."),
}
STEP = 5
"""Below a county numbers are told to the nearest of these: what is left of the county's would tell the one withheld."""


def safe_column(name: str, further: str = "true", step: int = 1) -> str:
    """Build a column over the quarters `c`; null where one of them has a few, and zero is about nobody."""
    safe = f'coalesce(bool_and((c."{name}"=0 or c."{name}">={FEWEST}) and {further}),true)'
    whole = f'coalesce(sum(c."{name}"),0)'
    return f"case when {safe} then (round({whole}/{step}.0)*{step})::int end" + f' "{name}"'


def figures_table_sql(step: int) -> str:
    """Build the official table: cells, and so their differences, are sums of whole quarters that may each be told.

    The total is withheld in a quarter in which one type alone is: what is left of it would tell that type.
    """
    counted = ", ".join(f'count(*) filter (where {what})::int "{name}"' for name, what in COUNTED.items())
    # `few_…` counts the types that are withheld in a quarter, for the total to be withheld where it is one alone.
    wholes = ", ".join(
        f'sum(x."{name}") "{name}", count(*) filter (where x."{name}" between 1 and {FEWEST - 1}) "few_{name}"'
        for name in COUNTED
    )
    types = ", ".join(safe_column(name, step=step) for name in COUNTED)
    totals = ", ".join(safe_column(name, f'c."few_{name}"<>1', step) for name in COUNTED)
    return f"""
(with cells as (
 select date_trunc('quarter', n.requested_at at time zone 'Asia/Shanghai') as quarter, d.code, d.name, {counted}
 from legal.mediation n join legal.matter m on m.id=n.matter_id join legal.dispute_type d on d.id=n.dispute_type_id
 where {{places}} and {{within}} and n.requested_at>={{since}}::timestamp at time zone 'Asia/Shanghai'
 and n.requested_at<{{before}}::timestamp at time zone 'Asia/Shanghai' group by 1, d.code, d.name)
 select jsonb_agg(to_jsonb(f) order by f."disputeType"='ALL' desc, f."disputeType") from (
 select 'ALL' "disputeType", '合计' "name", {totals} from (select {wholes} from cells x group by x.quarter) c
 union all select c.code, max(c.name), {types} from cells c group by c.code) f)
"""


def first_of_quarter(day: datetime.date) -> datetime.date:
    """Refuse other days: figures of two periods that differ by a day would tell of one mediation."""
    if day.day != 1 or day.month % 3 != 1:
        raise invalid_input(
            "Mediations are counted by whole quarters.", "调解统计按整季度提供，请填写某季度首日。", "since"
        )
    return day


MATTER = Table("matter", schema="legal", alias="m")


def official_table(at: Frame) -> Any:
    """Build the official table of the grid and quarters that were asked for."""
    # Known from the code's shape before the statement runs, so the text does not depend on data.
    county = at.given.trait("grid", of=kind_of) in (Kind.PROVINCE, Kind.CITY, Kind.COUNTY)
    return figures_sql(at, figures_table_sql(1 if county else STEP), first_of_quarter)


def figures_sql(at: Frame, text: str, convert: Any = None) -> Any:
    """Build a statement about the matters in the grid and time that were asked for, of those one may count."""
    column = ancestor_column(at.given.trait("grid", of=kind_of))
    grid = Sql(
        f"m.{column}=(select g.id from grids.grid g where g.code={{0}} and g.valid_to is null)", at.given.bind("grid")
    )
    # Figures have a visibility of their own, by grid: whoever counts matters sees none of them.
    seen = at.viewer.within(MATTER, FIGURES)
    inside = Sql("true") if seen is None else Sql(" or ".join(f"({{{at}}})" for at in range(len(seen))), *seen)
    span = {name: at.given.bind(name, convert=convert, cast="date") for name in ("since", "before")}
    return Sql(text, places=grid, within=Sql("({0})", inside), **span)


@strawberry.type(description="What a mediator is due for the cases of a time (以案定补).")
class MediationSubsidy:
    adviser: str = strawberry.field(description="The mediator (调解员).")
    written: int = strawberry.field(description="Cases with an agreement in writing (书面协议件数).")
    oral: int = strawberry.field(description="Cases with an oral agreement (口头协议件数).")
    failed: int = strawberry.field(description="Cases that were tried in vain; work counts as well (调解未成件数).")
    amount: Decimal = strawberry.field(description="What they are due, in yuan (补贴金额，元).")


# Tries that failed are paid as well, so that nobody is pressed into signing.
RATES = {
    MediationOutcome.WRITTEN_AGREEMENT: 20_000,
    MediationOutcome.ORAL_AGREEMENT: 5_000,
    MediationOutcome.FAILED: 3_000,
    MediationOutcome.REFERRED: 3_000,
}
"""Fen a case, where a county has set no rates of its own."""


def rate_sql(outcome: MediationOutcome) -> str:
    """Build the fen that the county of matter `m` pays for mediation `n` with this outcome."""
    # The rate that held when it ended, and not one that was set at that very moment or later.
    own = (
        f"select t.fen from legal.rate t where t.county_id=m.county_id and t.outcome='{outcome}' "
        "and t.since<n.ended_at order by t.since desc limit 1"
    )
    return f"coalesce(({own}),{RATES[outcome]})"


AMOUNT = " ".join(f"when '{one}' then {rate_sql(one)}" for one in RATES)
# One mediator is paid for each case: the first who was acting when it ended. Experts who supported are not.
DUE = f"""
(select coalesce(jsonb_agg(jsonb_build_object('adviser', f.name, 'written', f.written, 'oral', f.oral,
 'failed', f.failed, 'amount', (f.fen/100.0)::numeric(12,2)::text) order by f.name), '[]') from (
 select a.name, a.id, count(*) filter (where n.outcome='WRITTEN_AGREEMENT') written,
 count(*) filter (where n.outcome='ORAL_AGREEMENT') oral,
 count(*) filter (where n.outcome in ('FAILED','REFERRED')) failed,
 sum(case n.outcome {AMOUNT} end) fen
 from legal.mediation n join legal.matter m on m.id=n.matter_id
 join lateral (select r.adviser_id from legal.mediator r where r.matter_id=m.id and r.acting='MEDIATOR'
  and r.since<=n.ended_at and (r.until is null or r.until>n.ended_at) order by r.since, r.id limit 1) lead on true
 join legal.adviser a on a.id=lead.adviser_id
 where {{places}} and {{within}} and n.outcome in ({", ".join(f"'{one}'" for one in RATES)})
 and n.ended_at>={{since}}::timestamp at time zone 'Asia/Shanghai'
 and n.ended_at<{{before}}::timestamp at time zone 'Asia/Shanghai' group by a.id, a.name) f)
"""

EXTENSIONS = (
    extend(
        Query,
        mediation_figures=embedded(
            "Mediations by type of dispute, in the shape of the official table (人民调解统计表).",
            official_table,
            type=list[MediationFigures] | None,
            requires=FIGURES,
            arguments=QUARTERS,
        ),
        mediation_subsidies=embedded(
            "What mediators are due by case; of the cases themselves it tells nothing (以案定补清单).",
            lambda at: figures_sql(at, DUE),
            type=list[MediationSubsidy] | None,
            requires=FIGURES,
            arguments=SPAN,
        ),
    ),
)
