"""Dispatch types: the directory, the list of duties, and the proposal for a case, as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.cases.types import Case, Category
from gongzhi.core.grids.types import Grid
from gongzhi.core.units.models import UnitKind
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_code, compare_condition, compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql

from .directory.matching import fitting_entries
from .models import DutyRow, RuleRow


def supporting_units(at: Frame) -> Alternatives:
    keys = "{0}=any(array(select s.unit_id from dispatch.rule_support s where s.rule_id={1}))"
    return [Sql(keys, at.rows.id, at.row.id)]


def proposal_reason(at: Frame) -> Sql:
    """Build the reason why this unit is proposed, in a sentence."""
    return Sql(
        "(select format('「%s」在%s由%s主办。依据：%s', k.name, g.name, u.name, {0}) "
        "from cases.category k, grids.grid g, units.unit u where k.id={1} and g.id={2} and u.id={3})",
        at.row.basis,
        at.row.category_id,
        at.row.grid_id,
        at.row.unit_id,
    )


@entity(
    RuleRow,
    visible=visible_to_all,
    order=("weight", "valid_from"),
    filter={
        "grid": compare_place(),
        "category": compare_code("category_id", "category", "cases"),
        "unit": compare_code("unit_id", "unit", "units"),
        "valid_from": None,
        "current": compare_condition(lambda at: Sql("{0} is null", at.rows.valid_to), "In force (是否有效)"),
    },
)
class DispatchRule(Node):
    """An entry of the dispatch directory: who answers for a subject in a place, and why (派单目录)."""

    category: Category | None = one("The subject, and what belongs to it (分类).")
    grid: Grid | None = one("The place, and what lies in it (地域).")
    unit: Unit | None = one("The unit that answers for it (主办单位).")
    support_units: list[Unit] = many("Units that help (协办单位).", supporting_units, order="code", cap=20)
    basis: str = column("The law, list or ruling that says so (依据).")
    weight: int = column("How special it is; the most special entry that fits a case is proposed (优先级).")
    valid_from: datetime.datetime = column("Since when it holds (启用时间).")
    valid_to: datetime.datetime | None = column("Until when; null for what holds now (停用时间).")
    previous: DispatchRule | None = one("The version it took the place of (前一版本).")
    version: int = column("Which version it is (版本).")


@entity(RuleRow, visible=visible_to_all)
class DispatchProposal(Node):
    """The units that the directory has for a case, and why. Nobody is bound by it (派单建议)."""

    lead_unit: Unit | None = one("The unit that is to answer for it (主办单位).", key="unit")
    support_units: list[Unit] = many("Units that are to help (协办单位).", supporting_units, order="code", cap=20)
    rule: DispatchRule | None = pick(
        "The entry of the directory it comes from (目录条目).", lambda at: [Sql("{0}={1}", at.rows.id, at.row.id)]
    )
    reason: str = expression("Why, in a sentence (理由).", proposal_reason)


@entity(
    DutyRow,
    visible=visible_to_all,
    order=("valid_from",),
    filter={
        "grid": compare_place(),
        "category": compare_code("category_id", "category", "cases"),
        "kind": None,
        "current": compare_condition(lambda at: Sql("{0} is null", at.rows.valid_to), "In force (是否有效)"),
    },
)
class ListedDuty(Node):
    """A duty that is by law a department's: no town or village is given it (部门职责清单)."""

    category: Category | None = one("The subject, and what belongs to it (分类).")
    grid: Grid | None = one("The county whose list it is (县).")
    kind: UnitKind = column("The sort of unit whose duty it is (单位性质).")
    basis: str = column("The law or list that says so (依据).")
    valid_from: datetime.datetime = column("Since when (启用时间).")
    valid_to: datetime.datetime | None = column("Until when; null for what holds now (停用时间).")


EXTENSIONS = (
    extend(
        Query,
        dispatch_rules=connection(
            "The dispatch directory, the most special entries first (派单目录).",
            order="-weight",
            type=Connection[DispatchRule] | None,
            requires=None,
        ),
        listed_duties=connection(
            "Duties that no town or village is given (部门职责清单).",
            order="valid_from",
            type=Connection[ListedDuty] | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        dispatch_proposal=pick(
            "Whom the directory has for it; null where no entry fits (派单建议).",
            fitting_entries,
            order="-weight",
            type=DispatchProposal | None,
            requires="cases.dispatch",
        ),
    ),
)
