"""Wishes and projects: wishes that somebody sees to (微心愿), and projects for the people (实事项目)."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.types import Grid
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    embedded,
    entity,
    key_of,
    many,
    one,
    ref,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_held, require_states
from gongzhi.runtime.checks import (
    check_whole_number,
    invalid_input,
    is_given,
)
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from .. import enums as enums
from .. import visibility
from ..actions import AS_PERSON, require_nothing_of_mine, require_own, rows_at_home
from ..activities.types import PartyOpinion
from ..deliberations.types import Deliberation
from ..lookups import find_permitted, load_own_person, require_person
from ..models import ProgressRow, ProjectRatingRow, ProjectRow, ProjectState, WishRow, WishState
from ..organisation.types import FEWEST, PartyBranch
from ..visibility import CONVENE

# Few answers would tell who gave which.
RATED = f"""
(select case when count(*)>={FEWEST} then jsonb_build_object('score', round(avg(r.score), 1)::float8,
 'answers', count(*)) end from party.project_rating r where r.project_id={{0}})
"""


@entity(
    WishRow, visible=visibility.visible_wishes, order=("wished_at",), filter={"state": None, "grid": compare_place()}
)
class Wish(Node):
    """A resident's small wish; others see it without a name, if its owner wants that (微心愿)."""

    person: Person | None = one("Whose, if you may see their file (许愿人).")
    grid: Grid | None = one("Where (网格).")
    title: str = column("In a few words (标题).")
    text: str = column("The wish (内容).")
    published: bool = column("Whether others see it (是否公开).")
    state: WishState = column("Where it stands (状态).")
    wished_at: datetime.datetime = column("Since when (时间).")
    claimed_by: Person | None = one("Who sees to it, if you may see their file (认领人).")
    branch: PartyBranch | None = one("Which organisation sees to it (认领组织).")
    ended_at: datetime.datetime | None = column("When it was fulfilled or taken back (结束时间).")


@entity(ProgressRow, visible=visible_to_all, through="project", order=("at",))
class ProjectProgress(Node):
    """How far a project had come (项目进展)."""

    project: PublicProject | None = one("Which (项目).")
    percent: int = column("How far, in per cent (进度).")
    note: str = column("What was done (说明).")
    at: datetime.datetime = column("When (时间).")


@entity(
    ProjectRow,
    visible=visible_to_all,
    order=("due_on",),
    filter={"state": None, "due_on": None, "grid": compare_place()},
)
class PublicProject(Node):
    """A project for the people (实事项目)."""

    branch: PartyBranch | None = one("Which organisation leads it (牵头党组织).")
    deliberation: Deliberation | None = one("What decided on it (来源议事).")
    grid: Grid | None = one("Where (网格).")
    title: str = column("In a few words (标题).")
    text: str = column("What is to be done (内容).")
    state: ProjectState = column("Where it stands (状态).")
    percent: int = column("How far it is, in per cent (进度).")
    due_on: datetime.date = column("By when (完成期限).")
    progress: list[ProjectProgress] = many("How far it had come (进展).", on="project", order="at", cap=100)
    opinion: PartyOpinion | None = embedded(
        f"What those who live there make of it; null for fewer than {FEWEST} answers (群众评价).",
        lambda at: Sql(RATED, at.row.id),
    )
    version: int = column("Grows with every change (版本).")


@strawberry.type(description="The wish, or why nothing was done (心愿结果).")
class WishPayload:
    wish: Wish | None = result_field("The wish (心愿).")
    errors: list[Problem] = problems()


@strawberry.input(description="A small wish (许下心愿).")
class MakeWishInput:
    idempotency_key: str = input_field(KEY)
    title: str = input_field("In a few words; names nobody (标题).", length=(1, 100))
    text: str = input_field("The wish; names nobody (内容).", length=(1, 1000))
    published: bool = input_field("Whether others may see it, without a name (是否公开).", default=False)


