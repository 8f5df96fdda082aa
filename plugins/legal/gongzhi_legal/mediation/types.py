"""Mediation types: people's mediation as the schema has it, seen with its matter and with that alone."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from gongzhi.core.cases.models import SettlementLevel
from gongzhi.core.cases.types import Case
from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor, event_subject
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import (
    Node,
    batch,
    column,
    embedded,
    entity,
    expression,
    many,
    one,
    pick,
    stream,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.runtime.context import Context

from .. import enums as enums
from .. import visibility
from ..events import MediationChanged
from ..matters.sealed_words import SEATED, reveal_words, sealed_words
from ..matters.types import LegalMatter
from ..models import (
    Acting,
    Chooser,
    DisputeTypeRow,
    MediationOutcome,
    MediationRow,
    MediationState,
    MediatorRow,
    PartyRow,
    Referral,
    SessionRow,
)
from ..panel.types import LegalAdviser
from ..visibility import viewer_seat_values
from .rights import MediationRight, rights_sql

NAMES = (
    "select t.id, p.name plain, t.name written, m.secret, g.code from legal.party t "
    "join legal.matter m on m.id=t.matter_id join grids.grid g on g.id=m.county_id "
    "left join people.person p on p.id=t.person_id where t.id=any($1)" + SEATED
)


async def fetch_party_names(context: Context, parties: Sequence[Any]) -> dict[Any, str | None]:
    """Return what parties are called: their name on file, or the one they gave."""
    rows = await context.fetch(NAMES, list(parties), *viewer_seat_values(context.viewer))
    # A name on file is current and in clear; one that was given is sealed with the matter.
    return {row["id"]: row["plain"] or reveal_words(context.keys, row, f"legal.party.name:{row['id']}") for row in rows}


@batch(needs=("id",))
async def party_names(rows: Sequence[Any], context: Context) -> list[str | None]:
    """Their name (姓名)."""
    found = await fetch_party_names(context, [row.id for row in rows])
    return [found.get(row.id) for row in rows]


@entity(DisputeTypeRow, visible=visible_to_all, order=("code",), filter={"code": None})
class DisputeType(Node):
    """A type of dispute, from a table with editions (纠纷类型)."""

    code: str = column("Its code (代码).")
    name: str = column("Its name (名称).")
    edition: str = column("The edition of the table (版本).")
    valid_to: datetime.date | None = column("The first day it is no longer used (失效日).")


@entity(PartyRow, visible=visibility.visible_with_matter, through="matter", order=("place",))
class MediationParty(Node):
    """A party to a mediation, or who speaks for one (当事人、代理人)."""

    matter: LegalMatter | None = one("The matter (事项).")
    place: int = column("Their place; the first applied (序号).")
    name: str | None = party_names
    phone: str | None = sealed_words("The number of somebody who is not on file (联系电话).", "phone", "party")
    person: Person | None = one("Who they are on file, if you may see them (人员).")
    represents: MediationParty | None = one("Whom they speak for (被代理人).")
    acknowledged_at: datetime.datetime | None = column("When they had been shown their rights (权利告知时间).")
    joined_at: datetime.datetime | None = column("When they agreed to take part (同意调解时间).")


def adviser_column(column: str) -> Any:
    return lambda at: Sql(f"(select a.{column} from legal.adviser a where a.id={{0}})", at.row.adviser_id)


@entity(MediatorRow, visible=visibility.visible_with_matter, through="matter", order=("since",))
class Mediator(Node):
    """An adviser in a mediation (调解员、专家)."""

    matter: LegalMatter | None = one("The matter (事项).")
    name: str = expression("Their name (姓名).", adviser_column("name"))
    adviser: LegalAdviser | None = one("Who, on the panel (顾问).")
    acting: Acting = column("As what (参与方式).")
    chosen_by: Chooser = column("Who chose them (选定方式).")
    level: SettlementLevel = column("At which level (层级).")
    since: datetime.datetime = column("Since when (开始时间).")
    until: datetime.datetime | None = column("Until when, if they no longer do (结束时间).")


@entity(SessionRow, visible=visibility.visible_with_matter, through="matter", order=("at",))
class MediationSession(Node):
    """A meeting of a mediation (调解会议)."""

    matter: LegalMatter | None = one("The matter (事项).")
    at: datetime.datetime = column("When (时间).")
    place: str | None = sealed_words("Where, or that it was online (地点).", "place", "session")
    minutes: str | None = sealed_words("What was said and done (调解笔录).", "minutes", "session")


def of_matter(at: Frame) -> Alternatives:
    return [Sql("{0}={1}", at.rows.matter_id, at.row.matter_id)]


def current_mediators(at: Frame) -> Alternatives:
    return [Sql("{0}={1} and {2} is null", at.rows.matter_id, at.row.matter_id, at.rows.until)]


CODE = "(select d.{column} from legal.dispute_type d where d.id={{0}})"


def dispute_type_column(column: str) -> Any:
    return lambda at: Sql(CODE.format(column=column), at.row.dispute_type_id)


@entity(MediationRow, visible=visibility.visible_with_matter, through="matter", order=("requested_at",))
class Mediation(Node):
    """A people's mediation: voluntary, free, confidential; one may end it and sue at any time (人民调解)."""

    matter: LegalMatter | None = one("The matter; it has the messages and files (事项).")
    case: Case | None = one("The case it came from, if you may see it (相关诉求).")
    dispute_type: str = expression("What sort of dispute, by code (纠纷类型代码).", dispute_type_column("code"))
    dispute_name: str = expression("The same, by name (纠纷类型).", dispute_type_column("name"))
    facts: str | None = sealed_words("What it is about, as the applicant says (纠纷事由).", "facts", "mediation")
    level: SettlementLevel = column(
        "Who mediates: village, town or county; after an agreement where it was reached (调解层级)."
    )
    state: MediationState = column("Where it stands (状态).")
    requested_at: datetime.datetime = column("When it was asked for (申请时间).")
    started_at: datetime.datetime | None = column("When all parties had joined (开始时间).")
    due_on: datetime.date = expression(
        "The last day of the term: 30 days, and what the parties agreed on (调解期限).",
        lambda at: Sql("({0} at time zone 'Asia/Shanghai')::date", at.row.due_at),
    )
    ended_at: datetime.datetime | None = column("When it was over (结束时间).")
    outcome: MediationOutcome | None = column("What came of it (结果).")
    referred_to: Referral | None = column("Where the parties go on (后续途径).")
    reason: str | None = sealed_words("Why it ended (终止原因).", "reason", "mediation")
    rights: list[MediationRight] = embedded("What parties are told first (权利告知).", rights_sql)
    parties: list[MediationParty] = many("Who takes part (当事人).", of_matter, order="place", cap=20)
    mediators: list[Mediator] = many("Who mediates now (调解员).", current_mediators, order="since", cap=10)
    sessions: list[MediationSession] = many("Meetings, the first first (调解会议).", of_matter, order="at", cap=50)
    version: int = column("Grows with every change (版本).")


@entity(OutboxRow, visible=visible_with(lambda: LegalMatter, "matter"))
class MediationHappening:
    """A mediation that one has a seat at went on (调解进展)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    mediation: Mediation | None = event_subject("The mediation, as it is now (调解).", "mediation")


EXTENSIONS = (
    extend(
        Case,
        mediation=pick(
            "The mediation it was referred to, for those who sit at it (人民调解).",
            on="case",
            order="-requested_at",
            type=Mediation | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        dispute_types=many(
            "Types of dispute that are in use (纠纷类型).",
            lambda at: [Sql("({0} is null or {0}>{1})", at.rows.valid_to, at.viewer.today)],
            order="id",
            cap=50,
            type=list[DisputeType] | None,
            requires=None,
        ),
    ),
    extend(
        Subscription,
        mediation_changed=stream(
            "Mediations one has a seat at, as they go on (调解进展).",
            events=(MediationChanged,),
            type=MediationHappening,
            requires=None,
        ),
    ),
)
