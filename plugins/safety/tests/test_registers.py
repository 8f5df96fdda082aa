"""What safety holds about people, and for how long; its figures and findings."""

from __future__ import annotations

import base64
import string
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from gongzhi.core.registers.erasure import clear_rows, expired_rows_sql
from gongzhi.values.errors import Refusal, Text
from gongzhi_deadlines.calendars.reading import load_calendar
from gongzhi_safety import telling
from gongzhi_safety.demo import TRADES
from gongzhi_safety.figures import COUNTED, FEWEST, read_quarter, safe_column
from gongzhi_safety.inspecting import reckon_due
from gongzhi_safety.registers import CHECKS, HOLDINGS, KPIS, MONTHS
from gongzhi_safety.telling import Message

from .conftest import COUNTY, OTHER_UNIT, PNG, UNIT, Ground

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIGURES = """query($s: Date!, $b: Date!) { safetyFigures(grid: "610921", since: $s, before: $b) {
  unit found major closed inTime overdue } }"""
QUARTER = {"s": "2026-04-01", "b": "2026-07-01"}


async def test_erased_people_leave_the_countys_record(ground: Ground) -> None:
    """Their words and photos go, with the keys of these; what inspectors found stays, and is nobody's."""
    site = await ground.register(0)
    shown = ground.answers("wiring", wiring={"photos": [PNG], "note": "插座焦黑"})
    id = (await ground.hazards(await ground.inspect(site, "wiring", answers=shown)))["wiring"]
    await ground.correct(id, 0)
    await ground.passed(id)
    key, place = id.partition(":")[2], site.partition(":")[2]
    resident, officer = ground.firm(0), ground.server.as_("data_protection_officer", grid=COUNTY)
    asked = await ground.done(resident, "requestDeletion", "request { id version }")
    await ground.done(
        officer, "decideDataRequest", "request { state }", request=asked["id"], expectedVersion=1, grant=True
    )
    [row] = await ground.fetch("select person_id, name from safety.site where id=$1", place)
    assert list(row) == [None, "平安木器坊"]
    steps = await ground.fetch("select kind, text, person_id from safety.step where hazard_id=$1 order by at, id", key)
    assert [list(one) for one in steps] == [["CORRECTED", "—", None], ["PASSED", "已查看。", None]]
    photos = await ground.fetch("select answer_id is null as proof, step_id from safety.photo where site_id=$1", place)
    assert len(photos) == 2, "what the firm had shown is gone; what inspectors took is the county's"
    [note] = await ground.fetch("select note from safety.answer where hazard_id=$1", key)
    assert note["note"] == "插座焦黑"


async def test_a_copy_holds_what_one_answers_for(ground: Ground) -> None:
    """Sites, inspections, answers, hazards' steps and photos are found by the person; checklists are nobody's."""
    id = await ground.hazard("wiring", 1)
    await ground.correct(id, 1)
    about = {one.table: one for one in HOLDINGS if one.person}
    assert set(about) == {f"safety.{one}" for one in ("site", "inspection", "answer", "step", "photo")}
    person = ground.people[1]["id"]
    for table, count in (("site", 1), ("inspection", 1), ("answer", 3), ("step", 1), ("photo", 1)):
        where = about[f"safety.{table}"].person.replace("$1", "$1::uuid")
        assert len(await ground.fetch(f"select t.id from safety.{table} t where {where}", person)) == count, table
    assert all(one.months == MONTHS for one in about.values())
    for one in about.values():
        await ground.fetch(f"select {one.since} from {one.table} t limit 1")


async def test_findings_count_what_is_left_lying(ground: Ground) -> None:
    """What the firm does not correct, and what the county does not look at again."""
    before = [(await ground.fetch(one.sql))[0][0] for one in CHECKS]
    late, waiting = await ground.hazard("wiring", 2), await ground.hazard("gear", 2)
    await ground.correct(waiting, 2)
    for column, id in (("due_at", late), ("corrected_at", waiting)):
        sql = f"update safety.hazard set {column}=now()-interval '30 days' where id=$1"
        await ground.fetch(sql, id.partition(":")[2])
    after = [(await ground.fetch(one.sql))[0][0] for one in CHECKS]
    assert after == [one + 1 for one in before]
    assert all("1" in one.say(1).zh and one.say(0) == one.well for one in CHECKS)


