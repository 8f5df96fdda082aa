"""Requests: each has an id, which a proxy may have given it, and which the reply and the log have."""

from __future__ import annotations

import logging

import pytest
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
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gongzhi")
    for caller in (server.as_("administrator"), server):
        await caller.client.post("/graphql", json={"query": NAMED, "operationName": "Counties"}, headers=caller.headers)
    found = [one for one in caplog.records if one.getMessage() == "operation"]
    assert [(one.kind, one.outcome, one.cost > 0, one.repeats[1]) for one in found] == [  # type: ignore[attr-defined]
        ("query", "ok", True, "Counties"),
        ("query", "ok", True, None),
    ]


def test_slow_statement_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    connection_shares.log_slow_statement("select 'somebody'", 1.25)
    [record] = caplog.records
    assert record.seconds == 1.25 and len(record.statement) == 12  # type: ignore[attr-defined]
    assert "somebody" not in caplog.text
