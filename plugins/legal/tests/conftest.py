"""A town with a legal panel: a mediator at each level, a lawyer, parties, a grid worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

COUNTY, TOWN = "610921", "610921100"
PEOPLE = """
select p.id, v.code from people.person p join grids.grid t on t.id=p.town_id join grids.grid v on v.id=p.village_id
where t.code=$1 and exists(select from people.membership m where m.person_id=p.id and m.until is null)
and not exists(select from people.membership m join people.membership o on o.household_id=m.household_id
  where m.person_id=p.id and o.person_id<p.id) order by p.id limit 6
"""


@dataclass
class Town:
    """Callers by what they are, and the ids of advisers."""

    dsn: str
    server: Any
    people: list[UUID]
    village: str
    advisers: dict[str, str] = field(default_factory=dict)

    @property
    def manager(self) -> Any:
        return self.server.as_("legal_manager", grid=COUNTY)

    @property
    def worker(self) -> Any:
        return self.server.as_("grid_worker", grid=TOWN)

    def mediator(self, name: str = "village") -> Any:
        """The mediator at a level; their account is named by it."""
        return self.server.as_("mediator", sub=f"mediator-{name}", grid=COUNTY)

    def counsellor(self, name: str = "lawyer") -> Any:
        return self.server.as_("counsellor", sub=f"counsellor-{name}", grid=COUNTY)

    def resident(self, at: int = 0) -> Any:
        return self.server.as_("resident", person=str(self.people[at]))

    def person(self, at: int = 0) -> str:
        return f"Person:{self.people[at]}"

    async def appoint(self, name: str, serves: str, **given: Any) -> str:
        """Somebody for the panel, whose account is `kind-name`; their id."""
        asked = {"name": name, "kind": "MEDIATOR", "qualification": "人民调解员证", "grid": serves, "serves": [serves]}
        asked |= {"account": f"mediator-{name}", "languages": ["普通话", "汉阴话"], **given}
        office = self.server.as_("administrator", grid=COUNTY)  # sees who they are on file, as the manager does not
        made = await office.do("addLegalAdviser", "adviser { id }", **asked)
        assert made["errors"] == [], made
        self.advisers[name] = made["adviser"]["id"]
        return str(made["adviser"]["id"])

    async def request(self, *, at: int = 0, other: int | None = 1, **given: Any) -> dict[str, Any]:
        """A mediation between two people, asked for by a worker who sees both."""
        parties = [{"person": self.person(at)}]
        parties.append({"person": self.person(other)} if other else {"name": "甲某", "phone": "13800000000"})
        asked = {"disputeType": "NEIGHBOR", "parties": parties, "rightsAcknowledged": True, "facts": "院墙越界三十公分"}
        made = await self.worker.do("requestMediation", ASKED, **asked | given)
        return dict(made)

    async def mediating(self, **given: Any) -> dict[str, Any]:
        """A mediation that all parties have joined, as its mediator sees it."""
        made = await self.request(**given)
        assert made["errors"] == [], made
        id = made["mediation"]["id"]
        for at, state in enumerate(("REQUESTED", "MEDIATING")):
            joined = await self.join(id, at)
            assert joined == {"mediation": {"state": state}, "errors": []}
        return await self.see(id)

    async def join(self, id: str, at: int, agree: bool = True) -> dict[str, Any]:
        """A party says whether they take part."""
        asked = {"mediation": id, "agree": agree, "rightsAcknowledged": agree}
        return dict(await self.resident(at).do("joinMediation", "mediation { state }", **asked))

    async def see(self, id: str, caller: Any = None) -> Any:
        """All there is to see of a mediation."""
        answer = await (caller or self.mediator()).ask(WHOLE, id=id)
        return answer.data["node"]

    async def agree(self, seen: dict[str, Any], **given: Any) -> dict[str, Any]:
        """An agreement that both sides signed: the second party takes the wall down."""
        first, second = [one["id"] for one in seen["parties"][:2]]
        asked = {
            "facts": "乙方院墙越过地界。",
            "terms": [{"text": "十日内拆除越界院墙。", "obligor": second, "dueOn": "2026-07-10"}],
            "signatures": [{"party": first}, {"party": second, "how": "FINGERPRINT"}],
            "expectedVersion": seen["version"],
        }
        return dict(await self.mediator().do("recordAgreement", AGREED, mediation=seen["id"], **asked | given))

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        return list(await self.server.database.fetch(sql, *values))


ASKED = "mediation { id state level dueOn case { number } rights { text } }"
AGREED = "mediation { id state version agreement { id number confirmation { id requestBy state version } } }"
WHOLE = """query($id: ID!) { node(id: $id) { ... on Mediation {
  id state disputeType level outcome facts reason dueOn version matter { id closedAt }
  parties { id place name phone joinedAt } mediators { name chosenBy acting }
  sessions { at place minutes }
  agreement { id number facts keptOn terms { id text dueOn kept obligor { name } } signedBy { name at how }
    confirmation { id requestBy state version } } } } }"""


async def furnish(server: Any, dsn: str, **given: Any) -> Town:
    """A town with mediators in the village, the town and the county, and a lawyer."""
    found = Town(dsn, server, [], "")
    rows = await found.fetch(PEOPLE, TOWN)
    assert len(rows) == 6
    found.people, found.village = [row["id"] for row in rows], rows[0]["code"]
    await found.appoint("village", found.village, **given)
    await found.appoint("town", TOWN, **given)
    await found.appoint("county", COUNTY, **given)
    lawyer = {"kind": "LAWYER", "account": "counsellor-lawyer", "qualification": "律师执业证"}
    await found.appoint("lawyer", TOWN, **lawyer, **given)
    return found


@pytest_asyncio.fixture
async def town(server: Any, database: str) -> Town:
    return await furnish(server, database)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_town(shared_server: Any, shared_database: str) -> Town:
    """A town that the tests of a module share; nobody in it is ever full. Each test begins matters of its own."""
    return await furnish(shared_server, shared_database, capacity=200)


def codes(payload: Any) -> list[str]:
    return [one["code"] for one in payload["errors"]]


@pytest.fixture(name="codes")
def codes_fixture() -> Any:
    return codes


@pytest_asyncio.fixture
async def together() -> AsyncIterator[Any]:
    """Runs things side by side: `await together(a(), b())`."""
    yield asyncio.gather
