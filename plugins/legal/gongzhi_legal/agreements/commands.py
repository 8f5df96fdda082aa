"""Agreements: recording what parties agreed on, and whether it is kept (达成协议、履行)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from uuid import UUID

import strawberry
from gongzhi.core.cases.models import SettlementLevel
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_rows
from gongzhi.runtime.checks import check_past_day, invalid_input, is_given, not_found, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    problems,
    result_field,
)
from gongzhi.values.errors import Refusal, Text
from gongzhi.values.labels import label_of
from strawberry import ID, UNSET

from ..actions import MEDIATES, settled_rows
from ..durations import CONFIRMATION, day_start, term_end
from ..matters.commands import notify_seats
from ..matters.sealed_words import MatterCipher, open_cipher
from ..mediation.commands import give_back
from ..mediation.lookups import (
    load_mediation,
    on_mediation,
    save_mediation,
)
from ..mediation.requests import MediationPayload
from ..mediation.types import MediationParty
from ..models import (
    AgreementForm,
    AgreementRow,
    ConfirmationRow,
    MatterRow,
    MediationOutcome,
    MediationRow,
    MediationState,
    PartyRow,
    SignatureRow,
    Signing,
    TermRow,
)
from .templates import in_use, require_blanks
from .types import AgreementTerm

MOST = 20
OUTCOMES = {
    AgreementForm.WRITTEN: MediationOutcome.WRITTEN_AGREEMENT,
    AgreementForm.ORAL: MediationOutcome.ORAL_AGREEMENT,
}


@strawberry.input(description="One thing that somebody promised (协议事项).")
class AgreementTermInput:
    text: str = input_field("What (内容).", length=(1, 1_000))
    obligor: ID = input_field("Who promised it: a party that signs (履行人).")
    due_on: datetime.date | None = input_field("By when; at once if not given (履行期限).", default=UNSET)


@strawberry.input(description="Who signed (签署).")
class AgreementSignatureInput:
    party: ID = input_field("A party, or who speaks for one (签署人).")
    at: datetime.datetime | None = input_field("When; now if not given (时间).", default=UNSET)
    how: Signing = input_field("How (方式).", default=Signing.SIGNATURE)


@strawberry.input(description="What the parties agreed on (登记调解协议).")
class RecordAgreementInput:
    idempotency_key: str = input_field(KEY)
    mediation: ID = input_field("The mediation (调解).")
    form: AgreementForm = input_field("Whether it is on paper (形式).", default=AgreementForm.WRITTEN)
    facts: str = input_field("What the dispute was about, as the parties agree (主要事实).", length=(1, 5_000))
    terms: list[AgreementTermInput] = input_field("What was promised (协议事项).", items=(1, MOST))
    signatures: list[AgreementSignatureInput] = input_field("Who signed: two parties at least (签署).")
    effective_on: datetime.date | None = input_field(
        "From when it binds; today if not given (生效日期).", default=UNSET
    )
    place: str | None = input_field("Where it is to be done (履行地点).", length=(1, 500), default=UNSET)
    performance: str | None = input_field("How it is to be done (履行方式).", length=(1, 500), default=UNSET)
    level: SettlementLevel | None = input_field(
        "Where it was reached: at the level of its mediators if not given; GRID if those of the village reached it in "
        "the grid (化解层级).",
        default=UNSET,
    )
    expected_version: int = input_field(EXPECTED)


@command(
    "Record what the parties agreed on, as signed (登记调解协议).",
    requires="legal.handle",
    action=on_mediation(MEDIATES, MediationState.MEDIATING),
)
async def record_agreement(call: Call, input: RecordAgreementInput) -> MediationPayload:
    row, matter = await load_mediation(call, input.mediation)
    # Without a level it is the mediators' own.
    level = agreement_level(row, input.level) if is_given(input.level) else row.level
    known = {one.id: one for one in await PartyRow.filter(matter=matter)}
    signed = read_signatures(call, input.signatures, known, matter)
    terms = read_promises(call, input.terms, known, {one.party_id for one in signed})
    effective = check_past_day(call, input.effective_on, "effectiveOn") if is_given(input.effective_on) else today(call)
    said = {"place": input.place or None, "performance": input.performance or None}
    # The template in use now is stored with the agreement, so that it prints the same after a new one is set.
    template = await in_use(matter.county_id)
    require_blanks(template, said)
    cipher = await open_cipher(call.context, matter)
    # One number for each agreement of the county and year.
    agreement = AgreementRow(
        matter=matter,
        number=await next_agreement_number(call, matter),
        form=input.form,
        effective_on=effective,
        made_at=call.now,
        template=template,
        account=call.viewer.account.name,
    )
    cipher.write(agreement, facts=input.facts, **said)
    await agreement.save()
    await SignatureRow.bulk_create(signed)
    await write_terms(cipher, matter, input.terms, terms)
    row.level = level
    # In one transaction with the case, which must not be offered as settled without an agreement.
    await conclude_mediation(call, row, matter, agreement)
    return await save_mediation(call, row, matter)


def agreement_level(row: MediationRow, level: SettlementLevel) -> SettlementLevel:
    """Check the level at which an agreement was reached, which follows from who mediated."""
    # Mediators of a village may also have settled it in the grid itself.
    inside = row.level == SettlementLevel.VILLAGE and level == SettlementLevel.GRID
    if level != row.level and not inside:
        named = label_of(row.level)
        raise invalid_input(
            f"Its mediators are of another level ({named.en}); those of a village may also settle in the grid.",
            f"调解员层级为{named.zh}，化解层级应与之一致；村级调解员也可填写网格内化解。",
            "level",
        )
    return level


def read_signatures(
    call: Call, wanted: Sequence[AgreementSignatureInput], known: dict[UUID, PartyRow], matter: MatterRow
) -> list[SignatureRow]:
    """Return the signatures, each party's once; two parties at least must have signed, or somebody for them."""
    found: list[SignatureRow] = []
    for at, one in enumerate(wanted):
        party = known.get(key_of(MediationParty)(one.party))
        if party is None or any(party.id == other.party_id for other in found):
            raise not_found(
                "They are no party to this, or named twice.", "签署人不是当事人或重复。", "signatures", str(at)
            )
        moment = require_offset(one.at, "signatures", str(at), "at") if is_given(one.at) else call.now
        if moment > call.now:
            raise invalid_input("It must not lie in the future.", "签署时间不能晚于现在。", "signatures", str(at), "at")
        found.append(SignatureRow(matter=matter, party_id=party.id, at=moment, how=one.how))
    # Counted by party, not by signature: a party and its representative are one side.
    if len(bound_parties(known, {one.party_id for one in found})) < 2:
        raise Refusal(
            "MISSING_PARTY",
            "Two parties must have signed at least: an agreement binds nobody who did not.",
            "至少须有两方当事人签署，协议对未签署者无约束力。",
            ("signatures",),
        )
    return found


