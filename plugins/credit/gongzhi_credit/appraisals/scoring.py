"""Scoring: scores in secret, being excused, and closing a panel, whose scores become a finding on record."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import strawberry
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.models import PersonRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_held, require_rows
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from gongzhi_rights.decisions import Contribution, record_decision
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from ..appraisal_models import (
    AppraisalRow,
    IndicatorRow,
    ModelRow,
    PanelRow,
    SeatRow,
    SeatState,
    SheetRow,
)
from ..checks import check_distinct
from ..visibility import CONVENE, SCORE
from .conclusion import CARD, conclude_appraisal
from .grading import NONE, Finding, find_grade
from .panels import SITTING, CreditAppraisalPayload, seat_substitute
from .types import CreditAppraisal


@strawberry.input(description="A score of one indicator (指标评分).")
class CreditScoreInput:
    indicator: str = input_field("The indicator's code (指标代码).")
    value: int = input_field("From 0 to 10 (分值).", between=(0, 10))


@strawberry.input(description="What somebody on a panel thinks, in secret (评分).")
class ScoreAppraisalInput:
    idempotency_key: str | None = input_field("Not needed: whoever has scored cannot again (幂等键).", default=UNSET)
    appraisal: ID = input_field("The appraisal (信用评议).")
    scores: list[CreditScoreInput] = input_field("A score of each indicator of the scorecard (各项评分).")


@strawberry.type(description="Whether the scores were taken (评分结果).")
class ScorePayload:
    scored: int | None = result_field("How many have scored now (已评分人数).")
    errors: list[Problem] = problems()


def seated_appraisals(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return appraisals on whose panel, that sits now, one has a seat."""
    return own_seats(row, viewer, "s.state<>'EXCUSED'")


