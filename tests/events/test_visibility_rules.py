"""Visibility rules: an event may be known by any of the streams that tell of it."""

from __future__ import annotations

from typing import Any

import pytest
from gongzhi_server.events import visibility
from gongzhi_server.planner import Planner
from gongzhi_server.testing import INSTALLED, built_schema


def test_rules_are_those_of_all_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the types come one at a time: `gridChanged` gives them so, and told nobody of anything."""
    planner = Planner(built_schema(INSTALLED))
    streams = visibility.streams_of(planner.schema)
    assert len(streams) > 1
    anybody: Any = None
    monkeypatch.setattr(visibility, "is_open", lambda asked, viewer: True)
    monkeypatch.setattr(visibility.EventVisibility, "statement", lambda self, asked, viewer: "a statement")
    itself: Any = str
    rules = visibility.EventVisibility(planner, ask=itself, make_run=anybody)
    [last] = list(streams)[-1:]
    found: Any = rules.rules((one for one in sorted(streams[last])), anybody)
    assert f"subscription {{ {last} {{ __typename }} }}" in [asked for asked, _ in found]
