"""Party-building activities (党建活动): organisation, activities, deliberation, members and households."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.runtime.feeds import Feed
from gongzhi.runtime.jobs import BackgroundJob


@hookimpl
def about() -> list[About]:
    # Series are planned around days off, by the calendars of the plugin of deadlines.
    return [About(requires=("deadlines", "resolutions"))]


@hookimpl
def tables() -> list[App]:
    return [App("party", "gongzhi_party.models", "gongzhi_party.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import lessons as learning
    from .activities import attendance as attending
    from .activities import calendar_feeds as feeds
    from .activities import check_in as checking_in
    from .activities import extensions as activity_fields
    from .activities import minutes as recording
    from .activities import planning as arranging
    from .activities import series
    from .deliberations import agenda as deliberating
    from .deliberations import counting, voting
    from .deliberations import decisions as deciding
    from .deliberations import meetings as convening
    from .links import commands as linking
    from .links import types as link_types
    from .links import wishes as wishing
    from .organisation import commands as organisation
    from .organisation import membership
    from .organisation import quarter_digest as digest
    from .organisation import types as organisation_types
    from .village import commands as village
    from .village import types as village_types
    from .volunteers import commands as volunteering

    rooms = (
        organisation_types, organisation, membership, activity_fields, arranging, series, attending, checking_in,
        recording, feeds, village_types, deliberating, voting, counting, convening, deciding, village, link_types,
        linking, wishing, learning, digest, volunteering,
    )  # fmt: skip
    return tuple(one for room in rooms for one in room.EXTENSIONS)


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
    from .activities import attendance as attending
    from .activities import minutes as recording
    from .links import commands as linking
    from .organisation import commands as organisation

    return (
        organisation.remind_of_terms,
        attending.remind_participants,
        recording.remind_task_owners,
        linking.remind_helpers,
    )


@hookimpl
def channels() -> list[Feed]:
    from .activities.calendar_feeds import FEED

    return [FEED]


@hookimpl
def registers() -> list[Registers]:
    from .registers import CARDS, HOLDINGS

    return [Registers(cards=CARDS, holdings=HOLDINGS)]


@hookimpl
def errands() -> list[Errand]:
    from .console import ERRANDS
    from .demo import load_demo

    return [*ERRANDS, Errand("demo", load_demo)]
