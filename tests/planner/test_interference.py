"""What somebody may not see has no say in what they are told: not in counts, cursors, orders, searches or errors.

The hidden rows of a viewer are given other contents in a copy of the little county; every answer must stay the same,
byte for byte.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import orjson
import pytest
from gongzhi_server.testing import create_database, drop_database

from .bench import bench
from .expected_visibility import ExpectedVisibility, Rows
from .random_operations import Queries
from .sample_county import VIEWERS
from .test_differential import differences

EXAMPLES = int(os.environ.get("GONGZHI_EXAMPLES", "0"))

LATER = "interval '3 hours'"
CHANGES: dict[str, tuple[str, str]] = {
    "Person": (
        "people.person",
        "gender = 'UNKNOWN', birth_date = '1900-01-01', residence = 'FLOATING', resident_id_mask = '***99', "
        f"created_at = created_at - {LATER}, version = version + 70, "
        "name = case when id in (select person_id from people.liaison union select person_id from people.post) "
        "then name else '变' || name end",  # who holds an office is published
    ),
    "Phone": ("people.phone", "mask = '***999', rank = rank + 7, kind = 'LANDLINE'"),
    "Household": (
        "people.household",
        "number = '变' || number, address = '变', tier = 'FANGXIN', needs = '{VISIT}', income_band = 'ABOVE_MEAN', "
        "visit_due_on = '2020-01-01', version = version + 70",
    ),
    "Membership": ("people.membership", "relation = 'OTHER', since = since - 400"),
    "HouseholdAward": ("people.award", "kind = 'X' || kind, year = year - 9"),
    "TierDecision": ("people.tier", "tier = 'FANGXIN', rule = '变', inputs = '{}', reasons = '[]'"),
    "Visit": ("people.visit", f"note = '变', at = at - {LATER}"),
    "Case": (
        "cases.case",
        "title = '变', description = '变', number = '9' || substr(number, 2), kind = 'HELP', rating = 1, "
        f"reported_at = reported_at - {LATER}, reply = '变', reopenings = 9, version = version + 70, "
        "due_at = '2020-01-01', warn_at = '2020-01-01', "
        "self_handled = true, settled_level = 'COUNTY', address = '变', longitude = 1, latitude = 1",
    ),
    "CaseEvent": ("cases.event", f"""type = 'changed', note = '变', data = '{{"changed": 1}}', at = at - {LATER}"""),
    "Clock": ("clocks.clock", "stage = 'ACCEPT', due_at = '2020-01-01', allowed = 7, counted = 99, stopped_at = now()"),
    "DeadlineTrace": ("clocks.trace", "why = 'EXTENDED', data = '[1]', before = '2020-01-01'"),
    "Consent": ("rights.consent", f"purpose = 'changed', version = 9, given_at = given_at - {LATER}"),
    "DataRequest": ("rights.demand", f"text = '变', asked_at = asked_at - {LATER}, version = version + 70"),
    "Release": ("rights.release", f"claims = '[]', kinds = '{{}}', given_at = given_at - {LATER}"),
    "WorkOrder": ("dispatch.work_order", f"contribution = '变', due_at = due_at - {LATER}, extended = not extended"),
    "DispatchObjection": ("dispatch.objection", f"grounds = '变', due_at = due_at - {LATER}, reason = '变'"),
    "Approval": ("dispatch.approval", f"reason = '变', requested_at = requested_at - {LATER}, state = 'LAPSED'"),
    "FollowUp": ("dispatch.follow_up", f"note = '变', at = at - {LATER}, reached = not reached"),
    "Invitation": ("accounts.invitation", f"created_at = created_at - {LATER}, created_by = 'x', printed_at = null"),
    "ActLogEntry": ("access.act", f"mutation = 'changed', role = null, unit_id = 2, at = at - {LATER}"),
    "Notice": ("notices.notice", f"kind = 'changed', title_en = 'x', title_zh = '变', at = at - {LATER}, read_at = at"),
}  # fmt: skip

NAMED = (
    "select unnest(array[person_id, representative_id]) from rights.representative "
    "union select person_id from rights.demand"
)
SHOWN = {
    "Person": NAMED,
    "Phone": f"select id from people.phone where person_id in ({NAMED})",
    "TierDecision": "select decision_id from rights.review union "
    "select decision_id from rights.demand where decision_id is not null",
}
"""Rows that whoever handles something about them is shown, whatever else they see."""


async def changed(dsn: str, scope: ExpectedVisibility) -> int:
    """Give the rows that these scope do not see other contents; how many there were."""
    connection = await asyncpg.connect(dsn)
    count = 0
    try:
        for kind, (table, change) in CHANGES.items():
            # What was done to somebody is read by them, and by auditors.
            seen = scope.seen[kind] | (scope.seen["Act"] if kind == "ActLogEntry" else set())
            hidden = [row.id for row in scope.all(kind) if row.id not in seen]
            count += len(hidden)
            apart = f" and id <> all(array({SHOWN[kind]}))" if kind in SHOWN else ""
            await connection.execute(f"update {table} set {change} where id = any($1){apart}", hidden)
        await connection.executemany("update people.person set name = $2 where id = $1", named_to(scope))
    finally:
        await connection.close()
    return count


def named_to(scope: ExpectedVisibility) -> list[tuple[Any, str]]:
    """Who is in the households that these scope help, with the names they are told without seeing the people."""
    people = {row.person_id for row in scope.all("Membership") if row.household_id in scope.helped}
    people |= {row.head_id for row in scope.all("Household") if row.id in scope.helped and row.head_id}
    known = scope.rows.keys["Person"]
    return [(key, known[key].name) for key in people if not known[key].restricted_at]


async def answers(dsn: str, rows: Rows, name: str, count: int) -> list[Any]:
    """What a viewer is told, document by document."""
    async with bench(dsn) as found:
        told = []
        for seed in range(count):
            operation = Queries(found.schema._schema, rows, 50_000 + seed).make()
            if "caseByReceipt" in operation.text:  # whoever holds a receipt sees that case
                continue
            said = await found.send(operation.text, operation.sets[0], VIEWERS[name])
            told.append((operation.text, operation.sets[0], said.body, said.errors))
        return told


def smallest(ours: Any, theirs: Any) -> str:
    """The document, and the shortest path at which its two answers differ."""
    found = min(differences(orjson.loads(ours[2]), orjson.loads(theirs[2]), ""), key=len, default="the errors differ")
    return f"{found}\n{ours[0]}\n{ours[1]}"


def same(world: str, rows: Rows, postgres: str, name: str, count: int) -> None:
    """Ask a viewer's questions of both counties."""
    scope, other = ExpectedVisibility(rows, VIEWERS[name]), f"changed_{uuid4().hex}"

    async def run() -> None:
        copy = await create_database(postgres, other, urlsplit(world).path.removeprefix("/"))
        try:
            assert await changed(copy, scope) > 20
            for ours, theirs in zip(
                await answers(world, rows, name, count), await answers(copy, rows, name, count), strict=True
            ):
                assert ours == theirs, smallest(ours, theirs)
        finally:
            await drop_database(postgres, other)

    asyncio.run(run())


@pytest.mark.parametrize("name", ["town", "both", "resident"])
def test_hidden_rows_change_no_answer(world: str, rows: Rows, postgres: str, name: str) -> None:
    same(world, rows, postgres, name, EXAMPLES or 15)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(VIEWERS) - {"administrator", "auditor"}))
def test_hidden_rows_change_none_of_many(world: str, rows: Rows, postgres: str, name: str) -> None:
    same(world, rows, postgres, name, EXAMPLES or 150)


def test_changes_are_seen_by_who_sees_all(world: str, rows: Rows, postgres: str) -> None:
    """The same change is noticed by somebody who sees the rows: the documents do look at them."""
    other = f"changed_{uuid4().hex}"

    async def run() -> None:
        copy = await create_database(postgres, other, urlsplit(world).path.removeprefix("/"))
        try:
            await changed(copy, ExpectedVisibility(rows, VIEWERS["stranger"]))
            pairs = zip(
                await answers(world, rows, "auditor", 90), await answers(copy, rows, "auditor", 90), strict=True
            )
            assert sum(ours != theirs for ours, theirs in pairs) > 2
        finally:
            await drop_database(postgres, other)

    asyncio.run(run())
