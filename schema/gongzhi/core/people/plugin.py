"""Registration: what `people` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, AUDITOR, DATA_PROTECTION_OFFICER, DISPATCHERS, FIELD_STAFF, GRID_LEADER


@hookimpl
def tables() -> list[App]:
    return [App("people", "gongzhi.core.people.models", "gongzhi.core.people.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import care_commands, commands, household_commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *household_commands.EXTENSIONS,
        *care_commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission(
            "people.view",
            "See people and households (查看人员和户)",
            *FIELD_STAFF,
            *DISPATCHERS,
            AUDITOR,
            ADMINISTRATOR,
        ),
        permission("people.view_needs", "See what service a household asks for (查看服务需求)", *FIELD_STAFF),
        permission("people.edit", "Add and change people and households (维护人员和户)", *FIELD_STAFF),
        permission("people.record_visit", "Record visits (记录走访)", *FIELD_STAFF),
        permission(
            "people.oversee",
            "Watch over the use of personal data (监督个人信息处理)",
            DATA_PROTECTION_OFFICER,
            guarded=True,
        ),
        permission(
            "people.reveal", "See protected values in clear, for a purpose (查看明文)", *FIELD_STAFF, *DISPATCHERS
        ),
        permission(
            "people.find",
            "Look for people by resident ID or phone (按证件号或电话查找人员)",
            *FIELD_STAFF,
            *DISPATCHERS,
        ),
        permission(
            "people.break_glass",
            "Look at a file beyond one's scope in an emergency (紧急查阅)",
            GRID_LEADER,
            *DISPATCHERS,
        ),
        permission(
            "people.appoint", "Appoint helpers and grid officers (任命联系人和网格负责人)", GRID_LEADER, ADMINISTRATOR
        ),
        permission(
            "people.view_restricted",
            "See people whose data are restricted at their request (查看限制处理人员)",
            DATA_PROTECTION_OFFICER,
        ),
    ]


@hookimpl
def registers() -> list[Registers]:
    from . import cards, holdings, privacy

    return [Registers(cards=cards.CARDS, notices=privacy.NOTICES, holdings=holdings.HOLDINGS)]
