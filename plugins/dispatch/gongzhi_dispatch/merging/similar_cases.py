"""Similar cases: those that may be about the same matter, near in place and time, of like subject and title.

Candidates come from two indexes, a month around: what lies within a kilometre, and what of the same kind lies in the
same village.
The likeness is a number from 0 to 1 with a published formula: half the titles' trigrams, a quarter the subject, a sixth
the distance, the rest the time between.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import strawberry
from gongzhi.core.cases import rules
from gongzhi.core.cases.models import Status
from gongzhi.core.cases.reporting import ReportCasePayload
from gongzhi.core.cases.types import Category, title_of
from gongzhi.declare.entity import embedded, ref
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.sql import Sql, any_of
from gongzhi.runtime.commands import payload_field
from gongzhi.runtime.context import Info
from pypika_tortoise.queries import Table

MOST = 20
WINDOW = "interval '30 days'"
REACH = 0.01
"""Degrees around a place: about a kilometre."""
LEAST = 0.35
"""Less alike than this is not shown."""
SHOWN = ("utilities", "roads", "environment", "safety")
"""Subjects of common concern, of which residents are told that somebody has reported them already."""
STEP = 100
"""Residents see distances in steps of so many metres."""
CELL = 0.002
"""Degrees between the lines of the lattice, about 200 metres. For residents, places are where their cell is: theirs and
those of others. So whatever they ask, from wherever and however often, they find the cell and not the door."""

GONE = ",".join(f"'{one.value}'" for one in (Status.DECLINED, Status.WITHDRAWN, Status.VOIDED, Status.MERGED))
METRES = (
    "12742017.6*asin(sqrt(pow(sin(radians((s.latitude-c.latitude)/2)),2)"
    "+cos(radians(c.latitude))*cos(radians(s.latitude))*pow(sin(radians((s.longitude-c.longitude)/2)),2)))"
)
LIKENESS = """0.5*similarity(s.title, c.title)
  + case when s.category_id=c.category_id then 0.25::float8
    when split_part(k.code,'.',1)=split_part(own.code,'.',1) then 0.12 else 0 end
  + 0.16*case when near.metres is null then (s.grid_id=c.grid_id)::int::float8 else exp(-least(near.metres/400,99)) end
  + 0.09*exp(-least(abs(extract(epoch from s.reported_at-c.reported_at)::float8)/864000,99))"""
"""In double precision throughout: `exp` of a numeric takes fifty times as long, and of what is very far underflows."""
# `offset 0` keeps the planner from computing the distance and the likeness again for each use. Candidates come by
# index before anything is compared.
ALIKE = f"""select s.*, k.code as subject, near.metres, score.likeness
from cases.case c join cases.category own on own.id=c.category_id
cross join lateral (
  select array_agg(r.id) as categories from cases.category r
  where split_part(r.code,'.',1)=split_part(own.code,'.',1) offset 0
) kin cross join lateral (
  select a.id from cases.case a where a.village_id=c.village_id and a.category_id=any(kin.categories)
  and a.reported_at between c.reported_at-{WINDOW} and c.reported_at+{WINDOW}
  union select b.id from cases.case b where b.longitude is not null
  and point(b.longitude,b.latitude) <@ box(
    point(c.longitude-{REACH},c.latitude-{REACH}), point(c.longitude+{REACH},c.latitude+{REACH}))
  and b.reported_at between c.reported_at-{WINDOW} and c.reported_at+{WINDOW}
) around join cases.case s on s.id=around.id join cases.category k on k.id=s.category_id
cross join lateral (select {METRES} as metres offset 0) near
cross join lateral (select round(({LIKENESS})::numeric, 2)::float8 as likeness offset 0) score
where c.id={{0}} and s.id<>c.id and c.series='ORDINARY' and s.series='ORDINARY' and s.status not in ({GONE})"""
"""Cases like the one with this key, each with its likeness. Sealed ones are like nothing, and nothing is like them."""


def snap_to_cell(column: str) -> str:
    """Return the middle of the cell that a coordinate lies in."""
    return f"(floor({column}/{CELL})*{CELL}+{CELL / 2})"


def to_cells_sql(text: str) -> str:
    """Return the statement for places known by their cells: the candidates, the distances and the likeness."""
    steps = round(REACH / CELL)
    for axis in ("longitude", "latitude"):
        # Whole cells at the borders too, or being found at all would tell where in its cell a place lies.
        low, high = f"(floor(c.{axis}/{CELL})-{steps})*{CELL}", f"(floor(c.{axis}/{CELL})+{steps + 1})*{CELL}-1e-9"
        text = text.replace(f"c.{axis}-{REACH}", low).replace(f"c.{axis}+{REACH}", high)
    coarse = METRES
    for one in ("s.latitude", "s.longitude", "c.latitude", "c.longitude"):
        coarse = coarse.replace(one, snap_to_cell(one))
    return text.replace(METRES, coarse)


class Phase(StrEnum):
    """How far a matter is, as neighbours are told."""

    REPORTED = "REPORTED"
    HANDLING = "HANDLING"
    SETTLED = "SETTLED"


describe_enum(
    Phase,
    "CasePhase",
    "How far a matter is (阶段).",
    REPORTED="Somebody has reported it (已反映)",
    HANDLING="It is being handled (处理中)",
    SETTLED="It is settled (已办结)",
)


@strawberry.type(description="A case that may be about the same matter, for dispatchers (疑似重复诉求).")
class SimilarCase:
    number: str = strawberry.field(description="Its number (编号).")
    title: str = strawberry.field(description="Its title (标题).")
    status: Status = strawberry.field(description="Where it stands (状态).")
    similarity: float = strawberry.field(description="How alike they are, 0 to 1 (相似度).")
    distance: float | None = strawberry.field(description="Metres between the two places (距离，米).")


@strawberry.type(description="A matter like yours that is known already; nobody is told whose it is (附近同类诉求).")
class SimilarMatter:
    category: Category | None = strawberry.field(description="What it is about (分类).")
    distance: int | None = strawberry.field(
        description="About how many metres from yours, in hundreds; places count by squares of 200 metres (距离，米)."
    )
    phase: Phase = strawberry.field(description="How far it is (阶段).")


def similar_cases(at: Frame) -> Sql:
    """Build the cases like the row's own that the viewer may see, the likest first."""
    # Sight is a condition inside, before the first few are taken: what one may not see leaves no gap.
    seen = rules.visible_cases(Table("case", schema="cases", alias="s"), at.viewer)
    allowed = Sql("true") if seen is None else any_of(*seen) if seen else Sql("false")
    first = at.given.bind("first", convert=lambda value: max(0, min(value, MOST)), cast="int")
    return Sql(
        "(select coalesce(jsonb_agg(jsonb_build_object('number',x.number,'title',{3},'status',x.status,"
        "'similarity',x.likeness,'distance',round(x.metres)) order by x.likeness desc, x.id), '[]') from "
        f"(select * from ({ALIKE} and ({{1}})) s where s.likeness>={LEAST} "
        "order by s.likeness desc, s.id limit {2}) x)",
        at.row.id,
        allowed,
        first,
        title_of(at, Table("case", schema="cases", alias="x")),
    )


