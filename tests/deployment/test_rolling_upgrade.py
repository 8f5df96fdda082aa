"""Rolling upgrade: the oldest promised version and this one side by side, under load, and no request fails.

Until something is released there is no older version to promise anything to. Then two installs of this one stand for
them, of which one knows a migration less.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import orjson
import pytest
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock
from gongzhi_server.configuration import receipts_secret
from gongzhi_server.events.cursors import OPEN_EPOCH, Cursors, read_epochs
from gongzhi_server.testing import create_database, drop_database, sibling_dsn

from benchmarks.chaos import FOLLOWERS, PLACE, SECRET, TITLE, Traffic, chaos_settings, check
from benchmarks.jepsen.proxy import Proxy
from benchmarks.ports import find_free_port

from ..plugins.contracts import ROOT, releases, source
from ..plugins.test_scaffold import environment, installed_python

WRITERS, PROGRESS, PATIENCE = 3, 12, 120.0
LOOK = """query($number: String!) {
  case(number: $number) { status timeline(first: 5) { type } } cases(first: 5) { nodes { number } }
}"""
MORE = '''"""What the version after this one brings: a column that it fills, and an index."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("cases", "{last}")]

    operations = [
        ops.AddField("CaseRow", "written_by", fields.CharField(max_length=3, default="new", db_default="old")),
        ops.RunSQL('create index case_written_by on cases."case" (written_by, id)'),
    ]