def unscored_appraisals(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return appraisals that one has yet to score."""
    return own_seats(row, viewer, "s.state not in ('EXCUSED','SCORED')")


def own_seats(row: Table, viewer: ViewerScope, state: str) -> Alternatives:
    seat = (
        "exists(select from credit.panel p join credit.seat s on s.panel_id=p.id "
        "join credit.panelist m on m.id=s.panelist_id "
        f"where p.appraisal_id={{0}} and p.closed_at is null and m.person_id={{1}} and {state})"
    )
    return [Sql(seat, row.id, viewer.person)] if viewer.known() else []


SITS = Requirement(
    "ILLEGAL_TRANSITION",
    lambda row, viewer: [Sql(f"{{1}} in ('SITTING','DISPUTED') and {SITTING}", row.id, row.state)],
    Text("No panel sits for it now.", "当前没有评判团在评议。"),
)
SCORING = Action(
    CreditAppraisal,
    (require_rows(seated_appraisals),),
    (SITS, Requirement("DUPLICATE", unscored_appraisals, Text("You have scored.", "您已评分。"))),
)
# A convener could be the one who is appraised.
NOT_OWN = Requirement(
    "CONFLICT_OF_INTEREST",
    lambda row, viewer: [Sql("({0}={1}) is not true", row.person_id, viewer.person)],
    Text("It is about you.", "该评议与您本人有关。"),
)
CLOSING = Action(CreditAppraisal, (require_held(CONVENE), NOT_OWN), (SITS,))


@command(
    "Score an appraisal on whose panel one sits; nobody learns whose score is whose (评分).",
    requires=SCORE,
    # `repeats`: no idempotency key is kept, since its MAC of eleven values an indicator could be guessed.
    repeats=True,
    action=SCORING,
)
async def score_appraisal(call: Call, input: ScoreAppraisalInput) -> ScorePayload:
    _, panel, model = await load_sitting_panel(call, input.appraisal)
    seat = await own_seat(call, panel)
    values = read_scores(model, input.scores)
    codes = {one.code: one.id for one in await IndicatorRow.filter(code__in=list(values))}
    # Without account, seat or time: nothing but the panel ties a sheet to anybody.
    await SheetRow.bulk_create(
        [SheetRow(panel=panel, indicator_id=codes[name], value=value) for name, value in values.items()]
    )
    # That somebody has scored stands at the seat; what they scored does not.
    seat.state = SeatState.SCORED
    await seat.save()
    return ScorePayload(scored=await SeatRow.filter(panel=panel, state=SeatState.SCORED).count())


async def load_sitting_panel(call: Call, id: str) -> tuple[AppraisalRow, PanelRow, ModelRow]:
    """Return an appraisal with the panel that sits for it, both locked, and the scorecard."""
    row: AppraisalRow = await call.find(CreditAppraisal, "appraisal", id=key_of(CreditAppraisal)(id))
    # Locked after the appraisal, always: scoring, excusing and closing wait for each other.
    panel = await PanelRow.filter(appraisal=row, closed_at=None).select_for_update().first()
    if panel is None:
        raise SITS.refusal(row, ("appraisal",))
    return row, panel, await ModelRow.get(id=row.model_id)


async def own_seat(call: Call, panel: PanelRow) -> SeatRow:
    """Return the caller's seat, in which they have not scored yet."""
    return await SeatRow.get(panel=panel, panelist__person_id=call.viewer.account.person)


def read_scores(model: ModelRow, given: list[CreditScoreInput]) -> dict[str, int]:
    """Return a score for each indicator of the scorecard, and for no other."""
    check_distinct((one.indicator for one in given), "scores")
    wanted = {one["indicator"] for one in model.weights}
    # All of them, so that each indicator has as many scores as the others.
    if {one.indicator for one in given} != wanted:
        raise invalid_input(
            f"Score each of {', '.join(sorted(wanted))}, and nothing else.",
            f"须且仅须对 {'、'.join(sorted(wanted))} 逐项评分。",
            "scores",
        )
    return {one.indicator: one.value for one in given}


@strawberry.input(description="Somebody who asks to be excused from a panel (申请回避).")
class ExcuseFromPanelInput:
    idempotency_key: str = input_field(KEY)
    appraisal: ID = input_field("The appraisal (信用评议).")


@command(
    "Be excused from a panel; no reason is asked, and the next of the lot follows (申请回避).",
    requires=SCORE,
    action=SCORING,
)
async def excuse_from_panel(call: Call, input: ExcuseFromPanelInput) -> ScorePayload:
    row, panel, _ = await load_sitting_panel(call, input.appraisal)
    seat = await own_seat(call, panel)
    seat.state = SeatState.EXCUSED
    await seat.save()
    # The next of the lot, not somebody the office picks.
    await seat_substitute(call, panel, row)
    return ScorePayload(scored=await SeatRow.filter(panel=panel, state=SeatState.SCORED).count())


@strawberry.input(description="A panel that has scored (结束评议).")
class CloseReviewPanelInput:
    idempotency_key: str = input_field(KEY)
    appraisal: ID = input_field("The appraisal (信用评议).")
    minutes: str = input_field("The minutes: what was looked at; no names of others (评议记录).", length=(1, 4000))


@command("Close a panel that has its quorum: the scores become a grade (结束评议).", requires=CONVENE, action=CLOSING)
async def close_review_panel(call: Call, input: CloseReviewPanelInput) -> CreditAppraisalPayload:
    row, panel, model = await load_sitting_panel(call, input.appraisal)
    scored = await SeatRow.filter(panel=panel, state=SeatState.SCORED).count()
    if scored < panel.quorum:
        raise Refusal(
            "NO_QUORUM",
            f"{panel.quorum} have to score, and {scored} have.",
            f"至少须 {panel.quorum} 人评分，现有 {scored} 人。",
            ("appraisal",),
        )
    panel.closed_at, panel.minutes = call.now, input.minutes
    await panel.save()
    # The panel is closed before its sheets are read, so no score comes after the finding.
    finding = await collect_scores(panel, model)
    await record_finding(call, row, model, finding, panel, scored)
    return CreditAppraisalPayload(appraisal=ref(CreditAppraisal, row.id))


async def collect_scores(panel: PanelRow, model: ModelRow) -> Finding:
    """Return what the sheets come to, and write them anew in an order that tells nothing."""
    sheets = await SheetRow.filter(panel=panel).prefetch_related("indicator")
    scores: dict[str, list[int]] = defaultdict(list)
    for one in sheets:
        scores[one.indicator.code].append(one.value)
    # Deleted and inserted shuffled: the order of rows on disk would tell who scored first. (docs/decisions/credit.md)
    await SheetRow.filter(panel=panel).delete()
    # Of the operating system's source: a seeded shuffle could be undone.
    random.SystemRandom().shuffle(sheets)
    await SheetRow.bulk_create(
        [SheetRow(panel=panel, indicator_id=one.indicator_id, value=one.value) for one in sheets]
    )
    return find_grade(
        scores,
        {one["indicator"]: one["weight"] for one in model.weights},
        [(one["grade"], one["least"] * 100) for one in model.bands],
    )


async def record_finding(
    call: Call, row: AppraisalRow, model: ModelRow, finding: Finding, panel: PanelRow, scored: int
) -> None:
    """Put the finding on record, and into force unless it is no grade at all, which a person looks at first."""
    if row.person_id is None:
        raise not_found("The person is gone.", "被评议人信息已删除。", "appraisal")
    person = await PersonRow.get(id=row.person_id)
    names = dict(await IndicatorRow.all().values_list("code", "name"))
    # The inputs of the decision are frozen by version, so that it can be explained after the scorecard has changed.
    frozen = {"model": f"{model.code}/{model.version}", "round": panel.round, "scores": scored}
    frozen |= {one.indicator: str(Decimal(one.mean).scaleb(-2)) for one in finding.contributions}
    decision = await record_decision(
        call,
        CARD,
        person,
        "NO_GRADE" if finding.grade == NONE else "GRADED",
        frozen,
        [make_contribution(one.indicator, names[one.indicator], one.points) for one in finding.contributions],
        # An adverse outcome goes to a person for review before it counts.
        adverse=finding.grade == NONE,
    )
    # The grade before is what an objection is answered against.
    before, row.grade, row.score, row.decision_id = row.grade, finding.grade, finding.score, decision.id
    row.contributions, row.counterfactual = contributions_json(finding, names), changes_json(finding, names)
    await conclude_appraisal(call, row, model, before, reviewed=finding.grade != NONE)
    told_of = NoticeDraft(
        "credit.appraised",
        Text("Your appraisal is there", "信用评议已有结果"),
        Text(
            "You may object within 20 days, or ask for a review by a person.",
            "如有异议，可在二十日内提出，或申请人工复核。",
        ),
        f"CreditAppraisal:{row.id}",
    )
    await send_notice(call, told_of, persons=[person.id])


def make_contribution(code: str, name: str, points: int) -> Contribution:
    value = Decimal(points).scaleb(-2)
    return Contribution(code, str(value), Text(f"{code}: {value} points", f"{name}：{value} 分"))


def contributions_json(finding: Finding, names: dict[str, str]) -> list[dict[str, Any]]:
    """Return contributions as the schema has them."""
    return [
        {
            "indicator": one.indicator,
            "name": names[one.indicator],
            "value": str(Decimal(one.mean).scaleb(-2)),
            "weight": one.weight,
            "points": str(Decimal(one.points).scaleb(-2)),
        }
        for one in finding.contributions
    ]


def changes_json(finding: Finding, names: dict[str, str]) -> list[dict[str, Any]]:
    """Return what would change the grade, as the schema has it."""
    made = []
    for one in finding.changes:
        before, after = (Decimal(mean).scaleb(-2) for mean in (one.before, one.after))
        made.append(
            {
                "change": f"{names[one.indicator]}由 {before} 分提高到 {after} 分",
                "english": f"{one.indicator}: {after} in place of {before}",
                "indicator": one.indicator,
                "value": str(after),
                "grade": one.grade,
                "together": one.together,
            }
        )
    return made


EXTENSIONS = (
    extend(
        Mutation,
        score_appraisal=score_appraisal,
        excuse_from_panel=excuse_from_panel,
        close_review_panel=close_review_panel,
    ),
)
