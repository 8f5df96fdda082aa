"""Roles: the offices that the core knows; its packages say in their `plugin.py` what each may."""

from __future__ import annotations

from gongzhi.plugin.permissions import Role
from gongzhi.values.errors import Text

STRANGER = Role("stranger", "访客", "Anybody, without an account.")
RESIDENT = Role("resident", "居民", "Somebody who lives here, for their own matters.", civic=True)
GRID_WORKER = Role("grid_worker", "网格员", "Works in a grid: visits, reports, settles on the spot.")
GRID_LEADER = Role("grid_leader", "网格长", "Leads a grid.")
TOWN_DISPATCHER = Role("town_dispatcher", "镇级调度员", "Accepts and dispatches a town's cases.")
COUNTY_DISPATCHER = Role(
    "county_dispatcher", "县级调度员", "Accepts and dispatches a county's cases, tip-offs included."
)
COUNTY_LEADER = Role(
    "county_leader",
    "县领导",
    "Looks at figures, whistle calls and supervision, and opens no file and no case.",
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
    COUNTY_LEADER,
    DEPARTMENT_HANDLER,
    DEPUTY,
    AUDITOR,
    DATA_PROTECTION_OFFICER,
    INTEGRATOR,
    ADMINISTRATOR,
)

FIELD_STAFF = (GRID_WORKER, GRID_LEADER)
DISPATCHERS = (TOWN_DISPATCHER, COUNTY_DISPATCHER)
STAFF = (*FIELD_STAFF, *DISPATCHERS, DEPARTMENT_HANDLER, AUDITOR, ADMINISTRATOR)


def role_label(name: str) -> Text:
    """Return what people call a role; of a plugin's, the Chinese name is not known here."""
    return next((role for role in ROLES if role.name == name), Role(name, "插件", "")).label
