"""A county whose households ask to be watched over: who proposes, decides, helps and reviews. Stories share it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
import pytest_asyncio
from gongzhi_server.testing import Server

COUNTY, TOWN, ELSEWHERE = "610921", "610921101", "610921100"
UNIT, OTHER_UNIT = "610921-YJJ", "610921-SCJ"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
FACTS = [
    {
        "code": "margin",
        "ground": "MARGINAL",
        "fact": "INCOME_BAND",
        "text": "人均纯收入低于监测线",
        "basis": "中农组〔2021〕7号",
    },
    {
        "code": "expense",
        "ground": "SUDDEN",
        "fact": "LARGE_EXPENSE",
        "text": "大额刚性支出",
        "basis": "中农组〔2021〕7号",
    },
    {"code": "flood", "ground": "SUDDEN", "fact": "DISASTER", "text": "自然灾害", "basis": "中农组〔2021〕7号"},
]
CONDITIONS = [
    {"code": "no-gain", "text": "未谋取私利", "basis": "“三个区分开来”"},
    {"code": "corrected", "text": "及时纠正", "basis": "“三个区分开来”"},
]
HOMES = """
select h.id, h.number, h.address, p.id person, p.name, v.code village, (
  select m.person_id from people.membership m join people.person q on q.id=m.person_id where m.household_id=h.id
  and m.until is null and m.person_id<>h.head_id and q.birth_date<'2000-01-01' and q.died_on is null limit 1) other
