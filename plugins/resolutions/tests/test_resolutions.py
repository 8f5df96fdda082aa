"""Resolutions: recorded by an office, read by anybody, revoked once; and which rules they adopt where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi.core.grids.models import GridRow
from gongzhi_resolutions.records import find_adoption
from gongzhi_server.storage.database import open_tortoise, tortoise_config
from gongzhi_server.testing import Server
from tortoise.transactions import in_transaction

COUNTY, TOWN, VILLAGE = "610921", "610921101", "610921101222"
GIVEN = {
    "grid": VILLAGE, "body": "REPRESENTATIVES", "title": "积分细则", "text": "通过本村积分细则。",
    "decidedOn": "2026-06-20", "adopts": ["points.village/3"],
}  # fmt: skip
RESOLUTION = """resolution { id body title text decidedOn adopts votesFor votesAgainst abstentions
  recordedAt revokedAt grid { code } }"""
LISTED = "{ resolutions(first: 50) { nodes { id title revokedAt } } }"


@pytest.fixture
def leader(server: Server) -> Server:
    return server.as_("grid_leader", grid=VILLAGE)


async def record(leader: Server, **more: Any) -> dict[str, Any]:
    payload = await leader.do("recordResolution", RESOLUTION, **{**GIVEN, **more})
    assert payload["errors"] == [], payload
    return dict(payload["resolution"])


async def test_anybody_reads_what_was_decided(leader: Server, server: Server) -> None:
    """With its votes, in the village and above it, and in no other village."""
    made = await record(leader, votesFor=31, votesAgainst=2, abstentions=0)
    assert made["grid"] == {"code": VILLAGE} and made["recordedAt"] == "2026-06-30T02:00:00+00:00"
    assert (made["votesFor"], made["votesAgainst"], made["abstentions"]) == (31, 2, 0)
    assert {name: made[name] for name in GIVEN if name != "grid"} == {k: v for k, v in GIVEN.items() if k != "grid"}
    shown = "query($g: String!) { grid(code: $g) { resolutions(first: 9) { nodes { id } } } }"
    for grid, there in ((VILLAGE, True), (TOWN, True), (COUNTY, True), ("610921100", False)):
        found = (await server.ask(shown, g=grid)).data["grid"]["resolutions"]["nodes"]
        assert ({"id": made["id"]} in found) is there, grid


async def test_votes_may_be_left_out(leader: Server) -> None:
    made = await record(leader, adopts=[])
    assert (made["votesFor"], made["votesAgainst"], made["abstentions"], made["adopts"]) == (None, None, None, [])


async def test_the_last_day_comes_first(leader: Server, server: Server) -> None:
    for day in ("2026-05-01", "2026-06-29", "2026-06-01"):
        await record(leader, decidedOn=day, title=day)
    titles = [one["title"] for one in (await server.ask(LISTED)).data["resolutions"]["nodes"]]
    ours = [one for one in titles if one.startswith("2026-")]
    assert ours == ["2026-06-29", "2026-06-01", "2026-05-01"]
    asked = '{ resolutions(filter: { grid: { within: "%s" }, body: { equals: %s } }) { totalCount } }'
    counts = [
        (await server.ask(asked % (VILLAGE, body))).data["resolutions"]["totalCount"]
        for body in ("REPRESENTATIVES", "COUNCIL")
    ]
    assert counts == [3, 0]


async def test_sent_again_it_is_recorded_once(leader: Server, server: Server) -> None:
    answers = await asyncio.gather(*(record(leader, idempotencyKey="same") for _ in range(3)))
    assert len({one["id"] for one in answers}) == 1
    titles = [one["title"] for one in (await server.ask(LISTED)).data["resolutions"]["nodes"]]
    assert titles.count(GIVEN["title"]) == 1


async def test_revoked_the_first_time(leader: Server, server: Server) -> None:
    """It stays to be read, with the moment; it is not revoked again, which would move that."""
    made = await record(leader)
    first = await leader.do("revokeResolution", RESOLUTION, resolution=made["id"])
    assert first["errors"] == [] and first["resolution"]["revokedAt"] == "2026-06-30T02:00:00+00:00"
    server.clock.move(hours=1)
    leader = server.as_("grid_leader", grid=VILLAGE)
    again = await leader.do("revokeResolution", RESOLUTION, resolution=made["id"])
    assert [(one["code"], one["path"]) for one in again["errors"]] == [("ILLEGAL_TRANSITION", ["resolution"])]
    [kept] = [one for one in (await server.ask(LISTED)).data["resolutions"]["nodes"] if one["id"] == made["id"]]
    assert kept["revokedAt"] == "2026-06-30T02:00:00+00:00"


BAD: tuple[tuple[dict[str, Any], str, list[str]], ...] = (
    ({"grid": "610921100"}, "FORBIDDEN", ["grid"]),  # another town
    ({"grid": TOWN}, "FORBIDDEN", ["grid"]),  # the town above
    ({"grid": "nowhere"}, "NOT_FOUND", ["grid"]),
    ({"title": " "}, "BAD_USER_INPUT", ["title"]),
    ({"title": "题" * 201}, "BAD_USER_INPUT", ["title"]),
    ({"text": ""}, "BAD_USER_INPUT", ["text"]),
    ({"decidedOn": "2026-07-01"}, "BAD_USER_INPUT", ["decidedOn"]),
    ({"adopts": ["points.village"]}, "BAD_USER_INPUT", ["adopts"]),  # of which version?
    ({"adopts": ["Points/3"]}, "BAD_USER_INPUT", ["adopts"]),
    ({"adopts": [f"points.village/{at}" for at in range(21)]}, "BAD_USER_INPUT", ["adopts"]),
    ({"votesFor": 3}, "BAD_USER_INPUT", ["votesFor"]),
    ({"votesFor": 3, "votesAgainst": -1, "abstentions": 0}, "BAD_USER_INPUT", ["votesFor"]),
)


async def test_bad_resolutions(leader: Server, server: Server) -> None:
    before = (await server.ask("{ resolutions { totalCount } }")).data
    for change, code, path in BAD:
        payload = await leader.do("recordResolution", RESOLUTION, **{**GIVEN, **change})
        assert payload["resolution"] is None, change
        assert [(one["code"], one["path"]) for one in payload["errors"]] == [(code, path)], change
    assert (await server.ask("{ resolutions { totalCount } }")).data == before


async def test_all_faults_are_told_at_once(leader: Server) -> None:
    payload = await leader.do("recordResolution", RESOLUTION, **{**GIVEN, "title": "", "text": "", "adopts": ["x"]})
    assert [one["path"] for one in payload["errors"]] == [["title"], ["text"], ["adopts"]]


async def test_offices_record_and_revoke(leader: Server, server: Server) -> None:
    """Of the place, and nobody else: not its workers, its residents, nor the leader of another village."""
    made = await record(leader)
    document = "mutation($i: %s!) { %s(input: $i) { errors { code } } }"
    revoked = {"idempotencyKey": str(uuid4()), "resolution": made["id"]}
    for caller in (server, server.as_("resident"), server.as_("grid_worker", grid=VILLAGE)):
        for name, given in (
            ("recordResolution", {"idempotencyKey": str(uuid4()), **GIVEN}),
            ("revokeResolution", revoked),
        ):
            answer = await caller.ask(document % (f"{name[0].upper()}{name[1:]}Input", name), i=given)
            assert answer.codes in (["FORBIDDEN"], ["UNAUTHENTICATED"]), answer.body
    other = server.as_("grid_leader", grid="610921100")
    payload = await other.do("revokeResolution", RESOLUTION, resolution=made["id"])
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("FORBIDDEN", ["resolution"])]
    unknown = await leader.do("revokeResolution", RESOLUTION, resolution="Resolution:nothing")
    assert [(one["code"], one["path"]) for one in unknown["errors"]] == [("NOT_FOUND", ["resolution"])]


class Reader:
    """What `find_adoption` asks of a call."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def fetch(self, sql: str, *values: Any) -> Any:
        return await self.connection.execute_query_dict(sql, list(values))


