"""Parts of services by themselves: clocks, facts, figures, messages and the demo's catalogue."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.runtime.bans import RIGHTS, find_broken_ban
from gongzhi.values.errors import Refusal
from gongzhi_deadlines.worktime import Calendar
from gongzhi_services import telling
from gongzhi_services.catalogue import PublishServiceMatterInput, refuse_longer_promise
from gongzhi_services.clocks import reckon_decision
from gongzhi_services.demo import MATTERS
from gongzhi_services.facts import VALUES, find_facts
from gongzhi_services.figures import COUNTED, first_of_quarter, safe_column
from gongzhi_services.handling import check_return
from gongzhi_services.models import ApplicationRow, Fact, MatterRow, PaperRow, PaperState
from gongzhi_services.telling import Message
from gongzhi_services.watching import count_days

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connection(shared_database: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(shared_database)
    yield opened
    await opened.close()


class Fetching:
    """As much of a call as reading needs."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        return list(await self.connection.fetch(sql, *values))


TERMS = (
    # Monday 29 June 2026; ten in the morning in China.
    (1, "2026-06-29T02:00", [], "2026-06-30"),
    (3, "2026-06-29T02:00", [], "2026-07-02"),
    # After closing and on a Saturday the next day is still the first one that counts, or Monday.
    (1, "2026-06-29T12:00", [], "2026-06-30"),
    (1, "2026-07-04T02:00", [], "2026-07-06"),
    # Friday to Monday, over a weekend.
    (2, "2026-07-02T02:00", [], "2026-07-06"),
    # Papers awaited for a whole working day.
    (3, "2026-06-29T02:00", [("2026-06-30T02:00", "2026-07-01T02:00")], "2026-07-03"),
    # Over a weekend nothing is lost.
    (3, "2026-07-02T02:00", [("2026-07-04T02:00", "2026-07-05T02:00")], "2026-07-07"),
    # Twice.
    (
        3,
        "2026-06-29T02:00",
        [("2026-06-30T02:00", "2026-07-01T02:00"), ("2026-07-02T02:00", "2026-07-03T02:00")],
        "2026-07-06",
    ),
    # Still awaited: never.
    (3, "2026-06-29T02:00", [("2026-06-30T02:00", None)], "9999-12-31"),
    # Across the National Day holiday of 2026.
    (2, "2026-09-30T02:00", [], "2026-10-09"),
)


@pytest.mark.parametrize(("days", "accepted", "pauses", "due"), TERMS)
async def test_promised_days(
    connection: asyncpg.Connection, days: int, accepted: str, pauses: list[tuple[str, str | None]], due: str
) -> None:
    """From the day after acceptance, without weekends, holidays, and the times in which papers were awaited."""
    row = ApplicationRow(
        accepted_at=datetime.fromisoformat(accepted).replace(tzinfo=UTC),
        pauses=[[since + "+00:00", until and until + "+00:00"] for since, until in pauses],
    )
    found = await reckon_decision(Fetching(connection), row, MatterRow(promised_days=days))  # type: ignore[arg-type]
    assert found.date().isoformat() == due


async def test_days_are_those_of_china() -> None:
    """Late in the evening in UTC it is the next day there; weekends are no working days."""
    calendar = Calendar(date(2026, 1, 1), date(2026, 12, 31))
    friday, late = datetime(2026, 7, 3, 2, tzinfo=UTC), datetime(2026, 7, 5, 20, tzinfo=UTC)
    assert count_days(calendar, friday, late) == 1
    assert count_days(calendar, friday, friday) == 0
    assert count_days(calendar, friday, datetime(2026, 7, 10, 2, tzinfo=UTC)) == 5


FILED = """
select p.id from people.person p where p.erased_at is null and p.birth_date is not null and p.village_id is not null
and (p.resident_id_mask is not null)=$1 and exists(select from people.phone k where k.person_id=p.id)=$2
and exists(select from people.membership m where m.person_id=p.id and m.until is null) order by p.id limit 1
"""


async def test_facts_are_found_where_they_are(connection: asyncpg.Connection) -> None:
    """Somebody with everything on file has everything filled in; what is not there is asked for; nobody has none."""
    whole = await connection.fetchval(FILED, True, True)
    silent = await connection.fetchval(FILED, True, False)
    call: Any = Fetching(connection)
    day = date(2026, 6, 30)
    assert await find_facts(call, whole, day, Fact) == set(Fact)
    if silent is not None:
        assert await find_facts(call, silent, day, Fact) == set(Fact) - {Fact.PHONE}
    assert await find_facts(call, UUID(int=1), day, Fact) == set()
    assert await find_facts(call, whole, day, ()) == set()
    assert await find_facts(call, whole, day, [Fact.BIRTH]) == {Fact.BIRTH}
    # Who belonged to a household only later had none to fill in.
    assert Fact.ADDRESS not in await find_facts(call, whole, date(1900, 1, 1), [Fact.ADDRESS])


async def test_no_fact_reads_what_is_protected() -> None:
    """Masks alone: a value in clear would be told to the unit without a purpose."""
    for fact, (_, sql) in VALUES.items():
        assert not re.search(r"sealed|blind|data_key", sql), fact


