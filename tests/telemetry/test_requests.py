"""Requests: each has an id, which a proxy may have given it, and which the reply and the log have."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from gongzhi_server.gateway.operations import Observation
from gongzhi_server.management.operation_lines import OperationLines, format_console, logging_operations
from gongzhi_server.settings import Settings
from gongzhi_server.storage import connection_shares
from gongzhi_server.testing import Server

NAMED = 'query Counties { grid(code: "610921") { name } }'


@pytest.mark.parametrize(("method", "path"), [("POST", "/graphql"), ("GET", "/health"), ("GET", "/auth/keys")])
async def test_reply_has_the_id_that_the_proxy_gave(server: Server, method: str, path: str) -> None:
    body = {"query": NAMED} if method == "POST" else None
    given = await server.client.request(method, path, json=body, headers={"x-request-id": "proxy-0123456789"})
    assert given.headers.get_list("x-request-id") == ["proxy-0123456789"]
    made = await server.client.request(method, path, json=body, headers={"x-request-id": "no id"})
    assert len(made.headers["x-request-id"]) == 16


async def test_operations_are_logged_by_name_of_who_is_signed_in(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Together and a moment later, as lines of the log are otherwise; slow ones have a warning instead."""
    app: Any = server.client._transport.app  # type: ignore[attr-defined]
    operations = app.state.operations
    settings = Settings(data=Path(), secret="", log_level="info", log="json")
    async with logging_operations(operations, settings):
        for caller in (server.as_("administrator"), server):
            body, headers = {"query": NAMED, "operationName": "Counties"}, {"x-request-id": "proxy-0123456789"}
            await caller.client.post("/graphql", json=body, headers=caller.headers | headers)
        operations.observers[-1](Observation("Slow", "query", "timeout", 30.0, 1))
        assert capsys.readouterr().err == ""
    found = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [one.pop("operation", None) for one in found] == ["Counties", None]
    for one in found:
        at = datetime.fromisoformat(one.pop("time"))
        assert abs(at.timestamp() - time.time()) < 60 and at.utcoffset() == timedelta(hours=8)
        assert one.pop("seconds") > 0 and one.pop("cost") > 0 and one.pop("account", "") is not None
        assert one == {
            "level": "info", "logger": "gongzhi", "message": "operation", "request": "proxy-0123456789",
            "kind": "query", "outcome": "ok",
        }  # fmt: skip


async def test_operations_are_logged_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    lines = OperationLines(format_console, slow=1.0)
    for seconds in (0.25, 1.5):
        lines.observe(Observation(None, "query", "ok", seconds, 7))
    lines.write()
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("kind=query outcome=ok seconds=0.25 cost=7") and " INFO operation " in line


def test_slow_statement_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    connection_shares.log_slow_statement("select 'somebody'", 1.25)
    [record] = caplog.records
    assert record.seconds == 1.25 and len(record.statement) == 12  # type: ignore[attr-defined]
    assert "somebody" not in caplog.text
