"""Types: persons and households as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from pypika_tortoise.queries import Table
from strawberry import ID
from strawberry.scalars import JSON

from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import (
    Connection,
    Node,
    aggregate,
    column,
    connection,
    embedded,
    entity,
    expression,
    key_of,
    lookup,
    many,
    one,
    part,
    pick,
    sealed_value,
    visible_to_all,
    within_row,
)
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place, compare_term, compare_text, enum_comparison
from gongzhi.declare.located import rows_inside
from gongzhi.declare.plans import Argument, Frame, Where
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope

from . import rules
from .models import (
    AwardRow,
    Duty,
    Gender,
    HouseholdRow,
    IncomeBand,
    LiaisonRow,
    Line,
    MembershipRow,
    Need,
    PersonRow,
    PhoneKind,
    PhoneRow,
    PostRow,
    Relation,
    ResidenceKind,
    Tier,
    TierRow,
    VisitRow,
)

describe_enum(
    Gender,
    "Gender",
    "As the resident ID card has it (性别).",
    FEMALE="Female (女)",
    MALE="Male (男)",
    UNKNOWN="Not stated (未说明)",
)
describe_enum(
    ResidenceKind,
    "ResidenceKind",
    "How somebody lives here (居住类型).",
    RESIDENT="Lives here for good (常住)",
    REGISTERED="Is registered here and lives elsewhere (户籍)",
    FLOATING="Lives here for a time (流动)",
)
describe_enum(
    Relation,
    "HouseholdRelation",
    "What a member is to the head of the household (与户主关系).",
    HEAD="The head (户主)",
    SPOUSE="Spouse (配偶)",
    CHILD="Child (子女)",
    PARENT="Parent (父母)",
    GRANDCHILD="Grandchild (孙子女)",
    GRANDPARENT="Grandparent (祖父母)",
    SIBLING="Sibling (兄弟姐妹)",
    OTHER="Somebody else (其他)",
)
describe_enum(
    Tier,
    "ServiceTier",
    "How a household is served; not a judgement of its people (服务类型).",
    LIANXIN="One named helper keeps in touch (连心户)",
    GUANXIN="Visited at regular times (关心户)",
    FANGXIN="Served when it calls (放心户)",
    UNCLASSIFIED="No rule applies (未分类)",
)
describe_enum(
    IncomeBand,
    "IncomeBand",
    "Where a household stands to its village's mean income, confirmed with its consent (收入区间).",
    BELOW_MEAN="Below the mean (低于平均)",
    ABOVE_MEAN="Above the mean (高于平均)",
    UNKNOWN="Not confirmed (未确认)",
)
describe_enum(
    Line,
    "LiaisonLine",
    "By which line somebody keeps in touch (三线).",
    PARTY_MEMBER="As a party member (党员)",
    DEPUTY="As a deputy (人大代表)",
    CENTER_HOUSEHOLD="As a centre-household lead (中心户长)",
    CADRE="As a cadre of a unit who helps it (帮扶干部)",
)
describe_enum(
    Duty,
    "GridDuty",
    "What somebody answers for in a grid (网格职责).",
    GRID_LEADER="Leads the grid (网格长)",
    GRID_WORKER="Works in the grid (网格员)",
)
describe_enum(
    Need,
    "NeedTag",
    "A wish for service that the household declares or accepts; not a diagnosis (服务需求).",
    VISIT="Wishes to be visited (希望走访)",
    TRANSPORT="Needs transport (出行)",
    ERRANDS="Needs errands run (代办)",
    HOME_CARE="Needs care at home (居家照料)",
    CHILD_COMPANY="Wishes company for children (儿童陪伴)",
    ACCESSIBLE_SERVICE="Needs service without barriers (无障碍服务)",
    JOB_HELP="Looks for work (就业帮助)",
    LEGAL_HELP="Needs legal help (法律帮助)",
)
describe_enum(
    PhoneKind,
    "PhoneKind",
    "What a number rings (电话类型).",
    MOBILE="A mobile phone (手机)",
    LANDLINE="A landline (座机)",
)


def current_rows(at: Frame) -> Alternatives:
    """Return rows that are still in force on the day of the operation."""
    return [rules.in_force(at.rows, at.viewer)]


def readers_of_needs(household: Table, viewer: ViewerScope) -> Sql:
    """Return whether one may read what a household asks for, as its member, its helper or a grid worker."""
    allowed = viewer.within(household, "people.view_needs")
    if allowed is None:
        return Sql("true")
    # With `false` there is always something to join.
    own = [Sql("false"), *allowed]
    if viewer.known():
        # As arrays, so that one's own households are looked up once and not for each row.
        own.append(Sql("{0}=any(array{1})", household.id, rules.own_households(viewer)))
        own.append(Sql("{0}=any(array{1})", household.id, rules.helped_households(viewer)))
    return Sql("(" + " or ".join(f"({{{i}}})" for i in range(len(own))) + ")", *own)


def guard_reasons(at: Frame, value: Any) -> Sql:
    """Return something of a decision that tells what its household asks for, for those who may read that."""
    home = Table("household", schema="people", alias="home")
    # A decision has no grid of its own: the permission is held where its household lies.
    inside = Sql(
        "exists(select from people.household home where home.id={0} and {1})",
        at.row.household_id,
        readers_of_needs(home, at.viewer),
    )
    return Sql("case when {0} then {1} end", inside, value)


def home_of_person(at: Frame) -> Alternatives:
    """Return the household that a person belongs to on the day of the operation."""
    member = Table("membership", schema="people", alias="m")
    asked = "{0}=any(array(select m.household_id from people.membership m where m.person_id={1} and {2}))"
    return [Sql(asked, at.rows.id, at.row.id, rules.in_force(member, at.viewer))]


# What opens a sealed value: the county, the wrapped data key, the context and the value.
NUMBER = (
    "(select json_build_array(g.code,encode(o.data_key,'base64'),'people.phone.number:'||{0},encode({1},'base64')) "
    "from people.person o join grids.grid g on g.id=o.county_id "
    "where o.id={2} and o.data_key is not null and {1} is not null)"
)
# The context was sealed along with the value, so a value that is moved to another row does not open.
IDENTITY = (
    "(select json_build_array(g.code,encode({1},'base64'),'people.person.resident_id:'||{0},encode({2},'base64')) "
    "from grids.grid g where g.id={3} and {1} is not null and {2} is not null)"
)


def is_oneself(at: Frame) -> Sql:
    """Return whether the row is the person who asks."""
    return Sql("{0}={1}", at.row.id, at.viewer.person)


def first_number(at: Frame) -> Sql:
    """Return what opens the number that is tried first."""
    number = NUMBER.format("p.id", "p.sealed", "p.person_id")
    return Sql(f"(select {number} from people.phone p where p.person_id={{0}} order by p.rank,p.id limit 1)", at.row.id)


@entity(PhoneRow, visible=visible_to_all, through="person", order=("rank",))
class Phone(Node):
    """A number of a person, masked (电话)."""

    person: Person | None = one("Whose number it is (所属人).", open=True)
    kind: PhoneKind = column("What it rings (类型).", open=True)
    rank: int = column("1 is tried first (顺序).", open=True)
    number: str = sealed_value(
        "The number; masked, but one's own in clear. `reveal` shows another's for a purpose (号码，脱敏).",
        mask=lambda at: at.row.mask,
        mine=lambda at: Sql("{0}={1}", at.row.person_id, at.viewer.person),
        value=lambda at: Sql(NUMBER, at.row.id, at.row.sealed, at.row.person_id),
    )


@entity(
    PersonRow,
    visible=rules.visible_persons,
    order=("name", "created_at"),
    filter={
        "name": compare_text("name"),
        "gender": None,
        "residence": None,
        "birth_date": None,
        "grid": compare_place(),
    },
    file=lambda person, viewer: Sql("array[{0}]", person.id),
)
class Person(Node):
    """A person (人员)."""

    # In a list, names and masked values are no look at anybody's file. Everything that is not open is, and they are
    # told.
    name: str = column("The name (姓名).", open=True)
    gender: Gender = column("The gender (性别).")
    birth_date: datetime.date | None = column("The day of birth (出生日期).")
    residence: ResidenceKind = column("How they live here (居住类型).")
    resident_id: str | None = sealed_value(
        "The resident ID number; masked, but one's own in clear (身份证号，脱敏).",
        mask=lambda at: at.row.resident_id_mask,
        mine=is_oneself,
        value=lambda at: Sql(IDENTITY, at.row.id, at.row.data_key, at.row.resident_id_sealed, at.row.county_id),
    )
    phone: str | None = sealed_value(
        "The number that is tried first; masked, but one's own in clear (电话，脱敏).",
        mask=lambda at: Sql(
            "(select p.mask from people.phone p where p.person_id={0} order by p.rank,p.id limit 1)", at.row.id
        ),
        mine=is_oneself,
        value=first_number,
    )
    phones: list[Phone] = many("All their numbers (全部电话).", on="person", order="rank", cap=5, open=True)
    grid: Grid | None = one("Where they live (所在网格).", open=True)
    household: Household | None = pick("The household they belong to (所属户).", home_of_person, order="number")
    created_at: datetime.datetime = column("When the entry was made (建档时间).")
    died_on: datetime.date | None = column("The day of death (死亡日期).")
    restricted_at: datetime.datetime | None = column(
        "Since when their data are restricted at their own request (限制处理时间)."
    )
    version: int = column("Grows with every change (版本).")


def name_plate_part(at: Frame, value: str, person: Any, household: Any) -> Sql:
    """Return a part of a person's name plate, for those who may know the names in the household."""
    row = Table("person", schema="people", alias="nameable")
    text = f"(select {value} from people.person nameable where {{0}}={{1}} and {{2}})"
    return Sql(text, row.id, person, rules.is_nameable(row, household, at.viewer))


