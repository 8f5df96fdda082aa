"""Integrations: other systems file cases, read them and hear of them (hotline intake, Open311, webhooks)."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.runtime.jobs import Job
from gongzhi.runtime.routes import Route
from gongzhi.runtime.services import ProcessService

from .intake import plugin as intake
from .open311.routes import ROUTES
from .settings import IntegrationSettings
from .webhooks import plugin as webhooks


@hookimpl
def about() -> list[About]:
    return [About(always=True)]


@hookimpl
def tables() -> list[App]:
    return [*intake.tables(), *webhooks.tables()]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    return (*intake.graphql(), *webhooks.graphql())


@hookimpl
def permissions() -> list[Permission | Role]:
    return webhooks.permissions()


@hookimpl
def jobs() -> list[Job]:
    return webhooks.jobs()


@hookimpl
def registers() -> list[Registers]:
    return [*intake.registers(), *webhooks.registers()]


@hookimpl
def settings() -> list[type]:
    return [IntegrationSettings]


@hookimpl
def lifespan() -> list[ProcessService]:
    return webhooks.lifespan()


@hookimpl
def channels() -> list[Route]:
    return ROUTES
