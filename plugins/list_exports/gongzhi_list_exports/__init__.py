"""List exports (批量导出): lists taken out as files, for a purpose, within a quota, released by a second person."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import COUNTY_DISPATCHER, DATA_PROTECTION_OFFICER
from gongzhi.runtime.routes import Route


@hookimpl
def about() -> list[About]:
    return [About(always=True)]


@hookimpl
def tables() -> list[App]:
    return [App("exports", "gongzhi_list_exports.models", "gongzhi_list_exports.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("exports.request", "Ask to have lists as files (申请批量导出)", COUNTY_DISPATCHER),
        permission(
            "exports.release", "Let others' lists go out as files (放行批量导出)", DATA_PROTECTION_OFFICER, guarded=True
        ),
    ]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]


@hookimpl
def channels() -> list[Route]:
    from .downloads import DOWNLOADS

    return [DOWNLOADS]
