"""Minutes: with the papers beside them, and what was resolved, by whom and by when."""

from __future__ import annotations

import datetime
from datetime import timedelta

import strawberry
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_rows
from gongzhi.runtime.checks import invalid_input, is_given, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.runtime.file_checks import UnfitFile
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from ..actions import ARRANGES, led_tasks
from ..events import ActivityChanged
from ..lookups import find_resident
from ..models import ActivityRow, ActivityState, DeliberationRow, MinutesRow, PaperKind, PaperRow, TaskRow
from ..visibility import CONVENE, MEMBERS
from .papers import seal_paper
from .planning import load_activity
from .types import PartyActivity, PartyMinutes, PartyTask

PAPERS, BYTES, SIDE = 6, 2_000_000, 1600
"""How many files lie beside minutes, how large each may be, and the longest side of a photo as it is kept."""
TASKS = 50
"""How many tasks come of one meeting."""


@strawberry.input(description="A file beside minutes (会议附件).")
class PartyPaperInput:
    kind: PaperKind = input_field("What it is (类型).")
    title: str = input_field("Its title (标题).", length=(1, 100))
    content: str = input_field("The file in base64: JPEG, PNG or PDF (内容).", longest=2 * BYTES)
    consent: bool = input_field(
        "That everybody on a photo agrees to its being kept and shown (照片中人员同意).", default=False
    )


@strawberry.input(description="A resolution: what is to be done (议定事项).")
class PartyTaskInput:
    title: str = input_field("What (事项).", length=(1, 200))
    owner: ID | None = input_field("Who does it (责任人).", default=UNSET)
    due_on: datetime.date = input_field("By when (完成期限).")


@strawberry.input(description="What was said at an activity (会议记录).")
class RecordActivityMinutesInput:
    idempotency_key: str = input_field(KEY)
    activity: ID = input_field("At which (活动).")
    text: str = input_field("The text; it names no private person (内容).", length=(1, 20_000))
    papers: list[PartyPaperInput] = input_field("Photos and documents (附件).", items=PAPERS, default_factory=list)
    tasks: list[PartyTaskInput] = input_field("What was resolved (议定事项).", items=TASKS, default_factory=list)


@strawberry.type(description="The minutes, or why there are none (会议记录结果).")
class PartyMinutesPayload:
    minutes: PartyMinutes | None = result_field("The minutes (会议记录).")
    activity: PartyActivity | None = result_field("The activity (活动).")
    errors: list[Problem] = problems()


# Minutes are of what took place, and are written once.
RECORDING = Action(
    PartyActivity,
    (ARRANGES,),
    (
        Requirement(
            "ILLEGAL_TRANSITION",
            lambda activity, viewer: [
                Sql("{0}<>'CANCELLED' and {1}<={2}", activity.state, activity.starts_at, viewer.now)
            ],
            Text("It has not taken place.", "活动尚未举行。"),
        ),
        Requirement(
            "DUPLICATE",
            lambda activity, viewer: [
                Sql("not exists(select from party.minutes said where said.activity_id={0})", activity.id)
            ],
            Text("There are minutes already.", "已有会议记录。"),
        ),
    ),
)


@command("Write down what was said at an activity, once it has begun (会议记录).", requires=CONVENE, action=RECORDING)
async def record_activity_minutes(call: Call, input: RecordActivityMinutesInput) -> PartyMinutesPayload:
    activity = await load_activity(call, input.activity)
    # Papers first: decoding may refuse, and nothing is written then.
    county = (await GridRow.get(id=activity.grid_id)).code[:6]
    papers = [await store_paper(call, county, one, str(at)) for at, one in enumerate(input.papers)]
    # Minutes are written once: what was said is not changed afterwards.
    minutes = await MinutesRow.create(
        activity=activity,
        text=input.text,
        recorded_at=call.now,
        account=call.viewer.account.name or "",
    )
    for row in papers:
        row.minutes_id = minutes.id
    await PaperRow.bulk_create(papers)
    # Naming somebody for a task of an organisation's own activity takes the sight of its members.
    permission = MEMBERS if activity.audience == "BRANCH" else CONVENE
    for at, one in enumerate(input.tasks):
        await create_task(call, one, permission, ("tasks", str(at)), activity=activity)
    # Minutes end an activity: from now on it is neither moved nor cancelled.
    activity.state = ActivityState.HELD
    activity.version += 1
    await activity.save()
    call.publish(ActivityChanged(activity=activity.id, state=activity.state), activity)
    return PartyMinutesPayload(minutes=ref(PartyMinutes, minutes.id), activity=ref(PartyActivity, activity.id))


