"""A county with a lender, products, a scorecard that its assembly adopted, a pool of panelists, and villagers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

COUNTY = "610921"
PEOPLE = """
select p.id from people.person p where p.birth_date < '1996-01-01'
and exists(select from people.membership m where m.person_id=p.id and m.until is null)
and not exists(select from people.membership m join people.membership o on o.household_id=m.household_id
  where m.person_id=p.id and o.person_id<p.id) order by p.id limit 60
"""
WEIGHTS = {"deliberation": 20, "volunteering": 20, "rules-kept": 20, "promises-kept": 20, "neighbourly": 20}
BANDS = [{"grade": "A", "least": 85}, {"grade": "B", "least": 70}, {"grade": "C", "least": 60}]


@dataclass
class Town:
    """Callers by what they are, and the ids of what was set up."""

    dsn: str
    server: Any
    people: list[UUID] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    weights = WEIGHTS
    bank: str = ""
    other_bank: str = ""
    product: str = ""
    model: str = ""

    @staticmethod
    def key(id: str) -> UUID:
        return UUID(id.partition(":")[2])

    @property
    def officer(self) -> Any:
        return self.server.as_("credit_officer", grid=COUNTY)

    @property
    def lender(self) -> Any:
        return self.server.as_("lender", unit=self.bank, sub="teller-1")

    @property
    def second(self) -> Any:
        return self.server.as_("lender", unit=self.bank, sub="teller-2")

    @property
    def rival(self) -> Any:
        return self.server.as_("lender", unit=self.other_bank, sub="rival-1")

    def resident(self, at: int = 0) -> Any:
        return self.server.as_("resident", person=str(self.people[at]))

    def panelist(self, at: int | UUID) -> Any:
        person = at if isinstance(at, UUID) else self.people[at]
        return self.server.as_("resident", person=str(person))

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        return list(await self.server.database.fetch(sql, *values))

    async def done(self, caller: Any, mutation: str, selection: str, /, **given: Any) -> Any:
        """The one field of a payload that nothing is wrong with."""
        payload = await self.tried(caller, mutation, selection, **given)
        assert payload.pop("errors") == [], payload
        [found] = payload.values()
        return found

    async def refused(self, caller: Any, mutation: str, selection: str, /, **given: Any) -> list[str]:
        """The codes of what is wrong; nothing else is in the payload."""
        payload = await self.tried(caller, mutation, selection, **given)
        assert payload.pop("errors") != [], payload
        return [one["code"] for one in self.errors]

    async def tried(self, caller: Any, mutation: str, selection: str, /, **given: Any) -> Any:
        name = mutation[0].upper() + mutation[1:]
        shared = ("submitLoanApplication", "sendLoanApplication", "withdrawLoanApplication")
        kind = "LoanApplicationInput" if mutation in shared else f"{name}Input"
        asked = f"{selection} errors {{ code message path }}"
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {asked} }} }}"
        answer = await caller.ask(query, input={"idempotencyKey": str(uuid4()), **given})
        payload = dict(answer.data[mutation])
        self.errors = payload["errors"]
        return payload

    async def lend(self, unit: str) -> None:
        await self.done(self.officer, "addLender", "lender { id }", unit=unit, licence="B0001H261010001")

    async def offer(self, **given: Any) -> str:
        """A product; its id."""
        asked = {
            "lender": self.bank, "grid": COUNTY, "code": f"p{uuid4().hex[:8]}", "name": "三治信农贷",
            "purpose": "生产经营", "amountFrom": "5000", "amountTo": "100000",
            "termMonths": [12, 24, 36], "repayment": "EQUAL_INSTALMENT",
            "dayCount": "THIRTY_360", "primeRate": "ONE_YEAR", "margin": "1.00", "documents": ["身份证", "经营证明"],
            "gradeDiscounts": [{"grade": "A", "basisPoints": 60}, {"grade": "B", "basisPoints": 30}],
        }  # fmt: skip
        made = await self.done(self.officer, "addLoanProduct", "product { id }", **{**asked, **given})
        return str(made["id"])

    async def adopt(self, **given: Any) -> str:
        """A scorecard that the representatives adopted; its id."""
        asked = {
            "grid": COUNTY,
            "code": "sanzhi",
            "title": "三治信用评议",
            "weights": [{"indicator": name, "weight": weight} for name, weight in WEIGHTS.items()],
            "bands": BANDS,
            "startsOn": "2026-06-01",
        }
        made = await self.done(self.officer, "proposeCreditModel", "model { id name }", **{**asked, **given})
        leader = self.server.as_("grid_leader", grid=COUNTY)
        decided = {"title": "评议模型", "text": "通过。", "decidedOn": "2026-06-02", "adopts": [made["name"]]}
        await self.done(leader, "recordResolution", "resolution { id }", grid=COUNTY, body="REPRESENTATIVES", **decided)
        await self.done(self.officer, "adoptCreditModel", "model { state }", model=made["id"])
        return str(made["id"])

    async def fill_pool(self, at: range = range(40, 60)) -> None:
        for one in at:
            person = f"Person:{self.people[one]}"
            await self.done(self.officer, "addPanelist", "panelist { id }", person=person)

    async def seated(self, appraisal: str) -> list[UUID]:
        """Who sits at the open panel of an appraisal."""
        rows = await self.fetch(
            "select m.person_id from credit.seat s join credit.panel p on p.id=s.panel_id "
            "join credit.panelist m on m.id=s.panelist_id where p.appraisal_id=$1 and p.closed_at is null "
            "and s.state='DRAWN' order by s.place",
            self.key(appraisal),
        )
        return [row["person_id"] for row in rows]

    async def score(self, appraisal: str, *values: int, most: int = 7) -> None:
        """The first members of the panel give each indicator a score, in turn of `values`."""
        for at, person in enumerate((await self.seated(appraisal))[:most]):
            scores = [{"indicator": name, "value": values[at % len(values)]} for name in WEIGHTS]
            await self.done(self.panelist(person), "scoreAppraisal", "scored", appraisal=appraisal, scores=scores)

    async def appraise(self, at: int = 0, *values: int) -> str:
        """An appraisal from asking to its grade; its id."""
        made = await self.done(self.resident(at), "requestCreditAppraisal", "appraisal { id }")
        await self.sit(made["id"], *values)
        return str(made["id"])

    async def sit(self, appraisal: str, *values: int) -> Any:
        """Draw a panel, have it score, and close it."""
        await self.done(self.officer, "drawReviewPanel", "panel { id }", appraisal=appraisal)
        await self.score(appraisal, *(values or (9, 8, 9)))
        return await self.done(
            self.officer, "closeReviewPanel", "appraisal { state grade }", appraisal=appraisal, minutes="逐项评议。"
        )

    async def apply(self, at: int = 0, **given: Any) -> Any:
        """A draft; its id and what else is asked."""
        release = {"kinds": ["POINTS", "APPRAISAL"], "expiresOn": "2027-03-31"}
        asked = {
            "product": self.product,
            "amount": "50000.00",
            "termMonths": 24,
            "purpose": "黄酒作坊",
            "release": release,
        }
        return await self.done(
            self.resident(at),
            "applyForLoan",
            "application { id number state version release { id } }",
            **{**asked, **given},
        )

    async def hand_in(self, application: str, at: int = 0) -> None:
        rows = await self.fetch(
            "select document from credit.document where application_id=$1 and given_at is null order by 1",
            self.key(application),
        )
        for row in rows:
            given = {"application": application, "document": row["document"]}
            await self.done(self.resident(at), "handInLoanDocument", "application { id }", **given)

    async def consent(self, at: int = 0) -> None:
        agreed = {"purpose": "credit.loan", "recipient": self.bank, "noticeVersion": 1}
        await self.done(self.resident(at), "giveConsent", "consent { id }", **agreed)

    async def send(self, at: int = 0, **given: Any) -> str:
        """An application that lies with the lender; its id."""
        made = await self.apply(at, **given)
        await self.hand_in(made["id"], at)
        await self.consent(at)
        await self.done(self.resident(at), "submitLoanApplication", "application { id }", application=made["id"])
        await self.done(self.resident(at), "sendLoanApplication", "application { id }", application=made["id"])
        return str(made["id"])

    async def decide(self, application: str, outcome: str = "APPROVED", **given: Any) -> Any:
        asked = {"application": application, "outcome": outcome, "reasons": ["经营稳定"], "officer": "0042"}
        return await self.done(
            self.lender, "decideApplication", "application { state decision { outcome } }", **{**asked, **given}
        )

    async def borrow(self, at: int = 0, **given: Any) -> str:
        """A loan that is paid out; its id."""
        application = await self.send(at, **given)
        await self.decide(application)
        [row] = await self.fetch("select amount from credit.application where id=$1", self.key(application))
        contract = {"contract": f"HT-{uuid4().hex[:8]}", "signedOn": "2026-06-30", "amount": str(row["amount"] / 100)}
        await self.done(self.lender, "recordLoanContract", "application { id }", application=application, **contract)
        reference = f"FK-{uuid4().hex[:8]}"
        both = {"application": application, "reference": reference}
        await self.done(self.lender, "prepareDisbursement", "application { id }", **both)
        made = await self.done(self.second, "approveDisbursement", "loan { id }", **both)
        return str(made["id"])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def county(postgres: str, small_county: str, plugins: Any, tmp_path_factory: Any) -> AsyncIterator[Town]:
    """Set up once: each test takes other people."""
    testing, name = import_module("gongzhi_server.testing"), f"test_{uuid4().hex}"
    dsn = await testing.create_database(postgres, name, small_county)
    async with testing.serve_application(dsn, tmp_path_factory.mktemp("data"), plugins=plugins) as server:
        yield await settle_town(Town(dsn, server))
    await testing.drop_database(postgres, name)


@pytest_asyncio.fixture(loop_scope="session")
async def town(county: Town) -> AsyncIterator[Town]:
    """The county, on its first day again."""
    began = county.server.clock.time
    yield county
    county.server.clock.time = began


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own_county(shared_server: Any, shared_database: str) -> Town:
    """Set up once for a module that changes what others would count: tests that use it share its people."""
    return await settle_town(Town(shared_database, shared_server))


@pytest_asyncio.fixture
async def new_county(server: Any, database: str) -> Town:
    """Set up for one test alone."""
    return await settle_town(Town(database, server))


async def settle_town(found: Town) -> Town:
    found.people = [person for (person,) in await found.fetch(PEOPLE)]
    units = await found.fetch("select u.code from units.unit u where u.valid_to is null order by u.id limit 2")
    found.bank, found.other_bank = (code for (code,) in units)
    await found.lend(found.bank)
    found.product = await found.offer(code="sanzhi")
    found.model = await found.adopt()
    await found.fill_pool()
    return found
