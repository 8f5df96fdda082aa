"""What is sent: CloudEvents 1.0 in structured mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.events.telling import CURSORS, KEYS
from gongzhi.core.webhooks.commands import TYPES
from gongzhi.declare.viewer import Viewer

from gongzhi_server.graphql.engine import Engine

from .selection import Selections
from .tellers import Tellers


class Bodies:
    """Makes bodies for an account as of now. `source` is the deployment's own address."""

    def __init__(self, engine: Engine, source: str) -> None:
        self.engine, self.source = engine, source
        self.selections, self.tellers = Selections(engine), Tellers(engine)

    async def make(self, deliveries: Sequence[Any], selection: str | None, viewer: Viewer) -> dict[UUID, str]:
        """The bodies by event, of those that the account may know of. Raises Refused if the selection fits no more."""
        of_cases = [one for one in deliveries if one["type"] in TYPES]
        others = [one for one in deliveries if one["type"] not in TYPES]
        found = await self.of_cases(of_cases, selection, viewer) if of_cases else {}
        facts = await self.tellers.facts(others, viewer) if others else {}
        return found | {
            one["event_id"]: self.body(one, facts[one["event_id"]]) for one in others if one["event_id"] in facts
        }

    async def of_cases(self, deliveries: Sequence[Any], selection: str | None, viewer: Viewer) -> dict[UUID, str]:
        asked = self.selections.asked(selection)
        statement = self.selections.statement(asked, viewer)
        keys = [one["event_id"] for one in deliveries]
        session = self.engine.session(asked, viewer)
        rows, errors = await session.told(statement, {KEYS: keys, CURSORS: ["" for _ in keys]})
        self.engine.count(errors)
        await session.record()
        return {
            one["event_id"]: self.body(one, orjson.loads(row))
            for one, row in zip(deliveries, rows, strict=True)
            if row is not None
        }

    def body(self, delivery: Any, told: Mapping[str, Any]) -> str:
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
