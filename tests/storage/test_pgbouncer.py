"""pgbouncer: the server works behind it, with TLS, while it keeps sessions, and refuses it otherwise."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.storage import database
from gongzhi_server.storage.availability import LOST
from gongzhi_server.storage.embedded_postgres import check_reachable
from gongzhi_server.testing import serve_application

from benchmarks.ports import find_free_port

from ..replicas.test_routing import ADD, NAME, UNIT
from .certificates import certify
from .test_addresses import USES
from .test_poolers import READS, SETTINGS

# Nothing is left to `ignore_startup_parameters`, as the operators' page says.
CONFIGURATION = """
[databases]
{database} = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
max_client_conn = 200
default_pool_size = {size}
{more}
"""


@pytest.fixture(scope="module")
def program() -> str:
    """The path of pgbouncer. Without it the test is skipped, or fails where all must run."""
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        reason = "no pgbouncer is installed: `apt-get install pgbouncer`"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return found


@asynccontextmanager
async def run_pgbouncer(program: str, dsn: str, mode: str, *more: str, size: int = 100) -> AsyncIterator[str]:
    """Run pgbouncer before a database, and yield the address by which it is reached."""
    url, listen = urlsplit(dsn), find_free_port()
    [host], [port] = (parse_qs(url.query)[name] for name in ("host", "port"))
    # As the user that owns the socket, since it refuses to be root, and nobody else may pass to the database.
    owner = (Path(host) / f".s.PGSQL.{port}").owner()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "pgbouncer.ini"
        given = {"database": url.path[1:], "host": host, "port": port, "user": url.username}
        file.write_text(CONFIGURATION.format(**given, listen=listen, mode=mode, size=size, more="\n".join(more)))
        command = [program, "-q", "-u", owner, str(file)] if os.geteuid() == 0 else [program, "-q", str(file)]
        process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=PIPE)
        try:
            while process.returncode is None and not await listens(listen):
                pass
            assert process.returncode is None, process.stderr and await process.stderr.read()
            yield f"postgresql://{url.username}@127.0.0.1:{listen}{url.path}"
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def run_secured(program: str, dsn: str, folder: Path) -> AsyncIterator[tuple[str, Path]]:
    """Run it with TLS alone; yield the address without a word of that, and the certificate that it shows."""
    key, certificate = certify(folder, "pooler")
    files = f"client_tls_key_file = {key}", f"client_tls_cert_file = {certificate}"
    async with run_pgbouncer(program, dsn, "session", "client_tls_sslmode = require", *files) as address:
        yield address, certificate


def verified(address: str, certificate: Path) -> str:
    return f"{address}?{urlencode({'sslmode': 'verify-full', 'sslrootcert': certificate})}"


async def test_server_works_behind_pgbouncer_that_keeps_sessions(program: str, filled: str, tmp_path: Path) -> None:
    async with run_secured(program, filled, tmp_path) as (address, certificate):
        dsn = verified(address, certificate)
        await check_reachable(dsn)
        async with await database.open_readers(dsn, 1, 4, parallel=False) as pool:
            assert dict(await pool.fetch(SETTINGS, list(READS))) == READS
        async with serve_application(dsn, tmp_path) as server:
            administrator = server.as_("administrator", grid="610921")
            given = UNIT | {"code": "610921-POOLED", "name": "池后", "idempotencyKey": str(uuid4())}
            assert (await administrator.ask(ADD, input=given)).data["addUnit"]["errors"] == []
            assert (await administrator.ask(NAME, code="610921-POOLED")).data["unit"] == {"name": "池后"}


async def test_each_connection_has_the_tls_that_the_address_asks_for(program: str, empty: str, tmp_path: Path) -> None:
    """Nobody else, by name or certificate, is taken for the database. PostgreSQL's wheel has no TLS, pgbouncer has."""
    _, other = certify(tmp_path, "other")
    async with run_secured(program, empty, tmp_path) as (address, certificate):
        refused = {
            f"{address}?sslmode=disable": "SSL required",
            verified(address, other): "CERTIFICATE_VERIFY_FAILED",
            verified(address.replace("127.0.0.1", "localhost"), certificate): "CERTIFICATE_VERIFY_FAILED",
        }
        for use in USES:
            await use(verified(address, certificate))
            for wrong, reason in refused.items():
                with pytest.raises(LOST) as failed:
                    await use(wrong)
                # Pools say that the database is away, and why in the cause.
                assert reason in str(failed.value.__cause__ or failed.value), use


async def test_pgbouncer_that_keeps_no_sessions_is_refused(program: str, empty: str) -> None:
    async with run_pgbouncer(program, empty, "transaction") as dsn:
        for _ in range(2):  # also while it has connections at hand
            with pytest.raises(Problem, match=re.escape("have it keep sessions (pool_mode = session)")):
                await check_reachable(dsn)


async def test_pgbouncer_without_connections_is_told_apart(
    program: str, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gongzhi_server.storage.poolers.PATIENCE", 0.3)
    async with run_pgbouncer(program, empty, "session", size=1) as dsn:
        with pytest.raises(Problem, match="no connections left"):
            await check_reachable(dsn)
