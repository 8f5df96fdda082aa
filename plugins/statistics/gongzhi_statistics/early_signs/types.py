"""Types: early signs as the schema has them, and what became of all of them."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.cases.types import Case, Category
from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor, event_subject
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    embedded,
    entity,
    expression,
    one,
    stream,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_code, compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.values.errors import Text
from gongzhi_operations.patrols.types import Patrol
from gongzhi_operations.whistles.types import Whistle

from .. import rules
from ..events import SIGN_EVENTS
from ..figures import SMALL_CASES
from ..models import SignDismissal, SignRow, SignState
from ..sentences import fill_template, localized_text
from .clusters import NAME

describe_enum(
    SignState,
    "EarlySignState",
    "Where an early sign stands (预警状态).",
    OPEN="Somebody is to decide what is done (待研判)",
    PATROL_PROPOSED="A patrol was proposed (已提议巡查)",
    WHISTLED="Units were called together (已吹哨)",
    DISMISSED="Nothing is done about it (已排除)",
    ENDED="It is over (已办结)",
)
set_tones(SignState, OPEN="RED", PATROL_PROPOSED="AMBER", WHISTLED="AMBER", ENDED="GREEN")
describe_enum(
    SignDismissal,
    "EarlySignDismissal",
    "Why nothing is done about an early sign (排除原因).",
    FALSE_ALARM="The cases have nothing in common (误报)",
    KNOWN="It is known, and somebody sees to it (已知，已在办理)",
)

EXPLANATION = Text(
    "In {grid}, {counted} cases of “{category}” were reported from {since} to {until}, in {villages} villages. Usual "
    "are {expected} a week, by the twelve weeks before. From {threshold} on it is a sign (rule {edition}).",
    "{grid}自 {since} 至 {until} 共有“{category}”诉求 {counted} 件，涉及 {villages} 个村。"
    "按此前十二周，平时每周 {expected} 件，达到 {threshold} 件形成预警（规则第 {edition} 版）。",
)


def explanation_sql(at: Frame) -> Sql:
    """Build the numbers of a sign in words, so that whoever reads it can reckon it again."""
    row = at.row
    names = "counted", "since", "until", "villages", "threshold", "edition"
    given = {name: Sql("{0}", row.field(name)) for name in names}
    place = Sql("(select g.name from grids.grid g where g.id={0})", row.grid_id)
    subject = Sql("(select k.name from cases.category k where k.id={0})", row.category_id)
    expected = Sql("round({0}::numeric,2)", row.expected)
    text = localized_text(EXPLANATION)
    filled: Sql = fill_template(text, **given, grid=place, category=subject, expected=expected)
    return filled


def sign_cases(at: Frame) -> Alternatives:
    """Select the cases of a sign; of these everybody sees those that are theirs to see."""
    listed = "{0}=any(array(select m.case_id from statistics.sign_case m where m.sign_id={1}))"
    return [Sql(listed, at.rows.id, at.row.id)]


def patrols_since(at: Frame) -> Alternatives:
    """Select patrols in the place since a sign was found."""
    inside = "{0} in ({1},{2}) and {3}>={4}"
    return [Sql(inside, at.row.grid_id, at.rows.village_id, at.rows.town_id, at.rows.at, at.row.found_at)]


# No field of it names a person: not who asked, and not who filed.
@entity(
    SignRow,
    visible=rules.visible_signs,
    order=("found_at",),
    filter={
        "state": None,
        "found_at": None,
        "grid": compare_place(),
        "category": compare_code("category_id", "category", "cases"),
    },
)
class EarlySign(Node):
    """Like cases that came together in a place, by a published rule; a person decides what follows (民情预警)."""

    grid: Grid | None = one("The village; or the town, where it is several villages (地点).")
    category: Category | None = one("What the cases are about (分类).")
    state: SignState = column("Where it stands (状态).")
    edition: str = column("By which version of the rule; `algorithms` has its card (规则版本).")
    since: datetime.date = column("The first day that was counted (起始日期).")
    until: datetime.date = column("The last (截止日期).")
    counted: int = column("How many like cases were reported in these days (件数).")
    earlier: int | None = expression(
        "How many in the twelve weeks before; null for one or two (此前十二周件数).",
        lambda at: Sql(f"case when {{0}} {SMALL_CASES} then null else {{0}} end", at.row.earlier),
    )
    expected: float = column("How many a week are taken as usual (平时每周件数).")
    threshold: int = column("From how many on it is a sign (预警线).")
    villages: int = column("In how many villages they lie (涉及村数).")
    explanation: str = expression("All that in words (说明).", explanation_sql)
    found_at: datetime.datetime = column("When it was found (发现时间).")
    seen_at: datetime.datetime = column("When it was found the last time (最近一次发现时间).")
    proposed_at: datetime.datetime | None = column("When a patrol was proposed (提议巡查时间).")
    note: str | None = column("What a patrol is to look at (巡查要点).")
    whistle: Whistle | None = one("The call of units, for those who may see it (吹哨).")
    dismissal: SignDismissal | None = column("Why nothing is done about it (排除原因).")
    confirmed: bool | None = column("Whether the cases had something in common; null where nobody said (是否属实).")
    outcome: str | None = column("What was found and done, or why nothing (结果说明).")
    decided_by: str | None = column("By which account it was decided last (处置账户).")
    ended_at: datetime.datetime | None = column("When it ended (结束时间).")
    cases: Connection[Case] = connection(
        "The cases that it rests on, of which everybody sees those that are theirs to see (所依据的诉求).",
        sign_cases,
        order="-reported_at",
    )
    patrols: Connection[Patrol] = connection(
        "Patrols there since it was found, for those who may see them (此后巡查).", patrols_since, order="-at"
    )
    version: int = column("Grows with every decision (版本).")


@entity(OutboxRow, visible=visible_with(lambda: EarlySign, "sign"))
class EarlySignChange:
    """Something became of an early sign (民情预警变化)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    sign: EarlySign | None = event_subject("The early sign as it is now (预警).", "sign")


