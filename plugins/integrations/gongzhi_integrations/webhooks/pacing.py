"""Pacing: how many deliveries an endpoint gets side by side, how long it may take, and who gets the next slot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from .retries import SHORTEST_REST
from .sender import TIMEOUT, Attempt

WIDEST = 8
"""The most deliveries of one endpoint side by side, each of another case."""
OF_ACCOUNT = 32
"""The most of all endpoints of an account."""
SLOTS = 200
"""The most of a process."""
SLOW_SLOTS = 100
"""The most of those endpoints that answered late or not at all the last time; the others find the rest."""
SLOW_TURNS = 2
"""The most of them that are at the database at a time: many may run out of their time in the same moment."""
SLOW = 2.0
"""Seconds after which an answer is late."""
SHORTEST_TIMEOUT = 5.0
"""Seconds that an endpoint may take at the least: half as many as before after each attempt without an answer."""
PATIENT = 3
"""Each third attempt in a row may take as long as all may, so that one that is only slow comes back."""
MISSES = 5
"""First attempts that have to miss in a row before an endpoint rests: one alone may be the fault of its event."""


@dataclass
class Pace:
    """How an endpoint has answered this process. It begins with one delivery at a time, and gets more as it takes them.

    So an endpoint that hangs holds one slot, however many of its events wait.
    """

    window: int = 1
    slow: bool = False
    silent: int = 0
    missed: int = 0
    taken_at: datetime | None = None

    @property
    def timeout(self) -> float:
        """The seconds that its next answer may take."""
        return max(TIMEOUT / 2**self.silent, SHORTEST_TIMEOUT) if self.silent % PATIENT else TIMEOUT

    def note(self, attempt: Attempt, first: bool, now: datetime) -> None:
        """Note what came of an attempt, the `first` of its delivery or a later one."""
        self.slow = attempt.seconds >= SLOW
        self.silent = self.silent + 1 if attempt.error == "TIMEOUT" else 0
        if attempt.is_taken:
            self.window, self.missed, self.taken_at = min(self.window + 1, WIDEST), 0, now
            return
        self.missed += first
        if attempt.error:
            self.window = 1

    def takes_nothing(self, now: datetime) -> bool:
        """Tell whether it is the endpoint that fails, and not single events."""
        # While something is taken now and then, whatever else it refuses steps aside by itself.
        idle = self.taken_at is None or now - self.taken_at >= SHORTEST_REST
        return idle and self.missed >= MISSES


class Slots:
    """The slots of a process for deliveries under way; who has waited longest gets the next."""

    def __init__(self) -> None:
        self.all, self.slow = asyncio.Semaphore(SLOTS), asyncio.Semaphore(SLOW_SLOTS)
        self.slow_turn = asyncio.Semaphore(SLOW_TURNS)
        self.accounts: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()

    def find_semaphores(self, account: UUID, slow: bool) -> list[asyncio.Semaphore]:
        """Find the semaphores of a delivery: the account's own first, so that who waits there holds up nobody."""
        mine = self.accounts.get(account) or asyncio.Semaphore(OF_ACCOUNT)
        self.accounts[account] = mine
        return [mine, self.slow, self.all] if slow else [mine, self.all]

    def are_taken(self, account: UUID, slow: bool) -> bool:
        """Tell whether one would have to wait for a slot."""
        return any(semaphore.locked() for semaphore in self.find_semaphores(account, slow))

    def turn(self, slow: bool) -> AbstractAsyncContextManager[Any]:
        """Wait, if one is slow, for others of these that are at the database."""
        return self.slow_turn if slow else nullcontext()

    async def take(self, account: UUID, slow: bool, most: int) -> list[Slot]:
        """Wait for a slot, and take as many as are free then."""
        semaphores = self.find_semaphores(account, slow)
        taken = [await take_slot(semaphores)]
        while len(taken) < most and not any(semaphore.locked() for semaphore in semaphores):
            taken.append(await take_slot(semaphores))
        return taken


@dataclass(frozen=True)
class Slot:
    """A slot, which has to be released once."""

    semaphores: Iterable[asyncio.Semaphore]

    def release(self) -> None:
        """Give it to whoever waits longest."""
        for semaphore in self.semaphores:
            semaphore.release()


async def take_slot(semaphores: Iterable[asyncio.Semaphore]) -> Slot:
    """Acquire one semaphore after the other; who is cancelled meanwhile has acquired none."""
    acquired: list[asyncio.Semaphore] = []
    try:
        for semaphore in semaphores:
            await semaphore.acquire()
            acquired.append(semaphore)
    except asyncio.CancelledError:
        Slot(acquired).release()
        raise
    return Slot(acquired)
