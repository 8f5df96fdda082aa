"""Acts: the register of what may earn points, the standard ones and each county's own, version by version.

Of a code a county's own versions hold there and the standard one no longer does. Rules stay with the version they were
proposed under, so that nothing that villagers have adopted changes behind their backs.
"""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import Grid
from gongzhi.declare.bounds import TextPattern
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql, any_of
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_rows
from gongzhi.runtime.checks import check_whole_number, input_form, invalid_input, is_given, not_found, today
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
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from ..models import ActRow, Proof, Recorder
from ..visibility import MANAGE
from .screening import screen_reward, screen_rule
from .types import PointsAct

AMOUNT = 10_000
"""The most a rule gives at once."""
MOST = 200
"""How many acts of its own a county has."""
CODE = TextPattern(
    r"(?=.{2,40}$)[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*",
    "A code has 2 to 40 lower-case letters, digits and hyphens, in parts that begin with a letter and are joined by "
    "dots.",
    "编码须为 2 至 40 位小写字母、数字或连字符，可用点分段，每段以字母开头。",
)
# `points.acts` is a function of the database, so that this list and the field of the schema choose the same version.
IN_FORCE = "select a.* from points.acts($1::int, $2::date) f join points.act a on a.id = f.id order by a.code"
MARK = "select coalesce(g.code||':','')||a.code||'/'||a.version as mark from points.act a left join grids.grid g "
MARK += "on g.id = a.county_id where a.id = $1"


async def acts_in_force(call: Call, county: int | None, day: datetime.date) -> dict[str, dict[str, Any]]:
    """Return the rows of the acts that rules of a county may reward on a day, by code."""
    return {row["code"]: row for row in await call.fetch(IN_FORCE, county, day)}


async def mark_act(call: Call, act: int) -> str:
    """Name a version as explanations do: `courtyard.tidy/1`, a county's own `610921:courtyard.tidy/2`."""
    [row] = await call.fetch(MARK, act)
    return str(row["mark"])


@strawberry.input(description="A version of an act, for a county's rules (发布积分行为).")
class PublishPointsActInput:
    idempotency_key: str = input_field(KEY)
    county: str = input_field("The county, by code (县级区划代码).")
    code: str = input_field(
        "The act's code, such as courtyard.tidy; a standard one's makes a version of the county's own (代码).",
        pattern=CODE,
    )
    expected_version: int = input_field("The county's own version you saw; 0 if it has none (预期版本).")
    name: str = input_field("Its name in Chinese (中文名称).", length=(1, 60))
    name_en: str = input_field("Its name in English (英文名称).", length=(1, 60))
    description: str = input_field("What is meant, and how it is verified (说明).", length=(1, 200))
    least: int = input_field("The fewest points a rule may give for it (最低分值).", between=(1, AMOUNT), default=1)
    most: int = input_field("The most points a rule may give for it (最高分值).", between=(1, AMOUNT))
    proof: Proof = input_field("What a claim has to bring at least (最低凭证要求).", default=Proof.TEXT)
    recorder: Recorder = input_field("Who may claim it (申报主体).", default=Recorder.RESIDENT)
    starts_on: datetime.date | None = input_field(
        "The first day of rules that it is for; today if not given (生效日).", default=UNSET
    )


@strawberry.type(description="The act, or why there is none (积分行为结果).")
class PointsActPayload:
    act: PointsAct | None = result_field("The version of the act (行为).")
    errors: list[Problem] = problems()


@command(
    "Add an act to a county's register, or the next version of one; rules in force keep theirs (发布积分行为).",
    requires=MANAGE,
)
async def publish_points_act(call: Call, input: PublishPointsActInput) -> PointsActPayload:
    # The county's row is locked by this, so two versions of an act cannot get the same number.
    county = await load_county(call, input.county)
    fields = read_act_fields(input)
    own = ActRow.filter(county=county).order_by("-version")
    last = await own.filter(code=input.code).first()
    version = last.version if last else 0
    # 0 stands for "none yet": whoever thinks they add an act must not overwrite one that somebody else has added.
    if version != input.expected_version:
        raise stale_version(version, "expectedVersion")
    # Versions of a known act are not counted again: the bound is for the number of acts, not of their history.
    if last is None and len(set(await own.values_list("code", flat=True))) >= MOST:
        raise invalid_input(f"A county has at most {MOST} acts of its own.", f"每县自定行为不超过 {MOST} 项。", "code")
    starts = input.starts_on if is_given(input.starts_on) else today(call)
    # Never in the past: rules of those days were adopted for the version that held then.
    earliest = max(today(call), last.starts_on) if last else today(call)
    if starts < earliest:
        raise invalid_input(f"It begins on {earliest} at the earliest.", f"生效日最早为 {earliest}。", "startsOn")
    # The new version takes over the day it begins, also from one that was to end later.
    if last and (last.ends_on is None or last.ends_on > starts):
        last.ends_on = starts
        await last.save()
    act = await ActRow.create(
        county=county,
        version=version + 1,
        proof=input.proof,
        recorder=input.recorder,
        starts_on=starts,
        account=call.viewer.account.name,
        **fields,
    )
    return PointsActPayload(act=ref(PointsAct, act.id))


