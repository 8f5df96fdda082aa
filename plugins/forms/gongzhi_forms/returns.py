"""Return commands: open one, answer what is asked, sign it up the line, send it back, object to a cell."""

from __future__ import annotations

import datetime
import hashlib
import json

import strawberry
from gongzhi.core.accounts.independence import require_independence, require_other
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.events import Code
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_held, require_rows, require_states, tell_state
from gongzhi.runtime.checks import duplicate, invalid_input, not_found
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    not_allowed,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Text
from strawberry import ID
from strawberry.scalars import JSON

from .declarations import Question, read_declaration
from .events import Filled, SentBack, Signed
from .models import (
    Act,
    CellRow,
    FormRow,
    InquiryRow,
    Level,
    ObjectionRow,
    ReturnRow,
    ReturnState,
    StepRow,
    Verdict,
    write_value,
)
from .periods import period_of
from .rules import FILL, SIGN, SIGNS, UNINVOLVED, VIEW, answerable_inquiries, decidable_objections
from .types import Form, FormInquiry, FormObjection, FormReturn

REASON = 500
RETURN = "The return's id (报表标识)."
IN = "select exists(select from grids.grid g join grids.grid a on a.id=$2 where g.id=$1 and g.path<@a.path) as inside"
SAVED = (
    "update forms.cell c set value=$2, taken_at=$3 from forms.return r "
    "where c.inquiry_id=$1 and r.id=c.form_return_id and r.state<>'SIGNED'"
)
# Of which nothing else waits: they are filled now.
COMPLETED = (
    "update forms.return r set state='FILLED', version=version+1 where r.state='ASKING' "
    "and exists(select from forms.cell c where c.form_return_id=r.id and c.inquiry_id=$1) "
    "and not exists(select from forms.cell c where c.form_return_id=r.id and c.inquiry_id is not null "
    "and c.value is null) "
    "returning r.id"
)
AS_IT_IS = tell_state(Text("return", "该报表"))


