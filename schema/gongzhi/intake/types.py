"""What a case says of the system that filed it."""

from __future__ import annotations

from ..cases.types import Case
from ..entity import expression
from ..extend import extend
from ..sql import Sql

OF = "(select e.{column} from intake.entry e where e.case_id={{0}})"

EXTENSIONS = (
    extend(
        Case,
        source=expression(
            "The account of the system that filed it, if one did (来源系统).",
            lambda at: Sql(OF.format(column="source"), at.row.id),
            type=str | None,
        ),
        external_number=expression(
            "Its number there, such as a 12345 order's (外部编号).",
            lambda at: Sql(OF.format(column="number"), at.row.id),
            type=str | None,
        ),
    ),
)
