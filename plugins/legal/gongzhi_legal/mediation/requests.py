"""Mediation requests: by a party, or by who works on the case it comes from (申请、移送)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.core.cases.models import CaseRow, SettlementLevel
from gongzhi.core.cases.steps import works_on_case
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import check_code, duplicate, invalid_input, is_given, not_found, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values import codes
from gongzhi.values.codes import Series
from gongzhi.values.errors import Refusal, Text
from gongzhi_rights.representation import find_representatives, is_entitled
from strawberry import ID, UNSET

from ..durations import MEDIATION, term_end
from ..events import MediationChanged
from ..matters.commands import notify_seats
from ..matters.sealed_words import MatterCipher, begin_matter
from ..models import (
    AdviserKind,
    AdviserRow,
    Chooser,
    DisputeTypeRow,
    MatterKind,
    MatterRow,
    MediationRow,
    MediatorRow,
    PartyRow,
    SeatRole,
)
from ..panel.candidates import LEVELS, find_candidate, give_seat, level_of, nobody_free, require_disinterested
from ..panel.types import LegalAdviser
from ..visibility import REFER
from .source_case import begin_mediation
from .types import Mediation

MOST = 12
"""Parties and representatives of one mediation."""
CHOSEN = 3
"""Mediators of one mediation."""


@strawberry.input(description="A party: somebody on file, or anybody by name and telephone number (当事人).")
class MediationPartyInput:
    person: ID | None = input_field("Somebody on file (人员).", default=UNSET)
    name: str | None = input_field("The name of somebody who is not (姓名).", length=(1, 50), default=UNSET)
    phone: str | None = input_field("Their telephone number (电话).", default=UNSET)
    represents: int | None = input_field(
        "For who speaks for a party: that party's place in this list, from 0 (代理第几位当事人).", default=UNSET
    )


@strawberry.input(description="A mediation that somebody asks for (申请人民调解).")
class RequestMediationInput:
    idempotency_key: str = input_field(KEY)
    case: str | None = input_field("The case it comes from, by number (诉求编号).", default=UNSET)
    grid: str | None = input_field(
        "Without a case: where, by the grid's code; else where the applicant lives (网格编码).", default=UNSET
    )
    dispute_type: str = input_field("What sort of dispute, by code (纠纷类型代码).")
    parties: list[MediationPartyInput] = input_field(
        f"Who: the applicant first, two at least, {MOST} at most (当事人)."
    )
    rights_acknowledged: bool = input_field("That the applicant has been shown the rights of parties (已告知权利).")
    facts: str | None = input_field("What it is about (纠纷事由).", length=(1, 5_000), default=UNSET)
    mediators: list[ID] = input_field("Whom the applicant chooses from the panel (选定调解员).", default_factory=list)


@strawberry.type(description="The mediation, or why nothing was done (调解结果).")
class MediationPayload:
    mediation: Mediation | None = result_field("The mediation (调解).")
    errors: list[Problem] = problems()


@dataclass(frozen=True)
class Party:
    """A party as it was given."""

    person: PersonRow | None
    name: str | None
    phone: str | None
    represents: int | None


@command(
    "Ask for people's mediation; a case it comes from stays linked to it (申请人民调解).",
    requires=None,
)
async def request_mediation(call: Call, input: RequestMediationInput) -> MediationPayload:
    # Its place, parties and rights are checked before anything is written.
    case = await load_source_case(call, input.case) if is_given(input.case) else None
    parties = await read_parties(call, input.parties)
    place = await find_place(call, input, case, parties[0])
    # Whoever applies takes part by that; whoever was referred has yet to agree.
    applied = await may_request(call, case, place, parties)
    if not input.rights_acknowledged:
        raise Refusal(
            "RIGHTS_NOT_ACKNOWLEDGED",
            "Show the applicant the rights of parties first: mediation is voluntary, free, and may end at any time.",
            "请先向申请人告知权利：调解自愿、免费、可随时终止。",
            ("rightsAcknowledged",),
        )
    kind = await dispute_type(call, input.dispute_type)
    # From here on words are sealed under the matter's key.
    matter, cipher = await begin_matter(call, MatterKind.MEDIATION, place)
    people = [one.person.id for one in parties if one.person]
    # Somebody must take it, or it does not begin (NOBODY_FREE, and the transaction is rolled back).
    mediators = await choose_mediators(call, matter, input.mediators, people)
    row = MediationRow(
        matter=matter,
        case=case,
        dispute_type=kind,
        # The lowest level counts: where a village's mediator sits beside the town's, the village settled it.
        level=min((level for _, level, _ in mediators), key=LEVELS.index),
        requested_at=call.now,
        requested_by=call.viewer.account.name,
        due_at=await term_end(call, matter.county_id, call.now, MEDIATION),
        extensions=[],
    )
    cipher.write(row, facts=input.facts or None)
    await row.save()
    await write_parties(call, matter, cipher, parties, joined=applied)
    # Parties before mediators: conflicts have been looked for among them above.
    await appoint_mediators(call, matter, mediators)
    call.publish(MediationChanged(matter.id, row.id, row.state), matter)
    await notify_seats(call, matter.id, REQUESTED, f"Mediation:{row.id}")
    # The case's clocks wait until the mediation ends or its term does.
    if case is not None:
        await begin_mediation(call, case.id, row.due_at, await find_referrer(row))
    return MediationPayload(mediation=ref(Mediation, row.id, shown=True))


REQUESTED = (
    "legal.mediation_requested",
    Text("A mediation was asked for", "收到人民调解申请"),
    Text("Read the rights of parties, and say whether you take part.", "请阅读权利告知，并确认是否同意调解。"),
)


async def load_source_case(call: Call, number: str) -> CaseRow:
    """Return the case a mediation comes from: no tip-off, and not under mediation already."""
    case: CaseRow = await call.find(Case, "case", number=number)
    # A tip-off's requester is sealed, and a mediation would bring them face to face with the accused.
    if case.series is Series.SEALED:
        raise Refusal("SEALED_CASE", "A tip-off is not for mediation.", "举报件不得转调解。", ("case",))
    # The case is locked by `find`: of two who refer it at once the second finds the first one's mediation.
    if await MediationRow.exists(case=case, ended_at=None):
        raise duplicate("The case is under mediation already.", "该诉求已在调解中。", "case")
    return case


async def read_parties(call: Call, wanted: list[MediationPartyInput]) -> list[Party]:
    """Return the parties, each once. Raises Refusal MISSING_PARTY for a dispute of one."""
    if len(wanted) > MOST:
        raise invalid_input(f"{MOST} parties at most.", f"当事人最多 {MOST} 位。", "parties")
    found = [await read_party(call, one, at) for at, one in enumerate(wanted)]
    sides = [one for one in found if one.represents is None]
    if len(sides) < 2:
        raise Refusal(
            "MISSING_PARTY", "A dispute has two parties at least: name the other one.", "当事人至少两方，请补充。",
            ("parties",),
        )  # fmt: skip
    people = [one.person.id for one in found if one.person]
    if len(set(people)) < len(people):
        raise duplicate("Somebody is named twice: name each once.", "当事人重复，每人只填一次。", "parties")
    for at, one in enumerate(found):
        # Who speaks for a party must name another one, and not somebody who only speaks for others.
        fits = one.represents is None or 0 <= one.represents < len(found) and one.represents != at
        if not fits or one.represents is not None and found[one.represents].represents is not None:
            raise invalid_input(
                "Give the place of a party in the list, from 0.",
                "请填写被代理当事人在列表中的序号，从 0 起。",
                "parties",
                str(at),
                "represents",
            )
    return found


async def read_party(call: Call, given: MediationPartyInput, at: int) -> Party:
    """Return one of them: somebody on file whom the caller may see, or a name with a number."""
    place = ("parties", str(at))
    speaks = given.represents if is_given(given.represents) else None
    if is_given(given.person):
        mine = call.viewer.account.person
        key = key_of(Person)(given.person)
        # `shown` for oneself: one may name oneself without sight of one's own file.
        person = await call.find(Person, *place, "person", id=key, shown=key is not None and key == mine)
        return Party(person, None, None, speaks)
    if not is_given(given.name):
        raise not_found(
            "Name somebody on file, or a name and a telephone number.", "请指定人员，或填写姓名和电话。", *place
        )
    if not is_given(given.phone):
        raise not_found("How can they be reached? Give a telephone number.", "请填写联系电话。", *place, "phone")
    # Name and number of whoever is not on file are sealed with the matter, not added to the files of people.
    return Party(
        None,
        given.name,
        check_code(codes.check_phone, given.phone, *place, "phone"),
        speaks,
    )


async def find_place(call: Call, input: RequestMediationInput, case: CaseRow | None, first: Party) -> GridRow:
    """Return where the mediation lies: with its case, in the grid that was named, or where the applicant lives."""
    if case is not None:
        return await GridRow.get(id=case.grid_id)
    if is_given(input.grid):
        return await find_grid(input.grid, "grid")
    if first.person is None:
        raise not_found("Name the grid it lies in.", "请指定所在网格。", "grid")
    return await GridRow.get(id=first.person.grid_id)


async def may_request(call: Call, case: CaseRow | None, place: GridRow, parties: list[Party]) -> bool:
    """Tell whether the applicant asks, or who speaks for them, rather than who works on the case or in the grid.

    Refuses anybody else. The applicant takes part by asking; whoever is referred has yet to say so.
    """
    me, applicant = call.viewer.account.person, parties[0].person
    if me is not None:
        speaks = any(one.person and one.person.id == me and one.represents == 0 for one in parties)
        spoken = await find_representatives(applicant.id, today(call)) if applicant else ()
        if speaks or applicant and is_entitled(me, applicant, today(call), spoken):
            return True
    if (case is not None and await works_on_case(call, case)) or call.may(REFER, place):
        return False
    raise not_allowed("parties")


async def dispute_type(call: Call, code: str) -> DisputeTypeRow:
    """Return the type of this code that is in use."""
    for row in await DisputeTypeRow.filter(code=code).order_by("-edition"):
        if row.valid_to is None or row.valid_to > today(call):
            return row
    raise not_found("There is no such type of dispute; see the types of disputes.", "没有该纠纷类型。", "disputeType")


Chosen = list[tuple[AdviserRow, SettlementLevel, Chooser]]


async def choose_mediators(call: Call, matter: MatterRow, wanted: list[Any], people: list[UUID]) -> Chosen:
    """Return who mediates: whom the parties chose, or whom the panel offers."""
    if wanted:
        return await pick_mediators(call, matter, wanted, people)
    found = await find_candidate(call, matter, (AdviserKind.MEDIATOR,), people)
    if found is None:
        raise nobody_free("mediators")
    return [(await AdviserRow.get(id=found.id), found.level, Chooser.COMMITTEE)]


async def pick_mediators(call: Call, matter: MatterRow, wanted: list[Any], people: list[UUID]) -> Chosen:
    """Return the advisers the parties chose; each must serve the place and be in no conflict."""
    keys = list(dict.fromkeys(wanted))
    if len(keys) > CHOSEN:
        raise invalid_input(f"{CHOSEN} mediators at most.", f"调解员最多 {CHOSEN} 位。", "mediators")
    found: Chosen = []
    for at, one in enumerate(keys):
        path = ("mediators", str(at))
        row: AdviserRow = await call.find(LegalAdviser, *path, id=key_of(LegalAdviser)(one))
        if row.left_on is not None:
            raise Refusal("LEFT_PANEL", "They have left the panel.", "该调解员已解聘。", path)
        await require_disinterested(call, row.id, people, *path)
        found.append((row, await level_of(call, row.id, matter, *path), Chooser.PARTIES))
    return found


async def appoint_mediators(call: Call, matter: MatterRow, mediators: Chosen) -> None:
    """Give mediators their seats."""
    for row, level, chooser in mediators:
        await MediatorRow.create(matter=matter, adviser=row, chosen_by=chooser, level=level, since=call.now)
        await give_seat(call, matter.id, SeatRole.HANDLER, account=row.account)


async def write_parties(
    call: Call, matter: MatterRow, cipher: MatterCipher, parties: list[Party], *, joined: bool
) -> None:
    """Write the parties down; the applicant has been shown the rights, and has joined if they asked themselves."""
    rows: list[PartyRow] = []
    for at, one in enumerate(parties):
        row = PartyRow(matter=matter, place=at, person=one.person)
        cipher.write(row, name=one.name, phone=one.phone)
        if at == 0:
            row.acknowledged_at = call.now
            row.joined_at = call.now if joined else None
            # Who showed the rights to the applicant.
            row.recorded_by = call.viewer.account.name
        rows.append(row)
    for row, one in zip(rows, parties, strict=True):
        if one.represents is not None:
            row.represents_id = rows[one.represents].id
    # Parties before who speaks for them: the key to the party must exist.
    for row in sorted(rows, key=lambda row: row.represents_id is not None):
        await row.save()
        if row.person_id:
            role = SeatRole.REPRESENTATIVE if row.represents_id else SeatRole.PARTY
            await give_seat(call, matter.id, role, person_id=row.person_id)


async def find_referrer(row: MediationRow) -> str | None:
    """Return the account that referred a case, of somebody who works on it; None if a party asked.

    A party who asks has joined by that, at that very moment.
    """
    # No column says who asked: the applicant's joining at the moment of the request does.
    if await PartyRow.exists(matter_id=row.matter_id, place=0, joined_at=row.requested_at):
        return None
    return row.requested_by


EXTENSIONS = (extend(Mutation, request_mediation=request_mediation),)
