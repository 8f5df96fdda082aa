"""Reception days: announced, held, and what voters ask for becomes a deputy's proposal or a case."""

from __future__ import annotations

import datetime
from uuid import UUID

import strawberry
from gongzhi.core.cases.models import CaseKind, Origin
from gongzhi.core.cases.opening import CaseDraft, open_case
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.naming import find_nameable
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.events import Occurrence
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_states, tell_state
from gongzhi.runtime.checks import CHINA, invalid_input, is_given
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.jobs import handler
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Text
from gongzhi_party.events import SuggestionReplied
from gongzhi_party.village.suggestions import submit_suggestion
from strawberry import ID, UNSET

from .congress import Deputy, DeputyStation, HeardMatter, ReceptionDay
from .deputies import OPEN, STATION
from .events import MatterHeard, ReceptionChanged
from .models import DeputyRow, HeardRow, ReceiverRow, ReceptionRow, ReceptionState, StationRow
from .rules import ASKED, KEEP_DEPUTIES, KEEPS_DEPUTIES, RECEIVES

CHANNEL = "DEPUTY"
RECEPTION = "The reception day's id (接待日标识)."
AHEAD, LASTS = datetime.timedelta(days=366), datetime.timedelta(hours=12)
AS_IT_IS = tell_state(Text("reception day", "该接待日"))
BEGUN = Requirement(
    "ILLEGAL_TRANSITION",
    lambda reception, viewer: [Sql("{0}<={1}", reception.starts_at, viewer.now)],
    Text("It has not begun.", "接待日尚未开始。"),
)
REPLIED = Requirement(
    "ILLEGAL_TRANSITION",
    lambda heard, viewer: [
        Sql("exists(select from party.suggestion o where o.id={0} and o.reply is not null)", heard.suggestion_id)
    ],
    Text("There is no reply to judge yet; a case is rated itself.", "建议尚未答复；诉求请直接评价。"),
)


@strawberry.type(description="The reception day, or why nothing was done (接待日结果).")
class ReceptionDayPayload:
    reception: ReceptionDay | None = result_field("The reception day (接待日).")
    errors: list[Problem] = problems()


@strawberry.input(description="A day on which deputies hear voters (公告选民接待日).")
class AnnounceReceptionDayInput:
    idempotency_key: str = input_field(KEY)
    station: ID = input_field(STATION)
    starts_at: datetime.datetime = input_field("From when (开始时间).")
    ends_at: datetime.datetime = input_field("Until when (结束时间).")
    deputies: list[ID] = input_field("Who hears voters (接待代表标识).", items=(1, 10))


def check_times(call: Call, input: AnnounceReceptionDayInput) -> None:
    """Refuse a day that is past, too far, or lasts too long, and a deputy who is named twice."""
    for name, moment in (("startsAt", input.starts_at), ("endsAt", input.ends_at)):
        require_offset(moment, name)
    if not call.now < input.starts_at <= call.now + AHEAD:
        raise invalid_input("It begins after now, within a year.", "开始时间应在现在之后、一年以内。", "startsAt")
    if not input.starts_at < input.ends_at <= input.starts_at + LASTS:
        raise invalid_input("It lasts twelve hours at most.", "接待时长不超过十二小时。", "endsAt")
    if len(set(input.deputies)) < len(input.deputies):
        raise invalid_input("Name each deputy once.", "同一代表请勿重复填写。", "deputies")


@command(
    "Announce a day on which deputies hear voters at a station; they are told (公告选民接待日).",
    requires=None,
    form=check_times,
    action=Action(DeputyStation, KEEPS_DEPUTIES, (OPEN,)),
)
async def announce_reception_day(call: Call, input: AnnounceReceptionDayInput) -> ReceptionDayPayload:
    check_times(call, input)
    station: StationRow = await call.find(DeputyStation, "station", id=key_of(DeputyStation)(input.station))
    # Before the day is saved, so that nothing is half-written where one of them is not in office.
    deputies = [
        await find_deputy(call, id, input.starts_at, "deputies", str(at)) for at, id in enumerate(input.deputies)
    ]
    row = await ReceptionRow.create(
        grid_id=station.grid_id, station=station, starts_at=input.starts_at, ends_at=input.ends_at
    )
    await ReceiverRow.bulk_create(ReceiverRow(reception=row, deputy=one) for one in deputies)
    # Its levels are the database's to fill in, and the event tells where it is.
    await row.refresh_from_db()
    call.publish(ReceptionChanged(reception=row.id, state=row.state), row)
    said = Text("You hear voters on a reception day", "请参加选民接待日")
    await tell_deputies(call, row, [one.person_id for one in deputies], said)
    return ReceptionDayPayload(reception=ref(ReceptionDay, row.id))


