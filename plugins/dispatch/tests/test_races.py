"""Many dispatchers at once, over real sockets: exactly one dispatch, and the rest are told why not."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import uvicorn
from gongzhi_server.app import create_app
from gongzhi_server.testing import ESSENTIAL, Clock, Server, settings_for_tests

from .actors import POWER, ROADS, SAFETY, WATER, Desks

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNITS = POWER, WATER, ROADS, SAFETY
KNOWN = {"STALE_VERSION", "ILLEGAL_TRANSITION"}


@contextmanager
def listening(dsn: str, data: Path, clock: Clock) -> Iterator[str]:
    """The application behind uvicorn, in a thread of its own; the address it listens on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        app = create_app(settings_for_tests(dsn, data), dsn, clock, ESSENTIAL)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([door],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def race(address: str, clock: Clock, callers: int, number: str, version: int) -> list[dict[str, Any]]:
    """As many dispatchers, each with a socket, all with the version they saw."""
    limits = httpx.Limits(max_connections=callers, max_keepalive_connections=callers)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=60) as client:
        server = Server(client, clock)
        desks = [server.as_("town_dispatcher", grid="610921101", sub=f"dispatcher {at}") for at in range(callers)]
        given = {"number": number, "expectedVersion": version}
        return list(
            await asyncio.gather(
                *(
                    desk.do("dispatchCase", "case { status leadUnit { code } }", **given, leadUnit=UNITS[at % 4])
                    for at, desk in enumerate(desks)
                )
            )
        )


@pytest.mark.parametrize("callers", [40, pytest.param(200, marks=pytest.mark.slow)])
async def test_one_dispatch_of_many(desks: Desks, shared_database: str, tmp_path: Path, callers: int) -> None:
    number, clock = (await desks.accepted())["number"], desks.server.clock
    with listening(shared_database, tmp_path, clock) as address:
        replies = await race(address, clock, callers, number, 2)
        late = await race(address, clock, 5, number, 3)
    won = [reply["case"] for reply in replies if not reply["errors"]]
    assert len(won) == 1 and won[0]["status"] == "DISPATCHED"
    codes = Counter(error["code"] for reply in replies for error in reply["errors"])
    assert set(codes) <= KNOWN and codes.total() == callers - 1
    assert {error["code"] for reply in late for error in reply["errors"]} == {"ILLEGAL_TRANSITION"}
    found = await desks.state(number)
    assert found["version"] == 3 and found["steps"].count("case.dispatched") == 1
    assert [one["unit"] for one in found["workOrders"]["nodes"]] == [won[0]["leadUnit"]]


async def test_one_ruling_of_many(desks: Desks) -> None:
    """The same of a request: ten decide at once, and the term is moved once."""
    number = (await desks.handling())["number"]
    asked = await desks.town.do("requestVoiding", "approval { id }", number=number, expectedVersion=4, reason="重复")
    deciders = [desks.server.as_("county_dispatcher", grid="610921", sub=str(uuid4())) for _ in range(10)]
    replies = await asyncio.gather(
        *(
            one.do(
                "decideApproval", "case { status }", approval=asked["approval"]["id"], approve=at % 2 == 0, reason="阅"
            )
            for at, one in enumerate(deciders)
        )
    )
    assert Counter(error["code"] for reply in replies for error in reply["errors"]) == {"DUPLICATE": 9}
    assert (await desks.state(number))["steps"].count("case.voided") <= 1


async def test_at_most_one_lead(desks: Desks, shared_database: str) -> None:
    """What the commands see to, the database sees to again."""
    number = (await desks.dispatched())["number"]
    connection = await asyncpg.connect(shared_database)
    copied = """insert into dispatch.work_order
        (id, case_id, unit_id, role, state, issued_at, due_at, warn_at, extended, version)
        select gen_random_uuid(), o.case_id, u.id, 'LEAD', 'ISSUED', o.issued_at, o.due_at, o.warn_at, false, 1
        from dispatch.work_order o join cases.case c on c.id = o.case_id, units.unit u
        where c.number = $1 and u.code = $2"""
    try:
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(copied, number, WATER)
    finally:
        await connection.close()
