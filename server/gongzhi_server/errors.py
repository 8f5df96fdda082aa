"""Errors: what operators can put right, and what passes by itself."""

from __future__ import annotations

from gongzhi.values.errors import DeclarationError, Text


class Problem(Exception):
    """Something the operator can put right: says what, where and what to do, in one line; shown without a traceback."""


class Unavailable(ConnectionError):
    """The database is away (503): nothing is wrong with the request, and sent again soon it succeeds."""

    after = 1
    """Whole seconds to wait."""

    text = Text("The data cannot be reached at this moment; send this again soon.", "数据暂时无法访问，请稍后重试。")

    def __init__(self) -> None:
        # Both languages: whose credentials cannot be looked at has not said which one they read.
        super().__init__(f"{self.text.en} {self.text.zh}")


class Fault(DeclarationError):
    """What a plugin declares cannot work. `plugin` is its name."""

    def __init__(self, plugin: str, cause: str) -> None:
        super().__init__(f"plugin {plugin!r}: {cause}")
        self.plugin, self.cause = plugin, cause
