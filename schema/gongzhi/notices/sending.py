"""How commands, handlers and jobs tell somebody something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from tortoise.models import Model

from ..errors import DeclarationError, Text
from ..people.models import PersonRow
from ..units.models import UnitRow
from .models import NoticeRow
from .rules import OFFICES


class Timed(Protocol):
    """Something that knows the time of what is going on, such as a Call."""

    @property
    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Moment:
    """A time, where there is no call that knows it."""

    now: datetime


@dataclass(frozen=True)
class Notice:
    """Something to tell. Texts hold numbers and codes, never names or what people wrote: they are kept for long.

    `kind` reads `case.assigned`; `about` is the global id of what it is about, such as `Case:…`.
    """

    kind: str
    title: Text
    body: Text
    about: str | None = None


@dataclass(frozen=True)
class Office:
    """Whoever holds a permission, one of `rules.OFFICES`, in a grid or above it."""

    permission: str
    grid: int

    def __post_init__(self) -> None:
        if self.permission not in OFFICES:
            raise DeclarationError(f"nobody reads notices as {self.permission!r}; the offices are {', '.join(OFFICES)}")


async def notify(
    call: Timed,
    notice: Notice,
    *,
    persons: Iterable[UUID] = (),
    accounts: Iterable[str] = (),
    units: Iterable[int] = (),
    offices: Iterable[Office] = (),
) -> None:
    """Put a notice into these inboxes, each once, in the transaction that is open."""
    people, organisations = await lying(PersonRow, set(persons)), await lying(UnitRow, set(units))
    addressees: list[dict[str, Any]] = [
        *({"person_id": person, "grid_id": grid} for person, grid in people),
        *({"account": account} for account in dict.fromkeys(accounts)),
        *({"unit_id": unit, "grid_id": grid} for unit, grid in organisations),
        *({"office": office.permission, "grid_id": office.grid} for office in dict.fromkeys(offices)),
    ]
    if addressees:
        await NoticeRow.bulk_create([written(notice, call.now, one) for one in addressees])


async def lying(model: type[Model], keys: set[Any]) -> Any:
    """These rows and the grids they lie in."""
    return await model.filter(id__in=keys).values_list("id", "grid_id") if keys else ()


def written(notice: Notice, at: datetime, addressee: dict[str, Any]) -> NoticeRow:
    """The row of one addressee."""
    title, body = notice.title, notice.body
    texts = {"title_en": title.en, "title_zh": title.zh, "body_en": body.en, "body_zh": body.zh}
    return NoticeRow(kind=notice.kind, about=notice.about, at=at, **texts, **addressee)
