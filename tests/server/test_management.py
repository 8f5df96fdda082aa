"""Management: what orchestrators and Prometheus are told of a process, on a port that callers do not have."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
import yaml
from gongzhi_server.app import create_app
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.management import operation_names
from gongzhi_server.management.serving import answer_probes
from gongzhi_server.serve import bind_socket
from gongzhi_server.settings import Settings
from gongzhi_server.testing import ESSENTIAL, SECRET, TODAY, Clock, built_schema, settings_for_tests, sibling_dsn

from benchmarks.ports import find_free_port

ROOT = Path(__file__).parents[2]
COUNTIES = 'query Counties { grid(code: "610921") { name } }'


@dataclass
class Process:
    """An application with its callers, and its management port with those who watch."""

    callers: httpx.AsyncClient
    watchers: httpx.AsyncClient

    async def ask(self, document: str, name: str | None = None, *, signed_in: bool = False) -> None:
        token = Tokens(SECRET).issue({"sub": "a", "role": "administrator"}, TODAY)
        headers = {"authorization": f"Bearer {token}"} if signed_in else {}
        await self.callers.post("/graphql", json={"query": document, "operationName": name}, headers=headers)

    async def figures(self) -> dict[str, float]:
        """Return every sample of /metrics by its name and labels."""
        answer = await self.watchers.get("/metrics")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
        rows = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in rows}


@asynccontextmanager
async def running(dsn: str, data: Path, probed: str | None = None) -> AsyncIterator[Process]:
    app = create_app(
        settings_for_tests(dsn, data), dsn, Clock(), ESSENTIAL, background=False, schema=built_schema(ESSENTIAL)
    )
    async with app.router.lifespan_context(app):
        with bind_socket("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
            async with (
                answer_probes(app, probed or dsn, listener),
                httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as callers,
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as watchers,
            ):
                yield Process(callers, watchers)


async def test_operations_are_counted_by_name_and_outcome(filled: str, tmp_path: Path) -> None:
    async with running(filled, tmp_path) as process:
        for _ in range(3):
            await process.ask(COUNTIES, "Counties", signed_in=True)
        await process.ask("query Broken($code: String!) { grid(code: $code) { name } }", "Broken", signed_in=True)
        figures = await process.figures()
    count = "gongzhi_operation_seconds_count"
    assert figures[f'{count}{{kind="query",operation="Counties",outcome="ok"}}'] == 3
    assert figures[f'{count}{{kind="query",operation="Broken",outcome="refused"}}'] == 1
    assert figures['gongzhi_operation_cost_total{kind="query",operation="Counties"}'] >= 3
    assert figures['gongzhi_share_places{share="accounts"}'] == 4
    assert figures["process_resident_memory_bytes"] > 0


async def test_strangers_put_no_names_into_the_figures(filled: str, tmp_path: Path) -> None:
    """Names are the caller's text, and each is kept for good."""
    async with running(filled, tmp_path) as process:
        await process.ask("query Offensive { __typename }", "Offensive")
        figures = await process.figures()
    assert not [name for name in figures if "Offensive" in name]
    assert figures['gongzhi_operation_seconds_count{kind="query",operation="(other)",outcome="ok"}'] == 1


async def test_names_are_bounded(filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation_names, "NAMES", 2)
    async with running(filled, tmp_path) as process:
        for name in ("A", "B", "C", "B" * 61):
            await process.ask(f"query {name} {{ __typename }}", name, signed_in=True)
        figures = await process.figures()
    seen = {found[1] for name in figures if (found := re.search(r'count\{.*operation="([^"]+)"', name))}
    assert seen == {"A", "B", "(other)"}