from people.household h join people.person p on p.id=h.head_id join grids.grid v on v.id=h.village_id
where left(v.code, 9)=$1 and p.birth_date<'1995-01-01' and p.died_on is null and p.erased_at is null
and p.restricted_at is null
and exists(select from people.membership m where m.household_id=h.id and m.person_id=p.id and m.until is null)
order by h.number
"""
WATCH = """id state ground version overdue dueAt ending closedAt proposedBy askedAt decidedAt contestedAt
  household { number } grid { code } rule { edition }
  facts { id day text item { code text } evidence { url } }
  measures { id kind owner unit { code } state dueOn overdue endedAt effectAt version }
  steps { kind byHousehold account text measure { id } } actions { name allowed reason }"""
SEEN = f"query($id: ID!) {{ node(id: $id) {{ ... on Watch {{ {WATCH} }} }} }}"
ERROR = """id official askedBy state round outcome version affectedCount dueAt closedAt unit { code }
  statements { kind account text } reviews { round account outcome answers { met reason item { code } } }
  actions { name allowed reason }"""
ERROR_SEEN = f"query($id: ID!) {{ node(id: $id) {{ ... on ErrorExemption {{ {ERROR} }} }} }}"
INBOX = (
    "query($kind: String!) { me { notices(first: 50, filter: { kind: { equals: $kind } }) { nodes { about body } } } }"
)


@dataclass
class Ground:
    """A running server with a county, and everybody who takes part."""

    server: Server
    pool: asyncpg.Pool
    homes: list[Any] = field(default_factory=list)
    rules: dict[str, str] = field(default_factory=dict)
    used: int = 0

    @property
    def publisher(self) -> Server:
        return self.server.as_("county_dispatcher", grid=COUNTY, sub="publisher")

    @property
    def worker(self) -> Server:
        return self.server.as_("grid_worker", grid=TOWN, sub="worker")

    @property
    def other_worker(self) -> Server:
        return self.server.as_("grid_worker", grid=TOWN, sub="other worker")

    @property
    def first(self) -> Server:
        return self.server.as_("town_dispatcher", grid=TOWN, sub="first")

    @property
    def second(self) -> Server:
        return self.server.as_("town_dispatcher", grid=TOWN, sub="second")

    @property
    def county(self) -> Server:
        return self.server.as_("county_dispatcher", grid=COUNTY, sub="county")

    @property
    def handler(self) -> Server:
        return self.server.as_("department_handler", unit=UNIT, sub="handler")

    def reviewer(self, number: int = 1) -> Server:
        return self.server.as_("exemption_reviewer", grid=COUNTY, sub=f"reviewer {number}")

    def head(self, home: Any) -> Server:
        return self.server.as_("resident", person=str(home["person"]), sub=f"head {home['number']}")

    def other(self, home: Any) -> Server:
        return self.server.as_("resident", person=str(home["other"]), sub=f"other {home['number']}")

    def home(self, *, two: bool = False) -> Any:
        """A household that no other story has; of two grown people, if asked for."""
        while True:
            found = self.homes[self.used]
            self.used += 1
            if found["other"] or not two:
                return found

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        return list(await self.pool.fetch(sql, *values))

    async def done(self, caller: Server, mutation: str, selection: str, /, **given: Any) -> Any:
        """The first field of a payload that nothing is wrong with."""
        payload = await caller.do(mutation, selection, **given)
        assert payload["errors"] == [], payload
        return next(value for name, value in payload.items() if name not in ("errors", "warnings"))

    async def publish(self, subject: str, items: list[dict[str, Any]], **given: Any) -> str:
        asked = {"county": COUNTY, "subject": subject, "name": "规则", "items": items} | given
        made = await self.done(self.publisher, "publishWatchRule", "rule { id }", **asked)
        self.rules[subject] = made["id"]
        return str(made["id"])

    async def consent(self, home: Any, caller: Server | None = None) -> None:
        """Have the head of a household, or another of it, agree."""
        given = {"purpose": "watch.watching", "noticeVersion": 1}
        await self.done(caller or self.head(home), "giveConsent", "consent { id }", **given)

    def fact(self, code: str = "expense", **more: Any) -> dict[str, Any]:
        day = (self.server.clock() - timedelta(days=20)).date().isoformat()
        return {"code": code, "day": day, "text": "秋收前因故支出较大"} | more

    async def ask(self, home: Any, *codes: str, caller: Server | None = None, **given: Any) -> str:
        """Ask for a household with consent; the watch's id."""
        await self.consent(home, caller)
        asked = {"household": f"Household:{home['id']}", "facts": [self.fact(one) for one in codes or ("expense",)]}
        made = await self.done(caller or self.head(home), "requestWatch", "watch { id }", **asked | given)
        return str(made["id"])

    async def watched(self, home: Any, *codes: str) -> str:
        """A household that two persons have decided to help; the watch's id."""
        id = await self.ask(home, *codes)
        assert await self.give(self.first, "assessWatch", id, ground="SUDDEN") == []
        assert await self.give(self.second, "confirmWatch", id, confirmed=True) == []
        return id

    async def refused(self, home: Any) -> str:
        id = await self.ask(home)
        assert await self.give(self.first, "assessWatch", id) == []
        assert await self.give(self.second, "confirmWatch", id, confirmed=True) == []
        return id

    async def measure(self, watch: str, **given: Any) -> str:
        """A measure of a watch, by its unit; its id."""
        due = (self.server.clock() + timedelta(days=20)).date().isoformat()
        usual = {"kind": "EMPLOYMENT", "unit": UNIT, "owner": "handler", "dueOn": due, "text": "推荐公益岗位"}
        version = await self.version(watch)
        asked = {"watch": watch, "expectedVersion": version} | usual | given
        return str((await self.done(self.first, "planWatchMeasure", "measure { id }", **asked))["id"])

    async def error(self, caller: Server | None = None, **given: Any) -> str:
        """An error that somebody of the unit puts before review; its id."""
        usual = {"unit": UNIT, "occurredOn": "2026-06-01", "facts": "未及报批先行处置", "correction": "次日补办手续"}
        asked = usual | given
        payload = await self.done(caller or self.handler, "requestErrorExemption", "exemption { id }", **asked)
        return str(payload["id"])

    def answers(self, *unmet: str) -> list[dict[str, Any]]:
        return [{"code": one["code"], "met": one["code"] not in unmet, "reason": "经核查"} for one in CONDITIONS]

    async def review(self, id: str, number: int, *unmet: str) -> list[tuple[str, list[str]]]:
        return await self.give(self.reviewer(number), "reviewErrorExemption", id, answers=self.answers(*unmet))

    async def version(self, id: str) -> int:
        name, _, key = id.partition(":")
        table = {"Watch": "entry", "WatchMeasure": "measure", "ErrorExemption": "error"}[name]
        [row] = await self.fetch(f"select version from watch.{table} where id=$1", key)
        return int(row[0])

    async def see(self, id: str, caller: Server | None = None) -> Any:
        return (await (caller or self.first).ask(SEEN, id=id)).data["node"]

    async def see_error(self, id: str, caller: Server) -> Any:
        return (await caller.ask(ERROR_SEEN, id=id)).data["node"]

    async def give(self, caller: Server, mutation: str, id: str, /, **given: Any) -> list[tuple[str, list[str]]]:
        """Do something to a row at its version; what is wrong."""
        name = {"Watch": "watch", "WatchMeasure": "measure", "ErrorExemption": "exemption"}[id.partition(":")[0]]
        silent = mutation in ("reviewErrorExemption", "withdrawErrorExemption", "declareWatchFacts")
        usual = {} if silent else {"text": "已核实。"}
        asked = {name: id, "expectedVersion": await self.version(id)} | usual | given
        return refused(await caller.do(mutation, f"{name} {{ id }}", **asked))

    async def told(self, caller: Server, kind: str, about: str) -> list[str]:
        found = (await caller.ask(INBOX, kind=f"watch.{kind}")).data["me"]["notices"]["nodes"]
        return [one["body"] for one in found if one["about"] == about]

    async def run_jobs(self) -> None:
        assert (await self.server.worker.drain()).failed == []


def refused(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(shared_server: Server, shared_database: str) -> AsyncIterator[Ground]:
    # One pool for a module: to connect for every look at a table takes longer than to look.
    async with asyncpg.create_pool(shared_database, min_size=1, max_size=4) as pool:
        made = Ground(shared_server, pool)
        made.homes = await made.fetch(HOMES, TOWN)
        await made.publish("HOUSEHOLDS", FACTS)
        await made.publish("ERRORS", CONDITIONS)
        yield made
