from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gongzhi_server.serve import bind_socket

PIPE = subprocess.PIPE


@contextmanager
def gongzhi(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """The command line as a process group of its own, as a terminal starts it."""
    command = [sys.executable, "-m", "gongzhi_server", *arguments]
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | environ
    with subprocess.Popen(command, env=env, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("data"))


def greeting(server: subprocess.Popen[str]) -> str:
    """What the server says once it answers."""
    assert server.stdout and server.stderr
    said = ""
    while "Ctrl-C" not in said:
        line = server.stdout.readline()
        assert line, server.stderr.read()
        said += line
    return said


def url(said: str) -> str:
    return said.split("answers at ")[1].split("/graphql")[0]


def idle(data: str) -> bool:
    """Whether no database server is left."""
    return not (Path(data) / "postgres" / "postmaster.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stops_when_told(number: signal.Signals, data: str) -> None:
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("whoever runs the tests ignores it, and what they start does so, too")
    with gongzhi("serve", "--only-core", PORT="0", GONGZHI_DATA=data) as server:
        said = greeting(server)
        assert "token --role administrator" in said
        with urllib.request.urlopen(url(said) + "/health") as answer:
            assert answer.status == 200
        assert not idle(data)
        os.killpg(server.pid, number)
        _, errors = server.communicate()
    assert (server.returncode, errors) == (0, "")
    assert idle(data)


def test_busy_port_is_named(data: str) -> None:
    with gongzhi("serve", "--only-core", PORT="0", GONGZHI_DATA=data) as server:
        port = url(greeting(server)).rsplit(":", 1)[1]
        with gongzhi("serve", "--only-core", PORT=port, GONGZHI_DATA=data + "/other") as second:
            _, errors = second.communicate()
        assert second.returncode == 2
        assert errors.startswith(f"cannot listen on 127.0.0.1 port {port} (Address already in use); ")
        assert errors.count("\n") == 1
    assert not (Path(data) / "other" / "postgres").exists()


def test_bad_setting_is_one_line(data: str) -> None:
    with gongzhi("migrate", PORT="many", GONGZHI_DATA=data) as process:
        _, errors = process.communicate()
    assert (process.returncode, errors) == (2, "PORT is no whole number from 0 to 65535; give one, or unset it\n")


def test_production_gives_no_token(data: str) -> None:
    production = {"DATABASE_URL": "postgresql://db/county", "GONGZHI_SECRET": "8f14e45fceea167a5a36dedd4bea2543"}
    production |= {"GONGZHI_KEYS": "main:" + "A" * 43 + "=", "GONGZHI_MODE": ""}
    with gongzhi("token", GONGZHI_DATA=data, **production) as process:
        printed, errors = process.communicate()
    assert (process.returncode, printed) == (2, "")
    assert errors.startswith("gongzhi token works in development only")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives up by itself")
def test_deaf_client_is_given_up(tmp_path: Path) -> None:
    """The kernel does it, for every connection: a server waits for ever until its last bytes are taken."""
    with (
        bind_socket("127.0.0.1", 0) as listener,
        socket.socket() as client,
    ):
        listener.listen()
        client.connect(listener.getsockname())
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
