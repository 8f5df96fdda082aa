"""Types: people's rights as the schema has them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Household, Me, Person, TierDecision, guard_reasons
from gongzhi.core.registers.types import AlgorithmCard
from gongzhi.declare.entity import (
    Connection,
    Node,
    batch,
    column,
    connection,
    embedded,
    entity,
    expression,
    many,
    one,
    pick,
)
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame, Where
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql, bind
from gongzhi.runtime.context import Context
from gongzhi_disclosure.types import AccessLogEntry
from strawberry.scalars import JSON

from . import rules
from .models import (
    Capacity,
    ConsentRow,
    DemandRow,
    Matter,
    ReleaseRow,
    RepresentativeRow,
    ReviewRow,
    ReviewState,
    State,
)
from .subject_access import download_link
from .trace import TraceRow


class DecisionSubject(StrEnum):
    """What a decision is about."""

    PERSON = "PERSON"
    HOUSEHOLD = "HOUSEHOLD"


describe_enum(
    DecisionSubject,
    "DecisionSubject",
    "What a decision is about (决定对象).",
    PERSON="A person (个人)",
    HOUSEHOLD="A household (户)",
)
describe_enum(
    Capacity,
    "Capacity",
    "Why somebody speaks for another (代理身份).",
    GUARDIAN="Guardian of a child under 14 (监护人)",
    NEXT_OF_KIN="Next of kin of somebody who died (近亲属)",
)
describe_enum(
    Matter,
    "DataRequestKind",
    "What is asked about personal data (个人信息请求类型).",
    EXPORT="A copy of everything (查阅复制)",
    CORRECTION="To correct or complete something (更正补充)",
    DELETION="To delete: everything is anonymised (删除)",
    RESTRICTION="That ordinary staff no longer see it (限制处理)",
    EXPLANATION="To explain a decision in words (解释说明)",
    LOOK="To account for a look at one's file (质疑查阅)",
)
describe_enum(
    State,
    "DataRequestState",
    "Where a request stands (请求状态).",
    OPEN="Waits for an answer (待办理)",
    GRANTED="Done (已办理)",
    REFUSED="Refused, with grounds and remedy (已拒绝)",
    WITHDRAWN="Taken back (已撤回)",
)
describe_enum(
    ReviewState,
    "ReviewState",
    "Where a review stands (复核状态).",
    OPEN="Waits for a person (待复核)",
    UPHELD="The outcome stays (维持)",
    CHANGED="The outcome was changed (变更)",
)

REMEDY = {
    "en": "You may complain to the county's office for personal data protection, or sue in a people's court "
    "(Personal Information Protection Law, art. 50 and 65).",
    "zh": "您可以向县级履行个人信息保护职责的部门投诉、举报，也可以依法向人民法院提起诉讼"
    "（《个人信息保护法》第五十条、第六十五条）。",
}
"""What whoever was refused can do."""


def same_key(column: str, *, of: str = "id") -> Where:
    """Return the rows whose key is the value of a column here."""
    return lambda at: [Sql("{0}={1}", at.rows.field(of), at.row.field(column))]


@entity(RepresentativeRow, visible=rules.visible_representatives, order=("since",), filter={"capacity": None})
class Representative(Node):
    """Who speaks for somebody: a child's guardian, or the next of kin of the dead (代理人)."""

    # Shown: whoever sees the row may know of both, whether they see the files or not.
    person: Person | None = pick("For whom (被代理人).", same_key("person_id"), shown=True)
    representative: Person | None = pick("Who (代理人).", same_key("representative_id"), shown=True)
    capacity: Capacity = column("Why (代理身份).")
    since: datetime.date = column("The first day (起).")
    until: datetime.date | None = column("The first day no longer (止).")


@entity(ConsentRow, visible=rules.visible_consents, order=("given_at",), filter={"purpose": None, "recipient": None})
class Consent(Node):
    """One consent: one purpose, one recipient, one wording (单独同意)."""

    person: Person | None = one("Whose data it is about (个人).")
    purpose: str = column("The purpose, as a code of `privacyNotices` (目的代码).")
    recipient: str = column("Who receives the data, as a code (接收方代码).")
    notice_version: int = column("The version of the text that was agreed to (告知书版本).", name="version")
    by_representative: bool = expression(
        "Whether a guardian or next of kin gave it (是否由代理人作出).",
        lambda at: Sql("({0} is distinct from {1})", at.row.given_by_id, at.row.person_id),
    )
    given_at: datetime.datetime = column("When it was given (同意时间).")
    expires_at: datetime.datetime | None = column("When it ends by itself (到期时间).")
    withdrawn_at: datetime.datetime | None = column("When it was withdrawn (撤回时间).")
    in_force: bool = expression(
        "Whether it is neither withdrawn nor over (是否有效).",
        lambda at: Sql(
            "({0} is null and coalesce({1}>{2},true))", at.row.withdrawn_at, at.row.expires_at, at.viewer.now
        ),
    )


