"""A plugin whose SQL fails: over the wire it is named, what it does not touch is answered, and health tells of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.testing import TODAY

from ..plugins.conftest import Market, market  # noqa: F401 - a fixture
from .conftest import Station, station

FAULTY = """
from gongzhi.core.events.types import CaseHappening

@hookimpl
def graphql():
    over = lambda row: Sql("1/({0}-{0})", row.version)
    wrong = lambda row: Sql("1/(length({0}::text)-length({0}::text))=1", row.id)
    ratio = expression("It divides (比值).", lambda at: over(at.row), type=int | None, requires=None)
    return [
        extend(
            Case,
            ratio=ratio,
            filter={"uneven": guard_comparison(compare_condition(lambda at: wrong(at.rows)), requires=None)},
            order={"ratio": order_by(lambda at: over(at.rows), empty=0, requires=None)},
        ),
        extend(
            CaseHappening,
            filter={"uneven": guard_comparison(compare_condition(lambda at: wrong(at.rows)), requires=None)},
        ),
    ]
"""
CASES = "query($filter: CaseFilter, $order: CaseOrder) { cases(filter: $filter, orderBy: $order) { nodes { number } } }"
HIDDEN = "division"


@pytest_asyncio.fixture
async def faulty(market: Market, filled: str, tmp_path: Path) -> AsyncIterator[Station]:  # noqa: F811
    market.ship("faulty", FAULTY)
    async with station(filled, tmp_path, market.load()) as made:
        yield made.as_("administrator")


def blamed(errors: list[dict[str, Any]]) -> Any:
    """The plugin that the one error names; it tells nothing else of ours."""
    [error] = errors
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR" and error["extensions"]["id"]
    assert HIDDEN not in str(error)
    return error["extensions"]["plugin"]


async def test_followers_are_told_all_but_the_field(faulty: Station) -> None:
    """Event after event; nothing is lost for what fails in each."""
    query = "subscription($after: String) { caseEvents(after: $after) { type case { number ratio } } }"
    follower = await faulty.follow(query)
    missing = {await faulty.report(), await faulty.report()}
    while missing:
        payload = await follower.next()
        case = payload["data"]["caseEvents"]["case"]
        assert case["ratio"] is None and blamed(payload["errors"]) == "faulty"
        missing.discard(case["number"])


async def test_failing_condition_ends_its_subscription(faulty: Station) -> None:
    """Whoever follows without it goes on."""
    query = "subscription($after: String) { caseEvents(after: $after%s) { type case { number } } }"
    other = await faulty.follow(query % "")
    follower = await faulty.follow(query % ", filter: { uneven: { equals: true } }")
    number = await faulty.report()
    assert blamed(await follower.next()) == "faulty"
    assert (await other.of(number))["type"] == "case.reported"


async def test_failing_condition_answers_nothing(faulty: Station, filled: str) -> None:
    """Where the plugin's condition is negated, too: rows that nobody asked for would be worse."""
    for condition in ({"uneven": {"equals": True}}, {"not": {"uneven": {"equals": True}}}):
        answer = await faulty.ask(CASES, filter=condition)
        assert answer.body["data"] is None and blamed(answer.errors) == "faulty"
    assert (await faulty.ask(CASES)).data["cases"]["nodes"]


async def test_failing_order_is_not_kept(faulty: Station) -> None:
    answer = await faulty.ask(CASES, order="RATIO_ASC")
    assert answer.body["data"]["cases"]["nodes"] and blamed(answer.errors) == "faulty"


async def test_health_counts_what_fails_in_operations(faulty: Station) -> None:
    """A plugin that fails three times within ten minutes is told of, until they are over."""

    async def told() -> Any:
        faulty.clock.move(seconds=11)
        return (await faulty.client.get("/health")).json()

    assert "plugins" not in await told()
    for _ in range(3):
        assert "plugins" not in await told()
        await faulty.ask(CASES, filter={"uneven": {"equals": True}})
    assert await told() == {"status": "ok", "plugins": {"faulty": "failing"}}
    [plugin] = (await faulty.ask("{ plugins { name state lastError } }")).data["plugins"]
    assert plugin == {"name": "faulty", "state": "FAILING", "lastError": "DivisionByZeroError"}
    faulty.clock.move(minutes=10)
    assert "plugins" not in await told()


async def test_refusal_is_no_failure(faulty: Station, filled: str) -> None:
    """Where the plugin is off its condition is met by nothing, and nothing fails."""
    await plugin_activation.switch_plugins(filled, ["faulty"], TODAY, active=False)
    try:
        answer = await faulty.ask(CASES, filter={"uneven": {"equals": True}})
        assert answer.data["cases"]["nodes"] == []
    finally:
        await plugin_activation.switch_plugins(filled, ["faulty"], TODAY)
