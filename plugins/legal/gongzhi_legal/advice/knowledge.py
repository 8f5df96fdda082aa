"""Legal knowledge: answers for everybody from one person's question, by consent, without names, read twice."""

from __future__ import annotations

import re

import strawberry
from gongzhi.core.accounts.independence import require_independence, require_other
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_held, require_states
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.runtime.screening import Concern, screen_text
from gongzhi.values.errors import Refusal, Text
from strawberry import ID

from ..actions import ADVISES, ASKED
from ..models import AdviceState, EntryRow, EntryState, MatterRow
from ..visibility import TEACH
from .commands import LegalAdvicePayload, load_advice, on_advice, save_advice, seated_people
from .types import LegalEntry

PERSONAL = {Concern.RESIDENT_ID, Concern.PHONE, Concern.BANK_CARD}
# Seven digits and more: telephones, identity and account numbers, but not an article of law or a year.
LONG_NUMBER = re.compile(r"\d{7,}")


@strawberry.type(description="The entry, or why there is none (知识条目结果).")
class LegalEntryPayload:
    entry: LegalEntry | None = result_field("The entry (知识条目).")
    errors: list[Problem] = problems()


@strawberry.input(description="An answer for everybody, written anew without names (拟写知识条目).")
class ProposeLegalEntryInput:
    idempotency_key: str = input_field(KEY)
    advice: ID = input_field("The question it comes from; whoever asked must have agreed (咨询).")
    question: str = input_field("The question as anybody might ask it (问题).", length=(1, 300))
    answer: str = input_field("The answer (解答).", length=(1, 3_000))


SHARED = Requirement(
    "CONSENT_REQUIRED",
    lambda advice, viewer: [Sql("{0} is not null", advice.shared_at)],
    Text("Whoever asked has not agreed, so no entry is made of it.", "咨询人未同意匿名入库，不能生成知识条目。"),
)
UNWRITTEN = require_empty("entry_id", Text("There is an entry of this already.", "该咨询已生成知识条目。"), "DUPLICATE")


# Only a closed question: consent is given with the rating.
@command(
    "Write an entry for everybody from a question whose asker agreed (拟写知识条目).",
    requires="legal.handle",
    action=on_advice(ADVISES, AdviceState.CLOSED, more=(SHARED, UNWRITTEN)),
)
async def propose_legal_entry(call: Call, input: ProposeLegalEntryInput) -> LegalEntryPayload:
    row, matter = await load_advice(call, input.advice)
    question, answer = input.question, input.answer
    for path, said in (("question", question), ("answer", answer)):
        await require_nameless(call, matter, said, path)
    entry = await EntryRow.create(
        # The county, not the asker's village, which would narrow down who asked.
        grid=await GridRow.get(id=matter.county_id),
        topic=row.topic,
        question=question,
        answer=answer,
        proposed_at=call.now,
        proposed_by=call.viewer.account.name,
    )
    # The question knows its entry, so that consent can be taken back; the entry does not know its question.
    row.entry_id = entry.id
    await row.save(update_fields=["entry_id"])
    return LegalEntryPayload(entry=ref(LegalEntry, entry.id))


async def require_nameless(call: Call, matter: MatterRow, said: str, path: str) -> None:
    """Refuse a text that has the name of whoever asked, or a number somebody can be known by."""
    # Names on file of those with a seat; names of others are for the second reader to find.
    names = [one.name for one in await PersonRow.filter(id__in=await seated_people(call, matter))]
    if any(name in said for name in names) or LONG_NUMBER.search(said) or PERSONAL & set(screen_text(said)):
        raise Refusal(
            "NOT_ANONYMOUS",
            "Take out names and numbers by which somebody can be known.",
            "请删除姓名、号码等可识别个人的内容。",
            (path,),
        )


@strawberry.input(description="What a second reader says of an entry (审核知识条目).")
class ReviewLegalEntryInput:
    idempotency_key: str = input_field(KEY)
    entry: ID = input_field("The entry (知识条目).")
    publish: bool = input_field("Whether everybody may read it (是否发布).")


REVIEWING = Action(
    LegalEntry,
    (require_held(TEACH),),
    (
        require_states((EntryState.PROPOSED,), Text("The entry has been reviewed already.", "该条目已审核。")),
        require_other("proposed_by"),
    ),
)


@command(
    "Publish an entry that somebody else wrote, or not (审核知识条目).",
    requires=TEACH,
    two_persons=True,
    action=REVIEWING,
)
async def review_legal_entry(call: Call, input: ReviewLegalEntryInput) -> LegalEntryPayload:
    entry: EntryRow = await call.find(LegalEntry, "entry", id=key_of(LegalEntry)(input.entry))
    # A second person reads it before everybody does.
    await require_independence(call, "entry", entry.proposed_by)
    entry.state = EntryState.PUBLISHED if input.publish else EntryState.REFUSED
    entry.reviewed_by, entry.published_at = call.viewer.account.name, call.now if input.publish else None
    await entry.save()
    return LegalEntryPayload(entry=ref(LegalEntry, entry.id))


@strawberry.input(description="A consent that is taken back (撤回匿名入库同意).")
class WithdrawAdviceConsentInput:
    idempotency_key: str = input_field(KEY)
    advice: ID = input_field("One's own question (咨询).")


@command(
    "Take back that one's question may be an entry for everybody (撤回匿名入库同意).",
    requires=None,
    action=on_advice(ASKED, AdviceState.CLOSED),
)
async def withdraw_advice_consent(call: Call, input: WithdrawAdviceConsentInput) -> LegalAdvicePayload:
    row, matter = await load_advice(call, input.advice)
    # Where there is no entry yet this keeps one from being written; where there is one, it is withdrawn below.
    row.shared_at = None
    if row.entry_id:
        # An entry is withdrawn even if it was reviewed and published.
        await EntryRow.filter(id=row.entry_id).update(state=EntryState.WITHDRAWN)
    return await save_advice(call, row, matter)


EXTENSIONS = (
    extend(
        Mutation,
        propose_legal_entry=propose_legal_entry,
        review_legal_entry=review_legal_entry,
        withdraw_advice_consent=withdraw_advice_consent,
    ),
)
