"""Rights: what people may ask of whoever keeps their data, from consent and copies to review and erasure."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.register_entries import ConsentBook
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import DATA_PROTECTION_OFFICER, FIELD_STAFF, GRID_LEADER
from gongzhi.plugin.views import View
from gongzhi.runtime.routes import Route


@hookimpl
def about() -> list[About]:
    return [About(always=True, requires=("disclosure",), title="Rights over personal data (个人信息权利)")]


@hookimpl
def tables() -> list[App]:
    return [App("rights", "gongzhi_rights.models", "gongzhi_rights.migrations")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import commands, demand_commands, review_commands, types
    from .views import VIEWS

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *review_commands.EXTENSIONS,
        *demand_commands.EXTENSIONS,
        *VIEWS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission(
            "rights.handle",
            "Decide on what people ask about their data (办理个人信息权利请求)",
            DATA_PROTECTION_OFFICER,
        ),
        permission(
            "rights.review", "Review what a rule decided (人工复核自动化决定)", GRID_LEADER, DATA_PROTECTION_OFFICER
        ),
        permission("rights.represent", "Put guardians and next of kin on file (登记监护人和近亲属)", GRID_LEADER),
        permission(
            "rights.record_consent",
            "Record consents given on paper, and their withdrawal (代录书面同意)",
            *FIELD_STAFF,
        ),
    ]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings
    from .consents import has_consent

    return [Registers(holdings=holdings.HOLDINGS, consents=(ConsentBook(has_consent),))]


@hookimpl
def channels() -> list[Route]:
    from .subject_access import COPIES

    return [COPIES]
