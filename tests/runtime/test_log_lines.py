"""Log lines tell operators what happened and what to do; what somebody sent is in none of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEVELS = {"warning", "error", "exception", "critical"}
LOGGERS = {"log", "logger"}
OPERATIONS = ("server/gongzhi_server/gateway/", "server/gongzhi_server/graphql/", "server/gongzhi_server/planner/")
"""Where faults of single operations are logged: a trace follows, and whoever called has its id to report."""
ERROR = re.compile(r"\bstr\((?:error|problem|cause|fault)\)")
"""The text of an error, which may quote what somebody sent; its type, or `describe_error`, does not."""


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for top in ("schema/gongzhi", "server/gongzhi_server", "plugins"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if {"tests", "_template"} & set(path.relative_to(ROOT).parts):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and is_log_call(node.func):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def is_log_call(called: ast.expr) -> bool:
    """Whether it is a method such as `log.warning`, above what is only of use while debugging."""
    if not isinstance(called, ast.Attribute) or called.attr not in LEVELS:
        return False
    return isinstance(called.value, ast.Name) and called.value.id in LOGGERS


def test_each_line_says_what_to_do() -> None:
    """What happened, a semicolon, and what becomes of it or who has to do something."""
    found = [(where, call) for where, call in log_calls() if not where.startswith(OPERATIONS)]
    assert len(found) > 30
    mute = [
        f"{where}: {ast.unparse(call.args[0])}"
        for where, call in found
        if not (isinstance(call.args[0], ast.Constant) and re.fullmatch(r"\S.+; \S.{8,}", str(call.args[0].value)))
    ]
    assert mute == []


def test_no_line_quotes_an_error() -> None:
    """Values are filled in by the logger, so that nothing is put together that nobody has looked at."""
    assert [where for where, call in log_calls() if ERROR.search(ast.unparse(call))] == []
    assert [where for where, call in log_calls() if isinstance(call.args[0], ast.JoinedStr | ast.BinOp)] == []
