"""Settings: what an operator may choose about a plugin, and what each county may.

@dataclass(frozen=True)
class RubbishSettings:
    station: str = setting("The address of the weighing station.")
    token: str = setting("What it knows us by.", secret=True)
    days: int = setting("For how long readings are kept.", default=30)

The operator sets GONGZHI_RUBBISH_STATION, or `station` in the table `[rubbish]` of plugins.toml in the data folder.

What is of another type is read from a text by a function, which raises ValueError with what to do:

    scales: tuple[str, ...] = setting("Where scales are, with commas.", default=(), parse=read_hosts)

What a county decides for itself, while the server runs, is declared beside that and returned by the same hook:

    WEEKS = CountySetting("rubbish.weeks", "Weeks between two collections (清运间隔周数).", 2, "rubbish.plan", 1, 8)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field
from typing import Any, Generic, TypeVar

from pypika_tortoise.terms import Term

from gongzhi.declare.sql import Sql, quote_text
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import FIELD, Refusal

DESCRIPTION, SECRET, PARSE, VARIABLE = "description", "secret", "parse", "variable"


def setting(
    description: str,
    *,
    default: Any = MISSING,
    secret: bool = False,
    parse: Callable[[str], Any] | None = None,
    variable: str = "",
) -> Any:
    """Return a field of a class of settings: a str, int, float, bool or Path, or one of them or None.

    Without a default it must be set. A Path is that of a file that is there to be read: `gongzhi doctor` says of one
    that cannot be. What is `secret` is in no message, and not in the object's repr. With `parse` it
    may be of any type: its ValueError says what is wrong and what to do, behind the variable's name, and never repeats
    a secret. `variable` is a name in the environment that operators knew before the plugin had it; it begins with
    GONGZHI_, and nobody else may have it.
    """
    metadata = {DESCRIPTION: description, SECRET: secret, PARSE: parse, VARIABLE: variable}
    # A secret is left out of the repr, which ends up in logs and tracebacks.
    return field(default=default, repr=not secret, metadata=metadata)


V = TypeVar("V", bool, int, str)
LONGEST = 200
"""The most characters of a county's text."""
KINDS = {bool: "bool", int: "int", str: "text"}
CHOSEN = "(select s.value from plugins.setting s where s.grid_id={0} and s.name={1} and s.until is null)"
"""What holds in a county, as text; null where nothing was decided."""


@dataclass(frozen=True)
class CountySetting(Generic[V]):
    """What each county may decide for itself: a whole number within bounds, a text, or yes and no, as its default is.

    The description is "English (中文)."; whoever holds the permission in the county decides.
    """

    name: str
    description: str
    default: V
    permission: str
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    """The texts there are to choose from; any, if there are none."""

    @property
    def options(self) -> list[str]:
        """The values there are, as texts: of a number the least and the most, of any text none."""
        if isinstance(self.default, bool):
            return ["true", "false"]
        # Two bounds say it for numbers; listing them all would say no more.
        return [str(self.least), str(self.most)] if isinstance(self.default, int) else list(self.choices)

    @property
    def standard(self) -> str:
        """The default as a text, as others are written."""
        return str(self.default).lower() if isinstance(self.default, bool) else str(self.default)

    def parse(self, text: str) -> V:
        """Read a value as somebody writes it. Raises Refusal at `value` for one that cannot be chosen."""
        # A bool is an int to Python, so it is asked for first.
        read: Any = text == "true" if isinstance(self.default, bool) else text
        if isinstance(self.default, int) and not isinstance(self.default, bool):
            # Nine digits at the most: what is longer is no number of ours, and may be very long.
            read = int(text) if text.isdecimal() and len(text) < 10 else self.least - 1
            fits = self.least <= read <= self.most
        else:
            fits = text in self.options if self.options else 0 < len(text.strip()) <= LONGEST
        if not fits:
            allowed = ", ".join(self.options) or f"1–{LONGEST} 字"
            raise Refusal("BAD_USER_INPUT", f"{FIELD} must be: {allowed}.", f"{FIELD}应为：{allowed}。", ("value",))
        return read  # type: ignore[no-any-return]

    async def read(self, call: Call, county: int | None) -> V:
        """Return what holds in the county with this key, in a command, handler, job or errand."""
        # Asked each time and kept nowhere: the case after a decision follows it, whichever process has it.
        found = await call.fetch(f"select {CHOSEN.format('$1::int', '$2::text')} as value", county, self.name)
        # Read by the bounds of today: a later version of the plugin may be narrower than what was chosen.
        return self.default if found[0]["value"] is None else self.parse(found[0]["value"])

    def sql(self, county: Term) -> Sql:
        """Return what holds in a county, given by its key, for a planned field."""
        # The name and the default are ours, and stand in the text; what a county chose is cast as it is read.
        kind = KINDS[type(self.default)]
        own = CHOSEN.format("{0}", quote_text(self.name))
        return Sql(f"coalesce({own}::{kind}, {quote_text(self.standard)}::{kind})", county)