@entity(MembershipRow, visible=visible_to_all, through="household", order=("since",))
class Membership(Node):
    """Who belongs to a household, as what, from when to when (户成员)."""

    household: Household | None = one("The household (户).")
    person: Person | None = one("The person (人员).")
    name: str | None = expression(
        "The member's name; the household's named helper has it, though they do not see the person (姓名).",
        lambda at: name_plate_part(at, "nameable.name", at.row.person_id, at.row.household_id),
    )
    person_id: ID | None = expression(
        "The member's id, to whoever has the name: a helper reports for them as `requester` (人员标识).",
        lambda at: name_plate_part(at, "'Person:'||nameable.id", at.row.person_id, at.row.household_id),
    )
    relation: Relation = column("What they are to the head (与户主关系).")
    since: datetime.date = column("The first day (起).")
    until: datetime.date | None = column("The first day no longer (止).")


@entity(AwardRow, visible=visible_to_all, through="household", order=("year",))
class HouseholdAward(Node):
    """An award to a household for a year, such as 平安家庭 (荣誉)."""

    household: Household | None = one("The household (户).")
    kind: str = column("The award's code, such as PEACEFUL_FAMILY (荣誉代码).")
    year: int = column("The year it is for (年度).")


@strawberry.type(description="One line of a decision's reasoning (理由).")
class Reason:
    rule: str = strawberry.field(description="Which part of the rule (规则条目).")
    holds: bool = strawberry.field(description="Whether it holds; the first that does decides (是否符合).")
    text: str = strawberry.field(description="What it found, in Chinese (说明).")
    english: str = strawberry.field(description="The same in English (英文说明).")


