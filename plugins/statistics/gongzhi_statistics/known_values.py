"""Prefilling: what a form need not ask for because it is known (一次采集、多方调用); it can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi_operations.patrols.commands import CHANNEL


class Form(StrEnum):
    """A form that asks for something known."""

    REPORT_CASE = "REPORT_CASE"
    RECORD_PATROL = "RECORD_PATROL"


describe_enum(
    Form,
    "PrefilledForm",
    "A form that asks for something that is known (可预填表单).",
    REPORT_CASE="The input of reportCase (上报诉求)",
    RECORD_PATROL="The input of recordPatrol (巡查记录)",
)

POST = (
    "(select {what} from people.post p join grids.grid g on g.id=p.grid_id where p.person_id={{0}} "
    "and p.duty='GRID_WORKER' and p.since<={{1}} and coalesce(p.until>{{1}},true) {some})"
)
# For residents: where they live is the likeliest place, and they can change it.
HOME = "(select g.code from people.person r join grids.grid g on g.id=r.grid_id where r.id={0})"
# The household somebody belongs to now; the latest, if the files have two.
ADDRESS = (
    "(select h.address from people.membership m join people.household h on h.id=m.household_id "
    "where m.person_id={0} and coalesce(m.until>{1},true) order by m.since desc,m.id limit 1)"
)
# Only where it is the one post somebody has: of several, the form has to ask.
SERVED = POST.format(what="min(g.code)", some="having count(*)=1")
WORKER = POST.format(what=f"'{CHANNEL}'", some="limit 1")
KNOWN: Mapping[Form, Mapping[str, str]] = {
    Form.REPORT_CASE: {
        "channel": WORKER,
        # A grid worker reports for others: neither their own home nor their address is the case's.
        "grid": f"case when {WORKER} is null then {HOME} else {SERVED} end",
        "address": f"case when {WORKER} is null then {ADDRESS} end",
    },
    Form.RECORD_PATROL: {"grid": SERVED},
}
"""Where each field's value is found: in the post that one holds, if it is the only one, or in one's household."""


@strawberry.type(description="A field of a form that need not be asked for (预填字段).")
class Prefilled:
    field: str = strawberry.field(description="The field of the input (字段).")
    value: str = strawberry.field(description="What is known (已知值).")


def known_fields(at: Frame) -> Sql:
    """Build the fields whose values are known."""
    form = at.given.trait("form", of=lambda value: Form(value).value)
    rows = ",".join(f"({place},'{field}',{value})" for place, (field, value) in enumerate(KNOWN[Form(form)].items()))
    made = "coalesce(jsonb_agg(jsonb_build_object('field',x.field,'value',x.value) order by x.at),'[]')"
    # What is not known is left out, and the form asks for it.
    text = f"(select {made} from (values {rows}) x (at,field,value) where x.value is not null)"
    return Sql(text, at.viewer.person, at.viewer.today)


EXTENSIONS = (
    extend(
        Query,
        prefill=embedded(
            "What the caller's own post and household tell of a form's fields, so nobody need be asked (表单预填).",
            known_fields,
            type=list[Prefilled] | None,
            requires=None,
            arguments={"form": Argument(Form, "Which form (表单).")},
        ),
    ),
)
