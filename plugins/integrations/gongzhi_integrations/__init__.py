"""Integrations: other systems file cases, read them and hear of them (hotline, Open311, webhooks, NATS)."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.routes import Route
from gongzhi.runtime.services import ProcessService, Service

from . import month_pages, polling
from .intake import plugin as intake
from .nats import plugin as nats
from .open311 import routes as open311
from .settings import IntegrationSettings
from .webhooks import plugin as webhooks


@hookimpl
def about() -> list[About]:
    return [About(requires=("contacts", "deadlines", "dispatch", "operations"), always=True)]


@hookimpl
def tables() -> list[App]:
    return [*intake.tables(), *webhooks.tables()]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import event_query
    from .nats import status

    return (*event_query.EXTENSIONS, *status.EXTENSIONS, *intake.graphql(), *webhooks.graphql())


@hookimpl
def permissions() -> list[Permission | Role]:
    return webhooks.permissions()


@hookimpl
def jobs() -> list[BackgroundJob]:
    return webhooks.jobs()


@hookimpl
def registers() -> list[Registers]:
    return [*intake.registers(), *webhooks.registers()]


@hookimpl
def settings() -> list[type]:
    return [IntegrationSettings]


@hookimpl
def lifespan() -> list[Service | ProcessService]:
    return [*webhooks.lifespan(), *nats.SERVICES]


@hookimpl
def errands() -> list[Errand]:
    from . import history
    from .nats import console

    return [*console.ERRANDS, *history.ERRANDS]


@hookimpl
def channels() -> list[Route]:
    return [*open311.ROUTES, *polling.ROUTES, *month_pages.ROUTES]
