"""Community types: social organisations, volunteers and purchased services, as the schema has them."""

from __future__ import annotations

import datetime
from decimal import Decimal

from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Me, Person
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_code, compare_condition, compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql

from . import rules
from .models import (
    OrganisationKind,
    OrganisationRow,
    PurchaseRow,
    PurchaseState,
    ServedRow,
    Skill,
    VolunteerRow,
)

describe_enum(
    OrganisationKind,
    "SocialOrganisationKind",
    "What sort of social organisation it is (社会组织类型).",
    ASSOCIATION="Of members (社会团体)",
    FOUNDATION="Of a fund (基金会)",
    SERVICE="Of services (社会服务机构)",
)
describe_enum(
    Skill,
    "VolunteerSkill",
    "What a volunteer says they can do (志愿服务技能).",
    FIRST_AID="First aid and health (医疗急救)",
    CARE="Keeping old people and children company (助老助幼)",
    TEACHING="Teaching (支教辅导)",
    LAW="Law and mediation (法律调解)",
    REPAIR="Repairs (维修)",
    DRIVING="Driving (驾驶)",
    FARMING="Farming (农技)",
    ARTS="Arts and sports (文体)",
    RESCUE="Rescue (应急救援)",
    ERRANDS="Errands (跑腿代办)",
)
describe_enum(
    PurchaseState,
    "PurchasedServiceState",
    "Where a purchased service stands (购买服务状态).",
    AGREED="Agreed, and under way (实施中)",
    DELIVERED="Delivered, as one person says; a second accepts it (待验收)",
    ACCEPTED="Accepted by two persons (已验收)",
    CANCELLED="Cancelled (已取消)",
)
set_tones(PurchaseState, AGREED="AMBER", DELIVERED="AMBER", ACCEPTED="GREEN")


# With the organisation, which everybody reads.
@entity(ServedRow, visible=visible_to_all, order=("id",), filter={"grid": compare_place()})
class ServedGrid(Node):
    """That a social organisation serves a grid (服务网格)."""

    organisation: SocialOrganisation | None = one("Which organisation (社会组织).")
    grid: Grid | None = one("Which grid (网格).")


# Who leads it is its own business: a register of organisations is none of people.
@entity(
    OrganisationRow,
    visible=visible_to_all,
    order=("registered_on", "name"),
    filter={
        "uscc": None,
        "kind": None,
        "grid": compare_place(),
        "unit": compare_code("unit_id", "unit", "units"),
        "registered": compare_condition(
            lambda at: Sql("{0} is null", at.rows.deregistered_on), "Registered (是否在册)"
        ),
    },
)
class SocialOrganisation(Node):
    """A social organisation and the grids that it serves (社会组织)."""

    uscc: str = column("Its unified social credit code (统一社会信用代码).")
    name: str = column("Its name (名称).")
    kind: OrganisationKind = column("What sort it is (类型).")
    purpose: str = column("What it does (业务范围).")
    grid: Grid | None = one("Where it is registered (登记地).")
    unit: Unit | None = one("The unit that supervises it (业务主管单位).")
    registered_on: datetime.date = column("Since when it is on the register (登记日期).")
    deregistered_on: datetime.date | None = column("The first day no longer (注销日期).")
    served: list[ServedGrid] = many("The grids that it serves (服务网格).", on="organisation", order="id", cap=50)
    purchases: Connection[PurchasedService] = connection(
        "What was bought of it (承接的购买服务).", on="organisation", order="-recorded_at"
    )
    version: int = column("Grows with every change (版本).")


# Published from the first day: whoever lives there knows whether anybody came.
@entity(
    PurchaseRow,
    visible=visible_to_all,
    order=("recorded_at",),
    filter={
        "state": None,
        "ends_on": None,
        "grid": compare_place(),
        "unit": compare_code("unit_id", "unit", "units"),
    },
)
class PurchasedService(Node):
    """A service that a unit buys of a social organisation, and how it was accepted (政府购买服务)."""

    organisation: SocialOrganisation | None = one("Of whom (承接方).")
    unit: Unit | None = one("Who buys it (购买单位).")
    grid: Grid | None = one("Where it is for (服务地).")
    title: str = column("What (服务内容).")
    since: datetime.date = column("The first day (起).")
    ends_on: datetime.date = column("The first day after it (止，不含).")
    # Divided by the database, which knows no floats: a fen is a fen.
    amount: Decimal = expression(
        "For how much, in yuan, to the fen (金额，元).", lambda at: Sql("round({0}/100.0, 2)", at.row.amount_fen)
    )
    state: PurchaseState = column("Where it stands (状态).")
    recorded_at: datetime.datetime = column("When it was written down (登记时间).")
    result: str | None = column("What came of it, or why it was cancelled (实施结果).")
    delivered_at: datetime.datetime | None = column("When one person said that it was delivered (申请验收时间).")
    accepted_at: datetime.datetime | None = column("When a second person accepted it (验收时间).")
    version: int = column("Grows with every change (版本).")


@entity(VolunteerRow, visible=rules.visible_volunteers, order=("since",), filter={"grid": compare_place()})
class RegisteredVolunteer(Node):
    """Somebody who asked to be on the register of volunteers; nobody rates them (登记志愿者)."""

    # Null to whoever does not see their file: a key, and what they can do.
    person: Person | None = one("Who, for those who may see them (人员).")
    grid: Grid | None = one("Where they live (网格).")
    skills: list[Skill] = column("What they say they can do (技能).")
    since: datetime.date = column("Since when they are on the register (登记日期).")


EXTENSIONS = (
    extend(
        Query,
        social_organisations=connection(
            "Social organisations, also for callers without an account (社会组织列表).",
            lambda at: None,
            order="name",
            type=Connection[SocialOrganisation] | None,
            requires=None,
        ),
        purchased_services=connection(
            "Purchased services, also for callers without an account (购买服务列表).",
            lambda at: None,
            order="-recorded_at",
            type=Connection[PurchasedService] | None,
            requires=None,
        ),
        registered_volunteers=connection(
            "Volunteers that one may ask for help (登记志愿者列表).",
            lambda at: None,
            order="-since",
            type=Connection[RegisteredVolunteer] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        served_by=connection(
            "Social organisations that serve it, or places in it (服务本网格的社会组织).",
            rows_inside,
            order="id",
            type=Connection[ServedGrid] | None,
            requires=None,
        ),
        purchased_services=connection(
            "Services that are bought for it (购买服务).",
            rows_inside,
            order="-recorded_at",
            type=Connection[PurchasedService] | None,
            requires=None,
        ),
    ),
    extend(
        Me,
        volunteer=pick(
            "That one is on the register of volunteers (我的志愿者登记).",
            lambda at: [Sql("{0}={1}", at.rows.person_id, at.viewer.person)],
            order="since",
            type=RegisteredVolunteer | None,
            requires=None,
        ),
    ),
)
