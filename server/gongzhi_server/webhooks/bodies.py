"""What is sent: CloudEvents 1.0 in structured mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from gongzhi.events.telling import CURSORS, KEYS
from gongzhi.viewer import Viewer

from ..engine import Engine
from .selection import Selections


class Bodies:
    """Makes bodies for an account as of now. `source` is the deployment's own address."""

    def __init__(self, engine: Engine, source: str) -> None:
        self.engine, self.source = engine, source
        self.selections = Selections(engine)

    async def make(self, deliveries: Sequence[Any], selection: str | None, viewer: Viewer) -> dict[UUID, str]:
        """The bodies by event, of those that the account may know of. Raises Refused if the selection fits no more."""
        asked = self.selections.asked(selection)
        statement = self.selections.statement(asked, viewer)
        keys = [one["event_id"] for one in deliveries]
        session = self.engine.session(asked, viewer)
        rows, _ = await session.told(statement, {KEYS: keys, CURSORS: ["" for _ in keys]})
        await session.record()
        return {
            one["event_id"]: self.body(one, orjson.loads(row))
            for one, row in zip(deliveries, rows, strict=True)
            if row is not None
        }

    def body(self, delivery: Any, told: dict[str, Any]) -> str:
        """The event, with the case as it is now if that was asked for."""
        data = {"version": told["version"], "actor": told["actor"], "facts": told["data"]}
        if "case" in told:
            data["case"] = told["case"]
        return self.event(delivery, data, told["data"].get("number"))

    def test(self, delivery: Any) -> str:
        return self.event(delivery, {"version": 1, "actor": "SYSTEM", "facts": {}})

    def event(self, delivery: Any, data: dict[str, Any], subject: str | None = None) -> str:
        made = {
            "specversion": "1.0",
            "id": str(delivery["event_id"]),
            "source": self.source,
            "type": delivery["type"],
            "time": delivery["at"],
            **({"subject": subject} if subject else {}),
            "datacontenttype": "application/json",
            "data": data,
        }
        return orjson.dumps(made).decode()
