"""Registration: conditions and orders of cases in the schema."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import hookimpl


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import case_conditions

    return case_conditions.EXTENSIONS