async def test_figures_tell_of_nobody(ground: Ground) -> None:
    """Ten hazards are told, nine are not; corrected in time is what the firm said in time, however late it was seen."""
    asked = ground.server
    # A unit that no other story has.
    assert [one for one in (await asked.ask(FIGURES, **QUARTER)).data["safetyFigures"] if one["unit"] != UNIT] == []
    source = await ground.inspect(await ground.register(3, unit=OTHER_UNIT), "wiring")
    [made] = await ground.fetch("select * from safety.hazard where inspection_id=$1", source.partition(":")[2])
    own = {"id", "code", "level", "state", "closed_at", "corrected_at", "passed_at"}
    columns = ", ".join(name for name, _ in made.items() if name not in own)
    due: datetime = made["due_at"]
    sooner, later = due - timedelta(days=1), due + timedelta(days=9)
    # Ten that the firm had corrected in time, ten that passed late without its word, ten that are there, and one of no
    # account.
    states = [("CLOSED", sooner, later)] * 10 + [("CLOSED", None, later)] * 10 + [("OPEN", None, None)] * 9
    for number, (state, corrected, passed) in enumerate([*states, ("REVOKED", None, due)]):
        await ground.fetch(
            f"insert into safety.hazard (id, code, level, state, closed_at, corrected_at, passed_at, {columns}) "
            f"select gen_random_uuid(), $1, 'ORDINARY', $2, $4, $3, $4, {columns} from safety.hazard where id=$5",
            f"c-{number}", state, corrected, passed, made["id"],
        )  # fmt: skip
    [found] = [one for one in (await asked.ask(FIGURES, **QUARTER)).data["safetyFigures"] if one["unit"] != UNIT]
    assert found == {"unit": OTHER_UNIT, "found": 30, "major": 0, "closed": 20, "inTime": 10, "overdue": 0}
    # One more in time leaves nine that were not: the column says nothing any more.
    await ground.fetch("update safety.hazard set corrected_at=$1 where code='c-10'", sooner)
    [fewer] = [one for one in (await asked.ask(FIGURES, **QUARTER)).data["safetyFigures"] if one["unit"] != UNIT]
    assert fewer == found | {"inTime": None}
    for day in ("2026-05-01", "2026-04-02"):
        odd = await asked.ask(FIGURES, s=day, b="2026-07-01")
        assert odd.errors and odd.codes == ["BAD_USER_INPUT"]


async def test_what_is_published_of_itself() -> None:
    """Figures have formulas; quarters are whole; a column says nothing of a few, nor of what they leave."""
    assert {one.name for one in KPIS} == {"safety.in_time", "safety.overdue"}
    assert read_quarter(date(2026, 10, 1)) == date(2026, 10, 1)
    for day in (date(2026, 10, 2), date(2026, 11, 1)):
        with pytest.raises(Refusal):
            read_quarter(day)
    for name, (_, whole) in COUNTED.items():
        column = safe_column(name, whole)
        assert f'c."{name}">={FEWEST}' in column and (whole is None or f'c."{whole}"-c."{name}"' in column)


def messages() -> list[Message]:
    return [one for one in vars(telling).values() if isinstance(one, Message)]


@pytest.mark.parametrize("said", messages(), ids=lambda one: one.kind)
async def test_notices_hold_codes_and_days(said: Message) -> None:
    """Each names the site, in both languages alike, and nothing else that is anybody's."""

    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert isinstance(said.title, Text) and said.kind.startswith("safety.")
    assert places(said.body.en) == places(said.body.zh) <= {"site", "day"} and "site" in places(said.body.en)


