"""Devices: covers, smoke detectors, sluices and hydrants report, and what they raise becomes a case (设备感知)."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, permission
from gongzhi.plugin.roles import (
    ADMINISTRATOR,
    AUDITOR,
    COUNTY_DISPATCHER,
    COUNTY_LEADER,
    DEPARTMENT_HANDLER,
    DISPATCHERS,
    FIELD_STAFF,
    INTEGRATOR,
)
from gongzhi.plugin.settings import CountySetting
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob, Handler
from gongzhi.runtime.routes import Route


@hookimpl
def about() -> list[About]:
    return [About(title="Devices (设备感知)")]


@hookimpl
def tables() -> list[App]:
    return [App("devices", "gongzhi_devices.models", "gongzhi_devices.migrations", "gongzhi_devices.kinds:seed")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import attending, kinds, registering, types
    from .views import VIEWS

    return (*(one for module in (types, kinds, registering, attending) for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission]:
    return [
        permission(
            "devices.view",
            "See devices and their alarms (查看设备)",
            *FIELD_STAFF,
            *DISPATCHERS,
            DEPARTMENT_HANDLER,
            COUNTY_LEADER,
            AUDITOR,
            ADMINISTRATOR,
        ),
        permission(
            "devices.manage",
            "Register devices, and define what raises alarms (登记设备和告警规则)",
            COUNTY_DISPATCHER,
            ADMINISTRATOR,
        ),
        permission(
            "devices.attend",
            "Acknowledge alarms, and silence devices that are worked on (确认告警、检修静默)",
            *FIELD_STAFF,
            *DISPATCHERS,
            DEPARTMENT_HANDLER,
        ),
        permission("devices.report", "Report what devices read (上报设备读数)", INTEGRATOR),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def handlers() -> list[Handler]:
    from .telling import tell_alarms

    return [tell_alarms]


@hookimpl
def jobs() -> list[BackgroundJob]:
    from .watching import forget_readings, watch_devices

    return [watch_devices, forget_readings]


@hookimpl
def registers() -> list[Registers]:
    from .registers import HOLDINGS, UNWATCHED

    return [Registers(holdings=HOLDINGS, checks=(UNWATCHED,))]


@hookimpl
def settings() -> list[type | CountySetting[int]]:
    from .settings import DeviceSettings
    from .watching import DAYS

    return [DeviceSettings, DAYS]


@hookimpl
def channels() -> list[Route]:
    from .intake import ROUTES

    return list(ROUTES)


@hookimpl
def errands() -> list[Errand]:
    from .bridge import run_bridge
    from .demo import load_demo_devices

    return [Errand("bridge", run_bridge), Errand("demo", load_demo_devices)]
