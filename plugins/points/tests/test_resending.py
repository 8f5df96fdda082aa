"""A phone that sends again gets the same answer, and nothing happens a second time, whatever the command."""

from __future__ import annotations

from uuid import uuid4

import pytest

from .scenes import GOOD, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

LATER = ("reversePoints", "endPointsMerchant", "endPointsRule", "endPointsAct")
"""What others build on is ended last."""
AGAINST = {"reversePoints", "withdrawPointsClaim"}
"""Refused in this order: the points have been spent by then, and the claim decided."""


async def test_same_key_does_the_same_once(scene: Scene) -> None:
    """Every command is given, and given again under its key; with other input the key is refused."""
    refused = set()
    for command in sorted(GOOD, key=lambda name: (name in LATER, name)):
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
    assert refused == AGAINST