@pytest.mark.parametrize(
    ("days", "since", "due"),
    [
        # Monday 29 June 2026, ten in the morning in China.
        (1, "2026-06-29T02:00", "2026-06-30"),
        (3, "2026-06-29T02:00", "2026-07-02"),
        # After closing, and on a Saturday.
        (1, "2026-06-29T12:00", "2026-06-30"),
        (1, "2026-07-04T02:00", "2026-07-06"),
        # Over a weekend.
        (2, "2026-07-02T02:00", "2026-07-06"),
    ],
)
async def test_days_are_working_days(ground: Ground, days: int, since: str, due: str) -> None:
    [county] = await ground.fetch("select id from grids.grid where code=$1 and valid_to is null", COUNTY)
    calendar: Any = await load_calendar(ground.fetch, county["id"])
    ends = reckon_due(calendar, datetime.fromisoformat(since).replace(tzinfo=UTC), days)
    assert (ends + timedelta(hours=8)).date().isoformat() == due


async def test_the_demos_checklists_say_by_which_law() -> None:
    """Each item has a law with its article, and what can kill at once is a major hazard with few days."""
    assert len(TRADES) == 6
    for name, items in TRADES.values():
        assert name and len({one[0] for one in items}) == len(items) >= 4
        for _, text, basis, level, days in items:
            assert text and "《" in basis and "条" in basis and 1 <= days <= 15
            assert level in ("ORDINARY", "MAJOR")


async def test_after_three_years_words_and_pictures_go(ground: Ground) -> None:
    """Of what was looked at then numbers and codes are left; what is open is kept, however old it is."""
    site = await ground.register(4)
    shown = ground.answers("wiring", "gear", wiring={"photos": [PNG], "note": "插座焦黑"})
    found = await ground.hazards(await ground.inspect(site, "wiring", "gear", answers=shown, remark="通风良好"))
    for id in found.values():
        await ground.correct(id, 4)
    await ground.passed(found["wiring"])
    key, open_one, place = (one.partition(":")[2] for one in (found["wiring"], found["gear"], site))
    later = ground.now + timedelta(days=1_200)
    for holding in HOLDINGS:
        if holding.months:
            rows = await ground.fetch(expired_rows_sql(holding), later)
            await clear_rows(ground.fetch, holding, [row["id"] for row in rows])
    texts = await ground.fetch(
        "select hazard_id, kind, text from safety.step where hazard_id in ($1, $2)", key, open_one
    )
    assert {(str(one["hazard_id"]), one["kind"], one["text"]) for one in texts} == {
        (key, "CORRECTED", "—"), (key, "PASSED", "—"), (open_one, "CORRECTED", "已换线。"),
    }  # fmt: skip
    kept = """select i.remark, i.account, count(a.id) as answers, count(a.note) as notes, max(s.name) as name,
      (select count(*) from safety.photo p where p.site_id=i.site_id) as photos
      from safety.inspection i join safety.answer a on a.inspection_id=i.id join safety.site s on s.id=i.site_id
      where i.site_id=$1 group by i.id"""
    [row] = await ground.fetch(kept, place)
    assert list(row) == [None, None, 3, 0, "平安木器坊", 0], "a site that is open is called what it is called"


async def test_pictures_are_made_harmless(ground: Ground) -> None:
    """What the camera wrote into a picture is not kept; a document is no picture, and neither is what is too large."""
    camera = (
        bytes.fromhex("ffd8") + b"\xff\xe1\x00\x10Exif\0\0GPS 32.9" + b"\xff\xdb\x00\x04ab"
        + b"\xff\xda\x00\x02xyz\xff\xd9tail"
    )  # fmt: skip
    site = await ground.register(5)
    taken = ground.answers("gear", gear={"photos": [base64.b64encode(camera).decode()]})
    seen = await ground.look(await ground.inspect(site, "gear", answers=taken))
    [url] = [photo["url"] for one in seen["answers"] for photo in one["photos"]]
    kind, _, content = url.partition(";base64,")
    assert kind == "data:image/jpeg" and b"GPS" not in base64.b64decode(content)
    asked = {"site": site, "checklist": ground.lists["workshop"], "at": ground.ago()}
    for wrong in (b"%PDF-1.4\n%%EOF\n", camera[:-6] + b"\0" * 600_000 + camera[-6:]):
        sent = ground.answers("gear", gear={"photos": [base64.b64encode(wrong).decode()]})
        payload = await ground.worker.do("recordSafetyInspection", "inspection { id }", answers=sent, **asked)
        assert [(one["code"], one["path"]) for one in payload["errors"]] == [
            ("BAD_USER_INPUT", ["answers", "2", "photos", "0"])
        ]
