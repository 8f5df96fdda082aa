"""Types: resolutions as the schema has them; anybody may read them (村务公开)."""

from __future__ import annotations

import datetime

from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import Connection, Node, column, connection, entity, one, visible_to_all
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Query

from .models import Body, ResolutionRow

describe_enum(
    Body,
    "DecidingBody",
    "Who decided (决议主体).",
    ASSEMBLY="The villagers' assembly (村民会议)",
    REPRESENTATIVES="The villagers' representatives (村民代表会议)",
    COMMITTEE="The village or residents' committee (村/居民委员会)",
    COUNCIL="A council of villagers (村民议事会)",
    PARTY_MEETING="A meeting of the party branch (党员大会)",
)


@entity(
    ResolutionRow,
    visible=visible_to_all,
    order=("decided_on",),
    filter={"body": None, "decided_on": None, "grid": compare_place()},
)
class Resolution(Node):
    """What an assembly or council decided, and which rules it adopts (决议)."""

    grid: Grid | None = one("Where it holds, and below (适用范围).")
    body: Body = column("Who decided (决议主体).")
    title: str = column("In a few words (标题).")
    text: str = column("The decision; it names no private person (内容).")
    decided_on: datetime.date = column("When (决议日期).")
    adopts: list[str] = column("The rules it adopts, each with its version (通过的规则).")
    votes_for: int | None = column("Votes for (赞成票).")
    votes_against: int | None = column("Votes against (反对票).")
    abstentions: int | None = column("Abstentions (弃权票).")
    recorded_at: datetime.datetime = column("When it was recorded (登记时间).")
    revoked_at: datetime.datetime | None = column("Since when it no longer holds (废止时间).")


EXTENSIONS = (
    extend(
        Query,
        resolutions=connection(
            "What was decided, the last first (决议列表).",
            order="-decided_on",
            type=Connection[Resolution] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        resolutions=connection(
            "What was decided in it or below it (决议).",
            rows_inside,
            order="-decided_on",
            type=Connection[Resolution] | None,
            requires=None,
        ),
    ),
)
