"""Fen and millionths as the schema shows them: yuan with two decimals, per cent without needless zeros."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.entity import expression
from gongzhi.declare.sql import Sql


def yuan(term: Any) -> Sql:
    """Fen as yuan."""
    return Sql("round({0}/100.0,2)", term)


def percent(term: Any) -> Sql:
    """Millionths as per cent."""
    return Sql("trim_scale({0}/10000.0)", term)


def money(description: str, name: str) -> Any:
    """A field that shows a column of fen."""
    return expression(description, lambda at: yuan(at.row.field(name)))


def rate(description: str, name: str) -> Any:
    """A field that shows a column of millionths."""
    return expression(description, lambda at: percent(at.row.field(name)))
