"""A county with a service hall: who keeps the catalogue, a unit, applicants. Stories of a module share it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest_asyncio
from gongzhi_server.testing import Server

COUNTY, UNIT, OTHER_UNIT = "610921", "610921-MZJ", "610921-SCJ"
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n").decode()
ADULTS = """
select p.id, p.name, p.birth_date, v.code village from people.person p join grids.grid v on v.id=p.village_id
where p.birth_date<'1990-01-01' and p.died_on is null and p.erased_at is null and p.resident_id_mask is not null
and exists(select from people.membership m where m.person_id=p.id and m.until is null)
and exists(select from people.phone k where k.person_id=p.id) order by p.id limit 12
"""
DOCUMENTS = [
    {"code": "identity", "name": "身份证明", "fact": "IDENTITY"},
    {"code": "birth", "name": "出生日期", "fact": "BIRTH"},
    {"code": "account", "name": "本人银行账户"},
    {"code": "form", "name": "申请表"},
]
SEEN = """query($id: ID!) { node(id: $id) { ... on ServiceApplication {
  id state version dueAt overdue acceptedAt deemed returns outcome reason remedy proxy rating ratingReason answer rateBy
  case { number status dueAt } matter { id code edition } person { id }
  papers { code name listed state fact source value said why url } visits { day place reason } } } }"""
LAPSES = """query { serviceLapses(first: 50) { nodes {
  id kind allowed counted answer version application { id } unit { code } matter { name } } } }"""
INBOX = (
    "query($kind: String!) { me { notices(filter: { kind: { equals: $kind } }, first: 50) { nodes { body about } } } }"
)


@dataclass
class Hall:
    """Callers by what they are, and what they do most."""

    server: Server
    people: list[Any] = field(default_factory=list)
    used: int = 0

    @property
    def manager(self) -> Server:
        return self.server.as_("service_manager", grid=COUNTY, sub="manager")

    @property
    def handler(self) -> Server:
        return self.server.as_("department_handler", unit=UNIT, sub="handler")

    def resident(self, at: int = 0) -> Server:
        return self.server.as_("resident", person=str(self.people[at]["id"]))

    def person(self, at: int = 0) -> str:
        return f"Person:{self.people[at]['id']}"

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        return list(await self.server.database.fetch(sql, *values))

    async def done(self, caller: Server, mutation: str, selection: str, /, **given: Any) -> Any:
        """The first field of a payload that nothing is wrong with."""
        payload = await caller.do(mutation, selection, **given)
        assert payload["errors"] == [], payload
        return next(value for name, value in payload.items() if name not in ("errors", "warnings"))

    async def publish(self, caller: Server | None = None, **given: Any) -> str:
        """Publish a matter of its own; its id."""
        asked = {
            "unit": UNIT, "code": f"m-{uuid4().hex[:12]}", "name": "高龄津贴申领",
            "basis": "《老年人权益保障法》第三十三条",
            "documents": DOCUMENTS, "statutoryDays": 20, "promisedDays": 3, "visits": 1,
        }  # fmt: skip
        made = await self.done(caller or self.manager, "publishServiceMatter", "matter { id }", **asked | given)
        return str(made["id"])

    async def apply(self, at: int = 0, *, caller: Server | None = None, matter: str = "", **given: Any) -> str:
        """Apply for a matter; the application's id."""
        asked = {"matter": matter or await self.publish()} | given
        made = await self.done(caller or self.resident(at), "applyForService", "application { id }", **asked)
        return str(made["id"])

    async def see(self, id: str, caller: Server | None = None) -> Any:
        return (await (caller or self.handler).ask(SEEN, id=id)).data["node"]

    async def give(self, caller: Server, mutation: str, id: str, /, **given: Any) -> list[tuple[str, list[str]]]:
        """Do something to an application at its version; what is wrong."""
        [row] = await self.fetch("select version from services.application where id=$1", id.partition(":")[2])
        # Visits and ratings are told whatever has changed meanwhile.
        seen = {} if mutation in ("recordServiceVisit", "rateService") else {"expectedVersion": row["version"]}
        return refused(await caller.do(mutation, "application { state }", application=id, **seen | given))

    async def decided(self, at: int = 0, outcome: str = "GRANTED") -> str:
        """An application that was accepted and decided."""
        id = await self.apply(at)
        assert await self.give(self.handler, "acceptServiceApplication", id) == []
        assert await self.give(self.handler, "decideServiceApplication", id, outcome=outcome, reason="依据不足") == []
        return id

    async def lapses(self, id: str, caller: Server | None = None) -> dict[str, Any]:
        """What is for supervision of an application, by kind, as the unit or somebody else sees it."""
        found = (await (caller or self.handler).ask(LAPSES)).data["serviceLapses"]["nodes"]
        return {one["kind"]: one for one in found if one["application"] == {"id": id}}

    async def told(self, caller: Server, kind: str, id: str) -> list[str]:
        found = (await caller.ask(INBOX, kind=f"services.{kind}")).data["me"]["notices"]["nodes"]
        return [one["body"] for one in found if one["about"] == id]

    async def run_jobs(self) -> None:
        assert (await self.server.worker.drain()).failed == []


def refused(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(shared_server: Server) -> Hall:
    made = Hall(shared_server)
    made.people = await made.fetch(ADULTS)
    return made
