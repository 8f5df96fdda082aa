from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings
from gongzhi_server.storage import embedded_postgres

GUEST = """
import signal
import sys
from gongzhi_server.settings import Settings
from gongzhi_server.storage import embedded_postgres as cluster
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job, and all below it, ignore Ctrl-C
with cluster.run_cluster(Settings.read({"GONGZHI_DATA": sys.argv[1]})) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose cluster is made once."""
    return tmp_path_factory.mktemp("data")


@contextmanager
def guest(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the cluster until its input ends."""
    command = [sys.executable, "-c", GUEST, str(data)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        assert process.stdout and process.stdout.readline().startswith("postgresql://")
        yield process


def settings(data: Path) -> Settings:
    return Settings.read({"GONGZHI_DATA": str(data)})


def ask(dsn: str, *statements: str) -> Any:
    """Run the statements; the last one's only value."""

    async def run() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def postmaster(data: Path) -> int | None:
    """The server's process, if it runs."""
    try:
        number = int((data / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(number, 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return number


def test_chinese_is_understood(data: Path) -> None:
    with embedded_postgres.run_cluster(settings(data)) as dsn:
        assert ask(dsn, "select '汉' ~ '^\\w$' and '汉' ~ '[[:alpha:]]' and lower('ÀЖ') = 'àж'")
        assert ask(dsn, "create extension pg_trgm", "select cardinality(show_trgm('汉阴县'))") == 4
        assert ask(dsn, "create extension ltree", "select '汉阴.城关'::ltree <@ '汉阴'")
        assert ask(dsn, "select array(select x from unnest('{一,b,万,B}'::text[]) x order by x)") == [
            "B",
            "b",
            "一",
            "万",
        ]
    assert postmaster(data) is None


def test_commits_are_durable(data: Path) -> None:
    with embedded_postgres.run_cluster(settings(data)) as dsn:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ask(dsn, f"show {name}") == "on"


def test_environment_is_ignored(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGUSER": "nobody", "PGDATABASE": "none"}.items():
        monkeypatch.setenv(name, value)
    with embedded_postgres.run_cluster(settings(data)) as dsn:
        assert ask(dsn, "select current_database()") == "gongzhi"


def test_libpq_reads_address(data: Path) -> None:
    with embedded_postgres.run_cluster(settings(data)) as dsn:
        psql = [embedded_postgres.postgres_binaries() / "psql", dsn, "-Atc", "select current_database()"]
        assert subprocess.check_output(psql, text=True) == "gongzhi\n"


def test_last_one_stops(data: Path) -> None:
    with guest(data) as other:
        with embedded_postgres.run_cluster(settings(data)) as dsn:
            server = postmaster(data)
            other.communicate()
            assert other.returncode == 0
            assert postmaster(data) == server is not None
            assert ask(dsn, "select 1") == 1
        assert postmaster(data) is None


def test_guest_survives_starter(data: Path) -> None:
    with embedded_postgres.run_cluster(settings(data)) as dsn:
        starter = guest(data)
        other = starter.__enter__()
    assert ask(dsn, "select 1") == 1
    other.communicate()
    assert postmaster(data) is None


def test_interrupt_leaves_nothing(data: Path) -> None:
    with guest(data) as other:
        os.killpg(other.pid, signal.SIGINT)
        _, errors = other.communicate()
        assert errors.endswith("KeyboardInterrupt\n")
    assert postmaster(data) is None


def test_killed_owner_is_followed(data: Path) -> None:
    with guest(data) as other:
        server = postmaster(data)
        other.kill()
    assert postmaster(data) == server
    with embedded_postgres.run_cluster(settings(data)):
        assert postmaster(data) == server
    assert postmaster(data) is None


def test_killed_server_recovers(data: Path) -> None:
    with guest(data) as other:
        with embedded_postgres.run_cluster(settings(data)) as dsn:
            ask(dsn, "create table survivor as select 42 as answer")
            other.kill()
            other.wait()
            server = postmaster(data)
            assert server
            os.kill(server, signal.SIGKILL)
        with embedded_postgres.run_cluster(settings(data)) as dsn:
            assert ask(dsn, "select answer from survivor") == 42


def test_killed_server_is_started_again(data: Path) -> None:
    """By whoever uses it, and while they do: nobody has to run another command."""
    with guest(data), embedded_postgres.run_cluster(settings(data)) as dsn:
        ask(dsn, "create table kept as select 7 as answer")
        for _ in range(2):
            server = postmaster(data)
            assert server
            os.kill(server, signal.SIGKILL)
            end = time.monotonic() + 60
            while postmaster(data) in (server, None) and time.monotonic() < end:
                time.sleep(0.05)  # other processes start it
        assert embedded_postgres.Cluster(data / "postgres", {}).settle() is embedded_postgres.ClusterState.READY
        assert ask(dsn, "select answer from kept") == 7
    assert postmaster(data) is None


def test_throwaway_vanishes(tmp_path: Path) -> None:
    with embedded_postgres.throwaway_cluster(tmp_path) as dsn:
        ask(dsn, "create database copy template gongzhi")
        assert ask(dsn.replace("/gongzhi?", "/copy?"), "select current_database()") == "copy"
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("name", ["长" * 40, "a,b", "it's %20 长"])
def test_awkward_folder_works(name: str, tmp_path: Path) -> None:
    """A path too long for a socket, or with what addresses and shells quote; and a making that was broken off."""
    (tmp_path / name / "postgres.part" / "base").mkdir(parents=True)
    with embedded_postgres.throwaway_cluster(tmp_path / name) as dsn:
        assert ask(dsn, "select current_database()") == "gongzhi"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs to become somebody else")
def test_root_steps_down(tmp_path: Path) -> None:
    """The server runs as somebody else, below a folder closed to them, and nobody's permissions change."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with embedded_postgres.throwaway_cluster(closed / "data", memory=False) as dsn:
        server = postmaster(closed / "data")
        assert Path(f"/proc/{server}").stat().st_uid not in (0, None)
        assert ask(dsn, "select 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def pretend(data: Path, version: str) -> Path:
    """A cluster of that version with nothing else in it."""
    folder = data / "postgres"
    folder.mkdir(mode=0o700)
    (folder / "PG_VERSION").write_text(version)
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    return folder


def test_other_version_is_refused(tmp_path: Path) -> None:
    folder = pretend(tmp_path, "17\n")
    with pytest.raises(Problem, match="made by PostgreSQL 17, this is 18; move the folder away"):
        embedded_postgres.run_cluster(settings(tmp_path)).__enter__()
    assert os.listdir(folder) == ["PG_VERSION"]


def test_broken_cluster_says_why(tmp_path: Path) -> None:
    pretend(tmp_path, "18\n")
    with pytest.raises(Problem, match="pg_ctl failed: .*: No such file or directory"):
        embedded_postgres.run_cluster(settings(tmp_path)).__enter__()


def test_absent_database_is_named() -> None:
    absent = Settings(secret="x" * 32, database="postgresql://someone:hush@127.0.0.1:1/county")
    with pytest.raises(Problem, match=r"DATABASE_URL: no database answers there \(ConnectionRefusedError\)") as problem:
        embedded_postgres.run_cluster(absent).__enter__()
    assert "hush" not in str(problem.value)