def bound_parties(known: dict[UUID, PartyRow], signed: set[UUID]) -> set[UUID]:
    """Return the parties who signed, or for whom somebody did."""
    return {known[one].represents_id or one for one in signed}


def read_promises(
    call: Call, wanted: Sequence[AgreementTermInput], known: dict[UUID, PartyRow], signed: set[UUID]
) -> list[TermRow]:
    """Return what was promised, each by somebody who signed."""
    found = []
    for at, one in enumerate(wanted):
        party = known.get(key_of(MediationParty)(one.obligor))
        # A representative signs for a party but owes nothing themselves.
        if party is None or party.represents_id is not None:
            raise not_found("They are no party to this.", "履行人不是当事人。", "terms", str(at), "obligor")
        if party.id not in bound_parties(known, signed):
            raise Refusal(
                "NOT_SIGNED",
                "They have not signed, so nothing can be laid on them.",
                "履行人未签署协议，不得为其设定义务。",
                ("terms", str(at), "obligor"),
            )
        due = one.due_on if is_given(one.due_on) else None
        if due is not None and due < today(call):
            raise invalid_input("It must not be due already.", "履行期限不能早于今天。", "terms", str(at), "dueOn")
        # Its text is sealed later, when the agreement has its matter's key at hand.
        found.append(TermRow(place=at, obligor_id=party.id, due_on=due))
    return found