async def find_deputy(call: Call, id: str, at: datetime.datetime, *path: str) -> DeputyRow:
    """Return a deputy who is in office at a moment, read and not locked."""
    key = key_of(Deputy)(id)
    row = await DeputyRow.get_or_none(id=key) if key else None
    # By the day of the reception and not by today's: a term may begin or end before.
    day = at.astimezone(CHINA).date()
    if row is None or row.until is not None or not row.since <= day < row.ends_on:
        raise invalid_input("Name a deputy who is in office then.", "请选择届时在任的代表。", *path)
    return row


async def tell_deputies(call: Call, row: ReceptionRow, persons: list[UUID | None], title: Text) -> None:
    """Tell deputies of a reception day of theirs."""
    at = f"{row.starts_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    body = Text(f"It begins at {at}.", f"开始时间：{at}。")
    about = NoticeDraft("ties.reception", title, body, f"ReceptionDay:{row.id}", office_hours_of=row.county_id)
    await send_notice(call, about, persons=[one for one in persons if one])


@strawberry.input(description="A reception day that does not take place (取消选民接待日).")
class CancelReceptionDayInput:
    idempotency_key: str = input_field(KEY)
    reception: ID = input_field(RECEPTION)
    expected_version: int = input_field(EXPECTED)
    reason: str = input_field("Why, which is published (原因).", length=(1, 500))


@command(
    "Cancel a reception day, with a reason that is published (取消选民接待日).",
    requires=None,
    action=Action(ReceptionDay, KEEPS_DEPUTIES, (require_states((ReceptionState.ANNOUNCED,), AS_IT_IS),)),
)
async def cancel_reception_day(call: Call, input: CancelReceptionDayInput) -> ReceptionDayPayload:
    row: ReceptionRow = await call.find(ReceptionDay, "reception", id=key_of(ReceptionDay)(input.reception))
    # The row stays: whoever meant to come reads why nobody was there.
    row.state, row.reason = ReceptionState.CANCELLED, input.reason
    receivers = await ReceiverRow.filter(reception=row).values_list("deputy__person_id", flat=True)
    await tell_deputies(call, row, list(receivers), Text("A reception day is cancelled", "选民接待日已取消"))  # type: ignore[arg-type]
    return await save_reception(call, row)


@strawberry.input(description="A reception day that took place (登记接待日已举行).")
class HoldReceptionDayInput:
    idempotency_key: str = input_field(KEY)
    reception: ID = input_field(RECEPTION)
    expected_version: int = input_field(EXPECTED)
    visitors: int = input_field("How many came; nobody is named (接待人数).", between=(0, 10_000))


@command(
    "Say that a reception day was held, and how many came; what was heard is written down one by one "
    "(登记接待日已举行).",
    requires=None,
    action=Action(ReceptionDay, RECEIVES, (require_states((ReceptionState.ANNOUNCED,), AS_IT_IS), BEGUN)),
)
async def hold_reception_day(call: Call, input: HoldReceptionDayInput) -> ReceptionDayPayload:
    row: ReceptionRow = await call.find(ReceptionDay, "reception", id=key_of(ReceptionDay)(input.reception))
    # By whoever was there: a deputy of that day, or the clerk of the station.
    row.state, row.visitors = ReceptionState.HELD, input.visitors
    return await save_reception(call, row)


async def save_reception(call: Call, row: ReceptionRow) -> ReceptionDayPayload:
    """Save a reception day under its next version, and publish what became of it."""
    row.version += 1
    await row.save()
    call.publish(ReceptionChanged(reception=row.id, state=row.state), row)
    return ReceptionDayPayload(reception=ref(ReceptionDay, row.id))


