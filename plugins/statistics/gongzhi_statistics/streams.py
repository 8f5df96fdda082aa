"""Streams: a grid followed live, with its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gongzhi.core.cases.events import EVENTS
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import live, lookup
from gongzhi.declare.events import Occurrence
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Subscription
from gongzhi.values import codes

from .recounting import count_on_event


def is_within(event: Occurrence, given: Mapping[str, Any]) -> bool:
    """Tell whether something happened in the grid that is followed, or below it."""
    # By codes, which events carry: a subscription asks the database nothing for each event.
    return event.grid is not None and given["code"] in (event.grid, *codes.ancestor_codes(event.grid))


EXTENSIONS = (
    extend(
        Subscription,
        grid_changed=live(
            lookup(
                "A grid as it is, and again whenever something happens to a case in it: for live figures (网格动态).",
                "Its code (编码).",
                by="code",
                type=Grid | None,
                requires=None,
            ),
            events=EVENTS,
            touches=is_within,
            handled=count_on_event.name,
        ),
    ),
)
