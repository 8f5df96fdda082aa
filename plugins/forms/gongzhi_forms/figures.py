"""Figures: people and households of a place by kind, as forms count them, with small numbers withheld."""

from __future__ import annotations

from enum import StrEnum

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import embedded
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.register_entries import Kpi
from gongzhi.declare.sql import Sql
from gongzhi.values.errors import Text
from gongzhi_statistics.types import GridStatistics

from .declarations import FEW
from .models import Level
from .rules import FILL, VIEW

SECONDS = 15
"""The standard time for a field, as in the burden of grid workers."""


class Headcount(StrEnum):
    """By what people or households are counted."""

    RESIDENCE = "RESIDENCE"
    AGE = "AGE"
    SERVICE_TIER = "SERVICE_TIER"


describe_enum(
    Headcount,
    "HeadcountKind",
    "By what people or households are counted (人口与户统计口径).",
    RESIDENCE="People by how they live here (人员按居住类型)",
    AGE="People by age: 0–15, 16–59, 60 and above (人员按年龄段)",
    SERVICE_TIER="Households by service tier (户按服务类型)",
)
# The dead and the erased are in no number; whoever asked for restriction is counted and not named.
LIVING = "people.person v where v.died_on is null and v.erased_at is null"
AGE = "extract(year from age({today}::date,v.birth_date))"
COUNTED = {
    Headcount.RESIDENCE: ("v.residence", LIVING, ("RESIDENT", "REGISTERED", "FLOATING")),
    Headcount.AGE: (
        f"case when {AGE}<16 then 'UNDER_16' when {AGE}<60 then '16_TO_59' when {AGE}>=60 then '60_AND_ABOVE' "
        "else 'UNKNOWN' end",
        LIVING,
        ("UNDER_16", "16_TO_59", "60_AND_ABOVE", "UNKNOWN"),
    ),
    Headcount.SERVICE_TIER: (
        "v.tier",
        "people.household v where true",
        ("LIANXIN", "GUANXIN", "FANGXIN", "UNCLASSIFIED"),
    ),
}
"""What is counted by, which rows, and the values, in the order in which they are shown."""
SMALL = f"between 1 and {FEW - 1}"


@strawberry.type(description="How many people or households are of a kind (人口与户统计).")
class HeadcountFigure:
    value: str = strawberry.field(description="The kind; TOTAL for all of them (类别).")
    count: int | None = strawberry.field(description="How many there are; null where that is withheld (数量).")
    suppressed: bool = strawberry.field(
        description="Whether a number of one to nine, or one that would tell it, is withheld (是否因数量过小隐去)."
    )


def lies_in(rows: str) -> str:
    """Build whether rows lie in the grid `{id}` of a `{kind}`."""
    # By the index of each level; other levels' rows are not read.
    return " or ".join(f"{{kind}}='{one}' and {rows}.{one.lower()}_id={{id}}" for one in Level)


def count_heads(at: Frame) -> Sql:
    """Build the numbers as JSON; those from one to nine are withheld, and with a single one the smallest other."""
    by, rows, values = COUNTED[Headcount(at.given.trait("of", of=lambda value: Headcount(value).value))]
    place = lies_in("v")
    # All kinds are listed, those without anybody as zero: a kind that is missing would tell of itself.
    named = ",".join(f"({at},'{value}')" for at, value in enumerate(values))
    counted = f"select {by} as value, count(*)::int as n from {rows} and ({place}) group by 1"
    known = (
        f"select k.at, k.value, coalesce(c.n,0) as n from (values {named}) k (at,value) "
        f"left join ({counted}) c using (value)"
    )
    judged = (
        f"select x.*, count(*) filter (where x.n {SMALL}) over () as few, sum(x.n) over () as whole, "
        # The smallest that is not withheld for itself, zeros last, goes along.
        f"row_number() over (order by x.n {SMALL}, x.n=0, x.n) as place from ({known}) x"
    )
    small = f"(y.n {SMALL} or y.few=1 and y.place=1)"
    shown = f"case when {small} then null else y.n end as count, {small} as suppressed"
    each = f"select y.at, y.value, {shown} from ({judged}) y"
    total = (
        f"select -1, 'TOTAL', case when sum(z.n) {SMALL} then null else sum(z.n)::int end, sum(z.n) {SMALL} "
        f"from ({known}) z"
    )
    text = (
        "(select jsonb_agg(jsonb_build_object('value',w.value,'count',w.count,'suppressed',w.suppressed) "
        f"order by w.at) from ({each} union all {total}) w)"
    )
    terms = {"kind": at.row.kind, "id": at.row.id, "today": at.viewer.today}
    return Sql(text, **{name: term for name, term in terms.items() if f"{{{name}}}" in text})


