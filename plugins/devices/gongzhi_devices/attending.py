"""Attending commands: what raises alarms is defined and ended, and somebody says that they look after one."""

from __future__ import annotations

import math

import strawberry
from gongzhi.core.cases.models import CategoryRow, Urgency
from gongzhi.declare.bounds import TextPattern
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_held
from gongzhi.runtime.checks import check_whole_number, input_form, invalid_input, is_given, not_found
from gongzhi.runtime.commands import EXPECTED, KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.runtime.locks import lock_name
from gongzhi.values.errors import FIELD, Refusal, Text
from strawberry import ID, UNSET

from .alarms import ENDED
from .kinds import find_kind
from .models import AlarmRow, KindRow, RuleRow, Trigger
from .registering import find_managed_grid
from .rules import ATTENDS_ALARM, MANAGE
from .types import DeviceAlarm, DeviceRule

TIME = TextPattern("([01][0-9]|2[0-3]):[0-5][0-9]", "Give a time of day such as 22:00.", "请填写时刻，如 22:00。")
LONGEST = 1_440
"""The most minutes for which a breach lasts before it is an alarm; of silence a month's."""
SILENCE = 43_200
RULES = 50
"""Rules that hold for one kind in one grid at most: each is asked of every reading."""
FORGOTTEN = "delete from devices.breach where rule_id=$1"
# Devices before their alarms, as everybody locks them.
LOCK = (
    "select from devices.device d where d.id in (select a.device_id from devices.alarm a where a.rule_id=$1 "
    "and a.ended_at is null) order by d.id for no key update"
)
CLASHING = (
    "select from devices.rule where grid_id=$1 and kind_id=$2 and ended_at is null and trigger=$3 "
    "and measure is not distinct from $4 and threshold is not distinct from $5 and minutes=$6"
)


@strawberry.type(description="The rule, or why nothing was done (设备告警规则结果).")
class DeviceRulePayload:
    rule: DeviceRule | None = result_field("The rule (告警规则).")
    errors: list[Problem] = problems()


@strawberry.input(description="What raises an alarm from now on (设定设备告警规则).")
class DefineDeviceRuleInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where it holds, with all below, by the grid's code (网格编码).")
    kind: str = input_field("For which kind of device, by code (设备类型编码).")
    trigger: Trigger = input_field("What it looks at (触发条件).")
    measure: str | None = input_field(
        "Which measure of the kind, by code; none for silence (监测项编码).", default=UNSET
    )
    threshold: float | None = input_field(
        "Beyond which number; needed by no signal, and not by silence (阈值).", default=UNSET
    )
    minutes: int = input_field(
        "For how long, before it is an alarm; 0 is at once, which silence is not (持续分钟数).",
        between=(0, SILENCE),
        default=0,
    )
    quiet_from: str | None = input_field(
        "From which time of day on it raises nothing, such as 22:00 (免告警起始时刻).", pattern=TIME, default=UNSET
    )
    quiet_until: str | None = input_field("Until which time of day (免告警结束时刻).", pattern=TIME, default=UNSET)
    urgency: Urgency = input_field("How urgent its cases are (紧急程度).", default=Urgency.URGENT)
    category: str = input_field("What its cases are about, by a category's code (诉求分类编码).")


@command(
    "Define what of a kind of device raises an alarm (设定设备告警规则).",
    requires=MANAGE,
    form=lambda call, input: check_times(call, input),
)
async def define_device_rule(call: Call, input: DefineDeviceRuleInput) -> DeviceRulePayload:
    check_times(call, input)
    grid = await find_managed_grid(call, input.grid)
    kind = await find_kind(input.kind, grid.county_id, "kind")
    measure, threshold = check_trigger(input, kind)
    # Of the editions the last: it is what people choose from.
    category = await CategoryRow.filter(code=input.category, valid_to=None).order_by("-id").first()
    if category is None:
        raise not_found("There is no category with this code.", "分类编码不存在。", "category")
    # One at a time: of two that are the same the second finds the first.
    await lock_name(call, f"{grid.id} {kind.id}", 20260613)
    given = grid.id, kind.id, input.trigger.value, measure, threshold, input.minutes
    if await call.fetch(CLASHING, *given):
        raise Refusal("DUPLICATE", "There is such a rule: end it first.", "已有相同规则，请先停用。", ("trigger",))
    if await RuleRow.filter(grid=grid, kind=kind, ended_at=None).count() >= RULES:
        raise invalid_input(f"A kind has {RULES} rules in a grid at most.", f"同类规则最多 {RULES} 条。", "kind")
    row = await RuleRow.create(
        grid=grid,
        kind=kind,
        trigger=input.trigger,
        measure=measure,
        threshold=threshold,
        minutes=input.minutes,
        quiet_from=input.quiet_from or None,
        quiet_until=input.quiet_until or None,
        urgency=input.urgency,
        category=category,
        defined_at=call.now,
    )
    return DeviceRulePayload(rule=ref(DeviceRule, row.id))


