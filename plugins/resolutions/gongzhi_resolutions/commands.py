"""Resolution commands: record and revoke resolutions by hand; plugins that hold votes record theirs in code."""

from __future__ import annotations

import datetime
import re

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_held
from gongzhi.runtime.checks import check_past_day, input_form, invalid_input, is_given
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from .models import Body, ResolutionRow
from .records import create_resolution
from .types import Resolution

RECORD = "resolutions.record"
TITLE, TEXT, RULES = 200, 10_000, 20
# A rule and its version, as cards and decisions write them.
RULE = re.compile(r"[a-z][a-z0-9_.-]{1,60}/[0-9A-Za-z.-]{1,20}")


@strawberry.type(description="The resolution, or why nothing was done (决议登记结果).")
class ResolutionPayload:
    resolution: Resolution | None = result_field("The resolution (决议).")
    errors: list[Problem] = problems()


@strawberry.input(description="What was decided (登记决议).")
class RecordResolutionInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where it holds, by code (适用网格编码).")
    body: Body = input_field("Who decided (决议主体).")
    title: str = input_field("In a few words (标题).", length=(1, TITLE))
    text: str = input_field("The decision; do not name private persons (内容).", length=(1, TEXT))
    decided_on: datetime.date = input_field("When (决议日期).")
    adopts: list[str] = input_field("The rules it adopts, such as points.village/3 (通过的规则).", default_factory=list)
    votes_for: int | None = input_field("Votes for (赞成票).", default=UNSET)
    votes_against: int | None = input_field("Votes against (反对票).", default=UNSET)
    abstentions: int | None = input_field("Abstentions (弃权票).", default=UNSET)


@command(
    "Record what an assembly or council decided (登记决议).",
    requires=RECORD,
    form=lambda call, input: read_resolution(call, input),
)
async def record_resolution(call: Call, input: RecordResolutionInput) -> ResolutionPayload:
    votes = read_resolution(call, input)
    grid = await find_grid(input.grid, "grid")
    # An office records it for the assembly, so it takes the right where that sits.
    if not call.may(RECORD, grid):
        raise not_allowed("grid")
    row = await create_resolution(
        call, grid, input.body, input.title, input.text, input.decided_on, input.adopts, votes=votes
    )
    return ResolutionPayload(resolution=ref(Resolution, row.id))


@strawberry.input(description="A resolution that holds no longer (废止决议).")
class RevokeResolutionInput:
    idempotency_key: str = input_field(KEY)
    resolution: ID = input_field("The resolution's id (决议标识).")


HOLDS = require_empty("revoked_at", Text("It was revoked before.", "该决议已废止。"))


@command(
    "Revoke a resolution; what rested on it before stays (废止决议).",
    requires=RECORD,
    action=Action(Resolution, (require_held(RECORD),), (HOLDS,)),
)
async def revoke_resolution(call: Call, input: RevokeResolutionInput) -> ResolutionPayload:
    # No expected version: its words never change, and to be revoked is all that can happen to it.
    row: ResolutionRow = await call.find(Resolution, "resolution", id=key_of(Resolution)(input.resolution))
    # Once, for what rested on it counts until this moment.
    row.revoked_at = call.now
    await row.save(update_fields=["revoked_at"])
    return ResolutionPayload(resolution=ref(Resolution, row.id))


def read_resolution(call: Call, input: RecordResolutionInput) -> tuple[int, int, int] | None:
    """Return the votes of a resolution. Raises Refusals for all that is wrong with it."""
    with input_form() as read:
        read(check_past_day, call, input.decided_on, "decidedOn")
        # With a version: what is adopted are the words of that version.
        read(check_rules, input.adopts)
        return read(read_votes, input)


def check_rules(adopts: list[str]) -> None:
    """Refuse what is no rule with a version."""
    if len(adopts) > RULES or not all(RULE.fullmatch(one) for one in adopts):
        raise invalid_input(
            f"Name {RULES} rules at most, each like points.village/3.", "规则应形如 points.village/3。", "adopts"
        )


def read_votes(input: RecordResolutionInput) -> tuple[int, int, int] | None:
    """Return the votes: all three, or none."""
    votes = [one for one in (input.votes_for, input.votes_against, input.abstentions) if is_given(one)]
    if not votes:
        return None
    # A count without the others would be read as the whole result.
    if len(votes) != 3 or min(votes) < 0:
        raise invalid_input("Give all three counts, none below zero.", "请同时填写三项票数，且不小于零。", "votesFor")
    return votes[0], votes[1], votes[2]


EXTENSIONS = (extend(Mutation, record_resolution=record_resolution, revoke_resolution=revoke_resolution),)
