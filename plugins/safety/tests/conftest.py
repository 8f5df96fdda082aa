"""A county whose sites are inspected: who publishes, inspects, supervises and answers. Stories of a module share it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest_asyncio
from gongzhi_server.testing import Server

COUNTY, TOWN, ELSEWHERE = "610921", "610921101", "610921100"
UNIT, OTHER_UNIT = "610921-YJJ", "610921-SCJ"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ITEMS = [
    {"code": "wiring", "text": "电气线路规范", "basis": "《消防法》第二十七条", "days": 10},
    {"code": "exits", "text": "安全出口畅通", "basis": "《消防法》第二十八条", "level": "MAJOR", "days": 3},
    {"code": "gear", "text": "灭火器完好有效", "basis": "《消防法》第十六条", "days": 5},
]
ADULTS = """
select p.id, p.name, v.code village from people.person p join grids.grid v on v.id=p.village_id
where p.birth_date<'1990-01-01' and p.died_on is null and p.erased_at is null and p.restricted_at is null
and left(v.code, 9)=$1 order by p.id limit 12
"""
HAZARD = """id state level version overdue foundAt dueAt correctedAt passedAt objectedAt decidedAt closedAt
  item { code text basis } site { id code } case { number status dueAt urgency leadUnit { code } safetyHazard { id } }
  steps { kind account text dueAt photos { url } } actions { name allowed reason }"""
SEEN = f"query($id: ID!) {{ node(id: $id) {{ ... on SafetyHazard {{ {HAZARD} }} }} }}"
INSPECTION = """query($id: ID!) { node(id: $id) { ... on SafetyInspection { at recordedAt account remark
  checklist { edition } site { inspectedAt }
  answers { finding note item { code } hazard { id } photos { url } } } } }"""
INBOX = (
    "query($kind: String!) { me { notices(filter: { kind: { equals: $kind } }, first: 50) { nodes { body about } } } }"
)


@dataclass
class Ground:
    """Callers by what they are, and what they do most."""

    server: Server
    people: list[Any] = field(default_factory=list)
    lists: dict[str, str] = field(default_factory=dict)

    @property
    def publisher(self) -> Server:
        return self.server.as_("county_dispatcher", grid=COUNTY, sub="publisher")

    @property
    def worker(self) -> Server:
        return self.server.as_("grid_worker", grid=TOWN, sub="worker")

    @property
    def handler(self) -> Server:
        return self.server.as_("department_handler", unit=UNIT, sub="handler")

    @property
    def second(self) -> Server:
        return self.server.as_("department_handler", unit=UNIT, sub="second")

    def firm(self, at: int = 0) -> Server:
        """Whoever answers for a site: a resident."""
        return self.server.as_("resident", person=str(self.people[at]["id"]))

    def person(self, at: int = 0) -> str:
        return f"Person:{self.people[at]['id']}"

    @property
    def now(self) -> datetime:
        return self.server.clock()

    def ago(self, **by: float) -> str:
        return (self.now - timedelta(**by)).isoformat()

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        return list(await self.server.database.fetch(sql, *values))

    async def done(self, caller: Server, mutation: str, selection: str, /, **given: Any) -> Any:
        """The first field of a payload that nothing is wrong with."""
        payload = await caller.do(mutation, selection, **given)
        assert payload["errors"] == [], payload
        return next(value for name, value in payload.items() if name not in ("errors", "warnings"))

    async def publish(self, trade: str, **given: Any) -> str:
        """A checklist of a trade; its id."""
        asked = {"county": COUNTY, "trade": trade, "name": "小作坊", "items": ITEMS} | given
        made = await self.done(self.publisher, "publishSafetyChecklist", "checklist { id }", **asked)
        self.lists[trade] = made["id"]
        return str(made["id"])

    async def register(self, at: int | None = 0, trade: str = "workshop", **given: Any) -> str:
        """A site that somebody answers for; its id."""
        if trade not in self.lists:
            await self.publish(trade)
        asked = {
            "grid": TOWN, "code": f"S-{uuid4().hex[:12]}", "name": "平安木器坊", "trade": trade,
            "address": "主街 1 号", "unit": UNIT,
        } | ({} if at is None else {"person": self.person(at)}) | given  # fmt: skip
        return str((await self.done(self.worker, "registerSafetySite", "site { id }", **asked))["id"])

    def answers(self, *unmet: str, **more: Any) -> list[dict[str, Any]]:
        """Answers to all items of which some are not met."""
        return [
            {"code": one["code"], "finding": "NOT_MET" if one["code"] in unmet else "MET"} | more.get(one["code"], {})
            for one in ITEMS
        ]

    async def inspect(
        self, site: str, *unmet: str, caller: Server | None = None, trade: str = "workshop", **given: Any
    ) -> str:
        """Inspect a site; the inspection's id."""
        asked = {"site": site, "checklist": self.lists[trade], "at": self.ago(minutes=5)}
        asked |= {"answers": self.answers(*unmet)} | given
        made = await self.done(caller or self.worker, "recordSafetyInspection", "inspection { id }", **asked)
        return str(made["id"])

    async def look(self, inspection: str, caller: Server | None = None) -> Any:
        return (await (caller or self.worker).ask(INSPECTION, id=inspection)).data["node"]

    async def hazards(self, inspection: str) -> dict[str, str]:
        """The hazards of an inspection by the items' codes; their ids."""
        found = (await self.look(inspection))["answers"]
        return {one["item"]["code"]: one["hazard"]["id"] for one in found if one["hazard"]}

    async def hazard(self, code: str = "wiring", at: int = 0) -> str:
        """A hazard of a site of its own; its id."""
        return (await self.hazards(await self.inspect(await self.register(at), code)))[code]

    async def see(self, id: str, caller: Server | None = None) -> Any:
        return (await (caller or self.handler).ask(SEEN, id=id)).data["node"]

    async def give(self, caller: Server, mutation: str, id: str, /, **given: Any) -> list[tuple[str, list[str]]]:
        """Do something to a hazard or a site at its version; what is wrong."""
        name, _, key = id.partition(":")
        table = {"SafetyHazard": "hazard", "SafetySite": "site"}[name]
        [row] = await self.fetch(f"select version from safety.{table} where id=$1", key)
        # Whoever looks again may be offline, and says when that was.
        seen = {"at": self.now.isoformat()} if mutation == "reinspectSafetyHazard" else {"expectedVersion": row[0]}
        usual = {"text": "已查看。"} if name == "SafetyHazard" else {}
        return refused(await caller.do(mutation, f"{table} {{ id }}", **{table: id}, **usual | seen | given))

    async def correct(self, id: str, at: int = 0) -> None:
        assert await self.give(self.firm(at), "reportSafetyCorrection", id, text="已换线。", photos=[PNG]) == []

    async def passed(self, id: str, caller: Server | None = None, **given: Any) -> None:
        asked = {"passed": True, "photos": [PNG]} | given
        assert await self.give(caller or self.worker, "reinspectSafetyHazard", id, **asked) == []

    async def told(self, caller: Server, kind: str, about: str) -> list[str]:
        found = (await caller.ask(INBOX, kind=f"safety.{kind}")).data["me"]["notices"]["nodes"]
        return [one["body"] for one in found if one["about"] == about]

    async def run_jobs(self) -> None:
        assert (await self.server.worker.drain()).failed == []


def refused(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(shared_server: Server) -> Ground:
    made = Ground(shared_server)
    made.people = await made.fetch(ADULTS, TOWN)
    await made.publish("workshop")
    return made