@strawberry.type(description="What was heard, or why nothing was written down (听取意见结果).")
class HeardMatterPayload:
    heard: HeardMatter | None = result_field("What was heard (听取的意见).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="Something that a voter asks a deputy for (登记选民意见).")
class RecordHeardMatterInput:
    idempotency_key: str = input_field(KEY)
    reception: ID = input_field(RECEPTION)
    deputy: ID = input_field("Who heard it, of those who hear voters that day (听取代表标识).")
    person: ID | None = input_field("Who asks; left out for who gives no name (选民标识).", default=UNSET)
    title: str = free_text("In a few words (标题).", length=(1, 200))
    text: str = free_text(
        "What they ask for; of a proposal it is published, so it names nobody (内容).", length=(1, 5000)
    )
    unit: str | None = input_field("For a proposal: the unit that has to reply, by code (承办单位编码).", default=UNSET)
    category: str | None = input_field("For a case: what it is about, as a category's code (分类代码).", default=UNSET)


def check_outcome(call: Call, input: RecordHeardMatterInput) -> None:
    """Refuse what would be both a proposal and a case, or neither."""
    if is_given(input.unit) == is_given(input.category):
        raise invalid_input(
            "Give a unit for a proposal, or a category for a case.",
            "作为建议请填写承办单位，作为诉求请填写分类。",
            "unit",
        )


@command(
    "Write down what a voter asks for: it becomes the deputy's proposal, or a case in the voter's name (登记选民意见).",
    requires=None,
    form=check_outcome,
    action=Action(
        ReceptionDay,
        RECEIVES,
        (require_states((ReceptionState.ANNOUNCED, ReceptionState.HELD), AS_IT_IS), BEGUN),
        field="reception",
    ),
)
async def record_heard_matter(call: Call, input: RecordHeardMatterInput) -> HeardMatterPayload:
    check_outcome(call, input)
    reception: ReceptionRow = await call.find(ReceptionDay, "reception", id=key_of(ReceptionDay)(input.reception))
    deputy = await find_receiver(call, reception, input.deputy)
    asker = await find_nameable(call, input.person, KEEP_DEPUTIES, "person") if is_given(input.person) else None
    grid = await GridRow.get(id=reception.grid_id)
    row = HeardRow(
        grid=grid,
        reception=reception,
        deputy=deputy,
        person_id=asker and asker.id,
        heard_at=call.now,
        account=call.viewer.account.name,
    )
    # The proposal or the case before the row that points at it.
    if is_given(input.unit):
        unit = await find_unit(input.unit, "unit")
        made = await submit_suggestion(call, grid, unit, deputy.person_id, title=input.title, text=input.text)
        row.suggestion_id = made.id
        await row.save(force_create=True)
        call.publish(MatterHeard(reception=reception.id, heard=row.id), reception)
    else:
        # The command chooses the channel itself, so nobody is asked whether they may file by it.
        draft = CaseDraft(
            CaseKind.SUGGESTION,
            CHANNEL,
            input.category or "",
            input.title,
            input.text,
            grid.code,
            origin=Origin.REACTIVE,
            requester=row.person_id,
        )
        case = await open_case(call, draft)
        row.case_id = case.id
        await row.save(force_create=True)
        await record_on_timeline(call, case, MatterHeard(reception=reception.id, heard=row.id))
    return HeardMatterPayload(heard=ref(HeardMatter, row.id))


async def find_receiver(call: Call, reception: ReceptionRow, id: str) -> DeputyRow:
    """Return a deputy of the day: themselves, or any of them for whoever keeps deputies."""
    key = key_of(Deputy)(id)
    found = await ReceiverRow.get_or_none(reception=reception, deputy_id=key) if key else None
    deputy = await DeputyRow.get(id=key) if found else None
    own = deputy and deputy.person_id == call.viewer.account.person
    # Nobody puts words into another deputy's mouth.
    if deputy is None or deputy.person_id is None or not (own or call.may(KEEP_DEPUTIES, reception)):
        raise invalid_input("Name yourself, or a deputy of that day.", "请选择本人或当日接待的代表。", "deputy")
    return deputy


@strawberry.input(description="What the asker makes of a reply (选民评价答复).")
class RateHeardMatterInput:
    idempotency_key: str = input_field(KEY)
    heard: ID = input_field("Of what one asked for (意见标识).")
    satisfied: bool = input_field("Whether one is satisfied (是否满意).")


@command(
    "Say as whoever asked whether the reply to the deputy's proposal is one; the deputy says so for themselves "
    "(选民评价答复).",
    requires=None,
    action=Action(
        HeardMatter,
        ASKED,
        (REPLIED, require_empty("said_at", Text("You have said so already.", "您已评价。"))),
    ),
)
async def rate_heard_matter(call: Call, input: RateHeardMatterInput) -> HeardMatterPayload:
    row: HeardRow = await call.find(HeardMatter, "heard", id=key_of(HeardMatter)(input.heard))
    # Once, as the deputy's own word: a reply that changes is written to whoever has not judged it.
    row.satisfied, row.said_at = input.satisfied, call.now
    await row.save(update_fields=["satisfied", "said_at"])
    return HeardMatterPayload(heard=ref(HeardMatter, row.id))


@handler("ties.tell_asker", SuggestionReplied)
async def tell_asker(call: Call, happened: Occurrence) -> None:
    """Tell whoever asked a deputy that the proposal was replied to."""
    # Most proposals were not heard on a reception day, and some were asked for without a name.
    row = await HeardRow.get_or_none(suggestion_id=happened.read(SuggestionReplied).suggestion)
    if row is None or row.person_id is None:
        return
    about = NoticeDraft(
        "ties.replied",
        Text("What you asked a deputy for was replied to", "您向代表反映的意见已答复"),
        Text("Read the reply, and say what you make of it.", "请查看答复并评价。"),
        f"HeardMatter:{row.id}",
        office_hours_of=row.county_id,
    )
    await send_notice(call, about, persons=[row.person_id])


EXTENSIONS = (
    extend(
        Mutation,
        announce_reception_day=announce_reception_day,
        cancel_reception_day=cancel_reception_day,
        hold_reception_day=hold_reception_day,
        record_heard_matter=record_heard_matter,
        rate_heard_matter=rate_heard_matter,
    ),
)
