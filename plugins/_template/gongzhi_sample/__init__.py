"""What this plugin brings: tables, fields, permissions, and why it reads personal data."""

from __future__ import annotations

from gongzhi.extend import Extension
from gongzhi.hooks import App, Purpose, hookimpl
from gongzhi.permissions import Permission


@hookimpl
def tables() -> list[App]:
    return [App("sample", "gongzhi_sample.models", "gongzhi_sample.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types  # when asked: tables must be known before types are declared over them

    return (*types.EXTENSIONS, *commands.EXTENSIONS)


@hookimpl
def permissions() -> list[Permission]:
    workers = frozenset({"grid_worker", "grid_leader"})
    return [
        Permission("sample.view", "Read notes on households (查看备注)", workers | {"auditor"}),
        Permission("sample.add", "Write notes on households (填写备注)", workers),
    ]


@hookimpl
def purposes() -> list[Purpose]:
    return []  # Purpose("Person.phone", "To announce a visit (走访前联系)", "Consent, PIPL article 13(1)")
