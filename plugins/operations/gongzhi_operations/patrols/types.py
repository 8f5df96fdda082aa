"""Patrol types: patrols as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import Connection, Node, column, connection, entity, one, pick
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.located import rows_inside

from . import rules
from .models import PatrolRow


@entity(PatrolRow, visible=rules.visible_patrols, order=("at",), filter={"at": None, "grid": compare_place()})
class Patrol(Node):
    """Somebody looked round a grid (巡查). No position is kept, and none is asked for."""

    grid: Grid | None = one("Which grid (网格).")
    patroller: Person | None = one("Who looked; null if not yours to see (巡查人).")
    at: datetime.datetime = column("When (时间).")
    found: str = column("What they found (发现).")
    case: Case | None = one("The case it became; null if there was none, or it is not yours to see (形成的诉求).")
    recorded_at: datetime.datetime = column("When it was recorded (记录时间).")


EXTENSIONS = (
    extend(
        Grid,
        patrols=connection(
            "Patrols in it or below it (巡查).", rows_inside, order="-at", type=Connection[Patrol] | None, requires=None
        ),
    ),
    extend(
        Case,
        patrol=pick("The patrol that found it (来源巡查).", on="case", order="at", type=Patrol | None, requires=None),
    ),
)
