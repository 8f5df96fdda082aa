"""Checks: what would hurt a deployment later, looked for in its data by `gongzhi doctor` and `Query.findings`."""

from __future__ import annotations

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.register_entries import Check
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql, quote_text
from gongzhi.values.errors import Text

from gongzhi_server.jobs.types import VIEW as JOBS

from .audit_verification import EXAMINE, audit_chain
from .deployment_state import deployment_sql, handlers_sql
from .retention_due import due_sql

TODAY = "(now() at time zone 'Asia/Shanghai')::date"
"""The day in China: the database's own date follows its time zone."""


CHECKS = (
    Check(
        "categories",
        "select (count(*) = 0)::int from cases.category where valid_to is null",
        Text("there are categories", "有诉求分类"),
        Text("there are no categories: run gongzhi migrate", "没有诉求分类：请运行 gongzhi migrate"),
    ),
    Check(
        "channels",
        "select (count(*) = 0)::int from cases.channel",
        Text("there are channels", "有诉求渠道"),
        Text("there are no channels: run gongzhi migrate", "没有诉求渠道：请运行 gongzhi migrate"),
    ),
    Check(
        "county",
        "select (count(*) = 0)::int from grids.grid where kind = 'COUNTY'",
        Text("there is a county", "有县级区划"),
        Text(
            "there is no county: gongzhi demo, or gongzhi import divisions",
            "没有县级区划：请运行 gongzhi demo 或 gongzhi import divisions",
        ),
    ),
    Check(
        "workers",
        "select count(*) from grids.grid g where kind = 'GRID_3' and valid_to is null and not exists "
        "(select from people.post p where p.grid_id = g.id and p.duty = 'GRID_WORKER' "
        f"and (p.until is null or p.until > {TODAY}))",
        Text("every third-level grid has a worker", "每个三级网格都有网格员"),
        Text("third-level grids without a worker: {0}", "没有网格员的三级网格：{0}"),
    ),
    Check(
        "unheard",
        "select count(*) from grids.grid g where kind = 'GRID_3' and valid_to is null and not exists "
        "(select from people.post p where p.grid_id in (g.id, g.grid_2_id, g.grid_1_id, g.village_id) "
        f"and p.since <= {TODAY} and (p.until is null or p.until > {TODAY})) and not exists "
        "(select from accounts.holding h join accounts.account a on a.id = h.account_id and a.suspended_at is null "
        "where h.proposed_at is null and h.unit_id is null and (h.until is null or h.until > now()) and ("
        "h.role in ('grid_worker', 'grid_leader') and h.grid_id in (g.id, g.grid_2_id, g.grid_1_id, g.village_id) or "
        "h.role in ('town_dispatcher', 'county_dispatcher') "
        "and (h.grid_id is null or h.grid_id in (g.town_id, g.county_id))))",
        Text("somebody is told of a new case in every third-level grid", "每个三级网格的新诉求都有人接到通知"),
        Text(
            "third-level grids where nobody is told of a new case, for want of a worker, a leader and dispatchers: {0}",
            "没有网格员、网格长和调度员接收新诉求通知的三级网格：{0}",
        ),
    ),
    Check(
        "boundaries",
        "select count(*) from grids.grid g where kind = 'GRID_3' and valid_to is null "
        "and not exists (select from grids.ring r where r.grid_id = g.id)",
        Text("every third-level grid has a boundary", "每个三级网格都有边界"),
        Text(
            "third-level grids without a boundary, in which no place is found: {0}",
            "没有边界、无法按位置找到的三级网格：{0}",
        ),
    ),
    Check(
        "closed_units",
        "select count(*) from units.unit u where valid_to is not null and exists "
        "(select from cases.case c where c.lead_unit_id = u.id "
        "and c.status in ('DISPATCHED', 'HANDLING', 'SUSPENDED'))",
        Text("no open case lies with a closed unit", "没有停用单位持有在办诉求"),
        Text("closed units with open cases: {0}", "仍持有在办诉求的停用单位：{0}"),
    ),
)


@strawberry.type(description="What was found about a deployment (体检结果).")
class Finding:
    name: str = strawberry.field(description="What was looked at (项目).")
    count: int = strawberry.field(description="How many are not as they should be; 0 is well (问题数).")
    english: str = strawberry.field(description="What it means, in English (英文说明).")
    chinese: str = strawberry.field(description="What it means, in Chinese (中文说明).")


def findings_sql(at: Frame) -> Sql:
    """Return all checks as one JSON list."""
    return Sql("jsonb_build_array(" + ",".join(map(finding_sql, at.registers.checks)) + ")")


def finding_sql(check: Check) -> str:
    said = ",".join(
        f"'{name}',case when q.n=0 then {quote_text(well)} else replace({quote_text(ill)},'{{{{0}}}}',q.n::text) end"
        for name, well, ill in (
            ("english", check.well.en, check.ill.en),
            ("chinese", check.well.zh, check.ill.zh),
        )
    )
    # Braces of the check's own SQL are no places of ours.
    sql = check.sql.replace("{", "{{").replace("}", "}}")
    return f"(select jsonb_build_object('name',{quote_text(check.name)},'count',q.n,{said}) from ({sql}) q (n))"


EXTENSIONS = (
    extend(
        Query,
        findings=embedded(
            "What would hurt later, as gongzhi doctor says it (部署体检).",
            findings_sql,
            type=list[Finding] | None,
            requires=EXAMINE,
        ),
        deployment_state=embedded(
            "How the deployment is doing at this moment: versions, database, leader, events, handlers, jobs, audit and "
            "plugins; a count of 0 is well (运行状况).",
            deployment_sql,
            type=list[Finding] | None,
            requires=EXAMINE,
        ),
        handlers_behind=embedded(
            "How many events each handler has before it, and what it has given up, the worst first (事件处理器积压).",
            handlers_sql,
            type=list[Finding] | None,
            requires=JOBS,
        ),
        retention_due=embedded(
            "Tables with rows that are past their time, 1000 at most counted of each kind; gongzhi retention run "
            "anonymises them (期满待清理数据).",
            due_sql,
            type=list[Finding] | None,
            requires=EXAMINE,
        ),
        audit_chain=audit_chain,
    ),
)