FIELD = embedded(
    "Cases you may see that may be about the same matter, the likest first (疑似重复诉求).",
    similar_cases,
    type=list[SimilarCase] | None,
    requires="dispatch.merge_cases",
    arguments={"first": Argument(int, f"How many, {MOST} at most (前几条).", default=5)},
)

# The resident's own matter must be of common concern as well, or asking would tell of private ones near by.
HEARD = f"""select y.category_id, y.metres, y.status from ({to_cells_sql(ALIKE).format("$1")}) y
where y.likeness>={LEAST} and split_part(y.subject,'.',1)=any($2::text[])
and exists(select from cases.case c join cases.category k on k.id=c.category_id
  where c.id=$1 and split_part(k.code,'.',1)=any($2::text[]))
order by y.likeness desc, y.id limit $3"""


First = Annotated[int, strawberry.argument(description=f"How many, {MOST} at most (前几条).")]


async def similar(payload: strawberry.Parent[Any], info: Info, first: First = 3) -> list[SimilarMatter] | None:
    """Return what residents are told: the subject, about how far, and how far it is."""
    if payload.case is None:
        return []
    found = await info.context.fetch(HEARD, payload.case.key, list(SHOWN), max(0, min(first, MOST)))
    # No number, no title, and no grid: each would say whose matter it is to whoever lives there.
    return [similar_matter(row) for row in found]


def similar_matter(row: Mapping[str, Any]) -> SimilarMatter:
    metres = row["metres"]
    return SimilarMatter(
        category=ref(Category, row["category_id"]),
        # Rounded up to the next step, so that no distance is nought.
        distance=None if metres is None else STEP * int(metres // STEP + 1),
        phase=phase_of(Status(row["status"])),
    )


def phase_of(status: Status) -> Phase:
    if status in (Status.REPLIED, Status.CLOSED):
        return Phase.SETTLED
    return Phase.REPORTED if status in (Status.REPORTED, Status.ACCEPTED) else Phase.HANDLING


EXTENSIONS = (
    extend(
        ReportCasePayload,
        similar=payload_field(
            "Matters near it of the same sort that are known already (附近同类诉求).", similar, requires=None
        ),
    ),
)
