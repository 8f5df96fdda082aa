"""Processes: whoever writes at one and reads at another finds it, and each reads at the replica."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock
from gongzhi_server.testing import SECRET

from benchmarks.ports import find_free_port

from ..server.test_serve import gongzhi, greeting, url
from ..server.test_workers import ask, children, until
from .conftest import POSITION, Pair
from .test_routing import ADD, NAME, UNIT

TURNS = 12
READ = r'^gongzhi_reads_total\{{server="{}"\}} ([\d.]+)$'


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked up in /proc")
def test_what_one_process_wrote_another_reads_at_the_replica(pair: Pair, tmp_path: Path) -> None:
    port = find_free_port(following=1)
    environ = {
        "PORT": "0", "DATABASE_URL": pair.primary.dsn, "GONGZHI_REPLICAS": pair.standby.dsn, "GONGZHI_SECRET": SECRET,
        "GONGZHI_MODE": "development", "GONGZHI_DATA": str(tmp_path), "GONGZHI_POOL": "2",
        "GONGZHI_MANAGEMENT": f"127.0.0.1:{port}",
    }  # fmt: skip
    claims = {"sub": "whoever comes to both", "role": "administrator", "grid": "610921"}
    headers = {"authorization": f"Bearer {Tokens(SECRET).issue(claims, clock())}"}

    def send(query: str, seen: str | None = None, **variables: object) -> httpx.Response:
        # A connection of its own, which the kernel gives to either process.
        said = headers | ({POSITION: seen} if seen else {})
        reply = httpx.post(f"{address}/graphql", json={"query": query, "variables": variables}, headers=said)
        assert "errors" not in reply.json(), reply.text
        return reply

    def read_there() -> list[float]:
        pages = [ask(f"http://127.0.0.1:{port + at}/metrics") for at in range(2)]
        return [sum(map(float, re.findall(READ.format(re.escape(name)), page, re.M))) for page in pages]

    def write_and_read() -> None:
        code = f"610921-{uuid4().hex[:8].upper()}"
        given = UNIT | {"code": code, "name": "一处写别处读", "idempotencyKey": str(uuid4())}
        position = send(ADD, input=given).headers[POSITION]
        for _ in range(3):
            assert send(NAME, position, code=code).json()["data"]["unit"] == {"name": "一处写别处读"}

    with gongzhi("serve", "--workers", "2", "--only-core", **environ) as server:
        address = url(greeting(server))
        name = re.findall(r'gongzhi_replica_well\{server="(.*)"\}', ask(f"http://127.0.0.1:{port}/metrics"))[0]

        def read_by_both() -> bool:
            for _ in range(TURNS):
                write_and_read()
            return all(read_there())

        until(read_by_both)
        os.kill(children(server.pid)[0], signal.SIGKILL)
        until(lambda: len(children(server.pid)) == 2 and ask(f"{address}/health"))
        until(lambda: min(read_there()) == 0)
        # Whoever takes its place finds the replica, too.
        until(read_by_both)
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate()
    assert server.returncode == 0 and errors.count("another one is started for it") == 1, errors