@command("Make a wish; whoever wants to may see to it (许下微心愿).", requires=None)
async def make_wish(call: Call, input: MakeWishInput) -> WishPayload:
    person = await load_own_person(call)
    # Where its owner lives, so that those who serve that grid see it.
    row = await WishRow.create(
        person=person,
        grid_id=person.grid_id,
        title=input.title,
        text=input.text,
        published=input.published,
        wished_at=call.now,
    )
    return WishPayload(wish=ref(Wish, row.id))


@strawberry.input(description="Somebody sees to a wish (认领心愿).")
class ClaimWishInput:
    idempotency_key: str = input_field(KEY)
    wish: ID = input_field("Which (心愿).")
    branch: ID | None = input_field("For which organisation one leads, if for one (认领组织).", default=UNSET)


# Whoever comes first sees to it.
CLAIMING = Action(
    Wish,
    (),
    (require_states((WishState.OPEN,), Text("Somebody sees to it, or it is over.", "该心愿已认领或已结束。")),),
)
NOBODY = Text("It is over, or nobody saw to it.", "该心愿已了结或尚未认领。")
# The wish is its owner's: nobody else says that it was fulfilled.
ENDING = Action(Wish, (require_own("person_id"),), (require_empty("ended_at", NOBODY),))


@command("See to a wish, oneself or with one's organisation (认领微心愿).", requires=None, action=CLAIMING)
async def claim_wish(call: Call, input: ClaimWishInput) -> WishPayload:
    row: WishRow = await call.find(Wish, "wish", id=key_of(Wish)(input.wish))
    if is_given(input.branch):
        row.branch_id = (await find_permitted(call, PartyBranch, input.branch, CONVENE, "branch")).id
    else:
        row.claimed_by_id = require_person(call)
        if row.claimed_by_id == row.person_id:
            raise invalid_input("The wish is your own: somebody else sees to it.", "不能认领自己的心愿。", "wish")
    row.state = WishState.CLAIMED
    await row.save()
    about = NoticeDraft(
        "party.wish_claimed",
        Text("Somebody sees to your wish", "您的心愿已被认领"),
        Text("Thank you for telling it.", "感谢您的信任。"),
        f"Wish:{row.id}",
    )
    await send_notice(call, about, persons=[row.person_id])
    return WishPayload(wish=ref(Wish, row.id))


@strawberry.input(description="A wish is fulfilled, or given up (了结心愿).")
class EndWishInput:
    idempotency_key: str = input_field(KEY)
    wish: ID = input_field("Which; one's own (心愿).")
    fulfilled: bool = input_field("Whether it was fulfilled (是否实现).")


@command("Say that one's wish is fulfilled, or take it back (了结微心愿).", requires=None, action=ENDING)
async def end_wish(call: Call, input: EndWishInput) -> WishPayload:
    row: WishRow = await call.find(Wish, "wish", id=key_of(Wish)(input.wish))
    if input.fulfilled and row.state != WishState.CLAIMED:
        raise ENDING.when[0].refusal(row, ("wish",))
    row.state = WishState.FULFILLED if input.fulfilled else WishState.WITHDRAWN
    row.ended_at = call.now
    await row.save()
    return WishPayload(wish=ref(Wish, row.id))


@strawberry.type(description="The project, or why nothing was done (项目结果).")
class PublicProjectPayload:
    project: PublicProject | None = result_field("The project (项目).")
    errors: list[Problem] = problems()


@strawberry.input(description="A project (列入实事项目).")
class StartPublicProjectInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where, by code (网格编码).")
    title: str = input_field("In a few words (标题).", length=(1, 200))
    text: str = input_field("What is to be done (内容).", length=(1, 2000))
    due_on: datetime.date = input_field("By when (完成期限).")
    branch: ID | None = input_field("Which organisation leads it (牵头党组织).", default=UNSET)
    deliberation: ID | None = input_field("What decided on it (来源议事).", default=UNSET)


