"""The rooms of the core that own tables."""

from __future__ import annotations

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
)

APPS = tuple(App(room, f"gongzhi.{room}.models", f"gongzhi.{room}.migrations") for room in ROOMS)
