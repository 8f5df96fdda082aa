"""A county with devices. Stories of a module share it, and have kinds of device of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest_asyncio
from gongzhi_server.testing import Server

COUNTY, TOWN, VILLAGE, ELSEWHERE = "610921", "610921101", "610921101222", "610921100"
UNIT, OTHER_UNIT = "610921-SLJ", "610921-SCJ"
MEASURES = [
    {"code": "level", "name": "水位", "unit": "m"},
    {"code": "battery", "name": "电量", "unit": "%"},
    {"code": "opened", "name": "开启告警", "signal": True},
]
SEEN = """query($id: ID!) { node(id: $id) { ... on Device {
  id code name state version keeper seenAt offlineAt silencedUntil retiredAt longitude latitude
  kind { code measures { code name unit signal } } grid { code } unit { code }
  gauges { measure value at readings(first: 50) { nodes { at value sequence } } }
  alarms(first: 20) { nodes { id state value times raisedAt lastAt recoveredAt acknowledgedAt acknowledgedBy endedAt
    version rule { trigger } case { number status urgency title description deviceAlarms { id } } } }
  actions { name allowed reason } } } }"""
TIMELINE = """query($number: String!) { case(number: $number) { timeline { type title note } } }"""
INBOX = """{ me { notices(filter: { kind: { equals: "devices.alarm" } }, first: 50) {
  nodes { title body about } } } }"""


@dataclass
class Network:
    """Callers by what they are, and what they do most."""

    server: Server
    dsn: str
    codes: list[str] = field(default_factory=list)

    @property
    def manager(self) -> Server:
        return self.server.as_("county_dispatcher", grid=COUNTY, sub="manager")

    @property
    def keeper(self) -> Server:
        return self.server.as_("grid_worker", grid=ELSEWHERE, sub="keeper")

    @property
    def system(self) -> Server:
        return self.server.as_("integrator", grid=COUNTY, sub="platform")

    @property
    def now(self) -> datetime:
        return self.server.clock()

    def ago(self, **by: float) -> str:
        return (self.now - timedelta(**by)).isoformat()

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    async def done(self, caller: Server, mutation: str, selection: str, /, **given: Any) -> Any:
        """The first field of a payload that nothing is wrong with."""
        payload = await caller.do(mutation, selection, **given)
        assert payload["errors"] == [], payload
        return next(value for name, value in payload.items() if name not in ("errors", "warnings"))

    async def account(self, name: str) -> None:
        """An account by its name, for keepers are accounts."""
        await self.fetch(
            "insert into accounts.account (id, name, kind, created_at, created_by, version) "
            "values (gen_random_uuid(), $1, 'PERSON', now(), 'console', 1) on conflict (name) do nothing",
            name,
        )

    async def kind(self) -> str:
        """A kind of device that no other story has; its code."""
        code = f"k-{uuid4().hex[:12]}"
        await self.done(
            self.manager, "addDeviceKind", "kind { id }", county=COUNTY, code=code, name="测试设备", measures=MEASURES
        )
        return code

    async def register(self, kind: str, grid: str = VILLAGE, **given: Any) -> tuple[str, str]:
        """A device; its id and its code."""
        await self.account("keeper")
        code = f"D-{uuid4().hex[:12]}"
        asked = {
            "grid": grid,
            "code": code,
            "name": "渠首 1 号",
            "kind": kind,
            "unit": UNIT,
            "keeper": "keeper",
        } | given
        made = await self.done(self.manager, "registerDevice", "device { id code }", **asked)
        return made["id"], made["code"]

    async def define(self, kind: str, grid: str = COUNTY, **given: Any) -> str:
        """A rule: a level above 3 is an alarm at once, unless more is said; its id."""
        usual = {"trigger": "ABOVE", "measure": "level", "threshold": 3, "minutes": 0, "category": "utilities.water"}
        if given.get("trigger") == "SILENT":
            usual = {"category": "utilities.water"}
        asked = {"grid": grid, "kind": kind} | usual | given
        return str((await self.done(self.manager, "defineDeviceRule", "rule { id }", **asked))["id"])

    async def post(self, entries: Any, caller: Server | None = None, county: str = COUNTY, **sent: Any) -> Any:
        """The response to a batch."""
        one = caller or self.system
        given = sent or {"json": entries}
        headers = {**one.headers, **given.pop("headers", {})}
        return await one.client.post(f"/x/devices/{county}/readings", headers=headers, **given)

    async def report(self, code: str, *values: float, at: str = "", measure: str = "level", **more: Any) -> Any:
        """Report values of a device, a minute between two, the last one now."""
        entries = [
            {"device": code, "measure": measure, "value": value, "at": at or self.ago(minutes=len(values) - 1 - number)}
            for number, value in enumerate(values)
        ]
        return await self.take([one | more for one in entries])

    async def signal(self, code: str, active: bool = True, at: str = "") -> Any:
        return await self.take([{"device": code, "alarm": "opened", "active": active, "at": at or self.ago()}])

    async def take(self, entries: Any) -> Any:
        """The answer to a batch of which nothing is wrong."""
        reply = await self.post(entries)
        assert reply.status_code == 200, reply.text
        body = reply.json()
        assert body["errors"] == [], body
        return body

    async def see(self, id: str, caller: Server | None = None) -> Any:
        return (await (caller or self.manager).ask(SEEN, id=id)).data["node"]

    async def alarms(self, id: str) -> list[Any]:
        """Alarms of a device once everything is told, the last first."""
        await self.run_jobs()
        return list((await self.see(id))["alarms"]["nodes"])

    async def timeline(self, number: str) -> list[Any]:
        found = (await self.manager.ask(TIMELINE, number=number)).data["case"]["timeline"]
        return [one for one in found if one["type"].startswith("devices.")]

    async def told(self, alarm: str, caller: Server | None = None) -> list[str]:
        """Titles of what somebody was told of an alarm, the last first."""
        found = (await (caller or self.keeper).ask(INBOX)).data["me"]["notices"]["nodes"]
        return [one["title"] for one in found if one["about"] == alarm]

    async def run_jobs(self) -> None:
        assert (await self.server.worker.drain()).failed == []

    async def give(self, caller: Server, mutation: str, id: str, /, **given: Any) -> list[tuple[str, list[str]]]:
        """Do something to a device, a rule or an alarm at its version; what is wrong."""
        name, _, key = id.partition(":")
        table = {"Device": "device", "DeviceRule": "rule", "DeviceAlarm": "alarm"}[name]
        [row] = await self.fetch(f"select version from devices.{table} where id=$1", key)
        payload = await caller.do(
            mutation, f"{table} {{ id }}", **{table: id, "expectedVersion": row["version"]}, **given
        )
        return refused(payload)


def refused(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network(shared_server: Server, shared_database: str) -> Network:
    return Network(shared_server, shared_database)