CELLS = (
    # rated, bad and what is told of the bad ones, by quarter
    ([(24, 12)], 24, 12),
    ([(24, 0)], 24, 0),
    ([(24, 24)], 24, 24),
    ([(24, 9)], 24, None),
    ([(24, 15)], 24, None),
    ([(24, 10), (30, 20)], 54, 30),
    ([(24, 12), (24, 1)], 48, None),
    ([(9, 0)], None, None),
    ([(0, 0), (10, 10)], 10, 10),
)


@pytest.mark.parametrize(("quarters", "rated", "bad"), CELLS)
async def test_small_numbers_are_withheld(
    connection: asyncpg.Connection, quarters: list[tuple[int, int]], rated: int | None, bad: int | None
) -> None:
    """Each number, and what is left of the whole it is a part of, is nothing or at least ten in every quarter."""
    rows = ", ".join(f"({whole}, {part})" for whole, part in quarters)
    columns = f"{safe_column('rated', None)}, {safe_column('bad', 'rated')}"
    found = await connection.fetchrow(f'select {columns} from (values {rows}) c ("rated", "bad")')
    assert found["bad"] == bad
    assert found["rated"] == rated


async def test_every_column_says_its_whole() -> None:
    """But for the whole itself, each is a part of a column that is counted as well."""
    wholes = {name: whole for name, (_, whole) in COUNTED.items()}
    assert wholes.pop("decided") is None
    assert set(wholes.values()) <= set(COUNTED)


@pytest.mark.parametrize("day", [date(2026, 1, 2), date(2026, 2, 1), date(2026, 12, 31)])
async def test_other_days_than_quarters_are_refused(day: date) -> None:
    with pytest.raises(Refusal):
        first_of_quarter(day)
    assert first_of_quarter(date(2026, 10, 1)) == date(2026, 10, 1)


PAPERS = (
    ("identity", PaperState.ON_FILE),
    ("form", PaperState.PROVIDED),
    ("account", PaperState.MISSING),
    ("proof", PaperState.MISSING),
)


class Asked:
    """A paper that a unit asks for."""

    def __init__(self, code: str) -> None:
        self.code = code


RETURNS = (
    (["account", "proof"], [], None),
    (["account", "proof", "form"], [], None),
    (["account", "proof"], ["证明"], None),
    (["account"], [], "INCOMPLETE_NOTICE"),
    (["form"], [], "INCOMPLETE_NOTICE"),
    ([], ["证明"], "INCOMPLETE_NOTICE"),
    ([], [], "BAD_USER_INPUT"),
    (["identity", "account", "proof"], [], "ON_FILE"),
    (["account", "proof", "photo"], [], "BAD_USER_INPUT"),
)


@pytest.mark.parametrize(("asked", "unlisted", "code"), RETURNS)
async def test_what_may_be_asked_for(asked: list[str], unlisted: list[str], code: str | None) -> None:
    """All that is missing, what was handed in and is unfit, and more at one's own risk; never what is on file."""
    papers = [PaperRow(number=at, code=name, name=name, state=state) for at, (name, state) in enumerate(PAPERS)]
    wanted: Any = [Asked(one) for one in asked]
    if code is None:
        return check_return(papers, wanted, unlisted)
    with pytest.raises(Refusal) as refusal:
        check_return(papers, wanted, unlisted)
    assert refusal.value.code == code


async def test_messages_have_both_languages_and_no_holes() -> None:
    """Each is filled in from what is known of any application, and says something in English and in Chinese."""
    messages = [one for one in vars(telling).values() if isinstance(one, Message)]
    assert len({one.kind for one in messages}) == len(messages) == 10
    known = {"number": "610921202606300000011", "count": 2, "day": "2026-07-07"}
    for one in messages:
        assert one.kind.startswith("services.")
        for text in (one.title, one.body):
            assert text.en.format(**known) and re.search(r"[\u4e00-\u9fff]", text.zh.format(**known)), one.kind
            assert "{" not in text.en.format(**known) + text.zh.format(**known)


async def test_the_demo_is_a_catalogue() -> None:
    """More than a dozen matters, each by law, promised no later than by law, of which something is on file."""
    assert len({code for _, code, *_ in MATTERS}) == len(MATTERS) == 13
    for unit, code, name, basis, statutory, promised, visits, documents in MATTERS:
        assert unit and name and re.fullmatch(r"[a-z][a-z0-9-]{1,23}", code)
        assert basis.startswith("《") and "条" in basis, code
        assert 1 <= promised <= statutory <= 45 and visits in (0, 1), code
        assert len({one for one, _, _ in documents}) == len(documents), code
        assert any(fact for _, _, fact in documents), code
        assert find_broken_ban(RIGHTS, name) is None, code


@pytest.mark.parametrize(("promised", "statutory", "fits"), [(5, 5, True), (4, 5, True), (6, 5, False)])
async def test_a_promise_is_never_longer_than_the_law(promised: int, statutory: int, fits: bool) -> None:
    given = {one.name: None for one in fields(PublishServiceMatterInput)}
    input = PublishServiceMatterInput(**given | {"promised_days": promised, "statutory_days": statutory})
    if fits:
        return refuse_longer_promise(input)
    with pytest.raises(Refusal):
        refuse_longer_promise(input)
