"""Registration: what the server looks for in a deployment, and who may ask for it."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, AUDITOR


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import types

    return types.EXTENSIONS


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("deployment.examine", "See what would hurt a deployment later (部署体检)", AUDITOR, ADMINISTRATOR),
    ]


@hookimpl
def registers() -> list[Registers]:
    from . import types

    return [Registers(checks=types.CHECKS)]
