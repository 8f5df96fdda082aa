"""Town commands: a county sets limits, and a town writes deadlines of its own within them."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from gongzhi.core.cases.models import Urgency
from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import input_form, invalid_input, today
from gongzhi.runtime.commands import (
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
    stale_version,
)
from gongzhi.values.codes import Kind
from gongzhi.values.errors import FIELD, Refusal, Refusals
from gongzhi.values.labels import label_of

from gongzhi_deadlines.worktime import Term

from .commands import COUNTY, MOST, RULES, DeadlineRuleInput, check_term, find_county, make_rule, require_known_codes
from .limits import FIXED, PETITIONS, find_beyond_law, is_within
from .models import RuleRow, RuleSetKind, RuleSetRow
from .rules import Rule, load_standing, read_rule
from .types import DeadlineRuleSet


@strawberry.type(description="The edition that is in force now, or why nothing was done (时限规则发布结果).")
class DeadlineRuleSetPayload:
    rules: DeadlineRuleSet | None = result_field("The edition (时限规则).")
    errors: list[Problem] = problems()


@strawberry.input(description="How long terms of towns may be, the first that fits counts (设定镇级时限上限).")
class LimitTownDeadlinesInput:
    idempotency_key: str = input_field(KEY)
    county: str = input_field(COUNTY)
    expected_edition: int = input_field("The edition of the limits you saw; 0 if there are none (预期版次).")
    name: str = input_field("What the limits are called (名称).", length=(1, 100))
    limits: list[DeadlineRuleInput] = input_field(
        "The longest terms, in the order in which they are tried; none: towns have no rules of their own (上限).",
        items=MOST,
    )


@command(
    "Set the limits within which the county's towns may have deadlines of their own, or forbid them; clocks that run "
    "stay as they are (设定镇级时限上限).",
    requires=RULES,
    form=lambda call, input: check_rules(input.limits, "limits"),
)
async def limit_town_deadlines(call: Call, input: LimitTownDeadlinesInput) -> DeadlineRuleSetPayload:
    county = await find_county(call, input.county, RULES)
    check_rules(input.limits, "limits")
    await require_known_codes(input.limits, "limits")
    # Reckoned by the county's calendar, for holidays make a term longer or shorter.
    calendar = (await load_standing(call.fetch, county.id)).calendar
    terms = [(one.stage, term_of_rule(one)) for one in input.limits]
    if too_long := find_beyond_law(calendar, terms, today(call)):
        raise Refusals([beyond_law(at) for at in too_long])
    code = f"{county.code}-limits"
    return await publish_edition(call, input.limits, input.expected_edition, code, input.name, county.id)


@strawberry.input(description="A town's own rules, the first that fits counts (制定镇级时限规则).")
class PublishTownDeadlineRulesInput:
    idempotency_key: str = input_field(KEY)
    town: str = input_field("The town, by code (乡镇街道编码).")
    expected_edition: int = input_field("The edition of the town's own rules you saw; 0 if it has none (预期版次).")
    name: str = input_field("What the set is called (名称).", length=(1, 100))
    rules: list[DeadlineRuleInput] = input_field(
        "All of the rules, in the order in which they are tried; none: the county's count again (规则).",
        items=MOST,
    )


@command(
    "Give a town deadlines of its own, within the county's limits, for clocks that start from now on "
    "(制定镇级时限规则).",
    requires=RULES,
    form=lambda call, input: check_rules(input.rules, "rules"),
)
async def publish_town_deadline_rules(call: Call, input: PublishTownDeadlineRulesInput) -> DeadlineRuleSetPayload:
    town: GridRow = await call.find(Grid, "town", code=input.town)
    if town.kind != Kind.TOWN or town.county_id is None:
        raise invalid_input("Give a town's code.", "请填写乡镇、街道编码。", "town")
    if not call.may(RULES, town):
        raise not_allowed("town")
    check_rules(input.rules, "rules")
    await require_known_codes(input.rules, "rules")
    limits = await limits_of(town.county_id)
    # A town may always take its rules back, also when the county has closed this to towns since.
    if input.rules and not limits:
        raise Refusal(
            "NOT_DELEGATED", "The county does not let its towns set deadlines.", "本县未开放镇级时限规则。", ("town",)
        )
    with input_form() as read:
        for at, rule in enumerate(input.rules):
            read(check_limit, rule, limits, at)
    return await publish_edition(
        call, input.rules, input.expected_edition, town.code, input.name, town.county_id, town=town.id
    )


async def publish_edition(
    call: Call,
    rules: Sequence[DeadlineRuleInput],
    expected: int,
    code: str,
    name: str,
    county: int,
    town: int | None = None,
) -> DeadlineRuleSetPayload:
    """Write the next edition. The county's or the town's row is locked, so editions have one order."""
    last = await RuleSetRow.filter(code=code).order_by("-edition").first()
    edition = last.edition if last else 0
    if edition != expected:
        raise stale_version(edition, "expectedEdition")
    written = await RuleSetRow.create(
        code=code,
        edition=edition + 1,
        name=name,
        kind=RuleSetKind.TOWN if town else RuleSetKind.LIMITS,
        county_id=county,
        town_id=town,
        since=call.now,
        account=call.viewer.account.name,
    )
    await RuleRow.bulk_create([make_rule(written, at, rule) for at, rule in enumerate(rules, 1)])
    return DeadlineRuleSetPayload(rules=ref(DeadlineRuleSet, written.id))


def check_rules(rules: Sequence[DeadlineRuleInput], path: str) -> None:
    """Refuse what is not for towns to decide. Raises Refusals for all of it."""
    with input_form() as read:
        for at, rule in enumerate(rules):
            read(check_rule, rule, path, at)


def check_rule(rule: DeadlineRuleInput, path: str, at: int) -> None:
    """Refuse what is not for towns to decide, and a term that cannot be meant."""
    check_term(rule, at, path)
    if rule.urgency == Urgency.EMERGENCY:
        raise invalid_input(
            "Emergencies keep to the county's rules.", "紧急诉求执行县级规则。", path, str(at), "urgency"
        )
    if rule.stage in FIXED:
        raise invalid_input(
            "The grace is the requester's time.", "宽限期属于诉求人，乡镇不得调整。", path, str(at), "stage"
        )


def check_limit(rule: DeadlineRuleInput, limits: Sequence[Rule], at: int) -> None:
    """Refuse a rule that is longer than the limit for just what it is about, or has none.

    A narrower limit may hold for some of its cases; of these the county's rule counts when a clock starts.
    """
    # In the order of the limits, as rules are tried.
    limit = next((one for one in limits if one.stage is rule.stage and limit_covers(one, rule)), None)
    if limit is None or not is_within(term_of_rule(rule), limit.term):
        raise beyond_limit(limit, at)


def beyond_limit(limit: Rule | None, at: int) -> Refusal:
    if limit is None:
        return Refusal(
            "BEYOND_LIMIT",
            "The county lets towns set no term for this stage.",
            "本县未向乡镇开放该环节的时限。",
            ("rules", str(at), "stage"),
        )
    most, unit = limit.term.amount, label_of(limit.term.unit)
    return Refusal(
        "BEYOND_LIMIT",
        f"{FIELD} is beyond the county's limit, to be given in the same measure: {most} {unit.en}.",
        f"{FIELD}超出县定上限（须用同类单位）：{most} {unit.zh}。",
        ("rules", str(at), "amount"),
    )


def limit_covers(limit: Rule, rule: DeadlineRuleInput) -> bool:
    """Return whether a limit is for every case that a rule is for."""
    return (
        limit.kind in (None, rule.kind)
        and limit.urgency in (None, rule.urgency)
        and limit.channel in (None, rule.channel)
        and (limit.category is None or f"{rule.category or ''}.".startswith(f"{limit.category}."))
    )


def beyond_law(at: int) -> Refusal:
    return Refusal(
        "BEYOND_LAW",
        f"{FIELD} is longer than the law allows ({PETITIONS}).",
        f"{FIELD}超过法定期限（{PETITIONS}）。",
        ("limits", str(at), "amount"),
    )


def term_of_rule(rule: DeadlineRuleInput) -> Term:
    return Term(rule.amount, rule.unit, rule.next_day)


async def limits_of(county: int) -> list[Rule]:
    """Return the limits that a county has set its towns."""
    # The last edition is the one in force.
    last = await RuleSetRow.filter(county_id=county, kind=RuleSetKind.LIMITS).order_by("-edition").first()
    return [read_rule(vars(one)) for one in await RuleRow.filter(set=last).order_by("rank")] if last else []


EXTENSIONS = (
    extend(
        Mutation,
        limit_town_deadlines=limit_town_deadlines,
        publish_town_deadline_rules=publish_town_deadline_rules,
    ),
)
