"""Fen and millionths as the schema shows them: yuan with two decimals, per cent without needless zeros."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.entity import expression
from gongzhi.declare.sql import Sql


def yuan_sql(term: Any) -> Sql:
    """Turn a term of fen into yuan."""
    return Sql("round({0}/100.0,2)", term)


def percent_sql(term: Any) -> Sql:
    """Turn a term of millionths into per cent."""
    return Sql("trim_scale({0}/10000.0)", term)


def money_field(description: str, name: str) -> Any:
    """Build a field that shows a column of fen as yuan."""
    return expression(description, lambda at: yuan_sql(at.row.field(name)))


def rate_field(description: str, name: str) -> Any:
    """Build a field that shows a column of millionths as per cent."""
    return expression(description, lambda at: percent_sql(at.row.field(name)))
