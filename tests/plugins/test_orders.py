"""Orders that plugins add to lists of others: whole, page by page, and for whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.graphql.schema import Schema
from gongzhi_server.testing import ESSENTIAL, TODAY, Server, serve_application

from .conftest import Market

LUCK = """
@hookimpl
def permissions():
    return [Permission("luck.view", "See it (查看).", frozenset({"grid_worker"}))]

@hookimpl
def graphql():
    last = lambda at: Sql("nullif(right({0},1),'4')::int", at.rows.number)
    word = lambda at: Sql("nullif(right({0},1),'4')", at.rows.number)
    return [
        extend(
            Household,
            order={
                "luck": order_by(last, empty=-1, requires="luck.view"),
                "word": order_by(word, empty="", requires=None),
                "fate": order_by(lambda at: Sql("1/({0}-{0})", at.rows.version), empty=0, requires=None),
            },
        )
    ]
"""
LIST = """query($order: HouseholdOrder, $first: Int, $last: Int, $after: String, $before: String) {
  households(orderBy: $order, first: $first, last: $last, after: $after, before: $before) {
    nodes { id number } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
  }
}"""


@pytest_asyncio.fixture
async def lucky(market: Market, filled: str, tmp_path: Path) -> AsyncIterator[Server]:
    market.ship("luck", LUCK)
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        yield server.as_("grid_worker", grid="610921100")


async def list_households(caller: Server, **given: Any) -> dict[str, Any]:
    return (await caller.ask(LIST, **given)).data["households"]  # type: ignore[no-any-return]


def luck(household: dict[str, Any]) -> int:
    """The last digit of its number; four is no luck at all."""
    digit = int(household["number"][-1])
    return -1 if digit == 4 else digit


async def list_all_pages(caller: Server, order: str, size: int = 100) -> list[dict[str, Any]]:
    """The list, page by page."""
    page = await list_households(caller, order=order, first=size)
    found = page["nodes"]
    while page["pageInfo"]["hasNextPage"]:
        page = await list_households(caller, order=order, first=size, after=page["pageInfo"]["endCursor"])
        found = [*found, *page["nodes"]]
    assert len(found) == page["totalCount"]
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("order", ["LUCK", "WORD"])
async def test_rows_come_in_a_plugins_order(lucky: Server, order: str) -> None:
    up = await list_all_pages(lucky, f"{order}_ASC")
    keys = [(luck(one), one["id"]) for one in up]
    assert len(up) > 20 and len(set(map(luck, up))) > 5 and keys == sorted(keys)
    assert await list_all_pages(lucky, f"{order}_DESC") == up[::-1]
    assert (await list_households(lucky, order=f"{order}_ASC", last=7))["nodes"] == up[-7:]


async def test_pages_leave_nothing_out(lucky: Server) -> None:
    rows = await list_all_pages(lucky, "LUCK_DESC")
    assert await list_all_pages(lucky, "LUCK_DESC", 41) == rows
    page = await list_households(lucky, order="LUCK_DESC", last=3)
    back = await list_households(lucky, order="LUCK_DESC", last=5, before=page["pageInfo"]["startCursor"])
    assert back["nodes"] == rows[-8:-3]
    wrong = await lucky.ask(LIST, order="LUCK_DESC", first=9, after="WyJ4IiwieSJd")
    assert wrong.codes == ["BAD_USER_INPUT"]


async def test_order_needs_its_permission(lucky: Server) -> None:
    refused = await lucky.as_("auditor").ask(LIST, order="LUCK_ASC")
    assert refused.codes == ["FORBIDDEN"] and refused.errors[0]["extensions"]["permission"] == "luck.view"


async def test_order_is_nothing_where_the_plugin_is_off(lucky: Server, filled: str) -> None:
    await plugin_activation.switch_plugins(filled, ["luck"], TODAY, active=False)
    rows = (await list_households(lucky, order="LUCK_ASC", first=50))["nodes"]
    assert [one["id"] for one in rows] == sorted(one["id"] for one in rows)


async def test_failing_order_names_its_plugin(lucky: Server) -> None:
    """The rows come in the usual order, and the answer says that it is not the one asked for."""
    usual = await list_households(lucky, first=10)
    answer = await lucky.ask(LIST, order="FATE_ASC", first=10)
    assert answer.body["data"]["households"]["nodes"] == usual["nodes"]
    assert [one["extensions"]["plugin"] for one in answer.errors] == ["luck"]


def test_order_stays_in_its_schema(market: Market) -> None:
    market.ship("luck", LUCK)
    assert 'LUCK_ASC @from(plugin: "luck")' in market.schema().as_str()
    assert "LUCK_ASC" not in Schema(ESSENTIAL.extensions).as_str()
