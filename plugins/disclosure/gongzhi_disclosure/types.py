"""Types: looks at people's files as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.access.models import VIA_PLUGIN, ActRow, AlertKind, AlertRow, GlassRow, LookKind, LookRow
from gongzhi.core.access.rules import OVERSEE
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Me, Person
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import Connection, Node, column, connection, entity, expression, one, part, within_row
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql, bind
from gongzhi.plugin.roles import ROLES
from strawberry import ID

from . import rules

describe_enum(
    LookKind,
    "LookKind",
    "How somebody came to look at a file (查阅方式).",
    READ="They read it within their scope (在权限范围内查阅)",
    REVEAL="They had a protected value shown in clear (查看明文)",
    FIND="They looked for somebody by resident ID or phone (按证件号或电话查找)",
    BREAK_GLASS="They looked beyond their scope in an emergency (紧急查阅)",
    EXPORT="They took it out in a file, with a list (批量导出)",
)
describe_enum(
    AlertKind,
    "AccessAlertKind",
    "What somebody should look into (预警类型).",
    BULK="One account looked at very many files in an hour (短时大量查阅)",
    NEIGHBOURS="Somebody looked at many files of their own village, which they do not serve (大量查阅同村人员)",
    QUOTA="One account wanted more protected values in a day than it may have (超出明文查看额度)",
    BREAK_GLASS="Somebody looked beyond their scope in an emergency (紧急查阅)",
)


@part
class Reader:
    """Who looked: their office, not their name (查阅者)."""

    role: str | None = expression("The role (角色).", lambda at: at.row.role)
    unit: Unit | None = one("The unit they look for, if for one (单位).", key="unit")
    grid: Grid | None = one("The grid they serve, if one (网格).", key="grid")


@entity(LookRow, visible=rules.visible_own_looks, order=("at",))
class AccessLogEntry(Node):
    """A look at one's file (查阅记录)."""

    at: datetime.datetime = column("When (时间).")
    reader: Reader = within_row("Who, by office (查阅者).")
    kind: LookKind = column("How (方式).")
    purpose: str = column("What for, as they said; else the name of the operation (目的).")
    fields: list[str] = column("What of it they could see, as Type.field (字段).", name="fields_")


@entity(ActRow, visible=rules.visible_own_acts, order=("at",))
class ActLogEntry(Node):
    """Something that was done to somebody: a change of their file, an invitation, a new phone (操作记录)."""

    at: datetime.datetime = column("When (时间).")
    reader: Reader = within_row("Who, by office (操作者).")
    mutation: str = column("What, by the name of the mutation (操作名称).")


def names_people(at: Frame) -> Sql:
    """Return whether the viewer may read at whom it was: their own look, or one led to by core rows and roles."""
    text = "({0}={1} or coalesce({2}=any({3}),true) and not exists(select from unnest({4}) f where starts_with(f,{5})))"
    roles = bind(lambda variables, context: [one.name for one in ROLES], "text[]")
    mark = bind(lambda variables, context: VIA_PLUGIN, "text")
    return Sql(text, at.row.account, at.viewer.account, at.row.role, roles, at.row.fields, mark)


@entity(LookRow, visible=rules.visible_looks, order=("at",), filter={"kind": None, "account": None, "at": None})
class Look(Node):
    """A look at people's files, as whoever took it and the data-protection officer see it (查阅)."""

    at: datetime.datetime = column("When (时间).")
    account: str | None = column("The account that looked (账户).")
    reader: Reader = within_row("In which office (查阅者).")
    kind: LookKind = column("How (方式).")
    operation: str = column("The name of the operation (操作名称).")
    purpose: str = column("What for, as they said; else the name of the operation (目的).")
    fields: list[str] = column("What they could see, as Type.field (字段).", name="fields_")
    people_count: int = expression("At how many people's files (涉及人数).", lambda at: Sql(COUNT, at.row.persons))
    people: list[ID] = expression(
        "The ids of those who are not erased; for the officer none where a plugin's rows or roles led to them, since "
        "that may tell what the plugin keeps, such as who is a party member (涉及人员标识).",
        lambda at: Sql(NAMED, names_people(at), at.row.persons),
    )


COUNT = "coalesce(cardinality({0}),0)"
NAMED = "case when {0} then array(select 'Person:'||one from unnest({1}) one where one is not null) else '{{}}' end"


@entity(ActRow, visible=rules.visible_acts, order=("id",), filter={"account": None, "mutation": None, "at": None})
class Act(Node):
    """What somebody did in an office, as auditors see it: no values, and nothing that a tip-off came by (操作审计)."""

    at: datetime.datetime = column("When (时间).")
    account: str | None = column("The account; null once it was erased (账户).")
    reader: Reader = within_row("In which office (操作者).")
    mutation: str = column("What, by the name of the mutation (操作名称).")
    objects: list[ID] = column("On what, by ids (对象标识).")
    codes: list[str] = column("The codes of what was refused, and waivers by which it was not (拒绝代码).")


@entity(
    AlertRow,
    visible=rules.visible_alerts,
    order=("at",),
    filter={"kind": None, "account": None, "at": None, "grid": compare_place()},
)
class AccessAlert(Node):
    """Something in the use of personal data that somebody should look into (个人信息使用预警)."""

    at: datetime.datetime = column("When (时间).")
    kind: AlertKind = column("What (类型).")
    account: str = column("The account it is about (账户).")
    role: str | None = column("In which role (角色).")
    count: int = column("How many people's files (涉及人数).")
    grid: Grid | None = one("The county they are in (所在县).")


@entity(GlassRow, visible=rules.visible_glasses, order=("at",))
class Glass(Node):
    """A file opened beyond one's scope, in an emergency, for a short time (紧急查阅授权)."""

    person: Person | None = one("Whose file (人员).")
    reason: str = column("Why (理由).")
    at: datetime.datetime = column("When (时间).")
    until: datetime.datetime = column("Until when one may look (截止时间).")


EXTENSIONS = (
    extend(
        Me,
        access_log=connection(
            "Who looked at one's file, and what for; the last first (谁查阅过我的档案).",
            order="-at",
            type=Connection[AccessLogEntry] | None,
            requires=None,
        ),
        act_log=connection(
            "What was done to one, and by which office: invitations, ways to sign in, changes of one's file; the last "
            "first (对我做过的操作).",
            order="-at",
            type=Connection[ActLogEntry] | None,
            requires=None,
        ),
        looks=connection(
            "One's own looks at others' files, the last first (我的查阅记录).",
            lambda at: [Sql("{0}={1}", at.rows.account, at.viewer.account)],
            order="-at",
            type=Connection[Look] | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        looks=connection(
            "Looks at the files of people one watches over, the last first (查阅记录监督).",
            order="-at",
            type=Connection[Look] | None,
            requires=OVERSEE,
        ),
        acts=connection(
            "What was done in offices whose audit one follows, the last first (操作审计列表).",
            order="-id",
            type=Connection[Act] | None,
            requires=rules.AUDIT,
        ),
        access_alerts=connection(
            "What should be looked into, the last first (个人信息使用预警).",
            order="-at",
            type=Connection[AccessAlert] | None,
            requires=OVERSEE,
        ),
    ),
)
