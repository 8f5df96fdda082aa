"""The bounds of filters hold by whichever way an operation comes in."""

from __future__ import annotations

import json
from typing import Any

from gongzhi_server.testing import Server

FILTER = {"or": [{"open": {"equals": True}}] * 30}
TWICE = "query($f: CaseFilter) { a: cases(filter: $f) { totalCount } b: cases(filter: $f) { totalCount } }"
LIMIT = "limits.stranger_conditions"


def limits(answer: Any) -> list[str]:
    return [one["extensions"].get("limit") for one in answer["errors"]]


async def test_every_way_in_is_bounded(server: Server) -> None:
    given = {"query": TWICE, "variables": {"f": FILTER}}
    assert limits((await server.client.post("/graphql", json=given)).json()) == [LIMIT]
    url = {"query": TWICE, "variables": json.dumps(given["variables"])}
    assert limits((await server.client.get("/graphql", params=url)).json()) == [LIMIT]
    events = await server.client.post("/graphql", json=given, headers={"accept": "text/event-stream"})
    data = next(line for line in events.text.splitlines() if line.startswith("data: "))
    assert limits(json.loads(data.removeprefix("data: "))) == [LIMIT]
    signed = server.as_("administrator")
    assert "errors" not in (await server.client.post("/graphql", json=given, headers=signed.headers)).json()
