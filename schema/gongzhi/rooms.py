"""The rooms of the core that own tables."""

from __future__ import annotations

from collections.abc import Mapping

from .hooks import App

ROOMS = (
    "grids",
    "units",
    "people",
    "calendars",
    "cases",
    "clocks",
    "journal",
    "plugins",
    "notices",
    "events",
    "access",
    "accounts",
    "rights",
    "resolutions",
    "dispatch",
    "attachments",
    "patrols",
    "centers",
    "sync",
    "webhooks",
    "intake",
    "statistics",
    "emergency",
    "whistles",
    "supervision",
    "contacts",
    "exports",
)

APPS = tuple(App(room, f"gongzhi.{room}.models", f"gongzhi.{room}.migrations") for room in ROOMS)

FLOOR: Mapping[str, str] = {}
"""The last migration of each room in the oldest contract that this one can stand in for (`gongzhi>=0.1,<0.2`: the first
0.1). What a plugin's new migrations depend on is no later than these, so that they run on that contract as well. Of a
room that is not named there is nothing older than what is here: nothing has been released yet.
"""