def check_trigger(input: DefineDeviceRuleInput, kind: KindRow) -> tuple[str | None, float | None]:
    """Return the measure and the threshold that a trigger looks at. Raises Refusal."""
    if input.trigger is Trigger.SILENT:
        for name, given in (("measure", input.measure), ("threshold", input.threshold)):
            if is_given(given):
                raise invalid_input("Leave it out: silence has neither.", "离线规则不填此项。", name)
        return None, None
    known = {one["code"]: one["signal"] for one in kind.measures}
    if not is_given(input.measure) or input.measure not in known:
        raise invalid_input("Name a measure of the kind.", "请填写该设备类型的监测项。", "measure")
    if known[input.measure]:
        # A signal is there or not, so there is nothing to choose.
        if is_given(input.threshold) or input.trigger is not Trigger.ABOVE:
            raise invalid_input(
                "A signal raises an alarm by itself: let it be “above the threshold”, and give none.",
                "告警信号无需阈值：请选择“高于阈值”，不填阈值。",
                "threshold",
            )
        # Between its two values, so that it compares as any number does.
        return input.measure, 0.5
    if not is_given(input.threshold) or not math.isfinite(input.threshold):
        raise invalid_input(f"Give {FIELD}.", f"请填写{FIELD}。", "threshold")
    return input.measure, input.threshold


def check_times(call: Call, input: DefineDeviceRuleInput) -> None:
    """Refuse times of day of which one is missing, and minutes that do not fit the trigger."""
    with input_form() as read:
        read(check_quiet, input)
        # A month without a report is told from one that never comes; a reading that lasts a day is no news.
        least, most = (1, SILENCE) if input.trigger is Trigger.SILENT else (0, LONGEST)
        read(check_whole_number, input.minutes, least, most, "minutes")


def check_quiet(input: DefineDeviceRuleInput) -> None:
    """Refuse one time of day without the other, and times that are always quiet."""
    given = {"quietFrom": input.quiet_from, "quietUntil": input.quiet_until}
    missing = [name for name, value in given.items() if not is_given(value)]
    if len(missing) == 1:
        raise invalid_input("Give both times of day, or neither.", "请同时填写起止时刻，或均不填。", *missing)
    if not missing and input.quiet_from == input.quiet_until:
        raise invalid_input(
            "A rule that is always quiet raises nothing: end it.", "全天免告警等于停用：请停用规则。", "quietUntil"
        )


@strawberry.input(description="A rule that holds no more (停用设备告警规则).")
class EndDeviceRuleInput:
    idempotency_key: str = input_field(KEY)
    rule: ID = input_field("The rule's id (告警规则标识).")
    expected_version: int = input_field(EXPECTED)


@command(
    "End a rule; its alarms count no further, and their cases go on (停用设备告警规则).",
    requires=None,
    action=Action(
        DeviceRule,
        (require_held(MANAGE),),
        (require_empty("ended_at", Text("The rule holds no more.", "该规则已停用。")),),
    ),
)
async def end_device_rule(call: Call, input: EndDeviceRuleInput) -> DeviceRulePayload:
    row: RuleRow = await call.find(DeviceRule, "rule", id=key_of(DeviceRule)(input.rule))
    row.ended_at = call.now
    row.version += 1
    # Ended and not deleted: alarms refer to it.
    await row.save()
    await call.fetch(LOCK, row.id)
    await call.fetch(FORGOTTEN, row.id)
    await call.fetch(ENDED.format("rule_id=$2"), call.now, row.id)
    return DeviceRulePayload(rule=ref(DeviceRule, row.id))


@strawberry.type(description="The alarm, or why nothing was done (设备告警结果).")
class DeviceAlarmPayload:
    alarm: DeviceAlarm | None = result_field("The alarm (设备告警).")
    errors: list[Problem] = problems()


@strawberry.input(description="An alarm that somebody looks after (确认设备告警).")
class AcknowledgeDeviceAlarmInput:
    idempotency_key: str = input_field(KEY)
    alarm: ID = input_field("The alarm's id (设备告警标识).")
    expected_version: int = input_field(EXPECTED)


@command(
    "Say that one looks after an alarm, so that it is told no more until it comes back (确认设备告警).",
    requires=None,
    action=Action(
        DeviceAlarm,
        (ATTENDS_ALARM,),
        (
            require_empty("ended_at", Text("The alarm is over.", "该告警已终结。")),
            require_empty("acknowledged_at", Text("Somebody looks after it already.", "该告警已确认。")),
        ),
    ),
)
async def acknowledge_device_alarm(call: Call, input: AcknowledgeDeviceAlarmInput) -> DeviceAlarmPayload:
    row: AlarmRow = await call.find(DeviceAlarm, "alarm", id=key_of(DeviceAlarm)(input.alarm))
    row.acknowledged_at, row.acknowledged_by = call.now, call.viewer.account.name
    row.version += 1
    await row.save()
    return DeviceAlarmPayload(alarm=ref(DeviceAlarm, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        define_device_rule=define_device_rule,
        end_device_rule=end_device_rule,
        acknowledge_device_alarm=acknowledge_device_alarm,
    ),
)