@asynccontextmanager
async def reading(dsn: str) -> AsyncIterator[Any]:
    async with open_tortoise(tortoise_config(dsn, size=1)), in_transaction() as connection:
        yield Reader(connection)


async def adoption(dsn: str, rule: str, grid: str) -> str | None:
    """The title of the resolution by which a rule holds in a grid."""
    async with reading(dsn) as call:
        place = await GridRow.get(code=grid, valid_to=None)
        found = await find_adoption(call, rule, place.id)
        return found.title if found else None


async def test_what_is_adopted_holds_below(leader: Server, server: Server, database: str) -> None:
    """There and below, by the last that was decided and is in force; not above, nor beside."""
    town = server.as_("grid_leader", grid=TOWN)
    await record(town, grid=TOWN, title="镇", decidedOn="2026-01-01")
    for grid, title in ((TOWN, "镇"), (VILLAGE, "镇"), (COUNTY, None), ("610921100", None)):
        assert await adoption(database, "points.village/3", grid) == title, grid
    assert await adoption(database, "points.village/4", VILLAGE) is None  # another version
    made = await record(leader, title="村", decidedOn="2026-06-01")
    assert await adoption(database, "points.village/3", VILLAGE) == "村"
    assert await adoption(database, "points.village/3", TOWN) == "镇"
    await leader.do("revokeResolution", RESOLUTION, resolution=made["id"])
    assert await adoption(database, "points.village/3", VILLAGE) == "镇"


async def test_a_rule_is_adopted_once_each(leader: Server, database: str) -> None:
    made = await record(leader, adopts=["points.village/3", "points.shop/1", "points.village/3"])
    assert made["adopts"] == ["points.village/3", "points.shop/1"]
    connection = await asyncpg.connect(database)
    try:
        row = await connection.fetchrow("select * from resolutions.resolution where title=$1", GIVEN["title"])
    finally:
        await connection.close()
    assert (row["account"], row["decided_on"]) == (f"grid_leader-{VILLAGE}", date(2026, 6, 20))
