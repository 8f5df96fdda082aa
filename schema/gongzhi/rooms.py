"""The rooms of the core that own tables."""

from __future__ import annotations

from .hooks import App

APPS = tuple(
    App(room, f"gongzhi.{room}.models", f"gongzhi.{room}.migrations")
    for room in (
        "grids",
        "units",
        "people",
        "cases",
        "journal",
        "plugins",
        "notices",
        "attachments",
        "patrols",
        "centers",
        "sync",
    )
)
