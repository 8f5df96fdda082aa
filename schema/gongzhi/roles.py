"""The stock roles of the core and what they may."""

from __future__ import annotations

from .permissions import Permission, Role

STRANGER = Role("stranger", "访客", "Anybody, without an account.")
RESIDENT = Role("resident", "居民", "Somebody who lives here, for their own matters.")
GRID_WORKER = Role("grid_worker", "网格员", "Works in a grid: visits, reports, settles on the spot.")
GRID_LEADER = Role("grid_leader", "网格长", "Leads a grid.")
TOWN_DISPATCHER = Role("town_dispatcher", "镇级调度员", "Accepts and dispatches a town's cases.")
COUNTY_DISPATCHER = Role(
    "county_dispatcher", "县级调度员", "Accepts and dispatches a county's cases, tip-offs included."
)
DEPARTMENT_HANDLER = Role("department_handler", "部门承办人", "Handles and answers the cases of a unit.")
DEPUTY = Role("deputy", "人大代表", "Looks at what moves the people they represent.")
AUDITOR = Role("auditor", "审计员", "Looks at what was done, and changes nothing.")
DATA_PROTECTION_OFFICER = Role("data_protection_officer", "个人信息保护负责人", "Watches over personal data.")
INTEGRATOR = Role("integrator", "对接系统", "A system that files cases and follows them.")
ADMINISTRATOR = Role("administrator", "管理员", "Sets the deployment up.")

ROLES = (
    STRANGER,
    RESIDENT,
    GRID_WORKER,
    GRID_LEADER,
    TOWN_DISPATCHER,
    COUNTY_DISPATCHER,
    DEPARTMENT_HANDLER,
    DEPUTY,
    AUDITOR,
    DATA_PROTECTION_OFFICER,
    INTEGRATOR,
    ADMINISTRATOR,
)

_FIELD = (GRID_WORKER, GRID_LEADER)
_DISPATCH = (TOWN_DISPATCHER, COUNTY_DISPATCHER)
_STAFF = (*_FIELD, *_DISPATCH, DEPARTMENT_HANDLER, AUDITOR, ADMINISTRATOR)


def _permission(name: str, description: str, *roles: Role) -> Permission:
    return Permission(name, description, frozenset(role.name for role in roles))


PERMISSIONS = (
    _permission("grids.edit", "Add grids, change names and boundaries (维护网格)", ADMINISTRATOR),
    _permission("units.edit", "Add and change organisations (维护单位)", ADMINISTRATOR),
    _permission("people.view", "See people and households (查看人员和户)", *_FIELD, *_DISPATCH, AUDITOR, ADMINISTRATOR),
    _permission("people.view_needs", "See what service a household asks for (查看服务需求)", *_FIELD),
    _permission("people.edit", "Add and change people and households (维护人员和户)", *_FIELD, ADMINISTRATOR),
    _permission("people.record_visit", "Record visits (记录走访)", *_FIELD),
    _permission("people.oversee", "Watch over the use of personal data (监督个人信息处理)", DATA_PROTECTION_OFFICER),
    _permission(
        "people.appoint", "Appoint helpers and grid officers (任命联系人和网格负责人)", GRID_LEADER, ADMINISTRATOR
    ),
    _permission("cases.view", "See cases (查看诉求)", *_STAFF, INTEGRATOR),
    _permission("cases.view_sealed", "See tip-offs (查看举报)", COUNTY_DISPATCHER),
    _permission("cases.view_notes", "Read staff notes (查看内部备注)", *_STAFF),
    _permission("cases.accept", "Accept and decline cases (受理诉求)", *_FIELD, *_DISPATCH, ADMINISTRATOR),
    _permission("cases.dispatch", "Dispatch cases to units (派单)", *_DISPATCH, ADMINISTRATOR),
    _permission("cases.settle", "Settle cases in the grid (自处理)", *_FIELD, ADMINISTRATOR),
    _permission("cases.handle", "Handle and answer cases (办理和答复)", *_FIELD, DEPARTMENT_HANDLER, ADMINISTRATOR),
    _permission("cases.close", "Close and reopen answered cases (结案、重办)", *_DISPATCH, ADMINISTRATOR),
    _permission("patrols.record", "Record patrols (记录巡查)", *_FIELD),
    _permission("patrols.view", "See patrols (查看巡查)", *_FIELD, *_DISPATCH, AUDITOR, ADMINISTRATOR),
    _permission("centers.edit", "Set up governance centres (维护综治中心)", ADMINISTRATOR),
    _permission("plugins.activate", "Switch plugins on and off in a county (启停插件)", ADMINISTRATOR),
    _permission("schema.explore", "Explore the schema by introspection in production (查看接口结构)", ADMINISTRATOR),
    _permission("plugins.view", "See what plugins are installed (查看插件)", AUDITOR, ADMINISTRATOR),
)
"""What may be granted. Reporting, and rating with a receipt, need none of them."""


def held(role: str) -> frozenset[str]:
    """The permissions of a stock role. Raises KeyError for a role that nobody declared."""
    if role not in {one.name for one in ROLES}:
        raise KeyError(role)
    return frozenset(one.name for one in PERMISSIONS if role in one.roles)
