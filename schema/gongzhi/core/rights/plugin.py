"""Registration: what `rights` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import DATA_PROTECTION_OFFICER, FIELD_STAFF, GRID_LEADER


@hookimpl
def tables() -> list[App]:
    return [App("rights", "gongzhi.core.rights.models", "gongzhi.core.rights.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, demand_commands, review_commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *review_commands.EXTENSIONS,
        *demand_commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission(
            "rights.handle",
            "Decide on what people ask about their data (办理个人信息权利请求)",
            DATA_PROTECTION_OFFICER,
        ),
        permission(
            "rights.review", "Review what a rule decided (人工复核自动化决定)", GRID_LEADER, DATA_PROTECTION_OFFICER
        ),
        permission("rights.represent", "Put guardians and next of kin on file (登记监护人和近亲属)", GRID_LEADER),
        permission(
            "rights.record_consent",
            "Record consents given on paper, and their withdrawal (代录书面同意)",
            *FIELD_STAFF,
        ),
    ]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
