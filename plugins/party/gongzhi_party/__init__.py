"""Party-building activities (党建活动): organisation, activities, deliberation, members and households."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.plugin.views import View
from gongzhi.runtime.feeds import Feed
from gongzhi.runtime.jobs import BackgroundJob


@hookimpl
def about() -> list[About]:
    # Series are planned around days off, by the calendars of the plugin of deadlines.
    return [About(requires=("deadlines", "resolutions"), title="Party-building (党建活动)")]


@hookimpl
def tables() -> list[App]:
    return [App("party", "gongzhi_party.models", "gongzhi_party.migrations")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import lessons
    from .activities import attendance, calendar_feeds, check_in, extensions, minutes, planning, series
    from .deliberations import agenda, counting, decisions, meetings, voting
    from .links import commands as links_commands
    from .links import types as links_types
    from .links import wishes
    from .organisation import commands as organisation_commands
    from .organisation import membership, quarter_digest
    from .organisation import types as organisation_types
    from .views import VIEWS
    from .village import commands as village_commands
    from .village import types as village_types
    from .volunteers import commands as volunteers_commands

    modules = (
        organisation_types, organisation_commands, membership, extensions, planning, series, attendance, check_in,
        minutes, calendar_feeds, village_types, agenda, voting, counting, meetings, decisions, village_commands,
        links_types, links_commands, wishes, lessons, quarter_digest, volunteers_commands,
    )  # fmt: skip
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission | Role]:
    secretary, office = frozenset({"party_secretary"}), frozenset({"party_secretary", "administrator"})
    field = frozenset({"party_secretary", "grid_worker", "grid_leader"})
    return [
        Role("party_secretary", "党务工作者", "Runs a party organisation: members, offices, activities."),
        # Membership is opened by one role alone: no administrator and no grid worker sees who belongs.
        Permission("party.view_members", "See who belongs to an organisation (查看党员)", secretary),
        Permission(
            "party.keep_members", "Keep members, transfers and offices (管理党员和职务)", secretary, names_people=True
        ),
        Permission("party.organise", "Set up organisations (维护党组织)", office),
        Permission(
            "party.convene", "Arrange activities, take attendance and minutes (组织活动)", field, names_people=True
        ),
        Permission(
            "party.deliberate",
            "Lead deliberations from the matter to its result (主持议事)",
            secretary | {"grid_leader"},
            names_people=True,
        ),
        Permission("party.suggest", "Make proposals as a deputy (提出代表建议)", frozenset({"deputy"})),
        Permission("party.link", "Name members as helpers of households (安排党员联户)", secretary),
    ]


@hookimpl
def events() -> list[type[Event]]:
    from .events import EVENTS

    return list(EVENTS)


@hookimpl
def jobs() -> tuple[BackgroundJob, ...]:
    from .activities import attendance, minutes, papers
    from .links import commands as links_commands
    from .organisation import commands as organisation_commands

    return (
        organisation_commands.remind_of_terms,
        attendance.remind_participants,
        minutes.remind_task_owners,
        papers.seal_papers,
        links_commands.remind_helpers,
    )


@hookimpl
def channels() -> list[Feed]:
    from .activities.calendar_feeds import FEED

    return [FEED]


@hookimpl
def registers() -> list[Registers]:
    from .activities.papers import CHECK
    from .registers import CARDS, HOLDINGS

    return [Registers(cards=CARDS, holdings=HOLDINGS, checks=(CHECK,))]


@hookimpl
def errands() -> list[Errand]:
    from .console import ERRANDS
    from .demo import load_demo

    return [*ERRANDS, Errand("demo", load_demo)]
