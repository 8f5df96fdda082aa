"""Running: clocks as the steps of a case start, stop, pause and move them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from gongzhi.core.cases.deadlines import save_deadlines, set_deadline
from gongzhi.core.cases.models import CaseRow
from gongzhi.declare.columns import Located
from gongzhi.runtime.commands import Call

from gongzhi_deadlines.worktime import WARNING, Term, extension_until

from . import course, stages
from .course import earliest_moment
from .models import ClockRow, Stage, TraceRow, Why
from .rules import Matter, Rule, Standing, load_standing, load_standing_of_case, read_rule
from .storage import load_running_clocks, save_clocks

HANDLING = (Stage.HANDLE, Stage.REPLY)
"""What whoever handles a case has to keep to, and what more time or a mediation moves."""


async def follow_step(call: Call, case: CaseRow, event: str) -> None:
    """Start and stop the clocks that this step starts and stops, and have the case due by those that run.

    The case is not saved: whoever takes the step does that.
    """
    if not (event in stages.STARTS or event in stages.STOPS or event in (stages.PAUSES, stages.RESUMES)):
        return
    # The calendar, the rules and what they look at come with one statement.
    by, about = await load_standing_of_case(call.fetch, *await find_place(case), case)
    clocks = await load_running_clocks(call, case)
    # Stopped first: a stage that a step both stops and starts gets a new clock, and what still runs goes on.
    over = [clock for clock in clocks if clock.stage in stages.STOPS.get(event, ())]
    for clock in over:
        await stop_clock(call, by, clock)
    going = [clock for clock in clocks if clock.stopped_at is None]
    held = await pause_or_resume(call, by, going, event) if event in (stages.PAUSES, stages.RESUMES) else {}
    # New clocks wait where those that run do.
    started = make_clocks(call, case, by, about, stages.STARTS.get(event, ()), held=course.find_hold(going, call.now))
    await save_clocks(call, [*over, *held], started, filter(None, held.values()))
    set_next_deadline(case, [*going, *started])


async def begin_clocks(call: Call, case: CaseRow, event: str) -> list[ClockRow]:
    """Make the clocks that a new case starts with, to be saved after it, and have the case due by them."""
    by, about = await load_standing_of_case(call.fetch, *await find_place(case), case)
    started = make_clocks(call, case, by, about, stages.STARTS[event])
    set_next_deadline(case, started)
    return started


async def find_place(case: CaseRow) -> tuple[int, int | None]:
    """Return the county and the town of a case, of its grid where the database has not filled in the row yet."""
    lies: Located = case if case.county_id else await case.grid
    assert lies.county_id is not None, "cases lie in counties"
    return lies.county_id, lies.town_id


async def find_county(case: CaseRow) -> int:
    return (await find_place(case))[0]


def set_next_deadline(case: CaseRow, running: Iterable[ClockRow]) -> None:
    """Copy the next moments of a case's clocks to the case, whose lists are ordered by them."""
    # Grace is counted and is nobody's to meet: it turns no light, and no list is in its order.
    met = [clock for clock in running if clock.stage not in stages.HIDDEN]
    set_deadline(case, earliest_moment(clock.warn_at for clock in met), earliest_moment(clock.due_at for clock in met))


def make_clocks(
    call: Call, case: CaseRow, by: Standing, about: Matter, wanted: Iterable[Stage], held: datetime | None = None
) -> list[ClockRow]:
    """Return the clocks of these stages, by the rules that fit the case. A stage without a rule has none."""
    return [make_clock(case, rule, by, call.now, held) for stage in wanted if (rule := by.rule(stage, about))]


def make_clock(case: CaseRow, rule: Rule, by: Standing, now: datetime, held: datetime | None = None) -> ClockRow:
    # Only the first contact and the handling are for the lead unit to meet.
    unit = case.lead_unit_id if rule.stage in (Stage.CONTACT, Stage.HANDLE) else None
    clock = ClockRow(case_id=case.id, stage=rule.stage, unit_id=unit, started_at=now, pauses=[], extensions=[])
    if held and rule.stage in HANDLING:
        course.hold_clock(clock, now, held)
    course.reckon_clock(clock, rule, by, now)
    return clock


async def stop_clock(call: Call, by: Standing, clock: ClockRow) -> None:
    """Stop a clock for good, ending a pause that lasts."""
    if course.is_paused(clock):
        course.resume_clock(clock, call.now)
    course.release_clock(clock, call.now)
    clock.stopped_at = call.now
    # Once more, so that what it has spent is known for good.
    course.reckon_clock(clock, await find_rule(by, clock), by, call.now)