'''
BEFORE = "    external = fields.BooleanField("
FIELD = '    written_by = fields.CharField(max_length=3, default="new", db_default="old")\n'
WRITTEN = 'select array_agg(distinct written_by::text) from cases."case" where title = $1'


@dataclass
class Install:
    """A version of the server: its Python, and the processes of it that run."""

    python: Path
    settings: Mapping[str, str]
    processes: list[Process] = field(default_factory=list)

    async def begin(self, *command: str, errors: int = DEVNULL, **settings: str) -> Process:
        made = await asyncio.create_subprocess_exec(
            self.python, "-m", "gongzhi_server", *command,
            cwd=ROOT, env=os.environ | self.settings | settings, stdout=PIPE, stderr=errors,
        )  # fmt: skip
        self.processes.append(made)
        return made

    async def run(self, *command: str) -> str:
        process = await self.begin(*command, errors=STDOUT)
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 0, said
        return said.decode()

    async def serve(self, role: str) -> tuple[Process, int]:
        port = find_free_port()
        process = await self.begin("serve", GONGZHI_ROLE=role, PORT=str(port))
        assert process.stdout
        assert "Gongzhi" in (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
        return process, port

    async def stop(self) -> None:
        for one in self.processes:
            if one.returncode is None:
                one.kill()
                await one.wait()


@contextmanager
def make_installs(folder: Path, settings: dict[str, str]) -> Iterator[tuple[Install, Install]]:
    """Make the oldest release that is promised something, and this one; or this one, and one with a migration more."""
    ours = Path(sys.executable)
    if tags := releases():
        code = source(tags[0], folder / "source")
        plugins = [one.parent for one in (code / "plugins").glob("[!_]*/pyproject.toml")]
        with installed_python(environment(code, folder), *plugins) as python:
            yield Install(python, settings), Install(ours, settings)
        return
    contract = shutil.copytree(ROOT / "schema" / "gongzhi", folder / "new" / "gongzhi") / "core" / "cases"
    last = max(path.stem for path in (contract / "migrations").glob("[0-9]*.py"))
    (contract / "migrations" / "9999_written_by.py").write_text(MORE.format(last=last))
    text = (contract / "models.py").read_text()
    assert text.count(BEFORE) == 1
    (contract / "models.py").write_text(text.replace(BEFORE, FIELD + BEFORE))
    yield Install(ours, settings), Install(ours, settings | {"PYTHONPATH": str(folder / "new")})


class Balancer(Proxy):
    """One port in front of several processes, as a proxy has it that asks `/ready`."""

    def __init__(self) -> None:
        super().__init__(self.choose)
        self.targets = list[int]()
        self.used = defaultdict[int, list[asyncio.StreamWriter]](list)

    async def choose(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = self.targets[0]
        self.targets.append(self.targets.pop(0))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.used[port].append(writer)
        return reader, writer

    async def leave(self, port: int) -> None:
        """Send nothing there any more, and wait until what was sent is answered."""
        self.targets.remove(port)
        while not all(one.is_closing() for one in self.used[port]):
            await asyncio.sleep(0.02)


@dataclass
class Callers(Traffic):
    """Those of the chaos, who ask once, read as well, and ask under earlier keys again."""

    given: list[tuple[Any, Any]] = field(default_factory=list)
    luck: random.Random = field(default_factory=lambda: random.Random(1))

    async def write(self, lane: int) -> None:
        # A connection for each request, so that the next one goes to whoever is there by then.
        async with httpx.AsyncClient(headers=self.headers | {"connection": "close"}, timeout=30) as client:
            while not self.over:
                number = await self.report(client, lane)
                found = await self.once(client, {"query": LOOK, "variables": {"number": number}})
                assert found["case"]["status"] == "ACCEPTED" and len(found["cases"]["nodes"]) == 5, found
                assert {"case.reported", "case.accepted"} <= {one["type"] for one in found["case"]["timeline"]}, found
                body, answer = self.luck.choice(self.given)
                assert await self.once(client, body) == answer

    async def send(self, client: httpx.AsyncClient, lane: int, query: str, **given: Any) -> Any:
        key = f"{self.luck.getrandbits(128):032x}"
        body = {"query": query, "variables": {"input": {"idempotencyKey": key, **given}}}
        answer = await self.once(client, body)
        [payload] = answer.values()
        assert not payload["errors"], payload
        self.given.append((body, answer))
        return answer

    async def once(self, client: httpx.AsyncClient, body: Any) -> Any:
        reply = await client.post(f"http://127.0.0.1:{self.ports[0]}/graphql", json=body)
        assert reply.status_code == 200 and "errors" not in reply.json(), reply.text
        return reply.json()["data"]


async def make_callers(dsn: str, data: Path, port: int) -> tuple[Callers, int]:
    """Those who call a port, and the position from which they follow."""
    claims = {"sub": "upgrade", "role": "county_dispatcher", "grid": "610921"}
    headers = {"authorization": f"Bearer {Tokens(SECRET).issue(claims, clock())}"}
    cursors, database = Cursors(receipts_secret(chaos_settings(dsn, data))), await asyncpg.connect(dsn)
    cursors.epochs = read_epochs(orjson.loads(await database.fetchval(OPEN_EPOCH)))
    start = await database.fetchval("select given from events.counter")
    place = await database.fetchval(PLACE)
    await database.close()
    return Callers([port], place, cursors.seal(start), headers), start


async def upgrade(dsn: str, data: Path, old: Install, new: Install) -> tuple[list[str], Callers]:
    """Let one version take the place of the other while people call; return what is wrong, and the callers."""
    async with AsyncExitStack() as stack:
        for install in (old, new):
            stack.push_async_callback(install.stop)
        (web, port), (work, _) = [await old.serve(role) for role in ("web", "work")]
        front, beside = Balancer(), Balancer()
        front.targets, beside.targets = [port], [port]
        for one in (front, beside):
            stack.callback((await one.start()).close)
        callers, start = await make_callers(dsn, data, front.port)
        followers = await make_callers(dsn, data, beside.port)
        callers.told = followers[0].told
        for at in range(FOLLOWERS):
            stack.callback(asyncio.ensure_future(followers[0].follow(at)).cancel)
        writing = asyncio.gather(*(callers.write(lane) for lane in range(WRITERS)))
        stack.callback(writing.cancel)

        async def go_on() -> None:
            """Wait until some more cases are accepted; what failed meanwhile fails the test."""
            wanted = len(callers.accepted) + PROGRESS
            while len(callers.accepted) < wanted and not writing.done():
                await asyncio.sleep(0.05)
            assert not writing.done() or writing.result()

        await go_on()
        lacking = await new.run("migrate", "--plan")
        await new.run("migrate")
        assert lacking != await new.run("migrate", "--plan") == await old.run("migrate", "--plan")
        await go_on()  # the old version, with the tables of the new one
        _, newer = await new.serve("web")
        for balancer in (front, beside):
            balancer.targets.append(newer)
        await go_on()  # both answer, and the old one works
        await new.serve("work")
        await go_on()
        await front.leave(port)
        beside.targets.remove(port)
        for process in (web, work):
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        await go_on()  # the new version alone
        callers.over = True
        await asyncio.wait_for(writing, PATIENCE)
        database = await asyncpg.connect(dsn)
        try:
            return await check(database, callers, start), callers
        finally:
            await database.close()


@pytest.mark.slow
async def test_versions_run_side_by_side(filled: str, tmp_path: Path) -> None:
    """No request fails, nothing is lost or done twice, and a key has its answer whichever version is asked."""
    settings = {
        "DATABASE_URL": filled, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET, "GONGZHI_POOL": "2",
        "GONGZHI_DATA": str(tmp_path / "data"), "GONGZHI_URL": "http://127.0.0.1",
    }  # fmt: skip
    with make_installs(tmp_path, settings) as (old, new):
        if releases():
            await empty_database(filled)
            await old.run("migrate")
            await old.run("demo", "--people", "300")
        wrong, callers = await upgrade(filled, tmp_path / "data", old, new)
    assert wrong == [] and len(callers.accepted) >= 5 * PROGRESS
    if not releases():
        connection = await asyncpg.connect(filled)
        assert set(await connection.fetchval(WRITTEN, TITLE)) == {"new", "old"}
        await connection.close()


async def empty_database(dsn: str) -> None:
    """Leave nothing of what this version has made: the tables are to be those of the old one."""
    name = urlsplit(dsn).path.strip("/")
    outside = sibling_dsn(dsn, "postgres")
    await drop_database(outside, name)
    await create_database(outside, name)
