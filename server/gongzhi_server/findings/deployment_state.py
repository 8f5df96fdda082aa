"""Deployment state: how the database, its events, handlers, jobs and audit are doing, for those who look after them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql, bind, quote_text
from gongzhi.values.errors import Text

from gongzhi_server.events.sequencer import LEADER

LATE, BEHIND = 60, 100
"""Seconds after which what waits is late, and events that a busy handler may have before it."""


@dataclass(frozen=True)
class StateLine:
    """One line: SQL for `n`, how many are not as they should be, and `d`, what else there is to tell."""

    name: str
    sql: str
    well: Text
    ill: Text


LINES = (
    StateLine(
        "database",
        "select 0, current_setting('server_version')",
        Text("PostgreSQL {1}", "PostgreSQL {1}"),
        Text("PostgreSQL {1}", "PostgreSQL {1}"),
    ),
    StateLine(
        "migrations",
        "select 0, count(*)||' / '||max(applied_at)::date from public.tortoise_migrations",
        Text("migrations applied, and when the last was: {1}", "已执行的迁移数、最近一次日期：{1}"),
        Text("migrations: {1}", "迁移：{1}"),
    ),
    StateLine(
        "leader",
        "select (count(*)=0)::int, '' from pg_locks where locktype='advisory' and granted and objsubid=1 "
        "and database=(select oid from pg_database where datname=current_database()) "
        f"and classid={LEADER >> 32}::oid and objid={LEADER & 0xFFFFFFFF}::oid",
        Text("a process leads: events are told", "有主进程：事件正常编号"),
        Text(
            "no process leads: events are told to nobody; look at the servers' logs, and start one",
            "没有主进程：事件无人编号；请查看服务日志并启动服务",
        ),
    ),
    StateLine(
        "events",
        f"select count(*) filter (where at < now()-interval '{LATE} s'), count(*)::text "
        "from events.outbox where position is null",
        Text("events without a number at this moment: {1}", "当前未编号事件：{1}"),
        Text(
            "events that nobody has been told of for more than a minute: {0}; look at the servers' logs",
            "超过一分钟未编号的事件：{0}；请查看服务日志",
        ),
    ),
    StateLine(
        "handlers",
        f"select count(*) filter (where n.given-c.position > {BEHIND}), coalesce(max(n.given-c.position), 0)::text "
        "from events.consumer c, events.counter n",
        Text("handlers keep up; events that the last is behind: {1}", "事件处理器正常；最多落后 {1} 个事件"),
        Text(
            "handlers that are behind: {0}; events that the last is behind: {1}; see jobs",
            "落后的事件处理器：{0} 个，最多落后 {1} 个事件；请看后台任务",
        ),
    ),
    StateLine(
        "jobs",
        f"select count(*) filter (where state='WAITING' and due_at < now()-interval '{5 * LATE} s'), "
        "count(*) filter (where state='WAITING')::text from events.job",
        Text("jobs are run in time; {1} wait for their time", "后台任务正常；待执行 {1} 项"),
        Text(
            "jobs that should have run five minutes ago: {0}; look at the servers' logs",
            "超过五分钟未执行的任务：{0}；请查看服务日志",
        ),
    ),
    StateLine(
        "parked",
        "select count(*), '' from events.job where state='PARKED'",
        Text("no job was given up", "没有被搁置的任务"),
        Text(
            "jobs that were given up: {0}; mend what they failed by, and have them tried again",
            "被搁置的任务：{0}；请排除故障后重试",
        ),
    ),
    StateLine(
        "audit",
        "select (select count(*) from access.loose l join access.act a on a.id=l.id "
        f"where a.link is null and a.at < now()-interval '{LATE} s')"
        f"+(select count(*) from access.link where hash is null and at < now()-interval '{LATE} s'), "
        "(select number::text from access.head)",
        Text("the audit is chained; it has {1} links", "审计记录已全部入链；共 {1} 环"),
        Text(
            "records of the audit that are not in its chain yet: {0}; look at the servers' logs",
            "超过一分钟未入链的审计记录：{0}；请查看服务日志",
        ),
    ),
)
FAILING = StateLine(
    "plugins",
    "select count(*), coalesce(string_agg(one->>'name', ', '), '') "
    "from jsonb_array_elements({published}->'plugins') one where one ? 'failing'",
    Text("no plugin fails", "插件运行正常"),
    Text("plugins that fail again and again: {1}; see plugins", "反复出错的插件：{1}；请看插件页"),
)
HANDLERS = """(select coalesce(jsonb_agg(jsonb_build_object('name', h.name, 'count', h.behind,
  'english', 'events behind: '||h.behind||'; waiting: '||h.waiting||'; given up: '||h.parked,
  'chinese', '落后 '||h.behind||' 个事件；待重试 '||h.waiting||'，已搁置 '||h.parked
) order by h.parked desc, h.behind desc, h.name), '[]')
from (select c.name, n.given-c.position as behind, count(j.id) filter (where j.state='WAITING') as waiting,
  count(j.id) filter (where j.state='PARKED') as parked
  from events.counter n, events.consumer c left join events.job j on j.name=c.name and j.state <> 'DONE'
  group by c.name, n.given, c.position) h)"""


def versions_line() -> str:
    """Return the versions of server and contract as a finding, in SQL."""
    text = f"gongzhi-server {version('gongzhi-server')}, gongzhi {version('gongzhi')}"
    said = ",".join(f"'{name}',{quote_text(text)}" for name in ("english", "chinese"))
    return f"jsonb_build_object('name','versions','count',0,{said})"


def line_sql(line: StateLine) -> str:
    """Return a line as a finding, in SQL."""
    said = ",".join(
        # The second part is a template's own text: its doubled braces become those of the places in a line.
        f"'{name}',replace(replace(case when q.n=0 then {quote_text(well)} else {quote_text(ill)} end,"
        "'{{0}}',q.n::text),'{{1}}',coalesce(q.d,''))"
        for name, well, ill in (
            ("english", line.well.en, line.ill.en),
            ("chinese", line.well.zh, line.ill.zh),
        )
    )
    return f"(select jsonb_build_object('name',{quote_text(line.name)},'count',q.n,{said}) from ({line.sql}) q (n, d))"


def deployment_sql(at: Frame) -> Sql:
    """Return all lines as one JSON list."""
    lines = [versions_line(), *map(line_sql, (*LINES, FAILING))]
    return Sql(
        "jsonb_build_array(" + ",".join(lines) + ")",
        published=bind(lambda variables, context: context.published, "jsonb"),
    )


def handlers_sql(at: Frame) -> Sql:
    """Return what each handler has before it, those first that gave something up."""
    return Sql(HANDLERS)
