"""Telling: who is told of links, and in what words. Notices name kinds and days, and no person or household."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.core.people.models import MembershipRow
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text
from gongzhi.values.labels import label_of

from .models import OF_PERSONS, TieKind, TieRow


@dataclass(frozen=True)
class Message:
    """What is told of a link; `{kind}` is what sort of link it is, and `{day}` the day on which it ends."""

    kind: str
    title: Text
    body: Text


ASKED = Message(
    "ties.asked",
    Text("You are asked whether you agree to a link of help", "请确认是否同意联系帮扶"),
    Text(
        "{kind}, until {day}: agree or decline; nobody asks you why.",
        "{kind}，至 {day}：请选择同意或谢绝，无须说明理由。",
    ),
)
AGREED = Message(
    "ties.agreed",
    Text("A link of help has begun", "联系帮扶已建立"),
    Text("{kind}, until {day}: either side may end it at any time.", "{kind}，至 {day}：双方均可随时结束。"),
)
DECLINED = Message(
    "ties.declined",
    Text("A link of help was declined", "联系帮扶被谢绝"),
    Text("{kind}: one side does not agree.", "{kind}：有一方不同意。"),
)
ENDED = Message(
    "ties.ended",
    Text("A link of help has ended", "联系帮扶已结束"),
    Text("{kind}: what was done stays on record.", "{kind}：已做的实事仍保留记录。"),
)


async def tell_sides(call: Call, row: TieRow, said: Message, *, helper: bool = True, helped: bool = True) -> None:
    """Tell the sides of a link, each where it reads: as a person, a unit, a household or an office."""
    # Whom it reaches depends on who reads where: a person at home, a unit at its desk.
    persons: list[Any] = []
    units: list[int] = []
    offices: list[Office] = []
    if helper:
        # A cadre's unit is no side: whether they agree is theirs.
        persons += [row.person_id] if row.person_id else []
        units += [row.unit_id] if row.unit_id and row.kind not in OF_PERSONS else []
    if helped and row.kind is TieKind.CADRE_HOUSEHOLD:
        persons += await MembershipRow.filter(household_id=row.household_id, until=None).values_list(
            "person_id", flat=True
        )
    elif helped:
        # A town is dispatched for; of a village its leader settles what lies there.
        offices.append(Office("cases.dispatch" if row.kind is TieKind.LEADER_TOWN else "cases.settle", row.grid_id))
    # The kind and the day, and neither name nor place: notices go out by channels that others may read.
    kind = label_of(row.kind)
    told = {language: {"kind": getattr(kind, language), "day": row.ends_on.isoformat()} for language in ("en", "zh")}
    body = Text(said.body.en.format(**told["en"]), said.body.zh.format(**told["zh"]))
    await send_notice(
        call,
        NoticeDraft(said.kind, said.title, body, f"Tie:{row.id}", office_hours_of=row.county_id),
        persons=persons,
        units=units,
        offices=offices,
    )
