"""Demo: a panel, times to meet, a mediation that was kept, and things to read, all invented."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from gongzhi.core.cases.models import SettlementLevel
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Kind

from .durations import CONFIRMATION, MEDIATION, day_start, term_end
from .matters.sealed_words import MatterCipher, begin_matter
from .models import (
    AdviserKind,
    AdviserRow,
    AgreementForm,
    AgreementRow,
    ArticleRow,
    Chooser,
    ConfirmationRow,
    DisputeTypeRow,
    EntryRow,
    EntryState,
    LectureRow,
    LegalTopic,
    MatterKind,
    MatterRow,
    MediationOutcome,
    MediationRow,
    MediationState,
    MediatorRow,
    Meeting,
    PartyRow,
    QuizRow,
    ScreeningRow,
    SeatRole,
    ServesRow,
    SessionRow,
    ShiftRow,
    SignatureRow,
    Signing,
    SlotRow,
    Tension,
    TermRow,
)
from .panel.candidates import give_seat

AUTHOR = "demo-legal"
QUIZ = (
    ("人民调解收费吗？", ["收费", "不收费"], 1, "《人民调解法》第四条：不收取任何费用。"),
    ("达成调解协议后多少日内可以共同申请司法确认？", ["十五日", "三十日", "六十日"], 1, "《人民调解法》第三十三条。"),
)
ENTRIES = (
    (LegalTopic.CONTRACT, "借款到期不还怎么办？", "先书面催告并保留凭证；可申请支付令，也可起诉。诉讼时效一般为三年。"),
    (
        LegalTopic.LAND,
        "承包地界线不清怎么办？",
        "先查承包合同和登记簿；协商不成可申请调解或土地仲裁。",
    ),
    (LegalTopic.FAMILY, "老人可以要求子女给赡养费吗？", "可以。子女不履行赡养义务的，老人有要求给付赡养费的权利。"),
)


async def load_demo(call: Call) -> None:
    """Load legal services for the demo county, unless they are there."""
    town = await GridRow.filter(kind=Kind.TOWN, valid_to=None).order_by("code").first()
    # Loading twice changes nothing.
    if town is None or await AdviserRow.exists(account="demo-mediator"):
        return
    county = await GridRow.get(id=town.county_id)
    people = await PersonRow.filter(town_id=town.id).order_by("id").limit(2)
    mediator = await add_demo_adviser(call, "调解员甲（演示）", AdviserKind.MEDIATOR, "demo-mediator", town)
    await add_demo_adviser(call, "律师乙（演示）", AdviserKind.LAWYER, "demo-lawyer", town)
    await add_demo_adviser(call, "法官丙（演示）", AdviserKind.JUDGE, "demo-judge", county)
    await add_demo_adviser(call, "调解员丁（演示）", AdviserKind.MEDIATOR, "demo-county", county)
    await add_demo_lessons(call, county)
    await add_demo_situation(call, town)
    if len(people) == 2:
        await add_demo_mediation(call, people, mediator)


async def add_demo_adviser(call: Call, name: str, kind: AdviserKind, account: str, grid: GridRow) -> AdviserRow:
    """Create somebody on the panel, on duty today, with times for a week."""
    row = await AdviserRow.create(
        name=name,
        kind=kind,
        qualification="演示数据",
        account=account,
        grid=grid,
        languages=["普通话", "汉阴话"],
        joined_on=today(call) - timedelta(days=400),
    )
    await ServesRow.create(adviser=row, grid=grid)
    dawn, place = day_start(today(call)), f"{grid.name}公共法律服务站"
    await ShiftRow.create(
        adviser=row, starts_at=dawn + timedelta(hours=8), ends_at=dawn + timedelta(hours=18), place=place
    )
    for day in range(1, 8):
        at = dawn + timedelta(days=day, hours=9)
        await SlotRow.create(
            adviser=row, starts_at=at, ends_at=at + timedelta(minutes=30), meeting=Meeting.OFFICE, place=place
        )
    return row


async def add_demo_lessons(call: Call, county: GridRow) -> None:
    """Create things to read, hear and try."""
    await ArticleRow.create(
        grid=county,
        title="人民调解：自愿、免费、不影响起诉",
        text="人民调解由双方自愿参加，不收取任何费用。调解不成，或者随时不愿继续，都可以去法院起诉。",
        published_at=call.now,
        account=AUTHOR,
    )
    await LectureRow.create(
        grid=county,
        title="宪法进乡村（演示）",
        place=f"{county.name}文化广场",
        starts_at=day_start(today(call)) + timedelta(days=10, hours=9),
        account=AUTHOR,
    )
    questions = [{"text": text, "options": options, "right": right, "why": why} for text, options, right, why in QUIZ]
    await QuizRow.create(grid=county, title="调解小知识", questions=questions, published_at=call.now, account=AUTHOR)
    for topic, question, answer in ENTRIES:
        await EntryRow.create(
            grid=county,
            topic=topic,
            question=question,
            answer=answer,
            state=EntryState.PUBLISHED,
            proposed_at=call.now,
            proposed_by=AUTHOR,
            reviewed_by="demo-reviewer",
            published_at=call.now,
        )


async def add_demo_situation(call: Call, town: GridRow) -> None:
    await ScreeningRow.create(
        grid=town,
        dispute_type=await DisputeTypeRow.get(code="FOREST_LAND"),
        situation="两组争用同一片林地，界线不清（演示）。",
        tension=Tension.TENSE,
        recorded_at=call.now,
        account=AUTHOR,
        review_on=today(call) + timedelta(days=14),
    )


async def add_demo_mediation(call: Call, people: Sequence[PersonRow], mediator: AdviserRow) -> None:
    """Create a dispute between two neighbours that ended in an agreement, which was kept."""
    begun_at, grid = call.now - timedelta(days=20), await GridRow.get(id=people[0].grid_id)
    matter, cipher = await begin_matter(call, MatterKind.MEDIATION, grid)
    row = MediationRow(
        matter=matter,
        dispute_type=await DisputeTypeRow.get(code="NEIGHBOR"),
        level=SettlementLevel.TOWN,
        state=MediationState.AGREED,
        outcome=MediationOutcome.WRITTEN_AGREEMENT,
        requested_at=begun_at,
        started_at=begun_at,
        ended_at=begun_at + timedelta(days=5),
        due_at=await term_end(call, matter.county_id, begun_at, MEDIATION),
        extensions=[],
    )
    cipher.write(row, facts="院墙越过地界约三十公分（演示）。")
    await row.save()
    parties = [PartyRow(matter=matter, place=at, person=one, joined_at=begun_at) for at, one in enumerate(people)]
    for party in parties:
        party.acknowledged_at = begun_at
        await party.save()
        await give_seat(call, matter.id, SeatRole.PARTY, person_id=party.person_id)
    await MediatorRow.create(
        matter=matter, adviser=mediator, chosen_by=Chooser.PARTIES, level=SettlementLevel.TOWN, since=begun_at
    )
    await give_seat(call, matter.id, SeatRole.HANDLER, account=mediator.account)
    await add_demo_agreement(call, matter, cipher, parties, today(call) - timedelta(days=15))


async def add_demo_agreement(
    call: Call, matter: MatterRow, cipher: MatterCipher, parties: Sequence[PartyRow], day: date
) -> None:
    """Create the agreement, its one promise, and who signed."""
    made: dict[str, Any] = {"matter": matter, "account": AUTHOR}
    session = SessionRow(at=day_start(day) + timedelta(hours=10), **made)
    cipher.write(session, place="村委会", minutes="双方到场勘界，对界线无异议（演示）。")
    await session.save()
    agreement = AgreementRow(
        number=f"〔{day.year}〕演示人调字第00001号",
        form=AgreementForm.WRITTEN,
        effective_on=day,
        made_at=day_start(day) + timedelta(hours=11),
        kept_on=day + timedelta(days=7),
        **made,
    )
    cipher.write(agreement, facts="院墙越过地界约三十公分（演示）。")
    await agreement.save()
    term = TermRow(
        matter=matter,
        place=0,
        obligor=parties[1],
        due_on=day + timedelta(days=10),
        kept=True,
        settled_on=day + timedelta(days=7),
    )
    cipher.write(term, text="十日内拆除越界院墙（演示）。")
    await term.save()
    for party in parties:
        await SignatureRow.create(matter=matter, party=party, at=agreement.made_at, how=Signing.SIGNATURE)
    due = await term_end(call, matter.county_id, day_start(day), CONFIRMATION)
    await ConfirmationRow.create(matter=matter, due_at=due)
    await MatterRow.filter(id=matter.id).update(closed_at=call.now)
