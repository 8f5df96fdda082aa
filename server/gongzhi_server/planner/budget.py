"""Budget of an operation: counts what planning it takes, and refuses before it holds up everybody else.

What it may take is counted in steps, which are the same on every machine: a step is a field, a condition, or a term
that is written, and takes some fifteen to thirty microseconds. Nothing else runs in the process for the first of them;
what takes more is planned in a thread.
"""

from __future__ import annotations

from typing import Any

from gongzhi.declare.viewer import Viewer
from graphql import FieldNode, GraphQLError

from gongzhi_server.gateway.error_codes import Code
from gongzhi_server.gateway.limits import Limits

COPIED = 4_000
"""Characters that are written in a step: a long text is copied at every level it is nested in."""

PLANNING = ("planning", "stranger_planning")
"""The limits that bound planning."""

NOUNS = {
    "planning": "steps of planning",
    "conditions": "conditions in its filters",
    "parameters": "parameters",
    "choices": "values in the lists of its conditions",
}


class BudgetExceeded(GraphQLError):
    """An operation asks for more than it may; which limit says so is in the extensions."""

    @property
    def is_of_planning(self) -> bool:
        """Whether planning takes too many steps."""
        return bool(self.extensions and self.extensions["limit"] in [f"limits.{name}" for name in PLANNING])


def budget_exceeded(setting: str, allowed: int, message: str, node: FieldNode | None) -> BudgetExceeded:
    """Make the error for a limit, naming the setting and the field."""
    # Message and extensions name the setting, so that an operator
    # knows what to raise and a client what to ask less of.
    extensions: dict[str, Any] = {
        "code": Code.LIMIT_EXCEEDED.value,
        "limit": f"limits.{setting}",
        "allowed": allowed,
    }
    if node:
        extensions["field"] = node.name.value
        message = f"{message[:-1]}, at the field {node.name.value!r}."
    return BudgetExceeded(f"{message[:-1]} (limits.{setting}).", node, extensions=extensions)


class Budget:
    """What one operation of one caller may take. Strangers have less of what has a limit of theirs."""

    def __init__(self, limits: Limits, viewer: Viewer) -> None:
        self.limits, self.stranger = limits, viewer.account.name is None
        self.node: FieldNode | None = None
        """The field that is planned now, for errors to name."""
        self.used = dict.fromkeys(NOUNS, 0)
        self._most = {name: self.limit(name) for name in NOUNS}
        # Kept apart from the other counts: this one is compared with every term that is written.
        self._steps, self._planning = 0, self._most["planning"][1]

    def limit(self, name: str) -> tuple[str, int]:
        """Return the setting that bounds something for the caller, and how much it allows."""
        return self.limits.setting(name, self.stranger)

    def step(self, characters: int = 0) -> None:
        """Count a step of planning, and the characters that it wrote."""
        self._steps += 1 + characters // COPIED
        if self._steps > self._planning:
            self._refuse("planning")

    @property
    def steps(self) -> int:
        return self._steps

    def spend(self, name: str, many: int = 1) -> None:
        """Count what has a limit of its own; raise BudgetExceeded."""
        self.used[name] += many
        if self.used[name] > self._most[name][1]:
            self._refuse(name)

    def nest(self, depth: int) -> None:
        """Refuse a filter that is nested too deep."""
        setting, allowed = self.limit("filters")
        # Depth is bounded apart from steps: a filter is compiled by recursion, and Python's stack is short.
        if depth > allowed:
            message = f"A filter has at most {allowed:,} levels of and, or and not."
            raise budget_exceeded(setting, allowed, message, self.node)

    def _refuse(self, name: str) -> None:
        setting, allowed = self._most[name]
        message = f"The operation has more than {allowed:,} {NOUNS[name]}; ask for less at once."
        raise budget_exceeded(setting, allowed, message, self.node)
