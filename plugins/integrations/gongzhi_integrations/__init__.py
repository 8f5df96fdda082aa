"""Integrations: ways by which other systems file cases and read them (Open311)."""

from __future__ import annotations

from gongzhi.plugin.hooks import About, hookimpl
from gongzhi.runtime.routes import Route

from .open311.routes import ROUTES


@hookimpl
def about() -> list[About]:
    return [About(always=True)]


@hookimpl
def channels() -> list[Route]:
    return ROUTES