async def start_external_clock(call: Call, case: CaseRow, due: datetime) -> None:
    """Start the clock of a deadline that another system has set for a case, and have the case due by it, too."""
    by = await load_standing(call.fetch, await find_county(case))
    left = due - call.now
    clock = ClockRow(case_id=case.id, stage=Stage.EXTERNAL, started_at=call.now, pauses=[], extensions=[])
    clock.warn_at, clock.due_at = call.now + left * WARNING / 100, due
    clock.working, clock.allowed = False, int(left.total_seconds())
    course.reckon_clock(clock, None, by, call.now)
    going = await load_running_clocks(call, case)
    await save_clocks(call, (), [clock])
    set_next_deadline(case, [*going, clock])
    await save_deadlines(call, [case])


async def find_rule(by: Standing, clock: ClockRow) -> Rule | None:
    """Return the rule the clock runs by, which may be of a town, or of rules that the county has left.

    None for a deadline that another system has set.
    """
    if clock.rule_id is None:
        return None
    for rule in (*by.rules, *by.town_rules):
        if rule.id == clock.rule_id:
            return rule
    row = await clock.rule
    return read_rule(vars(row))


async def pause_or_resume(
    call: Call, by: Standing, clocks: Iterable[ClockRow], event: str
) -> dict[ClockRow, TraceRow | None]:
    """Pause the clocks or let them go on, and return those that changed, with the traces they leave."""
    pausing = event == stages.PAUSES
    changed = {}
    for clock in clocks:
        # Paused already, or running already; what another system has set waits for nobody.
        if course.is_paused(clock) == pausing or clock.rule_id is None:
            continue
        (course.pause_clock if pausing else course.resume_clock)(clock, call.now)
        why = Why.PAUSED if pausing else Why.RESUMED
        changed[clock] = move_deadline(call, by, clock, await find_rule(by, clock), why)
    return changed


async def hold_until(call: Call, case: CaseRow, until: datetime | None) -> None:
    """Let no time of handling pass until a moment, or with None let it pass from now on; what is spent stays spent.

    Sets `warn_at` and `due_at` of the case, which is not saved. A clock that is overdue stays so.
    """
    by = await load_standing(call.fetch, await find_county(case))
    clocks = await load_running_clocks(call, case)
    changed, traces = [], []
    for clock in clocks:
        before = clock.pauses
        if clock.stage in HANDLING:
            course.hold_clock(clock, call.now, until) if until else course.release_clock(clock, call.now)
        # Releasing changes nothing where nothing was held.
        if clock.pauses != before:
            changed.append(clock)
            why = Why.PAUSED if until else Why.RESUMED
            traces.append(move_deadline(call, by, clock, await find_rule(by, clock), why))
    await save_clocks(call, changed, traces=filter(None, traces))
    set_next_deadline(case, clocks)


def move_deadline(
    call: Call, by: Standing, clock: ClockRow, rule: Rule | None, why: Why, **data: Any
) -> TraceRow | None:
    """Reckon a clock anew, and return the trace it leaves if its deadline has moved. The caller saves both."""
    before, allowed = clock.due_at, clock.allowed
    course.reckon_clock(clock, rule, by, call.now)
    # A threshold that lies ahead again is reminded of again.
    if clock.warn_at > call.now:
        clock.reminded = 0
    elif clock.due_at > call.now:
        clock.reminded = min(clock.reminded, 80)
    # What has not moved leaves no trace.
    if before == clock.due_at and allowed == clock.allowed:
        return None
    account = call.viewer.account.name
    return TraceRow(clock=clock, at=call.now, why=why, before=before, after=clock.due_at, data=data, account=account)


async def measure_extension(call: Call, case: CaseRow, due: datetime, until: datetime, usual: Term) -> Term:
    """Return by what handling, which is due then, is extended to end at a moment; as a usual term without a clock."""
    by = await load_standing(call.fetch, await find_county(case))
    # The clock of handling tells in which measure more time is given.
    clock = await ClockRow.filter(case_id=case.id, stage=Stage.HANDLE, stopped_at=None).first()
    rule = await find_rule(by, clock) if clock else None
    term = rule.term if rule else usual
    return extension_until(by.calendar, term, due, until)


async def extend_deadline(
    call: Call, case: CaseRow, more: Term, *, stages: Sequence[Stage] = HANDLING, **data: Any
) -> datetime:
    """Add time to the running clocks of a case (延期), from their deadlines on; return the case's next deadline.

    `data` are facts for the trace, such as who asked for it: codes, never names or texts. The case is not saved.
    """
    by = await load_standing(call.fetch, await find_county(case))
    # All that run, though some alone get longer: the case is due by whichever comes first.
    clocks = await ClockRow.filter(case_id=case.id, stopped_at=None)
    longer = [clock for clock in clocks if clock.stage in stages]
    # Kept as a fact: a deadline is reckoned from all of them each time.
    added = {"amount": more.amount, "unit": more.unit.value, "nextDay": more.next_day, "at": call.now.isoformat()}
    traces = []
    for clock in longer:
        clock.extensions = [*clock.extensions, added]
        traces.append(move_deadline(call, by, clock, await find_rule(by, clock), Why.EXTENDED, **data))
    await save_clocks(call, longer, traces=filter(None, traces))
    set_next_deadline(case, clocks)
    return case.due_at