@strawberry.type(description="What returns asked of people, and what they did not have to ask (报表减负).")
class ReturnBurden:
    cells: int = strawberry.field(description="Cells of returns that were filled (已填报指标数).")
    prefilled: int = strawberry.field(description="Of these, cells that nobody was asked for (免填指标数).")
    asked: int = strawberry.field(description="Questions that somebody answered, each once (提问数).")
    minutes_saved: float = strawberry.field(
        description="Minutes saved by standard times; nobody is timed (节省填报分钟数，按标准用时)."
    )


def return_burden(at: Frame) -> Sql:
    """Build what was saved: cells filled without asking, and answers that served more than one cell."""
    # Counted where the returns are: a town has those of its villages.
    place = lies_in("r")
    assert at.part is not None
    # The period of the statistics that it stands in.
    since, until = at.part.bind("from", cast="date"), at.part.bind("to", cast="date")
    counted = (
        "select count(*) filter (where k.value is not null or k.withheld) as cells, "
        "count(*) filter (where k.inquiry_id is null and (k.value is not null or k.withheld)) as prefilled, "
        "count(distinct k.inquiry_id) filter (where k.value is not null) as asked "
        "from forms.return r join forms.cell k on k.form_return_id=r.id "
        f"where r.filled_at>=({{since}})::timestamp at time zone 'Asia/Shanghai' "
        f"and r.filled_at<({{until}}+1)::timestamp at time zone 'Asia/Shanghai' and ({place})"
    )
    made = (
        "jsonb_build_object('cells',b.cells,'prefilled',b.prefilled,'asked',b.asked,"
        f"'minutesSaved',round({SECONDS}*(b.cells-b.asked)/60.0,1))"
    )
    return Sql(f"(select {made} from ({counted}) b)", kind=at.row.kind, id=at.row.id, since=since, until=until)


CELLS, NONE = Text("cells", "项"), Text("none", "无")
KPIS = (
    Kpi(
        "forms.headcounts",
        Text(
            "people on file who are alive, or households, by kind, when asked",
            "查询时在册人员（不含已故）或户数，按类别",
        ),
        Text("people or households of the kind", "该类人员或户数"),
        NONE,
        Text("persons or households", "人、户"),
    ),
    Kpi(
        "forms.prefilled",
        Text("cells of returns filled without asking anybody", "报表中免填的指标数"),
        Text("cells that facts or figures filled", "由事实或统计数填报的指标"),
        Text("cells that were filled", "已填报的指标"),
        CELLS,
    ),
)
EXTENSIONS = (
    extend(
        Grid,
        headcounts=embedded(
            "People or households of a county, town or village by kind, and in all (人口与户统计).",
            count_heads,
            type=list[HeadcountFigure] | None,
            requires=FILL,
            arguments={"of": Argument(Headcount, "By what (口径).")},
        ),
    ),
    extend(
        GridStatistics,
        returns=embedded(
            "What the returns of the place asked for and did not ask for (报表减负).",
            return_burden,
            type=ReturnBurden | None,
            requires=VIEW,
        ),
    ),
)
