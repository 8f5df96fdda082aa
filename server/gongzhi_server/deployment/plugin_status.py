"""Plugin status: how the plugins are, for the console."""

from __future__ import annotations

import orjson
from gongzhi.core.plugins.types import STATES

from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.storage import database


async def plugin_status(dsn: str, plugins: Plugins) -> dict[str, tuple[str, str | None]]:
    """Return the state of each plugin by its name, and in what it failed last."""
    known = [{"name": one.name, "always": one.always, "jobs": plugins.work_of(one.name)} for one in plugins.found]
    told = orjson.dumps({"plugins": known}).decode()
    async with database.connect_database(dsn) as connection:
        if await connection.fetchval("select to_regclass('events.job')") is None:
            return {one.name: ("INACTIVE", None) for one in plugins.found}  # nothing has been migrated yet
        found = orjson.loads(await connection.fetchval(f"select {STATES.format('$1::jsonb')}", told))
    return {one["name"]: (one["state"], one["lastError"]) for one in found}