@command("Put a project on the list (列入实事项目).", requires=CONVENE)
async def start_public_project(call: Call, input: StartPublicProjectInput) -> PublicProjectPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(CONVENE, grid):
        raise not_allowed("grid")
    branch = (
        await find_permitted(call, PartyBranch, input.branch, CONVENE, "branch") if is_given(input.branch) else None
    )
    source = None
    if is_given(input.deliberation):
        source = await call.find(Deliberation, "deliberation", id=key_of(Deliberation)(input.deliberation))
    row = await ProjectRow.create(
        grid=grid,
        title=input.title,
        text=input.text,
        due_on=input.due_on,
        branch=branch,
        deliberation=source,
        started_at=call.now,
    )
    return PublicProjectPayload(project=ref(PublicProject, row.id))


@strawberry.input(description="How far a project is (项目进展).")
class AdvancePublicProjectInput:
    idempotency_key: str = input_field(KEY)
    project: ID = input_field("Which (项目).")
    expected_version: int = input_field(EXPECTED)
    percent: int = input_field("How far, in per cent; 100 is done (进度).", between=(0, 100))
    note: str = input_field("What was done (说明).", length=(1, 500))


# A project that is done is rated, and goes no further.
ADVANCING = Action(
    PublicProject,
    (require_held(CONVENE),),
    (require_empty("ended_at", Text("The project is over.", "该项目已结束。")),),
)
RATING = Action(
    PublicProject,
    (
        AS_PERSON,
        Requirement("NOT_FOUND", rows_at_home, Text("It is rated by those who live there.", "仅本网格居民可以评价。")),
    ),
    (
        require_states((ProjectState.DONE,), Text("It is not done.", "项目尚未完成。")),
        require_nothing_of_mine("project_rating", "project_id", Text("You have said so already.", "您已评价。")),
    ),
)


@command("Say how far a project is (项目进展).", requires=CONVENE, action=ADVANCING)
async def advance_public_project(call: Call, input: AdvancePublicProjectInput) -> PublicProjectPayload:
    row: ProjectRow = await call.find(PublicProject, "project", id=key_of(PublicProject)(input.project))
    # A project only goes forward.
    row.percent = check_whole_number(input.percent, row.percent, 100, "percent")
    row.state = ProjectState.DONE if row.percent == 100 else ProjectState.UNDER_WAY
    row.ended_at = call.now if row.percent == 100 else None
    row.version += 1
    await row.save()
    await ProgressRow.create(project=row, percent=row.percent, note=input.note, at=call.now)
    return PublicProjectPayload(project=ref(PublicProject, row.id))


@strawberry.input(description="What somebody makes of a project (评价项目).")
class RatePublicProjectInput:
    idempotency_key: str = input_field(KEY)
    project: ID = input_field("Of which (项目).")
    score: int = input_field("1 is worst, 5 is best (评分).", between=(1, 5))


@command(
    "Say what one makes of a project that is done; whoever lives there, once (评价实事项目).",
    requires=None,
    action=RATING,
)
async def rate_public_project(call: Call, input: RatePublicProjectInput) -> PublicProjectPayload:
    row: ProjectRow = await call.find(PublicProject, "project", id=key_of(PublicProject)(input.project))
    person = await load_own_person(call)
    await ProjectRatingRow.create(project=row, person=person, score=input.score)
    return PublicProjectPayload(project=ref(PublicProject, row.id))


EXTENSIONS = (
    extend(
        Grid,
        wishes=connection(
            "Wishes in it or below it that you may see (微心愿).",
            rows_inside,
            order="-wished_at",
            type=Connection[Wish] | None,
            requires=None,
        ),
        public_projects=connection(
            "Projects in it or below it (实事项目).",
            rows_inside,
            order="due_on",
            type=Connection[PublicProject] | None,
            requires=None,
        ),
    ),
    extend(
        Mutation,
        make_wish=make_wish,
        claim_wish=claim_wish,
        end_wish=end_wish,
        start_public_project=start_public_project,
        advance_public_project=advance_public_project,
        rate_public_project=rate_public_project,
    ),
)