async def test_what_waits_is_told(filled: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(filled)
    await connection.execute("delete from events.job")
    await connection.execute(
        "insert into events.job (id, name, key, arguments, state, due_at, attempts) "
        "select uuidv7(), 'a.b', n::text, '{}', case n when 1 then 'PARKED' else 'WAITING' end, "
        "now() - interval '1 minute', 0 from generate_series(1, 3) n"
    )
    await connection.execute(
        "insert into events.consumer (name, position) select 'a.hears', given - 7 from events.counter"
    )
    await connection.close()
    async with running(filled, tmp_path) as process:
        figures = await process.figures()
    assert (figures["gongzhi_jobs_due"], figures["gongzhi_jobs_parked"]) == (2, 1)
    assert figures['gongzhi_handler_behind{handler="a.hears"}'] == 7


async def test_work_and_checks_are_told(filled: str, tmp_path: Path) -> None:
    async with running(filled, tmp_path) as process:
        # Prepared once for a schema, so it is a document that no other test has asked.
        text = f"{COUNTIES} # {uuid4()}"
        for _ in range(3):
            await process.ask(text, "Counties", signed_in=True)
        figures = await process.figures()
    assert figures["gongzhi_documents_total"] == 3 and figures["gongzhi_documents_prepared_total"] == 1
    assert figures['gongzhi_statement_seconds_count{share="accounts"}'] == 3
    assert figures['gongzhi_statement_seconds_sum{share="accounts"}'] > 0
    assert figures['gongzhi_share_waits_total{share="accounts"}'] == 0
    assert figures["gongzhi_leader"] == 0  # nothing goes on in the background here
    assert figures['gongzhi_check{check="channels"}'] == 0 and figures['gongzhi_check{check="webhooks.lag"}'] == 0


async def test_ready_unless_the_database_is_away(empty: str, tmp_path: Path) -> None:
    """Then 503 with the part that fails; metrics go on without what nobody can know."""
    async with running(empty, tmp_path) as process:
        assert (await process.watchers.get("/ready")).json() == {"status": "ready"}
    async with running(empty, tmp_path, probed=sibling_dsn(empty, "away")) as process:
        answer = await process.watchers.get("/ready")
        assert answer.status_code == 503 and answer.json()["failing"]["database"].startswith("does not answer")
        figures = await process.figures()
        assert "gongzhi_looks_waiting" in figures and "gongzhi_jobs_due" not in figures
        assert (await process.watchers.get("/live")).status_code == 200


async def test_not_ready_while_nobody_tells_events(empty: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(empty)
    await connection.execute(
        "insert into events.outbox (id, type, version, at, actor, internal, data) values "
        "(uuidv7(), 'grid.changed', 1, now() - interval '1 minute', 'SYSTEM', false, '{}')"
    )
    await connection.close()
    async with running(empty, tmp_path) as process:
        answer = await process.watchers.get("/ready")
    assert answer.status_code == 503 and answer.json()["failing"]["events"].startswith("1 are told to nobody")


async def test_rules_and_dashboard_name_what_there_is(filled: str, tmp_path: Path) -> None:
    """A rule over a figure that nobody exports would never ring."""
    folder = ROOT / "docs" / "monitoring"
    rules = yaml.safe_load((folder / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    panels = json.loads((folder / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    asked = [rule["expr"] for rule in rules] + [one["expr"] for panel in panels for one in panel["targets"]]
    async with running(filled, tmp_path) as process:
        await process.ask(COUNTIES, "Counties", signed_in=True)
        text = (await process.watchers.get("/metrics")).text
    exported = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    exported |= {re.sub("_total$", "", name) for name in exported}
    named = {name for expr in asked for name in re.findall(r"(?:gongzhi|process)_\w+", expr)}
    guarded = {"gongzhi_guard_level", "gongzhi_guard_refused", "gongzhi_behind_seconds"}
    assert {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in named} <= exported | guarded
    assert len({panel["id"] for panel in panels}) == len(panels) and all(panel["title"] for panel in panels)
    assert all(rule["annotations"].keys() == {"summary", "action"} and rule["for"] for rule in rules)


def test_process_stops_while_somebody_watches(tmp_path: Path) -> None:
    """The probe's connection stays open, as Prometheus keeps it, and does not hold the end up."""
    port = find_free_port()
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environ |= {"PORT": "0", "GONGZHI_DATA": str(tmp_path), "GONGZHI_MANAGEMENT": f"127.0.0.1:{port}"}
    command = [sys.executable, "-m", "gongzhi_server", "serve", "--only-core"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while "Ctrl-C" not in process.stdout.readline():
            assert process.poll() is None
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as watcher:
            assert watcher.get("/ready").status_code == 200
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize("text", ["9100", "example.org:9100", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1"])
def test_wrong_port_is_named(text: str) -> None:
    with pytest.raises(Exception, match="GONGZHI_MANAGEMENT is no address and port"):
        Settings.read({"GONGZHI_MANAGEMENT": text})
