"""How plugins are, as the console tells it."""

from __future__ import annotations

import asyncpg
import orjson
from gongzhi.plugins.types import STATES

from .plugins import Plugins


async def of(dsn: str, plugins: Plugins) -> dict[str, tuple[str, str | None]]:
    """The state of each plugin by its name, and in what it failed last."""
    told = orjson.dumps({"plugins": [{"name": one.name} for one in plugins.found]}).decode()
    connection = await asyncpg.connect(dsn)
    try:
        if await connection.fetchval("select to_regclass('events.job')") is None:
            return {one.name: ("INACTIVE", None) for one in plugins.found}  # nothing has been migrated yet
        found = orjson.loads(await connection.fetchval(f"select {STATES.format('$1::jsonb')}", told))
    finally:
        await connection.close()
    return {one["name"]: (one["state"], one["lastError"]) for one in found}