@strawberry.type(description="How good a version of the rule has been, in a county (预警规则成效).")
class EarlySignResult:
    rule: str = strawberry.field(description="The rule, as `algorithms` calls it (规则名称).")
    edition: str = strawberry.field(description="Its version (规则版本).")
    found: int = strawberry.field(description="Signs found, without those that became a part of their town's (发现数).")
    running: int = strawberry.field(description="Of these, under way (处置中).")
    confirmed: int = strawberry.field(description="Of these, with something in common (属实数).")
    false_alarms: int = strawberry.field(description="Of these, with nothing in common (误报数).")
    known: int = strawberry.field(description="Of these, of something that was known already (已知数).")
    unanswered: int = strawberry.field(description="Of these, over without that anybody decided (无人研判数).")


# Of signs and not of persons or cases: nothing is withheld, or a rule that finds little could not be judged.
RESULTS = f"""
(select coalesce(jsonb_agg(to_jsonb(f) order by f.edition),'[]') from (
 select '{NAME}' as rule, s.edition, count(*)::int as found,
 count(*) filter (where s.ended_at is null)::int as running, count(*) filter (where s.confirmed)::int as confirmed,
 count(*) filter (where not s.confirmed)::int as "falseAlarms",
 count(*) filter (where s.dismissal='KNOWN')::int as known,
 count(*) filter (where s.state='ENDED' and s.confirmed is null)::int as unanswered
 from statistics.sign s where s.absorbed_by_id is null
 and s.county_id=(select g.id from grids.grid g where g.code={{0}} and g.kind='COUNTY' and g.valid_to is null)
 group by s.edition) f)
"""

EXTENSIONS = (
    extend(
        Query,
        early_signs=connection(
            "Early signs that one may see, the last first (民情预警列表).",
            lambda at: None,
            order="-found_at",
            type=Connection[EarlySign] | None,
            requires=None,
        ),
        early_sign_results=embedded(
            "How good the rule of early signs has been, by version, false alarms included; for all (预警成效公示).",
            lambda at: Sql(RESULTS, at.given.bind("county")),
            type=list[EarlySignResult] | None,
            requires=None,
            arguments={"county": Argument(str, "The county's code (县区编码).")},
        ),
    ),
    extend(
        Grid,
        early_signs=connection(
            "Early signs in it (民情预警).",
            rows_inside,
            order="-found_at",
            type=Connection[EarlySign] | None,
            requires=None,
        ),
    ),
    extend(
        Subscription,
        early_sign_changed=stream(
            "Early signs, as they are found and something is decided about them (民情预警变化).",
            events=SIGN_EVENTS,
            type=EarlySignChange,
            requires=None,
        ),
    ),
)
