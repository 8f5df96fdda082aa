"""Several processes at one port: each is started anew when it ends or hangs, and all of them end together."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.serve import bind_socket, take_port
from gongzhi_server.testing import SECRET

from benchmarks.ports import find_free_port

from .test_serve import gongzhi, greeting, url


def children(pid: int) -> list[int]:
    """The processes that answer, of the one that started them; multiprocessing has one more to itself."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text()]


def until(condition: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while True:
        with suppress(OSError):
            if condition():
                return
        assert time.monotonic() < end
        time.sleep(0.05)


def ask(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked up in /proc")
def test_processes_are_started_anew_and_end_together(filled: str, tmp_path: Path) -> None:
    port = find_free_port(following=1)
    environ = {
        "PORT": "0", "DATABASE_URL": filled, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET,
        "GONGZHI_DATA": str(tmp_path), "GONGZHI_MANAGEMENT": f"127.0.0.1:{port}", "GONGZHI_POOL": "2",
    }  # fmt: skip
    with gongzhi("serve", "--workers", "2", "--only-core", **environ) as server:
        address = url(greeting(server))

        def leaders() -> list[str]:
            pages = [ask(f"http://127.0.0.1:{port + at}/metrics") for at in range(2)]
            return sorted(line for page in pages for line in re.findall(r"^gongzhi_leader .*$", page, re.M))

        until(lambda: leaders() == ["gongzhi_leader 0.0", "gongzhi_leader 1.0"])
        before = children(server.pid)
        assert len(before) == 2 and "ok" in ask(f"{address}/health")
        os.kill(before[0], signal.SIGKILL)
        os.kill(before[1], signal.SIGSTOP)  # it holds the port, and is ended after five seconds
        until(lambda: len(children(server.pid)) == 2 and not set(before) & set(children(server.pid)))
        until(lambda: leaders() == ["gongzhi_leader 0.0", "gongzhi_leader 1.0"])
        assert "ok" in ask(f"{address}/health")
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate()
        assert server.returncode == 0
        assert errors.count("has ended or does not answer; another one is started for it") == 2, errors


def test_ports_of_processes_follow_each_other() -> None:
    port = find_free_port(following=1)
    with take_port("127.0.0.1", port, 2) as first, take_port("127.0.0.1", port, 2) as second:
        assert [one.getsockname()[1] for one in (first, second)] == [port, port + 1]
        with pytest.raises(Problem, match=f"cannot listen on 127.0.0.1 port {port + 1}"):
            take_port("127.0.0.1", port, 2)
    with bind_socket("127.0.0.1", 0) as chosen:
        assert chosen.getsockname()[1]


def test_problem_of_a_process_ends_all(filled: str, tmp_path: Path) -> None:
    """It would come again with each process that is started anew."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environ = {
            "PORT": "0", "DATABASE_URL": filled, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET,
            "GONGZHI_DATA": str(tmp_path), "GONGZHI_MANAGEMENT": f"127.0.0.1:{taken.getsockname()[1]}",
        }  # fmt: skip
        # Of two ports the second one may be free; so both processes want the one that is taken.
        with gongzhi("serve", "--workers", "2", "--role", "work", "--only-core", **environ) as server:
            taken_next = socket.create_server(("127.0.0.1", taken.getsockname()[1] + 1))
            with taken_next:
                _, errors = server.communicate(timeout=120)
            assert "cannot listen on 127.0.0.1 port" in errors
