"""A phone that sends again gets the same answer, and nothing happens a second time, whatever the command."""

from __future__ import annotations

from uuid import uuid4

import pytest

from .scenes import GOOD, KEYLESS, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

LATER = ("cancelActivity", "dropMatter", "endActivitySeries", "endPartyLink", "updatePartyMember", "withdrawLesson")
"""What others build on is ended last."""


async def test_same_key_does_the_same_once(scene: Scene) -> None:
    """Every command is given, and given again under its key; most of them do something."""
    refused = set()
    for command in sorted(GOOD.keys() - set(KEYLESS), key=lambda name: (name in LATER, name)):
        caller, good = GOOD[command]
        key, before = str(uuid4()), await scene.count()
        first = await scene.give(caller, command, good, key)
        after = await scene.count()
        assert await scene.give(caller, command, good, key) == first, command
        assert await scene.count() == after, command
        if first:
            refused.add(command)
            assert after == before, command
        if "reason" in good:
            mixed = await scene.give(caller, command, good | {"reason": "另一个理由"}, key)
            assert [code for code, _ in mixed] == ["IDEMPOTENCY_KEY_REUSED"], command
            assert await scene.count() == after, command
    # Some come too late or too early in this order; a scene in which most do would prove nothing.
    assert len(refused) < len(GOOD) // 4, sorted(refused)
