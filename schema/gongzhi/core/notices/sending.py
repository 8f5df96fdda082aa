"""Sending: how commands, handlers and jobs notify somebody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from uuid6 import uuid7

from gongzhi.declare.registers import Registers
from gongzhi.runtime.context import Context
from gongzhi.values.errors import DeclarationError, Text

from .models import NoticeRow
from .rules import OFFICES

WRITE = """
insert into notices.notice (
  id, kind, person_id, account, unit_id, office, grid_id, title_en, title_zh, body_en, body_zh, about, at, due_at,
  wakes, barred_unit_id, pending
)
select n.id, n.kind, n.person, n.account, n.unit, n.office, coalesce(p.grid_id, u.grid_id, n.grid), n.title_en,
  n.title_zh, n.body_en, n.body_zh, n.about, n.at,
  case when n.county is not null then {opening} end, n.wakes, n.barred, true
from unnest(
  $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::int[], $8::text[], $9::text[],
  $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::int[], $15::bool[], $16::int[]
) n (
  id, kind, person, account, unit, office, grid, title_en, title_zh, body_en, body_zh, about, at, county, wakes, barred
)
left join people.person p on p.id = n.person
left join units.unit u on u.id = n.unit
where (n.person is null or p.id is not null) and (n.unit is null or u.id is not null)
"""
"""Writes notices, each to its addressee, unless the person or unit is no more. What waits, waits for the `opening`."""


class HasTime(Protocol):
    """Something that knows the time of what is going on, such as a Call."""

    @property
    def now(self) -> datetime: ...


@runtime_checkable
class WritesLast(Protocol):
    """Something that writes rows with the last statement of a transaction, such as a Call."""

    @property
    def context(self) -> Context: ...

    def write_last(self, sql: str, *row: Any) -> None: ...


@dataclass(frozen=True)
class Moment:
    """A time, where there is no call that knows it."""

    now: datetime


@dataclass(frozen=True)
class NoticeDraft:
    """Something to tell. Texts hold numbers and codes, never names or what people wrote: they are kept for long.

    `kind` reads `case.assigned`; `about` is the global id of what it is about, such as `Case:…`.
    """

    kind: str
    title: Text
    body: Text
    about: str | None = None
    office_hours_of: int | None = None
    """The county whose office hours its channels wait for. It is in the inbox at once."""
    wakes: bool = False
    """Whether people on duty are woken for it: their agreement to a channel is not asked for."""


@dataclass(frozen=True)
class Office:
    """Whoever holds a permission, one of `rules.OFFICES`, in a grid or above it.

    The people of the `barred_unit` and of its parts do not read it: it is about a tip-off against them.
    """

    permission: str
    grid: int
    barred_unit: int | None = None

    def __post_init__(self) -> None:
        if self.permission not in OFFICES:
            raise DeclarationError(f"nobody reads notices as {self.permission!r}; the offices are {', '.join(OFFICES)}")


async def send_notice(
    call: HasTime,
    notice: NoticeDraft,
    *,
    persons: Iterable[UUID] = (),
    accounts: Iterable[str] = (),
    units: Iterable[int] = (),
    offices: Iterable[Office] = (),
) -> None:
    """Put a notice into these inboxes, each once, with the last statement of the transaction that is open."""
    rows = [
        *(notice_row(call, notice, person=person) for person in dict.fromkeys(persons)),
        *(notice_row(call, notice, account=account) for account in dict.fromkeys(accounts)),
        *(notice_row(call, notice, unit=unit) for unit in dict.fromkeys(units)),
        # A row for an office and not for its people: who holds it by a token of another provider no table knows.
        *(notice_row(call, notice, office=office) for office in dict.fromkeys(offices)),
    ]
    # A call writes notices with its last statement; anything else writes them at once.
    if isinstance(call, WritesLast):
        statement = write_statement(call.context.registers)
        for row in rows:
            call.write_last(statement, *row)
    elif rows:
        # Without a call the deployment's office hours are not known, so the usual ones hold.
        statement = write_statement(Registers())
        await NoticeRow._meta.db.execute_query(statement, [list(column) for column in zip(*rows, strict=True)])


def write_statement(registers: Registers) -> str:
    """Return the statement that writes notices, in a deployment with these office hours."""
    return WRITE.replace("{opening}", registers.next_opening("n.county", "n.at"))


def notice_row(
    call: HasTime,
    notice: NoticeDraft,
    *,
    person: UUID | None = None,
    account: str | None = None,
    unit: int | None = None,
    office: Office | None = None,
) -> tuple[Any, ...]:
    """Return the values that `WRITE` takes for one addressee."""
    permission, grid, barred = (office.permission, office.grid, office.barred_unit) if office else (None, None, None)
    title, body = notice.title, notice.body
    texts = title.en, title.zh, body.en, body.zh, notice.about
    to = person, account, unit, permission, grid
    return uuid7(), notice.kind, *to, *texts, call.now, notice.office_hours_of, notice.wakes, barred
