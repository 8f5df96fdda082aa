"""Integrations: ways by which other systems file cases and read them (hotline intake, Open311)."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl
from gongzhi.runtime.routes import Route

from .intake import plugin as intake
from .open311.routes import ROUTES


@hookimpl
def about() -> list[About]:
    return [About(always=True)]


@hookimpl
def tables() -> list[App]:
    return intake.tables()


@hookimpl
def graphql() -> tuple[Extension, ...]:
    return intake.graphql()


@hookimpl
def registers() -> list[Registers]:
    return intake.registers()


@hookimpl
def channels() -> list[Route]:
    return ROUTES
