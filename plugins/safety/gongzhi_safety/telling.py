"""Telling: who is told of inspections and hazards, and in what words. Notices name codes and days, and no person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from .models import HazardLevel, HazardRow, InspectionRow, SiteRow


@dataclass(frozen=True)
class Message:
    """What is told of a hazard; `{site}` and `{day}` are the site's code and the deadline."""

    kind: str
    title: Text
    body: Text


FOUND = Message(
    "safety.found",
    Text("A major hazard was found", "发现重大隐患"),
    Text("Site {site}: a major hazard, due on {day}.", "场所 {site} 发现重大隐患，整改期限为 {day}。"),
)
CORRECTED = Message(
    "safety.corrected",
    Text("A hazard is corrected, as the firm says", "隐患已申报整改完成"),
    Text("Site {site}: look again.", "场所 {site} 申报隐患整改完成，请复查。"),
)
FAILED = Message(
    "safety.failed",
    Text("A hazard is still there", "隐患复查未通过"),
    Text("Site {site}: correct it by {day}.", "场所 {site} 的隐患复查未通过，请于 {day} 前整改。"),
)
PASSED = Message(
    "safety.passed",
    Text("A major hazard is gone, and waits for a second person", "重大隐患待销号"),
    Text("Site {site}: confirm what the proof shows.", "场所 {site} 的重大隐患复查通过，请另一人核实销号。"),
)
CLOSED = Message(
    "safety.closed",
    Text("A hazard is gone", "隐患已销号"),
    Text("Site {site}: nothing is left to do about it.", "场所 {site} 的隐患已销号。"),
)
EXTENDED = Message(
    "safety.extended",
    Text("A hazard has a later deadline", "隐患整改延期"),
    Text("Site {site}: correct it by {day}.", "场所 {site} 的隐患整改期限延至 {day}。"),
)
OBJECTED = Message(
    "safety.objected",
    Text("A firm objects to a hazard", "场所对隐患提出异议"),
    Text(
        "Site {site}: decide on it, as another person than who found it.",
        "场所 {site} 对隐患提出异议，请由检查人以外的人员处理。",
    ),
)
DECIDED = Message(
    "safety.decided",
    Text("Your objection was decided", "异议已处理"),
    Text("Site {site}: read the reason at the hazard.", "场所 {site} 的隐患异议已处理，理由见隐患。"),
)
OVERDUE = Message(
    "safety.overdue",
    Text("A hazard is overdue", "隐患逾期未整改"),
    Text("Site {site}: it was to be corrected by {day}.", "场所 {site} 的隐患应于 {day} 前整改，已逾期。"),
)


async def tell_responsible(call: Call, site: SiteRow) -> None:
    """Tell whoever answers for a site from now on that they do, and where they find it."""
    title = Text("You answer for a site", "您被登记为场所负责人")
    body = Text(
        f"Site {site.code}: you see its inspections and hazards, and may object.",
        f"您已被登记为场所 {site.code} 的负责人，可查看检查和隐患情况，并可提出异议。",
    )
    await send(call, site, "safety.responsible", title, body, f"SafetySite:{site.id}", persons=people_of(site))


async def tell_inspection(call: Call, site: SiteRow, inspection: InspectionRow, hazards: Sequence[HazardRow]) -> None:
    """Tell the firm what an inspection found, in numbers; and the unit of each major hazard that is new."""
    title = Text("Your site was inspected", "您的场所已接受安全检查")
    # That nothing was found is worth hearing, too.
    if hazards:
        day = describe_day(min(one.due_at for one in hazards))
        body = Text(
            f"Site {site.code}: {len(hazards)} hazards, the first due on {day}.",
            f"场所 {site.code} 有隐患 {len(hazards)} 项，最早整改期限为 {day}。",
        )
    else:
        body = Text(f"Site {site.code}: no hazards.", f"场所 {site.code} 未发现隐患。")
    # One notice for all of them: a shop with five hazards reads one message, and finds them by it.
    about = f"SafetyInspection:{inspection.id}"
    await send(call, site, "safety.inspected", title, body, about, persons=people_of(site))
    for row in hazards:
        # One that was found before has been told.
        if row.level is HazardLevel.MAJOR and row.inspection_id == inspection.id:
            await tell(call, site, row, FOUND, units=[row.unit_id])


async def tell_firm(call: Call, row: HazardRow, said: Message) -> None:
    """Tell whoever answers for the site."""
    site = await SiteRow.get(id=row.site_id)
    await tell(call, site, row, said, persons=people_of(site))


async def tell_supervisors(call: Call, row: HazardRow, said: Message) -> None:
    """Tell the unit, and the account that found the hazard."""
    await tell(call, await SiteRow.get(id=row.site_id), row, said, units=[row.unit_id], accounts=accounts_of(row))


async def tell_overdue(call: Call, row: HazardRow) -> None:
    """Tell all whom a late hazard concerns; of a major one, also whoever dispatches there."""
    site = await SiteRow.get(id=row.site_id)
    # Of ordinary ones there are many, and their unit is enough.
    offices = [Office("cases.dispatch", row.grid_id)] if row.level is HazardLevel.MAJOR else []
    to: dict[str, Any] = {"units": [row.unit_id], "accounts": accounts_of(row), "offices": offices}
    await tell(call, site, row, OVERDUE, persons=people_of(site), **to)


def people_of(site: SiteRow) -> list[Any]:
    return [site.person_id] if site.person_id else []


def accounts_of(row: HazardRow) -> list[str]:
    return [row.found_by] if row.found_by else []


def describe_day(at: Any) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d}"


async def tell(call: Call, site: SiteRow, row: HazardRow, said: Message, **to: Any) -> None:
    # The code and not the name: what a small firm is called may be somebody's name.
    known = {"site": site.code, "day": describe_day(row.due_at)}
    body = Text(said.body.en.format(**known), said.body.zh.format(**known))
    await send(call, site, said.kind, said.title, body, f"SafetyHazard:{row.id}", **to)


async def send(call: Call, site: SiteRow, kind: str, title: Text, body: Text, about: str, **to: Any) -> None:
    await send_notice(call, NoticeDraft(kind, title, body, about, office_hours_of=site.county_id), **to)
