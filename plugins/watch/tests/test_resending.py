"""What a phone sends twice is done once: each command, with what the one before has left."""

from __future__ import annotations

from uuid import uuid4

import pytest

from .conftest import Ground
from .scenes import GOOD, set_scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_sent_twice_is_done_once(ground: Ground) -> None:
    """Each command in turn, with what the one before has left: the same key changes nothing more."""
    scene = await set_scene(ground)
    after = ("finishWatchMeasure", "recordWatchEffect", "planWatchMeasure", "reviewWatch", "leaveWatch")
    first = [one for one in GOOD if one not in (*after, "proposeWatchExit")]
    for command in (*first, *after):
        caller, given = GOOD[command]
        if command == "assessWatch":
            given = given | {"watch": ":asked"}
        given = await scene.set_version(given)
        key, before = str(uuid4()), await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        changed = await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        assert await scene.count() == changed != before, command
