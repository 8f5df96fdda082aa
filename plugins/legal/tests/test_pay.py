"""What mediators are due: no case is counted twice or lost, whoever mediated last has it, and it never changes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="module")
COUNTY, TOWN, NEXT_TOWN = "610921", "610921100", "610921102"
SUBSIDIES = """query($grid: String!, $since: Date!, $before: Date!) {
  mediationSubsidies(grid: $grid, since: $since, before: $before) { adviser written oral failed amount } }"""
USUAL = {"WRITTEN_AGREEMENT": 200, "ORAL_AGREEMENT": 50, "FAILED": 30, "REFERRED": 30}
COUNTED = {"WRITTEN_AGREEMENT": "written", "ORAL_AGREEMENT": "oral", "FAILED": "failed", "REFERRED": "failed"}
WHOLE = (date(2026, 1, 1), date(2028, 1, 1))


@pytest_asyncio.fixture(name="town")
async def town_fixture(shared_town: Any) -> Any:
    return shared_town


@pytest.fixture(autouse=True)
def time_of_its_own(shared_town: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test has a time of its own, so that what is counted in it is what was done in it."""
    clock = shared_town.server.clock
    before, clock.time = clock.time, STARTS[request.node.name]
    yield
    clock.time = before


STARTS = {
    "test_years_of_cases_and_rates[1]": datetime(2026, 7, 10, 2, tzinfo=UTC),
    "test_years_of_cases_and_rates[2]": datetime(2026, 8, 10, 2, tzinfo=UTC),
    "test_last_mediator_is_paid_and_alone": datetime(2026, 9, 10, 2, tzinfo=UTC),
    "test_nothing_is_paid_for_what_a_party_ended": datetime(2026, 9, 21, 2, tzinfo=UTC),
    "test_towns_sum_to_the_county": datetime(2026, 10, 12, 2, tzinfo=UTC),
    "test_parts_sum_to_the_whole": datetime(2026, 11, 30, 2, tzinfo=UTC),
    "test_rates_hold_each_from_its_moment": datetime(2026, 10, 26, 2, tzinfo=UTC),
    "test_numbers_begin_anew_with_the_year": datetime(2027, 12, 30, 2, tzinfo=UTC),
}


async def ask(town: Any, grid: str, span: tuple[date, date], caller: Any = None) -> dict[str, dict[str, Any]]:
    given = {"grid": grid, "since": span[0].isoformat(), "before": span[1].isoformat()}
    answer = await (caller or town.manager).ask(SUBSIDIES, **given)
    return {one["adviser"]: one for one in answer.data["mediationSubsidies"]}


def total(found: dict[str, dict[str, Any]]) -> Decimal:
    return sum((Decimal(one["amount"]) for one in found.values()), Decimal(0))


async def begin(town: Any, mediator: str) -> str:
    """A mediation that a party began with a mediator of their choice; nothing else is needed to end it."""
    parties = [{"person": town.person(0)}, {"name": "甲某", "phone": "13800000000"}]
    made = await town.resident(0).do(
        "requestMediation", "mediation { id }", disputeType="NEIGHBOR", parties=parties, rightsAcknowledged=True,
        mediators=[town.advisers[mediator]],
    )  # fmt: skip
    assert made["errors"] == [], made
    return str(made["mediation"]["id"])


async def end(town: Any, id: str, outcome: str, mediator: str) -> None:
    """End a mediation, by an agreement or without one."""
    if not outcome.endswith("AGREEMENT"):
        given = {"reason": "分歧过大"} | ({"referredTo": "COURT"} if outcome == "REFERRED" else {})
        done = await town.mediator(mediator).do("endMediation", "", mediation=id, outcome=outcome, **given)
        assert done["errors"] == [], done
        return
    seen = await town.see(id, town.mediator(mediator))
    joined = await town.mediator(mediator).do(
        "joinMediation", "", mediation=id, party=seen["parties"][1]["id"], agree=True, rightsAcknowledged=True
    )
    assert joined["errors"] == [], joined
    seen = await town.see(id, town.mediator(mediator))
    first, second = [one["id"] for one in seen["parties"]]
    done = await town.mediator(mediator).do(
        "recordAgreement", "", mediation=id, form=outcome.partition("_")[0], facts="越界。",
        terms=[{"text": "拆除。", "obligor": second}], signatures=[{"party": first}, {"party": second}],
        expectedVersion=seen["version"],
    )  # fmt: skip
    assert done["errors"] == [], done


