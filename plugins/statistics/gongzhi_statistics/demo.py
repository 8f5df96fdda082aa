"""Demo: the figures of the demo county, counted once all else of it is there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gongzhi.runtime.sealing import KeyRing


async def count_figures(connection: Any, county: int, now: datetime, keys: KeyRing) -> None:
    """Count all figures."""
    await connection.execute("select statistics.rebuild()")
