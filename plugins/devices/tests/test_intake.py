"""Batches over HTTP: what cannot be taken is named entry by entry, and the rest is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from gongzhi_devices.intake import LONGEST, MOST

from .conftest import COUNTY, ELSEWHERE, VILLAGE, Network

pytestmark = pytest.mark.asyncio(loop_scope="module")
README = Path(__file__).parents[1] / "README.md"
COUNT = "select count(*)::int n from devices.reading"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def code(network: Network) -> str:
    """A device that readings are reported of."""
    return (await network.register(await network.kind()))[1]


AT = "2026-06-30T09:00:00+08:00"
GOOD = {"device": ":code", "measure": "level", "value": 1, "at": AT}
BAD: list[tuple[Any, str, str]] = [
    (5, "", "BAD_USER_INPUT"),
    ([], "", "BAD_USER_INPUT"),
    ({**GOOD, "photo": "aGVsbG8="}, "", "BAD_USER_INPUT"),
    ({**GOOD, "longitude": 108.5}, "", "BAD_USER_INPUT"),
    ({**GOOD, "device": None}, "device", "BAD_USER_INPUT"),
    ({**GOOD, "device": "x" * 61}, "device", "BAD_USER_INPUT"),
    ({**GOOD, "device": "a\u0000"}, "device", "BAD_USER_INPUT"),
    ({**GOOD, "device": "unknown"}, "device", "NOT_FOUND"),
    ({**GOOD, "measure": "pressure"}, "measure", "NOT_FOUND"),
    ({**GOOD, "measure": "opened"}, "measure", "NOT_FOUND"),
    ({**GOOD, "measure": ["level"]}, "measure", "BAD_USER_INPUT"),
    ({**GOOD, "value": "1"}, "value", "BAD_USER_INPUT"),
    ({**GOOD, "value": True}, "value", "BAD_USER_INPUT"),
    ({**GOOD, "value": 1e15}, "value", "BAD_USER_INPUT"),
    ({**GOOD, "value": None}, "value", "BAD_USER_INPUT"),
    ({**GOOD, "at": "2026-06-30T09:00:00"}, "at", "BAD_USER_INPUT"),
    ({**GOOD, "at": "2026-06-30T10:06:00+08:00"}, "at", "BAD_USER_INPUT"),
    ({**GOOD, "at": "2026-06-01T09:00:00+08:00"}, "at", "BAD_USER_INPUT"),
    ({**GOOD, "at": 1782781200}, "at", "BAD_USER_INPUT"),
    ({**GOOD, "at": "9999-12-31T23:59:59-23:59"}, "at", "BAD_USER_INPUT"),
    ({**GOOD, "at": None}, "sequence", "BAD_USER_INPUT"),
    ({**GOOD, "sequence": -1}, "sequence", "BAD_USER_INPUT"),
    ({**GOOD, "sequence": 1.5}, "sequence", "BAD_USER_INPUT"),
    ({**GOOD, "sequence": 2**63}, "sequence", "BAD_USER_INPUT"),
    ({"device": ":code", "alarm": "opened", "active": "yes", "at": AT}, "active", "BAD_USER_INPUT"),
    ({"device": ":code", "alarm": "level", "at": AT}, "alarm", "NOT_FOUND"),
    ({"device": ":code", "alarm": "opened", "value": 1, "at": AT}, "active", "BAD_USER_INPUT"),
]


def put(entry: Any, code: str) -> Any:
    return {**entry, "device": code} if isinstance(entry, dict) and entry.get("device") == ":code" else entry


async def test_what_is_wrong_is_named_and_the_rest_is_kept(network: Network, code: str) -> None:
    entries = [put(entry, code) for entry, _, _ in BAD]
    # In the middle, so that the entries behind one that is wrong are looked at.
    entries.insert(7, put(GOOD, code))
    body = (await network.post(entries)).json()
    assert (body["new"], body["repeated"]) == (1, 0)
    found = [(one["entry"] - (one["entry"] > 7), one["field"], one["code"]) for one in body["errors"]]
    assert found == [(at, field, code) for at, (_, field, code) in enumerate(BAD)]
    said = (await network.post(entries[:3], headers={"accept-language": "zh"})).json()["errors"]
    assert all(one["message"] and not one["message"].isascii() for one in said)


async def test_lines_are_a_batch_as_well(network: Network, code: str) -> None:
    lines = "\n".join(json.dumps(put({**GOOD, "at": AT.replace(":00:00", f":0{at}:00")}, code)) for at in range(1, 4))
    sent = {"content": lines + "\n\n", "headers": {"content-type": "application/x-ndjson; charset=utf-8"}}
    assert (await network.post(None, **sent)).json() == {"new": 3, "repeated": 0, "errors": []}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"[1", b"\xff", b"[" * 100_000, json.dumps([0] * (MOST + 1))])
async def test_no_batch_is_refused(network: Network, code: str, body: Any) -> None:
    [before] = await network.fetch(COUNT)
    reply = await network.post(None, content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 400 and reply.json()["errors"][0]["message"]
    assert await network.fetch(COUNT) == [before]


async def test_who_may_not_report_learns_nothing(network: Network, code: str) -> None:
    """Nor does somebody else's system, to which the device is one that is not there."""
    entry = [put({**GOOD, "at": "2026-06-30T08:00:00+08:00"}, code)]
    assert (await network.post(entry, network.server)).status_code == 401
    for caller in (network.manager, network.keeper, network.server.as_("resident", grid=VILLAGE)):
        assert (await network.post(entry, caller)).status_code == 403
    other = network.server.as_("integrator", grid=ELSEWHERE, sub="other")
    body = (await network.post(entry, other)).json()
    assert body["new"] == 0 and [(one["field"], one["code"]) for one in body["errors"]] == [("device", "NOT_FOUND")]
    for county in ("610922", VILLAGE, "x"):
        assert (await network.post(entry, county=county)).status_code == 404
    long = b"[" + b" " * LONGEST + b"]"
    assert (await network.post(None, content=long)).status_code == 413
    reply = await network.system.client.get(f"/x/devices/{COUNTY}/readings", headers=network.system.headers)
    assert reply.status_code == 405


async def test_where_it_is_off_nothing_is_taken(network: Network, code: str) -> None:
    administrator = network.server.as_("administrator", grid=COUNTY)
    for active, status in ((False, 404), (True, 200)):
        given = {"plugin": "devices", "county": COUNTY, "active": active}
        await network.done(administrator, "setPluginActivation", "activation { active }", **given)
        entry = put({**GOOD, "at": "2026-06-30T07:00:00+08:00"}, code)
        assert (await network.post([entry])).status_code == status


async def test_the_page_as_written(network: Network) -> None:
    """The entries that the page shows are taken of a sluice, as they stand there."""
    [shown] = re.findall(r"```json\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    entries = json.loads(shown)
    await network.account("keeper")
    for one in {each["device"]: each for each in entries}.values():
        kind = "hydrant" if "alarm" in one else "sluice"
        await network.register(kind, code=one["device"])
    assert (await network.post(entries)).json() == {"new": len(entries), "repeated": 0, "errors": []}
