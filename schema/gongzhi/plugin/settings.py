"""Settings: what an operator may choose about a plugin.

@dataclass(frozen=True)
class RubbishSettings:
    station: str = setting("The address of the weighing station.")
    token: str = setting("What it knows us by.", secret=True)
    days: int = setting("For how long readings are kept.", default=30)

The operator sets GONGZHI_RUBBISH_STATION, or `station` in the table `[rubbish]` of plugins.toml in the data folder.

What is of another type is read from a text by a function, which raises ValueError with what to do:

    scales: tuple[str, ...] = setting("Where scales are, with commas.", default=(), parse=read_hosts)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field
from typing import Any

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

    Without a default it must be set. What is `secret` is in no message, and not in the object's repr. With `parse` it
    may be of any type: its ValueError says what is wrong and what to do, behind the variable's name, and never repeats
    a secret. `variable` is a name in the environment that operators knew before the plugin had it; it begins with
    GONGZHI_, and nobody else may have it.
    """
    metadata = {DESCRIPTION: description, SECRET: secret, PARSE: parse, VARIABLE: variable}
    # A secret is left out of the repr, which ends up in logs and tracebacks.
    return field(default=default, repr=not secret, metadata=metadata)
