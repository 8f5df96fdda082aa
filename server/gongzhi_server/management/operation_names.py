"""Operation names: by which names, outcomes and bounds of time operations are counted, whoever counts them."""

from __future__ import annotations

NAMES = 200
"""Operations that are counted by name. Callers choose names, and each takes memory for good."""
LONGEST = 60
OTHERS = "(other)"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
FAILED = ("fault", "timeout", "unavailable")
"""The outcomes that are no answer."""


class NameBound:
    """The names that are counted by themselves; those without an account, and too many names, have one together."""

    def __init__(self) -> None:
        self._names = set[str]()

    def bound(self, name: str | None) -> str:
        """Return the name that an operation is counted by."""
        if name and len(self._names) < NAMES and len(name) <= LONGEST:
            self._names.add(name)
        return name if name and name in self._names else OTHERS
