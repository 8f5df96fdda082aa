"""Workers: several processes that answer at one port, started and watched by uvicorn's supervisor."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from ._compat import supervise_with
from .errors import Problem

log = logging.getLogger("gongzhi")

Make = Callable[[], uvicorn.Server]
"""Makes the server of a process. Raises Problem."""
STARTING = 60.0
"""Seconds that a process may take to answer at first; uvicorn's supervisor gives it five after that."""


class WorkerConfig(uvicorn.Config):
    """What uvicorn's supervisor knows of the processes, and hands to each of them, which share nothing but the port."""

    def __init__(self, make: Make, workers: int) -> None:
        super().__init__("", workers=workers, log_config=None, log_level="warning")
        self.make = make


class WorkerProcess(Process):
    """A process of ours under uvicorn's supervisor, which asks it for signs of life and starts another one for it."""

    made: uvicorn.Server | None = None
    ready = False

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Run the server; the other end of the pipe is told meanwhile whether it has started."""
        for run in (self.always_pong, end_with_parent):
            threading.Thread(target=run, daemon=True).start()
        assert isinstance(self.config, WorkerConfig)
        try:
            self.made = self.config.make()
            self.made.run(sockets)
        except Problem as problem:  # it would fail in the same way each time
            print(problem, file=sys.stderr)
            sys.exit(STARTUP_FAILURE)

    def pong(self) -> None:
        """Answer one question."""
        self.child_conn.recv()
        self.child_conn.send(self.made is not None and self.made.started)

    def wait_until_ready(self, *given: Any) -> bool:
        """Wait until it answers at the port; from then on it has to answer soon, whatever happens to it."""
        self.ready = super().wait_until_ready(*given)
        return self.ready

    def is_alive(self, timeout: float = 5) -> bool:
        """Return whether it answers; where it does not, another one is started."""
        # While it imports what it is made of it is slow to answer, above all on a machine that is busy.
        alive = super().is_alive(timeout if self.ready else STARTING)
        self.ready = self.ready or alive and self.is_ready(timeout)
        if not alive:
            log.error(
                "the process %s has ended or does not answer; another one is started for it, see what it logged last",
                self.pid,
            )
        return alive


class Supervisor(Multiprocess):
    """uvicorn's supervisor, which greets once all processes answer."""

    def __init__(self, config: WorkerConfig, sockets: list[socket.socket], greeting: str) -> None:
        super().__init__(config, sockets)
        self.greeting = greeting

    def init_processes(self) -> None:
        """Start the processes."""
        super().init_processes()
        if all(one.wait_until_ready(STARTING, self.should_exit) for one in self.processes):
            print(self.greeting, flush=True)


def run_workers(make: Make, workers: int, listeners: Sequence[socket.socket], greeting: str) -> None:
    """Run so many processes until told to stop. `make` is sent to each of them, and called there."""
    supervise_with(WorkerProcess)
    Supervisor(WorkerConfig(make, workers), list(listeners), greeting).run()


def end_with_parent() -> None:
    """Stop this process in good order once its parent is gone, however that went."""
    parent: Any = multiprocessing.parent_process()
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
