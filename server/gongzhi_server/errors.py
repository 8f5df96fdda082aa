"""Errors: what can go wrong before anything is served."""

from __future__ import annotations

from gongzhi.values.errors import DeclarationError


class Problem(Exception):
    """Something the operator can put right: says what, where and what to do, in one line; shown without a traceback."""


class Fault(DeclarationError):
    """What a plugin declares cannot work. `plugin` is its name."""

    def __init__(self, plugin: str, cause: str) -> None:
        super().__init__(f"plugin {plugin!r}: {cause}")
        self.plugin, self.cause = plugin, cause
