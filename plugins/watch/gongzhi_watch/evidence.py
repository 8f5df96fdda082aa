"""Evidence: what a household declares, with the pictures that it shows; all of it lies sealed."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Sequence

import strawberry
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.runtime.checks import check_past_day, invalid_input, not_found, today
from gongzhi.runtime.commands import Call, free_text, input_field
from gongzhi.runtime.file_checks import UnfitFile
from gongzhi.values.errors import FIELD

from .models import TEXT, EntryRow, EvidenceRow, FactRow, ItemRow
from .records import county_code, seal

PICTURES, BYTES, FACTS = 3, 600_000, 10
TYPES = ("image/jpeg", "image/png")
DECLARED = "What it declares, by items of the rule (申报事实)."
OLDEST = datetime.timedelta(days=3 * 366)


@strawberry.input(description="A fact that a household declares of itself (申报事实).")
class WatchFactInput:
    code: str = input_field("Which item of the rule, by code (条目编码).", pattern=SHORT_CODE)
    day: datetime.date = input_field("When it happened (发生日期).")
    text: str = free_text(
        "What happened, in the household's words; nobody asks for an illness (说明).", length=(1, TEXT)
    )
    pictures: list[str] = input_field(
        "Pictures that show it, if the household wants to: JPEG or PNG in base64, 600 kB at most each (佐证).",
        items=(0, PICTURES),
        longest=900_000,
        default_factory=list,
    )


async def receive_pictures(call: Call, facts: Sequence[WatchFactInput]) -> list[list[str]]:
    """Return the pictures of each fact as data URLs, made harmless. Before anything is locked: a scan takes long."""
    # In all, and not for each fact: so many go into one request.
    if sum(len(one.pictures) for one in facts) > PICTURES:
        en, zh = f"{FIELD}: {PICTURES} pictures in all at most.", f"{FIELD}每次最多 {PICTURES} 张图片。"
        raise invalid_input(en, zh, "facts")
    return [
        [await receive_picture(call, one, str(at), str(n)) for n, one in enumerate(fact.pictures)]
        for at, fact in enumerate(facts)
    ]


async def receive_picture(call: Call, encoded: str, fact: str, at: str) -> str:
    try:
        file = await call.context.files.receive(encoded, longest=BYTES, types=TYPES)
    except UnfitFile as error:
        raise error.at("facts", fact, "pictures", at) from None
    return f"data:{file.media_type};base64,{base64.b64encode(file.content).decode()}"


async def find_items(call: Call, rule: object, facts: Sequence[WatchFactInput]) -> list[ItemRow]:
    """Return the items that facts name, in their order. Refuses what the rule does not name and days that are odd."""
    # Of the edition by which the household asked, also where another has begun since.
    items = {one.code: one for one in await ItemRow.filter(rule_id=rule)}
    for at, one in enumerate(facts):
        if one.code not in items:
            raise not_found("The rule names no such fact.", "规则中没有该条目。", "facts", str(at), "code")
        day = check_past_day(call, one.day, "facts", str(at), "day")
        if day < today(call) - OLDEST:
            en, zh = f"{FIELD} is more than three years ago.", f"{FIELD}早于三年以前。"
            raise invalid_input(en, zh, "facts", str(at), "day")
    return [items[one.code] for one in facts]


async def keep_facts(
    call: Call, row: EntryRow, facts: Sequence[WatchFactInput], items: Sequence[ItemRow], pictures: list[list[str]]
) -> None:
    """Keep what a household has declared, each word and picture under a key of its own."""
    county = await county_code(row.county_id)
    # Together in the end: a household with ten facts takes two statements.
    shown: list[EvidenceRow] = []
    made: list[FactRow] = []
    for one, item, urls in zip(facts, items, pictures, strict=True):
        fact = FactRow(watch_id=row.id, item_id=item.id, day=one.day, declared_at=call.now)
        # The row before its content: the place where it lies sealed has its key.
        seal(call, county, "fact", fact, one.text)
        made.append(fact)
        for number, url in enumerate(urls, 1):
            picture = EvidenceRow(fact_id=fact.id, number=number)
            seal(call, county, "evidence", picture, url)
            shown.append(picture)
    await FactRow.bulk_create(made)
    if shown:
        await EvidenceRow.bulk_create(shown)
