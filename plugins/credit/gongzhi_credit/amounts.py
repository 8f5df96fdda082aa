"""Fen and millionths as the schema shows them: yuan with two decimals, per cent without needless zeros."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.entity import expression
from gongzhi.declare.sql import Sql


def yuan(term: Any) -> Sql:
    """Turn a term of fen into yuan."""
    return Sql("round({0}/100.0,2)", term)


def percent(term: Any) -> Sql:
    """Turn a term of millionths into per cent."""
    return Sql("trim_scale({0}/10000.0)", term)


def money(description: str, name: str) -> Any:
    """Build a field that shows a column of fen as yuan."""
    return expression(description, lambda at: yuan(at.row.field(name)))


def rate(description: str, name: str) -> Any:
    """Build a field that shows a column of millionths as per cent."""
    return expression(description, lambda at: percent(at.row.field(name)))