def read_act_fields(input: PublishPointsActInput) -> dict[str, Any]:
    """Read what an act is and how much it may bring. Raises Refusals for all that is wrong."""
    with input_form() as read:
        fields = {
            "code": input.code,
            "name": input.name,
            "name_en": input.name_en,
            "description": input.description,
            "least": input.least,
            "most": read(check_whole_number, input.most, input.least, AMOUNT, "most"),
        }
        said = f"{input.code}\n{input.name}\n{input.name_en}\n{input.description}"
        read(screen_rule, said, "description")
        read(screen_reward, said, "description")
    return fields


@strawberry.input(description="The end of a county's act (停用积分行为).")
class EndPointsActInput:
    idempotency_key: str = input_field(KEY)
    act: ID = input_field("The county's version of the act (行为).")
    on: datetime.date = input_field("The first day no rule may begin to reward it; not before tomorrow (停用日).")


def managed_acts(act: Table, viewer: ViewerScope) -> Alternatives:
    """Return acts of counties that one manages, and the standard ones, which nobody ends."""
    county = Table("grid", schema="grids", alias="of_act")
    held = viewer.within(county, MANAGE)
    if not held:
        return held
    inside = Sql("exists(select from grids.grid of_act where {0}={1} and {2})", county.id, act.county_id, any_of(*held))
    return [inside, Sql("{0} is null", act.county_id)]


ENDING = Action(
    PointsAct,
    (
        require_rows(managed_acts),
        Requirement(
            "STANDARD_ACT",
            lambda act, viewer: [Sql("{0} is not null", act.county_id)],
            Text(
                "A standard act is not the county's: publish a version of the county's own, and end that.",
                "标准行为不能停用：请先发布本县版本，再停用该版本。",
            ),
        ),
    ),
    (require_empty("ends_on", Text("This version has an end.", "该版本已有停用日。")),),
)


@command(
    "End a county's act: no rule is adopted for it any more; those in force go on until they are ended (停用积分行为).",
    requires=MANAGE,
    action=ENDING,
)
async def end_points_act(call: Call, input: EndPointsActInput) -> PointsActPayload:
    act: ActRow = await call.find(PointsAct, "act", id=key_of(PointsAct)(input.act))
    # Not today: a rule may already have been adopted this morning for the act as it was.
    if input.on <= max(today(call), act.starts_on):
        raise invalid_input(
            "It ends tomorrow at the earliest, and after it begins.", "停用日最早为明日，且须晚于生效日。", "on"
        )
    act.ends_on = input.on
    await act.save()
    return PointsActPayload(act=ref(PointsAct, act.id))


async def load_county(call: Call, code: str) -> GridRow:
    """Return the county, locked so that versions have one order; the caller must manage all of it."""
    county: GridRow = await call.find(Grid, "county", code=code)
    if county.kind != Kind.COUNTY:
        raise invalid_input("Give a county's code.", "请填写县级编码。", "county")
    if not call.may(MANAGE, county):
        raise not_allowed("county")
    return county


async def choose_act(call: Call, code: str, county: int | None, day: datetime.date) -> dict[str, Any]:
    """Return the version of an act that a rule from this day on may reward. Raises Refusal if there is none."""
    found = (await acts_in_force(call, county, day)).get(code)
    if found is None:
        raise not_found("There is no such act that day.", "该日没有该积分行为。", "act")
    return found


def fits_act(act: dict[str, Any], amount: int, proof: Proof) -> None:
    """Refuse a rule that gives more or less than its act allows, or asks for less with a claim."""
    if not act["least"] <= amount <= act["most"]:
        raise invalid_input(
            f"For this act a rule gives {act['least']} to {act['most']} points.",
            f"该行为的分值应为 {act['least']} 至 {act['most']}。",
            "amount",
        )
    # The enum is declared from the least to the most demanding kind of proof.
    order = list(Proof)
    if order.index(proof) < order.index(Proof(act["proof"])):
        raise invalid_input("The act asks for more with a claim.", "该行为要求更高的凭证。", "proof")


EXTENSIONS = (extend(Mutation, publish_points_act=publish_points_act, end_points_act=end_points_act),)
