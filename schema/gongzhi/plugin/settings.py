"""What an operator may choose about a plugin.

@dataclass(frozen=True)
class RubbishSettings:
    station: str = setting("The address of the weighing station.")
    token: str = setting("What it knows us by.", secret=True)
    days: int = setting("For how long readings are kept.", default=30)

The operator sets GONGZHI_RUBBISH_STATION, or `station` in the table `[rubbish]` of plugins.toml in the data folder.
"""

from __future__ import annotations

from dataclasses import MISSING, field
from typing import Any

DESCRIPTION, SECRET = "description", "secret"


def setting(description: str, *, default: Any = MISSING, secret: bool = False) -> Any:
    """A field of a class of settings: a str, int, float, bool or Path, or one of them or None.

    Without a default it must be set. What is `secret` is in no message, and not in the object's repr.
    """
    return field(default=default, repr=not secret, metadata={DESCRIPTION: description, SECRET: secret})