async def set_rate(town: Any, outcome: str, amount: Decimal) -> None:
    done = await town.manager.do("setMediationRate", "", grid=COUNTY, outcome=outcome, amount=str(amount))
    assert done["errors"] == []


@pytest.mark.parametrize("seed", [1, 2])
async def test_years_of_cases_and_rates(town: Any, seed: int) -> None:
    """Cases end and rates are set in any order: each case at the rate of its moment, and no sum of before changes."""
    chance, rates = random.Random(seed), dict(USUAL)
    await town.fetch("delete from legal.rate")
    began = town.server.clock.time.date()
    due: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("village", "town")}
    money: dict[str, Decimal] = {name: Decimal(0) for name in counts}
    past = await ask(town, COUNTY, (WHOLE[0], began))
    town.server.clock.move(days=1)
    since = town.server.clock.time.date()
    for _ in range(14):
        town.server.clock.move(hours=chance.choice((1, 5, 30)))
        outcome = chance.choice(list(USUAL))
        if chance.random() < 0.4:
            rates[outcome] = Decimal(chance.randrange(0, 500_000)) / 100
            await set_rate(town, outcome, rates[outcome])
            continue
        who = chance.choice(list(counts))
        await end(town, await begin(town, who), outcome, who)
        counts[who][COUNTED[outcome]] += 1
        money[who] += Decimal(rates[outcome])
        due[who] += 1
        found = await ask(town, COUNTY, (since, town.server.clock.time.date() + timedelta(days=2)))
        for name, counted in counts.items():
            if due[name]:
                assert {kind: found[name][kind] for kind in counted} == counted
                assert Decimal(found[name]["amount"]) == money[name]
    assert await ask(town, COUNTY, (WHOLE[0], began)) == past, "what was due before is due still"


async def test_parts_sum_to_the_whole(town: Any) -> None:
    """However a time is cut, each case is in one part: at midnight in China, at the end of a month, on a leap day."""
    moments = [
        datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC),  # the last second of November in China
        datetime(2026, 11, 30, 16, 0, tzinfo=UTC),  # the first of December
        datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 31, 16, 0, tzinfo=UTC),
    ]
    for at in moments:
        town.server.clock.time = at
        await end(town, await begin(town, "village"), "FAILED", "village")
    for day, count in (
        (date(2026, 11, 30), 1), (date(2026, 12, 1), 1), (date(2026, 12, 31), 1), (date(2027, 1, 1), 1),
    ):  # fmt: skip
        found = await ask(town, COUNTY, (day, day + timedelta(days=1)))
        assert found["village"]["failed"] == count, day
    span = (date(2026, 11, 1), date(2027, 2, 1))
    whole = await ask(town, COUNTY, span)
    chance = random.Random(7)
    for _ in range(4):
        cuts = sorted({span[0] + timedelta(days=chance.randrange(1, 90)) for _ in range(4)})
        edges = [span[0], *cuts, span[1]]
        parts = [await ask(town, COUNTY, pair) for pair in zip(edges, edges[1:], strict=False)]
        assert sum(map(total, parts), Decimal(0)) == total(whole), edges
        assert sum(one.get("village", {"failed": 0})["failed"] for one in parts) == whole["village"]["failed"]
    assert await ask(town, COUNTY, (span[0], span[0])) == {}, "no day, no case"
    assert await ask(town, COUNTY, (span[1], span[0])) == {}, "nor backwards"


async def test_last_mediator_is_paid_and_alone(town: Any) -> None:
    """Whoever mediated when it ended: not who did before, not the second, and no expert."""
    since = town.server.clock.time.date()
    span = (since, since + timedelta(days=1))
    # Given to the level above: those below have nothing of it.
    raised = await begin(town, "village")
    await town.mediator().do("escalateMediation", "", mediation=raised, reason="需上级协调")
    await end(town, raised, "FAILED", "town")
    # Chosen by the parties in the course of it.
    chosen = await begin(town, "village")
    await town.resident(0).do("chooseMediators", "", mediation=chosen, mediators=[town.advisers["county"]])
    await end(town, chosen, "ORAL_AGREEMENT", "county")
    # With an expert, who supports and is not paid by case.
    helped = await begin(town, "village")
    asked = await town.mediator().do("inviteMediationExpert", "", mediation=helped, expert=town.advisers["lawyer"])
    assert asked["errors"] == []
    await end(town, helped, "FAILED", "village")
    # Of two who mediate together one is paid, and the case is counted once.
    both = [town.advisers["town"], town.advisers["county"]]
    await town.resident(0).do("chooseMediators", "", mediation=(pair := await begin(town, "village")), mediators=both)
    await end(town, pair, "FAILED", "county")
    found = await ask(town, COUNTY, span)
    assert found.keys() == {"village", "town", "county"}
    assert sum(one["failed"] for one in found.values()) == 3 and found["county"]["oral"] == 1
    assert found["village"]["failed"] == 1 and found["town"]["failed"] + found["county"]["failed"] == 2