@strawberry.type(description="The rule that decided, with its card (决定所依据的规则).")
class DecisionRule:
    name: str = strawberry.field(description="Its name (名称).")
    version: str = strawberry.field(description="Its version (版本).")
    card: AlgorithmCard | None = strawberry.field(description="Its card, as published (算法卡片).")


@strawberry.type(description="Something a rule was given, as it was then (当时的输入).")
class DecisionInput:
    name: str = strawberry.field(description="What it is (名称).")
    value: JSON | None = strawberry.field(description="Its value (值).")


@strawberry.type(description="What a part of a rule added to the outcome (各项影响).")
class DecisionContribution:
    name: str = strawberry.field(description="Which part or input (名称).")
    value: JSON | None = strawberry.field(description="What it added, or whether it held (影响).")
    text: str | None = strawberry.field(description="In words, in Chinese (说明).")
    english: str | None = strawberry.field(description="In words, in English (英文说明).")


def rule_card(at: Frame) -> Any:
    """Return the rule of a decision with its card in the caller's language."""
    cards = bind(lambda variables, context: context.registers.told("algorithms", context.viewer.language), "jsonb")
    return Sql(
        "jsonb_build_object('name',regexp_replace({0},'/[^/]*$',''),'version',substring({0} from '[^/]*$'),"
        "'card',(select c from jsonb_array_elements({1}) c where c->>'rule'={0}))",
        at.row.rule,
        cards,
    )


@entity(TraceRow, visible=rules.visible_decisions, order=("at",), filter={"outcome": None, "at": None})
class Decision(Node):
    """What a rule decided about a person or household, and how it came to it (自动化决定)."""

    subject: DecisionSubject = expression(
        "What it is about (对象).",
        lambda at: Sql("case when {0} is null then 'PERSON' else 'HOUSEHOLD' end", at.row.household_id),
    )
    person: Person | None = one("The person it is about (个人).")
    household: Household | None = one("The household it is about (户).")
    at: datetime.datetime = column("When (时间).")
    outcome: str = column("What was decided, as a code of the rule's card (结果代码).")
    adverse: bool = column("Whether it is to the subject's disadvantage: then a person decides (是否不利).")
    in_force: bool = expression(
        "Whether it holds; a disadvantage does so only after a person decided (是否生效).",
        lambda at: Sql(
            "(not {0} or exists(select from rights.review v where v.decision_id={1} and v.state<>'OPEN'))",
            at.row.adverse,
            at.row.id,
        ),
    )
    rule: DecisionRule = embedded("By which rule (规则).", rule_card)
    inputs: list[DecisionInput] = embedded("What the rule was given (输入).", lambda at: at.row.inputs)
    contributions: list[DecisionContribution] = embedded(
        "What each part added to the outcome (各项影响).", lambda at: at.row.contributions
    )
    reviews: list[DecisionReview] = many(
        "Reviews of it by people (人工复核).", same_key("id", of="decision_id"), order="asked_at", cap=20
    )


@entity(ReviewRow, visible=rules.visible_reviews, order=("asked_at", "due_at"), filter={"state": None, "due_at": None})
class DecisionReview(Node):
    """A person looks at what a rule decided (人工复核)."""

    decision: Decision | None = pick("The decision (自动化决定).", same_key("decision_id"), shown=True)
    grid: Grid | None = one("Where the subject lives (所在网格).")
    asked_at: datetime.datetime = column("When it was asked for (申请时间).")
    reason: str | None = column("Why, if somebody said so (理由).")
    due_at: datetime.datetime = column("By when a person decides (办理期限).")
    state: ReviewState = column("Where it stands (状态).")
    outcome: str | None = column("What the person decided, as a code (复核结果).")
    grounds: str | None = column("Why the person decided so (复核理由).")
    decided_at: datetime.datetime | None = column("When (复核时间).")
    version: int = column("Grows with every change (版本).")


@batch(needs=("id", "matter", "state", "person_id", "asked_by_id", "asked_at"), cost=2)
def copy_downloads(rows: Sequence[Any], info: Context) -> list[str | None]:
    """Where the copy can be fetched in the next ten minutes, by whoever asked for it; ask again later (下载地址)."""
    return [download_link(row, info) for row in rows]