@strawberry.type(description="The return, or why nothing was done (报表结果).")
class FormReturnPayload:
    form_return: FormReturn | None = result_field("The return (报表).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


IN_FORCE = Requirement(
    "ILLEGAL_TRANSITION",
    lambda row, viewer: [Sql("{0} is not null and {1} is null", row.tried_at, row.retired_at)],
    Text("The form is not in force.", "该报表未启用。"),
)


@strawberry.input(description="A place and a day, for whose period a form is to be filled (开启报表).")
class OpenFormReturnInput:
    idempotency_key: str = input_field(KEY)
    form: ID = input_field("The form's id (报表制度标识).")
    grid: str = input_field("The place, of the form's level, by code (网格编码).")
    day: datetime.date = input_field("A day in the period (期间内的一天).")


@command(
    "Open a return for a period; those of periods that are over open by themselves (开启报表).",
    requires=FILL,
    action=Action(Form, (require_rows(lambda row, viewer: None if viewer.can(FILL) else []),), (IN_FORCE,)),
)
async def open_form_return(call: Call, input: OpenFormReturnInput) -> FormReturnPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(FILL, grid):
        raise not_allowed("grid")
    form: FormRow = await call.find(Form, "form", id=key_of(Form)(input.form))
    [found] = await call.fetch(IN, grid.id, form.grid_id)
    # A form of a town is not filled by another town.
    if grid.kind.value != form.level.value or not found["inside"]:
        raise invalid_input("The form is not filled there.", "该网格不填报此表。", "grid")
    # Any day of it will do, for nobody counts days to name a month.
    begins, ends = period_of(form.rhythm, input.day)
    if await ReturnRow.exists(grid=grid, code=form.code, begins_on=begins, ends_on=ends):
        raise duplicate("There is a return of this period.", "该期报表已存在。", "day")
    return FormReturnPayload(form_return=ref(FormReturn, (await open_round(form, grid.id, begins, ends)).id))


async def open_round(
    form: FormRow, grid: int, begins: datetime.date, ends: datetime.date, number: int = 1
) -> ReturnRow:
    """Open a return of a form for a place and a period."""
    return await ReturnRow.create(
        form=form,
        code=form.code,
        grid_id=grid,
        begins_on=begins,
        ends_on=ends,
        due_on=ends + datetime.timedelta(days=form.due_days),
        round=number,
    )


@strawberry.type(description="The question with its answer, or why nothing was done (作答结果).")
class FormInquiryPayload:
    inquiry: FormInquiry | None = result_field("The question (填报提问).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="The answer to a question (作答).")
class AnswerFormInquiryInput:
    idempotency_key: str = input_field(KEY)
    inquiry: ID = input_field("The question's id (提问标识).")
    expected_version: int = input_field(EXPECTED)
    value: JSON = input_field("The answer, of the question's type (答案).")


UNSIGNED = Requirement(
    "ILLEGAL_TRANSITION",
    lambda row, viewer: [
        Sql(
            "not exists(select from forms.cell told join forms.return filed on filed.id=told.form_return_id "
            "where told.inquiry_id={0} and filed.state='SIGNED')",
            row.id,
        )
    ],
    Text("A return with this answer is signed.", "含此答案的报表已签署。"),
)


@command(
    "Answer what one is asked; every form that wants to know it of the place and period takes it from there (作答).",
    requires=None,
    action=Action(FormInquiry, (require_rows(answerable_inquiries),), (UNSIGNED,)),
)
async def answer_form_inquiry(call: Call, input: AnswerFormInquiryInput) -> FormInquiryPayload:
    row: InquiryRow = await call.find(FormInquiry, "inquiry", id=key_of(FormInquiry)(input.inquiry))
    # By the question as it was asked: a later version of the form may put it otherwise.
    asked = {name: value for name, value in row.question.items() if name not in ("title", "unit")}
    asked["choices"] = tuple(asked.get("choices", ()))
    value = Question(**asked).check(input.value, "value")
    row.value = write_value(value)
    row.answered_by, row.answered_at = call.viewer.account.name, call.now
    row.version += 1
    await row.save()
    await call.fetch(SAVED, row.id, row.value, call.now)
    for done in await call.fetch(COMPLETED, row.id):
        filled = await ReturnRow.get(id=done["id"])
        call.publish(Filled(form_return=filled.id, form=Code(filled.code)), filled)
    return FormInquiryPayload(inquiry=ref(FormInquiry, row.id))


@strawberry.input(description="A signature under a return (签署报表).")
class SignFormReturnInput:
    idempotency_key: str = input_field(KEY)
    form_return: ID = input_field(RETURN)
    expected_version: int = input_field(EXPECTED)


SETTLED = Requirement(
    "OPEN_OBJECTION",
    lambda row, viewer: [
        Sql(
            "not exists(select from forms.objection raised where raised.form_return_id={0} and raised.verdict='OPEN')",
            row.id,
        )
    ],
    Text("An objection to a cell is open: decide it first.", "有待处理的指标异议，请先处理。"),
)
SIGNABLE = (require_states((ReturnState.FILLED,), AS_IT_IS), UNINVOLVED, SETTLED)


@command(
    "Sign a return for the level that signs next; with the last signature it stays as it is (签署报表).",
    requires=SIGN,
    action=Action(FormReturn, (SIGNS,), SIGNABLE),
)
async def sign_form_return(call: Call, input: SignFormReturnInput) -> FormReturnPayload:
    row: ReturnRow = await call.find(FormReturn, "formReturn", id=key_of(FormReturn)(input.form_return))
    form = await FormRow.get(id=row.form_id)
    level, signers = Level(str(row.signing)), read_declaration(form.declaration).signers
    # Of what lies in the table, not of what the caller has seen: the version says that both are one.
    digest = await digest_return(row)
    await StepRow.create(
        form_return=row,
        number=row.version,
        act=Act.SIGNED,
        level=level,
        account=call.viewer.account.name,
        at=call.now,
        digest=digest,
    )
    rest = signers[signers.index(level) + 1 :]
    row.signing = rest[0] if rest else None
    if not rest:
        row.state, row.digest = ReturnState.SIGNED, digest
    row.version += 1
    await row.save()
    call.publish(Signed(form_return=row.id, form=Code(row.code), level=level), row)
    return FormReturnPayload(form_return=ref(FormReturn, row.id))


async def digest_return(row: ReturnRow) -> str:
    """Return what tells one content of a return from any other: SHA-256 of what it is and of its values."""
    # With what is withheld: a number that appears later is a change.
    cells = await CellRow.filter(form_return=row).order_by("position")
    values = [[one.name, one.value, one.withheld] for one in cells]
    said = [str(row.form_id), row.grid_id, str(row.begins_on), str(row.ends_on), row.round, values]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@strawberry.input(description="A return that is to be filled anew, and why (退回报表).")
class SendBackFormReturnInput:
    idempotency_key: str = input_field(KEY)
    form_return: ID = input_field(RETURN)
    expected_version: int = input_field(EXPECTED)
    reason: str = free_text("Why (退回原因).", length=(1, REASON))


SENT_BACK = Text("A return was sent back to you", "报表被退回")


@command(
    "Send a return back before it is signed by all: it is filled anew and signed from the first level on (退回报表).",
    requires=SIGN,
    action=Action(FormReturn, (SIGNS,), (require_states((ReturnState.FILLED,), AS_IT_IS),)),
)
async def send_back_form_return(call: Call, input: SendBackFormReturnInput) -> FormReturnPayload:
    row: ReturnRow = await call.find(FormReturn, "formReturn", id=key_of(FormReturn)(input.form_return))
    await send_back(call, row, input.reason)
    return FormReturnPayload(form_return=ref(FormReturn, row.id))


async def send_back(call: Call, row: ReturnRow, reason: str) -> None:
    """Have a return filled anew, and tell whoever filled it."""
    await StepRow.create(
        form_return=row,
        number=row.version,
        act=Act.SENT_BACK,
        level=row.signing,
        account=call.viewer.account.name,
        at=call.now,
        reason=reason,
    )
    row.state, row.signing = ReturnState.SENT_BACK, None
    row.version += 1
    await row.save()
    call.publish(SentBack(form_return=row.id, form=Code(row.code)), row)
    # Without the reason: what people wrote stands in the return, for those who may read it.
    body = Text("The reason stands with it.", "原因见报表。")
    draft = NoticeDraft("forms.sent_back", SENT_BACK, body, f"{FormReturn.__name__}:{row.id}")
    await send_notice(call, draft, accounts=[row.filled_by] if row.filled_by else [])


# objections


@strawberry.type(description="The objection, or why nothing was done (指标异议结果).")
class FormObjectionPayload:
    objection: FormObjection | None = result_field("The objection (指标异议).")
    form_return: FormReturn | None = result_field("The return that is to be filled now (待填报的报表).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="A cell of a return that is wrong (提出指标异议).")
class ObjectToFormCellInput:
    idempotency_key: str = input_field(KEY)
    form_return: ID = input_field(RETURN)
    cell: str = input_field("The cell, by its name (指标名).")
    reason: str = free_text("What is wrong; do not name private persons (理由).", length=(1, REASON))


FILLED = (ReturnState.FILLED, ReturnState.SIGNED)


@command(
    "Object to the value of a cell; somebody else decides, and until then nothing is signed (提出指标异议).",
    requires=VIEW,
    action=Action(FormReturn, (require_held(VIEW),), (require_states(FILLED, AS_IT_IS),)),
)
async def object_to_form_cell(call: Call, input: ObjectToFormCellInput) -> FormObjectionPayload:
    row: ReturnRow = await call.find(FormReturn, "formReturn", id=key_of(FormReturn)(input.form_return))
    if not await CellRow.exists(form_return=row, name=input.cell):
        raise not_found("The return has no such cell.", "报表没有该指标。", "cell")
    if await ObjectionRow.exists(form_return=row, cell=input.cell, verdict=Verdict.OPEN):
        raise duplicate("There is an open objection to this.", "已有待处理的异议。", "cell")
    made = await ObjectionRow.create(
        form_return=row, cell=input.cell, reason=input.reason, raised_by=call.viewer.account.name, raised_at=call.now
    )
    return FormObjectionPayload(objection=ref(FormObjection, made.id))


@strawberry.input(description="What becomes of an objection (处理指标异议).")
class DecideFormObjectionInput:
    idempotency_key: str = input_field(KEY)
    objection: ID = input_field("The objection's id (异议标识).")
    expected_version: int = input_field(EXPECTED)
    upheld: bool = input_field("Whether it is right (是否成立).")
    grounds: str = free_text("For what reason (处理理由).", length=(1, REASON))


UNDECIDED = require_states((Verdict.OPEN,), Text("It is decided.", "该异议已处理。"), "verdict")


@command(
    "Decide an objection. One that is upheld has the return filled anew; a signed one stays, and a further round is "
    "opened (处理指标异议).",
    requires=SIGN,
    action=Action(FormObjection, (require_rows(decidable_objections),), (UNDECIDED, require_other("raised_by"))),
    two_persons=True,
)
async def decide_form_objection(call: Call, input: DecideFormObjectionInput) -> FormObjectionPayload:
    row: ObjectionRow = await call.find(FormObjection, "objection", id=key_of(FormObjection)(input.objection))
    about = await ReturnRow.select_for_update().get(id=row.form_return_id)
    await require_independence(call, "objection", row.raised_by, about.filled_by)
    # The objection first: a round that is opened leads back to what was wrong.
    row.verdict = Verdict.UPHELD if input.upheld else Verdict.REJECTED
    row.decided_by, row.decided_at, row.grounds = call.viewer.account.name, call.now, input.grounds
    row.version += 1
    await row.save()
    again = await fill_again(call, about, row.reason) if input.upheld else None
    return FormObjectionPayload(
        objection=ref(FormObjection, row.id), form_return=ref(FormReturn, again.id) if again else None
    )


async def fill_again(call: Call, row: ReturnRow, reason: str) -> ReturnRow:
    """Return what is to be filled after an objection was upheld: the return itself, or a round after a signed one."""
    if row.state is not ReturnState.SIGNED:
        await send_back(call, row, reason)
        return row
    same = {"grid_id": row.grid_id, "code": row.code, "begins_on": row.begins_on, "ends_on": row.ends_on}
    last = await ReturnRow.filter(**same).order_by("-round").first()
    # Two objections to one signed return have one further round.
    if last is not None and last.round > row.round:
        return last
    form = await FormRow.get(id=row.form_id)
    return await open_round(form, row.grid_id, row.begins_on, row.ends_on, row.round + 1)


async def verify_returns(call: Call) -> int:
    """Say whether signed returns still say what was signed (核验已签报表)."""
    changed = [
        one.id for one in await ReturnRow.filter(state=ReturnState.SIGNED) if await digest_return(one) != one.digest
    ]
    print(f"{len(changed)} signed returns have changed (已签报表内容不符)" + "".join(f"\n{one}" for one in changed))
    return 1 if changed else 0


EXTENSIONS = (
    extend(
        Mutation,
        open_form_return=open_form_return,
        answer_form_inquiry=answer_form_inquiry,
        sign_form_return=sign_form_return,
        send_back_form_return=send_back_form_return,
        object_to_form_cell=object_to_form_cell,
        decide_form_objection=decide_form_objection,
    ),
)
