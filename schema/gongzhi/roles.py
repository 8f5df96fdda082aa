"""The stock roles of the core and what they may."""

from __future__ import annotations

from .errors import Text
from .permissions import Permission, Role

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

_FIELD = (GRID_WORKER, GRID_LEADER)
_DISPATCH = (TOWN_DISPATCHER, COUNTY_DISPATCHER)
_STAFF = (*_FIELD, *_DISPATCH, DEPARTMENT_HANDLER, AUDITOR, ADMINISTRATOR)


def _permission(name: str, description: str, *roles: Role, guarded: bool = False) -> Permission:
    return Permission(name, description, frozenset(role.name for role in roles), guarded)


PERMISSIONS = (
    _permission("grids.edit", "Add grids, change names and boundaries (维护网格)", ADMINISTRATOR),
    _permission("units.edit", "Add and change organisations (维护单位)", ADMINISTRATOR),
    _permission("people.view", "See people and households (查看人员和户)", *_FIELD, *_DISPATCH, AUDITOR, ADMINISTRATOR),
    _permission("people.view_needs", "See what service a household asks for (查看服务需求)", *_FIELD),
    _permission("people.edit", "Add and change people and households (维护人员和户)", *_FIELD),
    _permission("people.record_visit", "Record visits (记录走访)", *_FIELD),
    _permission(
        "people.oversee",
        "Watch over the use of personal data (监督个人信息处理)",
        DATA_PROTECTION_OFFICER,
        guarded=True,
    ),
    _permission("people.reveal", "See protected values in clear, for a purpose (查看明文)", *_FIELD, *_DISPATCH),
    _permission("people.find", "Look for people by resident ID or phone (按证件号或电话查找人员)", *_FIELD, *_DISPATCH),
    _permission(
        "people.break_glass",
        "Look at a file beyond one's scope in an emergency (紧急查阅)",
        GRID_LEADER,
        *_DISPATCH,
    ),
    _permission(
        "people.appoint", "Appoint helpers and grid officers (任命联系人和网格负责人)", GRID_LEADER, ADMINISTRATOR
    ),
    _permission(
        "people.view_restricted",
        "See people whose data are restricted at their request (查看限制处理人员)",
        DATA_PROTECTION_OFFICER,
    ),
    _permission(
        "rights.handle", "Decide on what people ask about their data (办理个人信息权利请求)", DATA_PROTECTION_OFFICER
    ),
    _permission(
        "rights.review", "Review what a rule decided (人工复核自动化决定)", GRID_LEADER, DATA_PROTECTION_OFFICER
    ),
    _permission("rights.represent", "Put guardians and next of kin on file (登记监护人和近亲属)", GRID_LEADER),
    _permission(
        "rights.record_consent",
        "Record consents given on paper, and their withdrawal (代录书面同意)",
        *_FIELD,
    ),
    _permission("resolutions.record", "Record what assemblies decided (登记决议)", GRID_LEADER),
    _permission("cases.view", "See cases (查看诉求)", *_STAFF, INTEGRATOR),
    _permission("cases.view_sealed", "See tip-offs (查看举报)", COUNTY_DISPATCHER, guarded=True),
    _permission("cases.view_notes", "Read staff notes (查看内部备注)", *_STAFF),
    _permission("cases.accept", "Accept and decline cases (受理诉求)", *_FIELD, *_DISPATCH),
    _permission("cases.dispatch", "Dispatch cases to units (派单)", *_DISPATCH),
    _permission("cases.settle", "Settle cases in the grid (自处理)", *_FIELD),
    _permission("cases.handle", "Handle and answer cases (办理和答复)", *_FIELD, DEPARTMENT_HANDLER),
    _permission("cases.close", "Close and reopen answered cases (结案、重办)", *_DISPATCH),
    _permission("clocks.edit_rules", "Choose and write a county's deadlines (维护时限规则)", ADMINISTRATOR),
    _permission("calendars.edit", "Change when offices are open (维护工作日历)", ADMINISTRATOR),
    _permission("deployment.examine", "See what would hurt a deployment later (部署体检)", AUDITOR, ADMINISTRATOR),
    _permission(
        "dispatch.edit_directory",
        "Keep the dispatch directory and the list of duties (维护派单目录和职责清单)",
        COUNTY_DISPATCHER,
        ADMINISTRATOR,
    ),
    _permission("dispatch.rule_objections", "Rule on objections to a dispatch (裁定派单异议)", COUNTY_DISPATCHER),
    _permission(
        "dispatch.request_voiding",
        "Ask to void cases (申请作废)",
        *_FIELD,
        *_DISPATCH,
        DEPARTMENT_HANDLER,
    ),
    _permission("dispatch.approve", "Decide what units ask for (审批延期、挂账、作废、结案)", *_DISPATCH),
    _permission("dispatch.merge_cases", "See similar cases, merge and unmerge them (并单)", *_DISPATCH),
    _permission("dispatch.follow_up", "Ask requesters how it went (回访)", *_DISPATCH),
    _permission("patrols.record", "Record patrols (记录巡查)", *_FIELD),
    _permission("patrols.view", "See patrols (查看巡查)", *_FIELD, *_DISPATCH, AUDITOR, ADMINISTRATOR),
    _permission("centers.edit", "Set up governance centres (维护综治中心)", ADMINISTRATOR),
    _permission(
        "statistics.view",
        "See figures and digests (查看统计和汇总)",
        GRID_LEADER,
        *_DISPATCH,
        COUNTY_LEADER,
        DEPARTMENT_HANDLER,
        DEPUTY,
        AUDITOR,
        ADMINISTRATOR,
    ),
    _permission("whistles.call", "Call units together (吹哨)", GRID_LEADER, *_DISPATCH),
    _permission("whistles.approve", "Approve what a village calls units for (吹哨审批)", *_DISPATCH),
    _permission("whistles.check_in", "Check one's unit in (报到)", DEPARTMENT_HANDLER),
    _permission("whistles.view", "See whistle calls (查看吹哨)", *_STAFF, COUNTY_LEADER),
    _permission("supervision.view", "See how cases are supervised, without the cases (查看督办)", COUNTY_LEADER),
    _permission("supervision.supervise", "Remind and supervise units (催办、督办)", *_DISPATCH),
    _permission("supervision.list", "Put a supervision on the county's list (挂牌督办)", COUNTY_DISPATCHER),
    _permission("supervision.edit_rules", "Set when cases are supervised (维护督办规则)", ADMINISTRATOR),
    _permission("emergency.declare", "Declare, confirm and end emergencies (宣布、确认、结束应急状态)", *_DISPATCH),
    _permission("emergency.review", "See what emergencies allowed (查看应急留痕)", *_DISPATCH, AUDITOR, ADMINISTRATOR),
    _permission("plugins.activate", "Switch plugins on and off in a county (启停插件)", ADMINISTRATOR),
    _permission(
        "accounts.view",
        "See accounts and what they may (查看账户)",
        GRID_LEADER,
        COUNTY_DISPATCHER,
        AUDITOR,
        DATA_PROTECTION_OFFICER,
        ADMINISTRATOR,
    ),
    _permission("accounts.edit", "Add, suspend and invite accounts (维护账户)", GRID_LEADER, ADMINISTRATOR),
    _permission(
        "accounts.grant",
        "Give and take back the roles one holds oneself (授予角色)",
        GRID_LEADER,
        COUNTY_DISPATCHER,
        ADMINISTRATOR,
    ),
    _permission(
        "accounts.appoint",
        "Give every role, whatever one holds oneself (任命各类角色)",
        ADMINISTRATOR,
        guarded=True,
    ),
    _permission(
        "accounts.confirm",
        "Confirm roles that nobody gives alone (复核受保护角色的授予)",
        COUNTY_DISPATCHER,
        DATA_PROTECTION_OFFICER,
        ADMINISTRATOR,
        guarded=True,
    ),
    _permission("accounts.make_keys", "Make API keys for oneself (管理接口密钥)", INTEGRATOR, ADMINISTRATOR),
    _permission("accounts.invite_residents", "Invite residents to an account of their own (邀请居民)", *_FIELD),
    _permission("schema.explore", "Explore the schema by introspection in production (查看接口结构)", ADMINISTRATOR),
    _permission(
        "cases.report_proactive",
        "File what nobody asked for (上报未诉先办事项)",
        *_FIELD,
        *_DISPATCH,
        DEPARTMENT_HANDLER,
        INTEGRATOR,
    ),
    _permission("cases.intake", "File cases of another system by its numbers (批量接入)", INTEGRATOR, ADMINISTRATOR),
    _permission("webhooks.edit", "Have events delivered to an address (设置事件回调)", INTEGRATOR, ADMINISTRATOR),
    _permission(
        "webhooks.oversee", "See where events are delivered to, and stop it (监看事件回调)", AUDITOR, ADMINISTRATOR
    ),
    _permission("exports.request", "Ask to have lists as files (申请批量导出)", COUNTY_DISPATCHER),
    _permission(
        "exports.release", "Let others' lists go out as files (放行批量导出)", DATA_PROTECTION_OFFICER, guarded=True
    ),
    _permission("jobs.view", "See what works in the background (查看后台任务)", AUDITOR, ADMINISTRATOR),
    _permission("jobs.redrive", "Have failed jobs tried again (重试后台任务)", ADMINISTRATOR),
    _permission("plugins.view", "See what plugins are installed (查看插件)", AUDITOR, ADMINISTRATOR),
)
"""What may be granted. Reporting, and rating with a receipt, need none of them."""

GUARDED = frozenset(one.name for one in PERMISSIONS if one.guarded)
CIVIC = frozenset(one.name for one in ROLES if one.civic)


def held(role: str) -> frozenset[str]:
    """The permissions of a stock role. Raises KeyError for a role that nobody declared."""
    if role not in {one.name for one in ROLES}:
        raise KeyError(role)
    return frozenset(one.name for one in PERMISSIONS if role in one.roles)


def role_label(name: str) -> Text:
    """What people call a role; of a plugin's, the Chinese name is not known here."""
    chinese = next((role.chinese for role in ROLES if role.name == name), "插件")
    return Text(name.replace("_", " "), chinese)
