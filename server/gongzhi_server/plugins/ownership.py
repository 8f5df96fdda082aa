"""Row ownership: keeps a plugin's code from writing to the tables of the core by itself.

What the core does for a plugin, in a word of the contract, is the core's: whose code it is that writes is told by the
module that asked for the statement. This is against mistakes, as all that guards plugins is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .contributions import CORE_APPS

CORE = frozenset(app.label for app in CORE_APPS) | {"public", "gongzhi"}
OURS = frozenset(("gongzhi", "gongzhi_server"))
BETWEEN = frozenset(("tortoise", "asyncpg", "asyncio", "contextlib"))
"""Packages that only pass a statement on."""
PASSING = frozenset(
    f"gongzhi_server.{name}"
    for name in ("plugins.ownership", "storage.database", "storage.election", "commands.transaction")
)
"""Our own modules that do."""
WRITES = re.compile(
    r"\b(?:insert\s+into|update|delete\s+from|truncate(?:\s+table)?|merge\s+into)\s+(?:only\s+)?"
    r"\"?(?P<schema>\w+)\"?\s*\.\s*\"?(?P<table>\w+)\"?",
    re.IGNORECASE,
)

# A context variable, since plugins run side by side on one event loop.
_acting: ContextVar[str | None] = ContextVar("acting", default=None)


class NotOwner(PermissionError):
    """Code of a plugin writes to a table of the core; a command or a word of the contract is the way."""


@contextmanager
def acting_as(plugin: str | None) -> Iterator[None]:
    """Run code as a plugin's; None for the core's."""
    token = _acting.set(plugin)
    try:
        yield
    finally:
        _acting.reset(token)


def check_writes(sql: str) -> None:
    """Let a statement pass. Raises NotOwner for one by which a plugin would write to the core's tables."""
    plugin = _acting.get()
    # The common case costs one look at a variable.
    if plugin is None:
        return
    for found in WRITES.finditer(sql):
        schema = found["schema"].lower()
        if schema in CORE and calling_module().partition(".")[0] not in OURS:
            raise NotOwner(
                f"the plugin {plugin!r} writes to {schema}.{found['table']}, which is the core's: "
                "call what the contract has for it (docs/plugins/reference.md)"
            )


def calling_module() -> str:
    """Return the module that asked for the statement that is about to be sent."""
    # Frames rather than parameters: a statement passes through Tortoise and asyncpg, which hand nothing on.
    frame = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] not in BETWEEN and name not in PASSING:
            return name
        frame = frame.f_back  # type: ignore[assignment]
    return ""
