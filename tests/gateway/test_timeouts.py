"""A block of a request ends in time, and only for that reason."""

from __future__ import annotations

import asyncio

import pytest
from gongzhi_server.gateway.timeouts import Timeout


async def test_block_that_takes_too_long_ends() -> None:
    with pytest.raises(TimeoutError), Timeout(0):
        await asyncio.Event().wait()
    await asyncio.sleep(0)  # the task goes on


async def test_block_in_time_is_left_alone() -> None:
    with Timeout(60):
        await asyncio.sleep(0)
    with pytest.raises(KeyError), Timeout(60):
        raise KeyError


async def test_inner_one_ends_the_inner_block_alone() -> None:
    with Timeout(60):
        with pytest.raises(TimeoutError), Timeout(0):
            await asyncio.Event().wait()
        await asyncio.sleep(0)


async def test_whoever_is_cancelled_besides_stays_cancelled() -> None:
    """The client is gone in the moment in which the time is up: nobody may take that for a timeout and go on."""

    async def block() -> None:
        task = asyncio.current_task()
        assert task
        with Timeout(0):
            try:
                await asyncio.Event().wait()
            finally:
                task.cancel()

    running = asyncio.create_task(block())
    with pytest.raises(asyncio.CancelledError):
        await running
