"""Registration: conditions and orders of cases in the schema."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.register_entries import Holding
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.retention import SERVICE
from gongzhi.values.errors import Text


@hookimpl
def tables() -> list[App]:
    return [App("case_lists", "gongzhi_server.case_lists.models", "gongzhi_server.case_lists.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import case_conditions

    return case_conditions.EXTENSIONS


@hookimpl
def registers() -> list[Registers]:
    # It follows the case's own texts: when they are erased, so is this.
    said = Text("pairs of characters in the texts of cases, to search them by", "诉求文字的检索字对")
    return [Registers(holdings=(Holding("case_lists.text", said, SERVICE, hidden=("grams",)),))]
