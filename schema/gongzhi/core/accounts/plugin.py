"""Registration: what `accounts` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import (
    ADMINISTRATOR,
    AUDITOR,
    COUNTY_DISPATCHER,
    DATA_PROTECTION_OFFICER,
    FIELD_STAFF,
    GRID_LEADER,
    INTEGRATOR,
)


@hookimpl
def tables() -> list[App]:
    return [App("accounts", "gongzhi.core.accounts.models", "gongzhi.core.accounts.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, credential_commands, grant_commands, types

    modules = types, commands, grant_commands, credential_commands
    return tuple(extension for module in modules for extension in module.EXTENSIONS)


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission(
            "accounts.view",
            "See accounts and what they may (查看账户)",
            GRID_LEADER,
            COUNTY_DISPATCHER,
            AUDITOR,
            DATA_PROTECTION_OFFICER,
            ADMINISTRATOR,
        ),
        permission("accounts.edit", "Add, suspend and invite accounts (维护账户)", GRID_LEADER, ADMINISTRATOR),
        permission(
            "accounts.grant",
            "Give and take back the roles one holds oneself (授予角色)",
            GRID_LEADER,
            COUNTY_DISPATCHER,
            ADMINISTRATOR,
        ),
        permission(
            "accounts.appoint",
            "Give every role, whatever one holds oneself (任命各类角色)",
            ADMINISTRATOR,
            guarded=True,
        ),
        permission(
            "accounts.confirm",
            "Confirm roles that nobody gives alone (复核受保护角色的授予)",
            COUNTY_DISPATCHER,
            DATA_PROTECTION_OFFICER,
            ADMINISTRATOR,
            guarded=True,
        ),
        permission("accounts.make_keys", "Make API keys for oneself (管理接口密钥)", INTEGRATOR, ADMINISTRATOR),
        permission("accounts.invite_residents", "Invite residents to an account of their own (邀请居民)", *FIELD_STAFF),
        permission("schema.explore", "Explore the schema by introspection in production (查看接口结构)", ADMINISTRATOR),
    ]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
