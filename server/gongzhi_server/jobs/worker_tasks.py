"""Worker tasks: handlers and kinds of jobs side by side; one that is slow holds up nothing else."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress

from tortoise import connections

from gongzhi_server.events.sequencer import POLL
from gongzhi_server.storage.availability import AWAY

from .worker import Tally, Worker

log = logging.getLogger("gongzhi")

STRETCH = 100
"""Events or jobs after which the next has its turn."""
RESTING = 0.5
"""Seconds that a handler rests for which the last event is enough: it then has at once what happened meanwhile."""
PASSED_OVER = 16
"""Events that a handler may be behind of which it wants none, while there is something to do for others."""
# Who wants none of what has happened is passed over: all such places move now and then, in one statement.
# A transaction for each at each event costs more than what happened.
BUSY = """
with behind as (
  select c.name, n.given, n.given - c.position as events, exists(
    select from events.outbox o where o.position > c.position and o.type = any(string_to_array(h.types, ' '))
  ) as wanted
  from unnest($1::text[], $2::text[]) h (name, types) join events.consumer c using (name), events.counter n
  where c.position < n.given
), idle as (
  select c.name, b.given from events.consumer c join behind b using (name)
  where not b.wanted and (b.events >= $3 or $4) for update of c skip locked
), moved as (
  update events.consumer c set position = i.given from idle i where c.name = i.name and c.position < i.given
)
select 'handler' as kind, name from behind where wanted
union all
select distinct 'job', j.name from events.job j where j.state = 'WAITING' and j.due_at <= $6 and j.name = any($5)
"""

Task = tuple[str, str]
"""What goes on by itself: a handler or a kind of job, and its name."""


class WorkerTasks:
    """The work of one process, while it `may_work`. Each task takes a connection, so `most` go on at a time."""

    def __init__(self, worker: Worker, most: int, may_work: Callable[[], bool] = lambda: True) -> None:
        self.worker, self.most, self.may_work = worker, most, may_work
        self.chance = random.Random()
        self.called = asyncio.Event()
        self.quiet = True
        """Whether nobody has called for a while."""
        self.under_way: set[Task] = set()
        self.resting: set[Task] = set()
        self.missed: set[Task] = set()
        """Those for which there was something to do while they, or too many others, were under way."""

    def call(self) -> None:
        """Note that there may be something to do."""
        self.called.set()

    async def run(self) -> None:
        """Work until cancelled."""
        # The group holds the tasks: they are cancelled and waited for together with this loop.
        async with asyncio.TaskGroup() as group:
            while True:
                self.called.clear()
                try:
                    if self.may_work():
                        await self.look(group)
                except AWAY as error:
                    log.warning(
                        "handlers and jobs rest for a moment: %s; look at the database if it goes on",
                        type(error).__name__,
                    )
                except Exception:  # whatever it is, the next turn may do better
                    log.exception("handlers and jobs rest for a moment; report what is told below")
                self.quiet = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        self.quiet = not await self.called.wait()

    async def look(self, group: asyncio.TaskGroup) -> None:
        """Begin with what there is to do and nobody here does yet."""
        await self.worker.plan()
        for task in await self.busy():
            if task in self.resting:
                continue
            if task in self.under_way or len(self.under_way) >= self.most:
                self.missed.add(task)
            else:
                self.under_way.add(task)
                group.create_task(self.serve(task))

    async def busy(self) -> list[Task]:
        """List the handlers that are behind, and the kinds of jobs that are due."""
        names, jobs = list(self.worker.handlers), list(self.worker.jobs)
        wanted = [" ".join(event.type for event in one.events) for _, one in self.worker.handlers.values()]
        connection = connections.get("default")
        # One statement asks for all, so a look costs the same however many handlers there are.
        given = [names, wanted, PASSED_OVER, self.quiet, jobs + names, self.worker.now()]
        rows = await connection.execute_query_dict(BUSY, given)
        tasks = [(row["kind"], row["name"]) for row in rows]
        self.chance.shuffle(tasks)  # nobody is always the last
        return tasks

    async def serve(self, task: Task) -> None:
        """Work on a task for a stretch; whatever goes wrong is its own."""
        rests = self.needs_last_event_only(task)
        try:
            # Bounded, so that a task with much to do gives its connection to the next one in between.
            for _ in range(1 if rests else STRETCH):
                if not await self.step(*task):
                    break
            else:
                self.missed.add(task)
        except AWAY as error:
            log.warning("%s rests for a moment: %s; look at the database if it goes on", task[1], type(error).__name__)
        except Exception:
            log.exception("%s rests for a moment; report what is told below", task[1])
        finally:
            self.under_way.remove(task)
            if rests:
                self.missed.discard(task)
                self.resting.add(task)
                asyncio.get_running_loop().call_later(RESTING, self.resume_task, task)
            if self.missed - self.under_way:  # the others that were missed will look when they are done
                self.missed.clear()
                self.call()

    def needs_last_event_only(self, task: Task) -> bool:
        """Return whether a task is a handler for which the last event is enough."""
        kind, name = task
        return kind == "handler" and self.worker.needs_last(self.worker.handlers[name][1])

    def resume_task(self, task: Task) -> None:
        """Let a task have its turn again, in case there is something to do."""
        self.resting.discard(task)
        self.call()

    async def step(self, kind: str, name: str) -> bool:
        """Handle one event or run one job; return whether there was one."""
        if kind == "handler":
            return await self.worker.handle(name, Tally())
        return await self.worker.work([name], Tally())
