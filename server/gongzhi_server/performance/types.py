"""Types: which operations take the time of a deployment, as those see it who look after it."""

from __future__ import annotations

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql

from gongzhi_server.management.operation_names import SECONDS

VIEW = "deployment.examine"
MOST, DAYS = 100, 30
BOUNDS = f"array[{','.join(map(str, (0.0, *SECONDS, SECONDS[-1])))}]::float[]"
# As Prometheus' `histogram_quantile`: within a bucket times are taken to be spread evenly. Of what took longer than the
# last bound nothing more is known.
QUANTILE = """(select b.least+(b.most-b.least)*({share}*t.count-b.reached+b.n)/b.n from bucket b
  where b.operation=t.operation and b.kind=t.kind and b.n>0 and b.reached>={share}*t.count order by b.place limit 1)"""
FIGURES = f"""(with hours as (
  select * from performance.operation where hour>{{0}}-make_interval(hours => least(greatest({{1}},1),{DAYS * 24}))
), total as (
  select operation, kind, sum(count)::float as count, sum(failed) as failed, sum(seconds) as seconds, sum(cost) as cost
  from hours group by 1, 2 order by sum(seconds) desc, 1, 2 limit {MOST}
), counted as (
  select h.operation, h.kind, u.place, sum(u.n)::float as n
  from hours h, unnest(h.buckets) with ordinality as u(n, place) group by 1, 2, 3
), bucket as (
  select *, sum(n) over (partition by operation, kind order by place) as reached,
    ({BOUNDS})[place] as least, ({BOUNDS})[place+1] as most from counted
) select coalesce(jsonb_agg(jsonb_build_object('operation',t.operation,'kind',t.kind,'count',t.count::bigint,
  'failed',t.failed,'median',{QUANTILE.format(share=0.5)},'p95',{QUANTILE.format(share=0.95)},
  'p99',{QUANTILE.format(share=0.99)},'seconds',t.seconds,'cost',t.cost) order by t.seconds desc, t.operation, t.kind),
  '[]') from total t)"""


@strawberry.type(description="What the operations of one name took (操作耗时).")
class OperationFigures:
    operation: str = strawberry.field(description="Their name, as clients give it; (other) for those without (名称).")
    kind: str = strawberry.field(description="query, mutation or subscription (种类).")
    count: int = strawberry.field(description="How many there were (次数).")
    failed: int = strawberry.field(
        description="How many ended in a fault, in a timeout or without the database (失败数)."
    )
    median: float = strawberry.field(description="Seconds within which half of them ended (中位耗时，秒).")
    p95: float = strawberry.field(description="Seconds within which 95 % of them ended (95 分位耗时，秒).")
    p99: float = strawberry.field(description="Seconds within which 99 % of them ended (99 分位耗时，秒).")
    seconds: float = strawberry.field(description="What all of them took together, in seconds (总耗时，秒).")
    cost: float = strawberry.field(description="What they were charged together, in objects (总成本).")


def operation_figures(at: Frame) -> Sql:
    """Return the operations of the last hours as one JSON list."""
    return Sql(FIGURES, at.viewer.now, at.given.bind("hours", cast="int"))


EXTENSIONS = (
    extend(
        Query,
        operation_figures=embedded(
            "Which operations took the most time of all processes in the last hours, those with the most first, 100 at "
            "most; they are counted by the hour, a minute later, and kept for 30 days (操作耗时统计).",
            operation_figures,
            type=list[OperationFigures] | None,
            requires=VIEW,
            arguments={"hours": Argument(int, "Of how many hours, 720 at most (小时数).")},
        ),
    ),
)