async def test_nothing_is_paid_for_what_a_party_ended(town: Any) -> None:
    since = town.server.clock.time.date()
    for outcome in ("WITHDRAWN", "REFUSED"):
        id = await begin(town, "village")
        done = await town.resident(0).do("endMediation", "", mediation=id, outcome=outcome)
        assert done["errors"] == []
    assert await ask(town, COUNTY, (since, since + timedelta(days=1))) == {}


async def test_towns_sum_to_the_county(town: Any) -> None:
    """A case is its town's and its county's; whoever answers for another place is told of none of it."""
    since = town.server.clock.time.date()
    span = (since, since + timedelta(days=1))
    await end(town, await begin(town, "village"), "FAILED", "village")
    await town.appoint("far", NEXT_TOWN)
    parties = [{"name": "甲某", "phone": "13800000000"}, {"name": "乙某", "phone": "13900000000"}]
    worker = town.server.as_("grid_worker", grid=NEXT_TOWN)
    made = await worker.do(
        "requestMediation", "mediation { id }", grid=NEXT_TOWN, disputeType="NEIGHBOR", parties=parties,
        rightsAcknowledged=True,
    )  # fmt: skip
    [(id,)] = await town.fetch("select id from legal.mediation order by id desc limit 1")
    assert made["errors"] == []
    await end(town, f"Mediation:{id}", "REFERRED", "far")
    near, far, whole = [await ask(town, grid, span) for grid in (TOWN, NEXT_TOWN, COUNTY)]
    assert near.keys() == {"village"} and far.keys() == {"far"}
    assert total(near) + total(far) == total(whole)
    clerk = town.server.as_("legal_manager", grid=NEXT_TOWN)
    assert await ask(town, COUNTY, span, clerk) == far, "of the county they are told their own town's"
    assert await ask(town, TOWN, span, clerk) == {}
    for caller in (town.server, town.resident(0), town.mediator(), town.worker):
        answer = await caller.ask(SUBSIDIES, grid=COUNTY, since="2026-01-01", before="2027-01-01")
        assert answer.codes == ["FORBIDDEN"]


async def test_numbers_begin_anew_with_the_year(town: Any) -> None:
    """By the year of China, whatever year it is elsewhere."""
    numbers = []
    for at in (datetime(2027, 12, 31, 15, 59, tzinfo=UTC), datetime(2027, 12, 31, 16, 1, tzinfo=UTC)):
        town.server.clock.time = at
        id = await begin(town, "village")
        await end(town, id, "ORAL_AGREEMENT", "village")
        numbers.append((await town.see(id))["agreement"]["number"])
    assert numbers[0].startswith("〔2027〕610921") and numbers[1] == "〔2028〕610921人调字第00001号"


async def test_rates_hold_each_from_its_moment(town: Any) -> None:
    """One of before rates had moments holds for all; one set twice in a moment is the second; nothing costs nothing."""
    await town.fetch("delete from legal.rate")
    await town.fetch(
        "insert into legal.rate (id, grid_id, outcome, fen, since) select gen_random_uuid(), id, 'FAILED', 7700, "
        "'2000-01-01T00:00:00+08:00' from grids.grid where code='610921'"
    )
    since = town.server.clock.time.date()
    span, amounts = (since, since + timedelta(days=1)), []
    for rates in ((), ("12.34",), ("0", "45.60"), ("0",)):
        for amount in rates:
            await set_rate(town, "FAILED", Decimal(amount))
        town.server.clock.move(minutes=1)
        await end(town, await begin(town, "village"), "FAILED", "village")
        amounts.append(Decimal((await ask(town, COUNTY, span))["village"]["amount"]))
    paid = [one - before for one, before in zip(amounts, [Decimal(0), *amounts], strict=False)]
    assert paid == [Decimal("77"), Decimal("12.34"), Decimal("45.60"), Decimal("0")]
    rows = await town.fetch("select count(*) n, count(distinct since) moments from legal.rate")
    assert tuple(rows[0]) == (4, 4), "each that held is there still"
