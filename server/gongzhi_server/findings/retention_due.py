"""Retention due: how many rows of each table are past their time, as `gongzhi retention run --dry-run` counts them."""

from __future__ import annotations

from gongzhi.core.registers.erasure import expired_rows_sql
from gongzhi.declare.plans import Frame
from gongzhi.declare.register_entries import Holding
from gongzhi.declare.sql import Sql, quote_text

MOST = 1000
"""Rows that are counted of a holding: a thousand say as well as a million that a run is due."""


def due_sql(at: Frame) -> Sql:
    """Return the tables with rows whose time is over, those with the most first."""
    counted = " union all ".join(count_sql(one) for one in at.registers.holdings if one.months)
    objects = "jsonb_build_object('name',name,'count',n,'english',en,'chinese',zh) order by n desc, name, en"
    rows = f"select * from ({counted or count_nothing()}) q (name, n, en, zh) where n > 0"
    return Sql(f"(select coalesce(jsonb_agg({objects}),'[]') from ({rows}) due)", at.viewer.now)


def count_sql(holding: Holding) -> str:
    """Return the statement that counts what is due of a holding, with what it is."""
    # Braces of the holding's own SQL are no places of ours; the moment is the one place.
    rows = expired_rows_sql(holding, f"limit {MOST}").replace("{", "{{").replace("}", "}}").replace("$1", "{0}")
    said = ",".join(map(quote_text, (holding.what.en, holding.what.zh)))
    return f"select {quote_text(holding.table)},(select count(*) from ({rows}) d),{said}"


def count_nothing() -> str:
    """Return a statement without rows, where nothing is kept for a time."""
    return "select '',0,'','' where {0} is null"