async def create_task(
    call: Call,
    input: PartyTaskInput,
    permission: str,
    path: tuple[str, ...],
    activity: ActivityRow | None = None,
    deliberation: DeliberationRow | None = None,
) -> TaskRow:
    """Create what is to be done, and notify whoever does it."""
    # Named within the permission, so that nobody gets tasks from strangers.
    owner = await find_resident(call, input.owner, permission, *path, "owner") if is_given(input.owner) else None
    if input.due_on < today(call):
        raise invalid_input("It is due on a day to come.", "完成期限不能早于今天。", *path, "dueOn")
    task = await TaskRow.create(
        activity=activity,
        deliberation=deliberation,
        title=input.title,
        owner=owner,
        due_on=input.due_on,
    )
    if owner:
        await send_notice(call, task_notice(task.due_on), persons=[owner.id])
    return task


async def store_paper(call: Call, county: str, input: PartyPaperInput, place: str) -> PaperRow:
    """Return a file as it is kept, sealed. A photo is made anew: it is shown to others."""
    photo = input.kind == PaperKind.PHOTO
    # A face is sensitive: consent is told for each photo (PIPL 28, 29).
    if photo and not input.consent:
        en, zh = "A photo needs the consent of whoever is on it.", "照片须经照片中人员同意。"
        raise Refusal("CONSENT_REQUIRED", en, zh, ("papers", place, "consent"))
    files = call.context.files
    try:
        types = ("image/jpeg", "image/png") if photo else ("application/pdf",)
        content = (await files.receive(input.content, longest=BYTES, types=types)).content
        if photo:
            content = (await files.remake_picture(content, edge=SIDE)).whole
    except UnfitFile as error:
        raise error.at("papers", place, "content") from None
    row = PaperRow(kind=input.kind, title=input.title)
    seal_paper(call.context.keys, county, row, content)
    return row


@strawberry.input(description="What was resolved is done (办结事项).")
class FinishPartyTaskInput:
    idempotency_key: str = input_field(KEY)
    task: ID = input_field("Which (事项).")
    note: str | None = input_field("What came of it (结果).", length=(1, 500), default=UNSET)


@strawberry.type(description="The task, or why nothing was done (事项结果).")
class PartyTaskPayload:
    task: PartyTask | None = result_field("The task (事项).")
    errors: list[Problem] = problems()


# Once: the first word on it is the one that counts.
FINISHING = Action(
    PartyTask, (require_rows(led_tasks),), (require_empty("done_at", Text("It is done.", "该事项已办结。")),)
)


@command(
    "Say that what was resolved is done; its owner, or whoever leads (办结议定事项).", requires=None, action=FINISHING
)
async def finish_party_task(call: Call, input: FinishPartyTaskInput) -> PartyTaskPayload:
    task: TaskRow = await call.find(PartyTask, "task", id=key_of(PartyTask)(input.task))
    task.done_at = call.now
    task.note = input.note or None
    await task.save()
    return PartyTaskPayload(task=ref(PartyTask, task.id))


LATE = """
select t.id, t.owner_id, t.due_on from party.task t left join party.activity a on a.id=t.activity_id
left join party.deliberation d on d.id=t.deliberation_id
where t.done_at is null and t.reminded_at is null and t.owner_id is not null and t.due_on<=$1
and coalesce(a.county_id, d.county_id)=any($2::int[]) order by t.id
"""


@job("party.remind_of_tasks", every=timedelta(days=1), offset=timedelta(hours=8, minutes=30))
async def remind_task_owners(call: Call, run: JobRun) -> None:
    """Remind owners of what is due today, once."""
    for row in await call.fetch(LATE, today(call), list(run.counties)):
        await send_notice(call, task_notice(row["due_on"]), persons=[row["owner_id"]])
        await TaskRow.filter(id=row["id"]).update(reminded_at=call.now)


def task_notice(day: datetime.date) -> NoticeDraft:
    return NoticeDraft(
        "party.task_due",
        Text("Something was resolved that you do", "您有议定事项待办"),
        Text(f"It is due on {day}.", f"完成期限：{day}。"),
    )


EXTENSIONS = (extend(Mutation, record_activity_minutes=record_activity_minutes, finish_party_task=finish_party_task),)