@entity(TierRow, visible=visible_to_all, through="household", order=("decided_at",))
class TierDecision(Node):
    """How a household's service was decided, by which version of the rule, from what (服务类型认定)."""

    household: Household | None = one("The household (户).")
    tier: Tier = column("What was decided (结果).")
    rule: str = column("The rule and its version (规则版本).")
    inputs: JSON | None = expression(
        "What the rule was given, as it was that day; for those who may see its needs (当时输入).",
        lambda at: guard_reasons(at, at.row.inputs),
    )
    reasons: list[Reason] | None = embedded(
        "What each part of the rule found, in its order; for those who may see its needs (理由).",
        lambda at: guard_reasons(at, at.row.reasons),
    )
    decided_at: datetime.datetime = column("When (认定时间).")
    review_on: datetime.date = column("When it is looked at again (复核日期).")


@entity(VisitRow, visible=rules.visible_visits, through="household", order=("at",))
class Visit(Node):
    """A visit to a household: when, by whom, what was said; never a track (走访)."""

    household: Household | None = one("The household (户).", open=True)
    visitor: Person | None = one("Who came (走访人).")
    grid: Grid | None = one("Where (网格).", open=True)
    at: datetime.datetime = column("When (时间).", open=True)
    note: str = column("What was said and asked for (记录).")


NAME = "(select p.name from people.person p where p.id={0})"


@entity(LiaisonRow, visible=visible_to_all, through="household", order=("since",))
class Liaison(Node):
    """A published office, held by consent: who keeps in touch with a household (三线联系)."""

    household: Household | None = one("The household (户).")
    line: Line = column("By which line (联系线).")
    name: str = expression("The holder's name, published (姓名).", lambda at: Sql(NAME, at.row.person_id))
    since: datetime.date = column("The first day (起).")
    until: datetime.date | None = column("The first day no longer (止).")


@entity(PostRow, visible=visible_to_all, order=("since",))
class Officer(Node):
    """Who answers for a grid. The name and the duty phone are published (网格负责人)."""

    duty: Duty = column("What for (职责).")
    grid: Grid | None = one("Which grid (网格).")
    name: str = expression("The holder's name, published (姓名).", lambda at: Sql(NAME, at.row.person_id))
    duty_phone: str | None = column("The number to call, published by consent (值班电话).")
    since: datetime.date = column("The first day (起).")
    until: datetime.date | None = column("The first day no longer (止).")


def tier_filter(at: Frame) -> Any:
    # The column that follows the last decision, so that a list need not look that decision up for each row.
    return at.rows.tier


