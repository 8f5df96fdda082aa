"""Registration: how identities at providers are linked to accounts, confirmed and taken away."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import hookimpl


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands

    return commands.EXTENSIONS