@entity(
    DemandRow,
    visible=rules.visible_requests,
    order=("asked_at", "due_at"),
    filter={"state": None, "due_at": None},
)
class DataRequest(Node):
    """What somebody asked about their data, and the answer (个人信息权利请求)."""

    person: Person | None = pick("Whose data (个人).", same_key("person_id"), shown=True)
    kind: Matter = column("What is asked (类型).", name="matter")
    text: str | None = column("In the person's words (请求内容).")
    decision: Decision | None = pick("The decision to explain (需解释的决定).", same_key("decision_id"), shown=True)
    look: AccessLogEntry | None = pick("The look that is contested (所质疑的查阅).", same_key("look_id"), shown=True)
    asked_at: datetime.datetime = column("When (提出时间).")
    due_at: datetime.datetime = column("By when it is answered: 15 days (办理期限).")
    state: State = column("Where it stands (状态).")
    grounds: str | None = column("The answer, or the grounds of a refusal (答复或拒绝理由).")
    remedy: str | None = expression(
        "What can be done about a refusal (救济途径).",
        lambda at: Sql(
            "case when {0}='REFUSED' then {1} end",
            at.row.state,
            at.given.whole(lambda arguments, context: REMEDY[context.viewer.language], cast="text"),
        ),
    )
    decided_at: datetime.datetime | None = column("When it was answered (答复时间).")
    download: str | None = copy_downloads
    version: int = column("Grows with every change (版本).")


@strawberry.type(description="A positive statement (证明).")
class Claim:
    kind: str = strawberry.field(description="The kind, of `statementKinds` (种类).")
    text: str = strawberry.field(description="In words, in Chinese (内容).")
    english: str = strawberry.field(description="In words, in English (英文内容).")
    value: JSON | None = strawberry.field(description="As a value (值).")


@entity(ReleaseRow, visible=rules.visible_releases, order=("given_at",), filter={"recipient": None, "purpose": None})
class Release(Node):
    """Positive statements somebody lets a recipient read, until a day; revocable at any time (授权披露)."""

    person: Person | None = one("Who lets it be read (授权人).")
    recipient: str = column("Who may read it, as a code (接收方代码).")
    purpose: str = column("What for, as a code (目的代码).")
    kinds: list[str] = column("The kinds of statements in it (证明种类).")
    claims: list[Claim] = embedded("The statements, as they were that day (证明内容).", lambda at: at.row.claims)
    given_at: datetime.datetime = column("When (授权时间).")
    expires_at: datetime.datetime = column("When it ends by itself (到期时间).")
    revoked_at: datetime.datetime | None = column("When it was revoked (撤回时间).")


def own_decisions(at: Frame) -> Alternatives:
    """Return the rows about the person that asks."""
    return [Sql("{0}={1}", at.rows.person_id, at.viewer.person)]


def review_value(what: str) -> Any:
    """Return something of the reviews of a tier decision."""
    return lambda at: Sql(f"(select {what} from rights.review v where v.decision_id={{0}})", at.row.id)


EXTENSIONS = (
    extend(
        Me,
        consents=many(
            "What one agreed to, the last first (本人的同意).",
            own_decisions,
            order="-given_at",
            type=list[Consent] | None,
            requires=None,
        ),
        decisions=connection(
            "What rules decided about oneself and one's household, the last first (关于本人及本户的自动化决定).",
            order="-at",
            type=Connection[Decision] | None,
            requires=None,
        ),
        data_requests=connection(
            "What one asked about one's data (本人的个人信息请求).",
            own_decisions,
            order="-asked_at",
            type=Connection[DataRequest] | None,
            requires=None,
        ),
        releases=connection(
            "What one lets others read (本人的授权披露).",
            own_decisions,
            order="-given_at",
            type=Connection[Release] | None,
            requires=None,
        ),
        represents=many(
            "For whom one speaks (本人代理的人).",
            lambda at: [Sql("{0}={1}", at.rows.representative_id, at.viewer.person)],
            order="since",
            type=list[Representative] | None,
            requires=None,
        ),
    ),
    extend(
        Person,
        consents=many(
            "What they agreed to (同意记录).",
            on="person",
            order="-given_at",
            type=list[Consent] | None,
            requires=None,
        ),
        representatives=many(
            "Who speaks for them (代理人).",
            on="person",
            order="since",
            type=list[Representative] | None,
            requires=None,
        ),
    ),
    extend(
        TierDecision,
        contested_at=expression(
            "When somebody first asked for a review, if anybody did (异议时间).",
            review_value("min(v.asked_at)"),
            type=datetime.datetime | None,
            requires=None,
        ),
        contest_reason=expression(
            "Why, if they said so; for those who may see its needs (异议理由).",
            lambda at: guard_reasons(
                at, review_value("(array_agg(v.reason order by v.asked_at desc,v.id desc))[1]")(at)
            ),
            type=str | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        reviews=connection(
            "Reviews to decide on, the most urgent first (人工复核列表).",
            order="due_at",
            type=Connection[DecisionReview] | None,
            requires=rules.REVIEW,
        ),
        data_requests=connection(
            "Requests about personal data, the most urgent first (个人信息请求列表).",
            order="due_at",
            type=Connection[DataRequest] | None,
            requires=rules.HANDLE,
        ),
    ),
)