async def write_terms(
    cipher: MatterCipher, matter: MatterRow, given: Sequence[AgreementTermInput], rows: Sequence[TermRow]
) -> None:
    for row, one in zip(rows, given, strict=True):
        row.matter_id = matter.id
        cipher.write(row, text=one.text)
    await TermRow.bulk_create(rows)


# One statement, whose row lock makes the second wait for the first: no number is given twice in a county and year.
NUMBER = """
insert into legal.counter (county, year, given) values ($1, $2, 1)
on conflict (county, year) do update set given=legal.counter.given+1 returning given
"""


async def next_agreement_number(call: Call, matter: MatterRow) -> str:
    """Return the next number of the county in this year; whoever comes second waits."""
    county, year = (await GridRow.get(id=matter.county_id)).code, today(call).year
    [row] = await call.fetch(NUMBER, county, year)
    return f"〔{year}〕{county}人调字第{row['given']:05}号"


async def conclude_mediation(call: Call, row: MediationRow, matter: MatterRow, agreement: AgreementRow) -> None:
    """Note that the mediation came to an agreement; a written one may go to court from the day it binds."""
    row.state, row.outcome, row.ended_at = MediationState.AGREED, OUTCOMES[agreement.form], call.now
    # Only a written agreement can be confirmed by the court (People's Mediation Law 33).
    if agreement.form == AgreementForm.WRITTEN:
        due = await term_end(call, matter.county_id, day_start(agreement.effective_on), CONFIRMATION)
        await ConfirmationRow.create(matter=matter, due_at=due)
    # The case's clocks go on from where they waited, and whoever answers it is offered the level.
    await give_back(call, row, row.level)


@strawberry.input(description="Whether something that was promised was done (登记履行).")
class SettleAgreementTermInput:
    idempotency_key: str = input_field(KEY)
    term: ID = input_field("What was promised (协议事项).")
    kept: bool = input_field("Whether it was done (是否履行).")


@strawberry.type(description="What was promised, as it is now, or why nothing was done (履行结果).")
class AgreementTermPayload:
    term: AgreementTerm | None = result_field("What was promised (协议事项).")
    errors: list[Problem] = problems()


# A promise noted as broken may still be noted as kept, but not the other way round.
UNSETTLED = Requirement(
    "ILLEGAL_TRANSITION",
    lambda term, viewer: [Sql("{0} is not true", term.kept)],
    Text("It is settled already.", "该事项已登记履行。"),
)
SETTLING = Action(AgreementTerm, (require_rows(settled_rows),), (UNSETTLED,))


@command(
    "Say whether a promise was kept: the mediator, or a party to whom it was made (登记履行).",
    requires=None,
    action=SETTLING,
)
async def settle_agreement_term(call: Call, input: SettleAgreementTermInput) -> AgreementTermPayload:
    term: TermRow = await call.find(AgreementTerm, "term", id=key_of(AgreementTerm)(input.term))
    # Locked, or of two that settle the last two promises at once neither would see that both are settled.
    matter = await MatterRow.select_for_update(no_key=True).get(id=term.matter_id)
    term.kept, term.settled_on = input.kept, today(call)
    await term.save(update_fields=["kept", "settled_on"])
    # Two questions, for SQL does not find what nobody has settled yet (null) among what is not true.
    if not await TermRow.exists(matter=matter, kept__not=True) and not await TermRow.exists(matter=matter, kept=None):
        await AgreementRow.filter(matter=matter).update(kept_on=today(call))
        # One that was closed over a broken promise stays closed since then.
        await MatterRow.filter(id=matter.id, closed_at=None).update(closed_at=call.now)
        await notify_seats(call, matter.id, KEPT, f"LegalMatter:{matter.id}")
    return AgreementTermPayload(term=ref(AgreementTerm, term.id))


KEPT = (
    "legal.agreement_kept",
    Text("An agreement was kept", "调解协议已履行完毕"),
    Text("All that was promised was done.", "协议约定事项均已履行。"),
)

EXTENSIONS = (extend(Mutation, record_agreement=record_agreement, settle_agreement_term=settle_agreement_term),)
