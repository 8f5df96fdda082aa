"""Registration: what `webhooks` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, AUDITOR, INTEGRATOR
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.services import ProcessRun, ProcessService


@hookimpl
def tables() -> list[App]:
    return [
        App(
            "webhooks",
            "gongzhi_integrations.webhooks.models",
            "gongzhi_integrations.webhooks.migrations",
            noun="webhook",
        )
    ]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, inspection, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *inspection.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("webhooks.edit", "Have events delivered to an address (设置事件回调)", INTEGRATOR, ADMINISTRATOR),
        permission(
            "webhooks.oversee", "See where events are delivered to, and stop it (监看事件回调)", AUDITOR, ADMINISTRATOR
        ),
    ]


@hookimpl
def lifespan() -> list[ProcessService]:
    return [ProcessService("webhooks.delivery_worker", deliver_events)]


async def deliver_events(run: ProcessRun) -> None:
    """Deliver events for as long as this process runs."""
    from .delivery_worker import run_delivery_worker

    await run_delivery_worker(run)


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import jobs

    return [jobs.forget_deliveries]


@hookimpl
def registers() -> list[Registers]:
    from . import checks, holdings

    return [Registers(holdings=holdings.HOLDINGS, checks=checks.CHECKS)]
