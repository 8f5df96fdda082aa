"""Events of plugins are delivered to whoever names them and may follow their streams, and to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from gongzhi_server.testing import essential_with

from . import sample_plugin
from .conftest import Desk, opened
from .receivers import Receiver


@pytest_asyncio.fixture
async def belfry(database: str, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Desk]:
    async with opened(database, tmp_path, receiver, essential_with("bell", sample_plugin)) as made:
        await made.server.worker.drain()
        yield made


async def test_named_event_is_delivered(belfry: Desk) -> None:
    """With what it declares; of a tip-off, which the system may not see, nothing comes."""
    await belfry.create(types=["bell.rung", "case.accepted"])
    sealed = await belfry.report(kind="TIP_OFF", against="610921-GDGS")
    number = await belfry.report()
    for one in (sealed, number):
        await belfry.accept(one)
    await belfry.server.worker.drain()
    await belfry.deliver()
    accepted, rung = sorted(belfry.receiver.take(), key=lambda one: one.body["type"], reverse=True)
    assert accepted.body["subject"] == number and accepted.body["data"]["case"]["status"] == "ACCEPTED"
    assert rung.body["type"] == "bell.rung" and rung.body["data"]["facts"]["times"] == 2
    assert rung.body["data"]["actor"] == "SYSTEM" and "case" not in rung.body["data"]


async def test_unnamed_event_is_not(belfry: Desk) -> None:
    """Who asks for everything asks for everything of cases."""
    await belfry.create()
    await belfry.accept(await belfry.report())
    await belfry.server.worker.drain()
    await belfry.deliver()
    assert belfry.receiver.types == ["case.reported", "case.accepted"]


async def test_hidden_types_are_refused(belfry: Desk) -> None:
    """What one may not follow is refused like what there is not."""
    asked = {"url": belfry.receiver.url, "grid": "610921"}
    answers = []
    for type in ("bell.oiled", "bell.heard", "bell.nothing"):
        payload = await belfry.system.do("createWebhook", "webhook { id }", types=[type], **asked)
        answers.append([(one["code"], one["message"], one["path"]) for one in payload["errors"]])
    assert answers[0] == answers[1] == answers[2] and answers[0][0][2] == ["types"]
