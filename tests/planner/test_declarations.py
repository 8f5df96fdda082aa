"""What cannot be planned is refused before anything is served, by type and field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import strawberry
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.types import Case, CaseEvent
from gongzhi.core.people.models import PersonRow, PhoneRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import (
    Connection,
    Node,
    aggregate,
    batch,
    column,
    connection,
    embedded,
    entity,
    expression,
    many,
    one,
    part,
    pick,
    visible_to_all,
    within_row,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi.values.errors import DeclarationError
from gongzhi_server.planner import Planner

from .sample_plugin import over_core


@strawberry.type(description="Kept in no table.")
class Loose:
    text: str = strawberry.field(description="A text.")


@part
class Half:
    """A part of a row, with a field nobody knows how to make."""

    text: str = strawberry.field(description="A text.")


@batch(needs=("colour",), requires=None)
def unknown(rows: Sequence[Any], info: Any) -> list[str | None]:
    """Needs what is not there."""
    raise NotImplementedError


@batch(needs=("resident_id_sealed",), requires=None)
def sealed(rows: Sequence[Any], info: Any) -> list[str | None]:
    """Needs what is sealed."""
    raise NotImplementedError


@batch(requires=None)
def loose(rows: Sequence[Any], info: Any) -> list[Loose | None]:
    """Returns what cannot be planned."""
    raise NotImplementedError


FIELDS: dict[str, tuple[type, Any, str]] = {
    "no entity": (Case, many("X.", type=list[Loose] | None, requires=None), "no entity"),
    "no way": (Case, one("X.", type=Person | None, requires=None), "does not say how it is made"),
    "no key": (Case, many("X.", on="colour", type=list[Case] | None, requires=None), "no foreign key 'colour'"),
    "no key to one": (
        Case,
        one("X.", key="colour", type=Person | None, requires=None),
        "'colour', which is no foreign",
    ),
    "no key to pick": (Case, pick("X.", on="colour", type=Case | None, requires=None), "'colour', which is no foreign"),
    "no key to count": (
        Case,
        aggregate("X.", lambda: CaseEvent, lambda at: Sql("1"), on="colour", type=int | None, requires=None),
        "'colour', which is no foreign key",
    ),
    "order that may be null": (
        Case,
        connection("X.", on="previous", order="-settled_at", type=Connection[Case] | None, requires=None),
        "'settled_at', which may be null",
    ),
    "order of nothing": (
        Case,
        connection("X.", on="previous", order="colour", type=Connection[Case] | None, requires=None),
        "'colour', which CaseRow does not have",
    ),
    "nothing to hang on": (
        Query,
        many("X.", on="previous", type=list[Case] | None, requires=None),
        "'previous', but hangs on no row",
    ),
    "list as a page": (Case, many("X.", type=Connection[Case] | None, requires=None), "must be a list"),
    "page as a list": (Case, connection("X.", type=list[Case] | None, requires=None), "must be a Connection"),
    "one as a list": (Case, pick("X.", type=list[Case] | None, requires=None), "is one object"),
    "list as one": (Case, many("X.", type=Case | None, requires=None), "must be a list"),
    "object as a value": (
        Case,
        expression("X.", lambda at: at.row.id, type=Person | None, requires=None),
        "is a value",
    ),
    "value as an object": (Case, embedded("X.", lambda at: at.row.id, type=str | None, requires=None), "be an object"),
    "part without a way": (Case, within_row("X.", type=Half | None, requires=None), "Half.text must say how"),
    "column of nothing": (Case, unknown, "reads 'colour', which CaseRow does not have"),
    "sealed column": (Person, sealed, "reads 'resident_id_sealed', which is sealed"),
    "batch of nothing": (Case, loose, "returns Loose, which is kept in no table"),
    "not null": (Case, pick("X.", type=Case, requires=None), "must be nullable"),
    "no description": (Case, pick("", type=Case | None, requires=None), "has no description"),
    "no decision": (Case, pick("X.", type=Case | None), "must say who may ask"),
    "replacing": (Case, pick("X.", type=Case | None, requires=None), "would replace"),
}


@pytest.mark.parametrize("target, field, message", FIELDS.values(), ids=FIELDS)
def test_a_field_that_cannot_work(target: type, field: Any, message: str, request: pytest.FixtureRequest) -> None:
    name = "number" if "replacing" in request.node.name else "extra"
    with pytest.raises(TypeError, match=message) as refused:  # graphql-core words it anew, as a TypeError too
        Planner(over_core([("tests", extend(target, **{name: field}))]))
    assert f"{target.__name__}.{name}" in str(refused.value)


def test_two_may_not_add_one_field() -> None:
    adding = [("one", extend(Case, extra=pick("X.", type=Case | None, requires=None))) for _ in range(2)]
    with pytest.raises(DeclarationError, match="'two'.*Case.extra is already added by 'one'"):
        over_core([adding[0], ("two", adding[1][1])])


def test_a_type_that_nobody_returns() -> None:
    with pytest.raises(DeclarationError, match="Loose, which nothing in the schema returns"):
        over_core(
            [("tests", extend(Loose, extra=expression("X.", lambda at: at.row.id, type=str | None, requires=None)))]
        )


def declared(annotation: Any, value: Any, **options: Any) -> Callable[[], type]:
    """A type over the table of persons with one field, `extra`."""
    body = {"__annotations__": {"extra": annotation}, "extra": value, "__doc__": "A type.", "__module__": __name__}
    return lambda: entity(PersonRow, visible=visible_to_all, **options)(type("Extra", (Node,), body))


TYPES: dict[str, tuple[Callable[[], type], str]] = {
    "no such column": (declared(str, column("X.")), "Extra.extra is neither a field of PersonRow nor says how"),
    "no such name": (declared(str, column("X.", name="colour")), "Extra.extra: PersonRow has no 'colour'"),
    "order that may be null": (declared(str, column("X.", name="name"), order=("birth_date",)), "may be null"),
    "plain resolver": (
        declared(str, strawberry.field(resolver=lambda: "x", description="X.")),
        "Extra.extra runs Python",
    ),
}


@pytest.mark.parametrize("declare, message", TYPES.values(), ids=TYPES)
def test_a_type_that_cannot_work(declare: Callable[[], type], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        declare()


def test_a_sealed_column_by_its_own_name() -> None:
    with pytest.raises(DeclarationError, match="Extra.resident_id_sealed is a sealed column"):

        @entity(PersonRow, visible=visible_to_all)
        class Extra(Node):
            """A type."""

            resident_id_sealed: str | None = column("X.")


def test_a_sealed_column_by_another_name() -> None:
    made = declared(str | None, column("X.", name="resident_id_sealed"))()
    with pytest.raises(DeclarationError, match="Extra.extra reads 'resident_id_sealed', which is sealed"):
        Planner(over_core([], [made]))


def test_a_relation_that_may_be_withheld() -> None:
    @entity(PhoneRow, visible=visible_to_all, through="person")
    class Extra(Node):
        """A type."""

        person: Person = one("X.")

    with pytest.raises(TypeError, match="Extra.person may be withheld from a viewer, so it must be optional"):
        over_core([], [Extra])


def test_an_owner_that_is_no_field() -> None:
    """Or the rows could not be seen with it."""

    @entity(PhoneRow, visible=visible_to_all, through="person")
    class Extra(Node):
        """A type."""

        rank: int = column("X.")

    with pytest.raises(DeclarationError, match="'person', which is no field of it: declare it with one"):
        Planner(over_core([], [Extra]))


def test_a_type_needs_a_rule() -> None:
    with pytest.raises(TypeError, match="visible"):
        entity(CaseRow)  # type: ignore[call-arg]
