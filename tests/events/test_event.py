"""What an event may carry."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from gongzhi.core.cases import machine
from gongzhi.core.cases.events import EVENTS, Dispatched, Rated
from gongzhi.core.cases.models import Status
from gongzhi.declare.events import Actor, Code, Event, Occurrence, event, event_data, event_of
from gongzhi.values.errors import DeclarationError
from hypothesis import given
from hypothesis import strategies as st


@event("tests.everything", "All that an event may hold.")
class Everything(Event):
    key: UUID
    amount: Decimal
    day: date
    moment: datetime
    count: int
    good: bool
    codes: tuple[Code, ...]
    status: Status | None = None


codes = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,59}", fullmatch=True).map(Code)


@given(
    st.builds(
        Everything,
        st.uuids(),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.dates(),
        st.datetimes(timezones=st.just(UTC)),
        st.integers(),
        st.booleans(),
        st.lists(codes).map(tuple),
        st.none() | st.sampled_from(Status),
    )
)
def test_event_is_read_as_written(one: Everything) -> None:
    assert event_of(Everything, event_data(one)) == one


@pytest.mark.parametrize("hint", [str, str | None, list[str], tuple[str, ...], dict, bytes, float, object])
def test_free_text_is_refused(hint: object) -> None:
    with pytest.raises(DeclarationError, match="ids, codes and numbers only"):
        event("tests.text", "It has room for a name.")(type("Text", (Event,), {"__annotations__": {"name": hint}}))


def test_points_need_somebody() -> None:
    """An event that points may be given for tells whom."""
    with pytest.raises(DeclarationError, match="names a `person`"):
        event("tests.fed", "It tells of nobody.", feedable=True)(
            type("Fed", (Event,), {"__annotations__": {"at": int}})
        )


@pytest.mark.parametrize("text", ["张三", "Zhang San", "", "x" * 61, "\u0661", "a\n"])
def test_names_are_no_codes(text: str) -> None:
    with pytest.raises(ValueError, match="number is not what the event declares"):
        event_data(Rated(number=Code(text), rating=5, solved=True))


@pytest.mark.parametrize("rating", ["5", True, 5.0, None])
def test_values_are_of_their_types(rating: object) -> None:
    with pytest.raises(ValueError, match=r"Rated\.rating"):
        event_data(Rated(number=Code("1"), rating=rating, solved=True))  # type: ignore[arg-type]


def test_each_step_has_an_event() -> None:
    assert {one.event for one in machine.STEPS} | {machine.RATED} <= {one.type for one in EVENTS}


def test_earlier_version_is_upgraded() -> None:
    @event("tests.moved", "It moved.", version=2)
    class Moved(Event):
        metres: int

        @classmethod
        def upgrade(cls, version: int, data: dict[str, int]) -> dict[str, int]:
            return {"metres": data["kilometres"] * 1000}

    now = datetime(2026, 6, 30, tzinfo=UTC)
    old = Occurrence(uuid4(), 1, "tests.moved", 1, now, Actor.STAFF, None, None, None, {"kilometres": 3})
    assert old.read(Moved) == Moved(metres=3000)
    with pytest.raises(ValueError, match="is no case"):
        old.read(Dispatched)