@entity(
    HouseholdRow,
    visible=rules.visible_households,
    order=("number", "visit_due_on"),
    filter={
        "number": None,
        "service_tier": compare_term(tier_filter, enum_comparison(Tier)),
        "visit_due_on": None,
        "grid": compare_place(),
    },
    file=rules.member_ids,
)
class Household(Node):
    """People who live together, with their service (户)."""

    number: str = column("The household's number (户号).", open=True)
    address: str = column("Where it is (住址).")
    grid: Grid | None = one("In which grid (网格).", open=True)
    head: Person | None = one("The head of the household (户主).")
    head_name: str | None = expression(
        "The head's name; the household's named helper has it, though they do not see the person (户主姓名).",
        lambda at: name_plate_part(at, "nameable.name", at.row.head_id, at.row.id),
    )
    members: Connection[Membership] = connection(
        "Who belongs to it now (成员).", current_rows, on="household", order="since"
    )
    member_count: int = aggregate(
        "How many belong to it now (人数).",
        lambda: Membership,
        lambda at: Sql("count(*)"),
        current_rows,
        on="household",
    )
    needs: list[Need] | None = expression(
        "The wishes for service it declares; for the household, its helper and its grid's workers (服务需求).",
        lambda at: Sql("case when {0} then {1} end", readers_of_needs(at.row, at.viewer), at.row.needs),
    )
    income_band: IncomeBand | None = expression(
        "Its income band, for those who may see its needs (收入区间).",
        lambda at: Sql("case when {0} then {1} end", readers_of_needs(at.row, at.viewer), at.row.income_band),
    )
    awards: list[HouseholdAward] = many("Its awards (荣誉).", on="household", order="-year", cap=20)
    service_tier: TierDecision | None = pick(
        "How it is served, and why (服务类型).", on="household", order="-decided_at"
    )
    tier_decisions: Connection[TierDecision] = connection(
        "How its service was decided over time (历次认定).", on="household", order="-decided_at"
    )
    helper: Liaison | None = pick("Its named helper (联系人).", current_rows, on="household", order="-since")
    liaisons: Connection[Liaison] = connection("Who kept in touch with it (联系记录).", on="household", order="-since")
    visits: Connection[Visit] = connection("Visits to it, the last first (走访记录).", on="household", order="-at")
    last_visit: Visit | None = pick("The last visit (最近走访).", on="household", order="-at")
    visit_due_on: datetime.date | None = expression(
        "When the next visit is due; null where none is (应走访日期).",
        lambda at: at.row.visit_due_on,
    )
    version: int = column("Grows with every change (版本).")


def duty_holder(duty: Duty) -> Where:
    """Return a condition for whoever holds the duty now."""
    return lambda at: [Sql(f"{{0}}='{duty.value}' and {{1}}", at.rows.duty, *current_rows(at) or ())]


@part
class Me:
    """The account that asks (本人账户)."""

    account: str = expression("The account's name (账户).", lambda at: at.viewer.account)
    role: str | None = expression(
        "The role its acts are recorded under (角色).",
        # A parameter and not part of the text, so one prepared statement serves whoever asks.
        lambda at: at.given.whole(lambda arguments, context: context.viewer.role, cast="text"),
    )
    person: Person | None = pick(
        "The person the account belongs to (本人).",
        lambda at: [Sql("{0}={1}", at.rows.id, at.viewer.person)],
        # One's own file is one's own, whatever rules say of those who have one's role.
        shown=True,
    )


EXTENSIONS = (
    extend(
        Grid,
        grid_leader=pick(
            "Who leads it (网格长).", duty_holder(Duty.GRID_LEADER), on="grid", order="-since", type=Officer | None
        ),
        grid_worker=pick(
            "Who works in it (网格员).", duty_holder(Duty.GRID_WORKER), on="grid", order="-since", type=Officer | None
        ),
        officers=connection(
            "Who answered for it over time (历任负责人).", on="grid", order="-since", type=Connection[Officer]
        ),
        people=connection("Who lives in it or below it (人员).", rows_inside, order="name", type=Connection[Person]),
        households=connection(
            "Households in it or below it (户).", rows_inside, order="number", type=Connection[Household]
        ),
        visits=connection("Visits in it or below it (走访).", rows_inside, order="-at", type=Connection[Visit]),
    ),
    extend(
        Query,
        me=within_row(
            "Who asks; null without an account (本人).",
            lambda at: Sql("{0} is not null", at.viewer.account),
            type=Me | None,
        ),
        person=pick(
            "The person with this id (按标识查人员).",
            lambda at: [Sql("{0}={1}", at.rows.id, at.given.bind("id", convert=key_of(Person)))],
            arguments={"id": Argument(ID, "The person's id (标识).")},
            type=Person | None,
        ),
        people=connection("People you may see, by name (人员列表).", order="name", type=Connection[Person]),
        household=lookup(
            "The household that has this number (按户号查户).", "Its number (户号).", by="number", type=Household | None
        ),
        households=connection("Households you may see (户列表).", order="number", type=Connection[Household]),
    ),
)
