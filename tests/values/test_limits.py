"""Limits of inputs: what is just beyond one is refused by its field, and all that is wrong with an input at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from gongzhi.declare.bounds import ITEMS, NUMBER, TEXT, Limits, read_input
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.commands import Command
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Refusals
from gongzhi_server.commands.refusals import refusal_result, restore_answer
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type

from ..planner.bench import ROOMY, Bench
from .hostile_values import fit_value, full_value, limits_of
from .mutation_lab import Lab
from .test_hostile_values import BATCHES, refusals, written

pytestmark = pytest.mark.asyncio(loop_scope="module")

Place = tuple[str, str]
"""A field of an input, by the names of both."""
ABOVE, BELOW, LONG = "above", "below", "long"
"""In which way an input is wrong: each value is too large, each too small, or each list too long."""
BY_ITSELF = {"idempotencyKey"}
"""What is checked before the key is taken, and so before all the rest."""
NO_RANGE = {
    "expectedVersion": "what was seen, compared with what is there",
    "expectedEdition": "what was seen, compared with what is there",
    "noticeVersion": "what was shown, compared with what is in force",
    "timestamp": "a moment in seconds, compared with now",
    "year": "up to this year",
    "amount": "in units of which each has a most of its own; of a rule, below one is refused with a code of its own",
    "announced": "a year of the calendar that is edited",
    "weekdays": "days of the week, told with what else is wrong with them",
    "answers": "one for each question, counted from it",
    "days": "what is left of the days that there are in all",
    "votesFor": "no more than were there",
    "votesAgainst": "no more than were there",
    "abstentions": "no more than were there",
    "represents": "the place of another entry of the list",
    "termMonths": "within the terms of the product",
    "least": "in the order of the grades",
}
"""Whole numbers that are held to something else than a range, and to what."""


class Wrong:
    """Makes an input wrong in one way in all places where that is possible, and knows their paths."""

    def __init__(self, way: str, lab: Lab, mutation: str, member: int) -> None:
        self.way, self.known, self.member = way, lab.names(mutation), member
        self.paths: set[tuple[str, ...]] = set()
        self.places: set[Place] = set()

    def make(self, name: str, kind: Any, path: tuple[str, ...] = (), place: Place = ("", ""), **more: Any) -> Any:
        """A value of the type, wrong within and in itself."""
        limits: Limits = more.get("limits", Limits())
        if isinstance(kind, GraphQLNonNull):
            return self.make(name, kind.of_type, path, place, limits=limits)
        if isinstance(kind, GraphQLList):
            return self.make_list(name, kind, path, place, limits)
        if isinstance(kind, GraphQLInputObjectType):
            return self.make_input(kind, path)
        value = fit_value(full_value(name, kind, self.known), limits)
        found = (
            beyond(self.way, kind.name, limits)
            if self.way != LONG and path[-1:] not in {(one,) for one in BY_ITSELF}
            else None
        )
        if found is None:
            return value
        self.mark(path, place)
        return found

    def make_input(self, kind: GraphQLInputObjectType, path: tuple[str, ...]) -> dict[str, Any]:
        fields = list(kind.fields.items())
        if kind.is_one_of:
            fields = [fields[self.member % len(fields)]]
        return {
            name: self.make(name, field.type, (*path, name), (kind.name, name), limits=limits_of(field))
            for name, field in fields
            if len(path) < 6
        }

    def make_list(self, name: str, kind: Any, path: tuple[str, ...], place: Place, limits: Limits) -> Any:
        least, most = limits.entries
        if self.way == BELOW and least:
            self.mark(path, place)
            return []
        if self.way == LONG:
            self.mark(path, place)
            return [fit_value(full_value(name, kind.of_type, self.known), limits)] * (most + 1)
        return [self.make(name, kind.of_type, (*path, str(at)), place, limits=limits) for at in range(max(1, least))]

    def mark(self, path: tuple[str, ...], place: Place) -> None:
        self.paths.add(path)
        self.places.add(place)


def beyond(way: str, kind: str, limits: Limits) -> Any:
    """A value just beyond what a field takes; None where there is none."""
    if kind in ("String", "ID"):
        if limits.pattern:
            return "§" if way == ABOVE else ""
        least, most = limits.length or (0, limits.longest or TEXT)
        return "x" * (most + 1) if way == ABOVE else " " * least if least else None
    if kind == "Int" and limits.between:
        found = limits.between[1] + 1 if way == ABOVE else limits.between[0] - 1
        return found if abs(found) < 2**31 else None
    if kind == "Decimal":
        return str(NUMBER if way == ABOVE else -NUMBER)
    return None


def limited(lab: Lab) -> dict[Place, Limits]:
    """The fields of inputs of mutations that declare limits."""
    found: dict[Place, Limits] = {}
    for kind in inputs(lab):
        for name, field in kind.fields.items():
            if limits_of(field) != Limits():
                found[kind.name, name] = limits_of(field)
    return found


def inputs(lab: Lab) -> Iterator[GraphQLInputObjectType]:
    """The inputs of mutations that are carried out as a whole, and those within them, each once."""
    waiting = [get_named_type(of.args["input"].type) for name, of in lab.mutations.items() if name not in BATCHES]
    known: set[str] = set()
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, GraphQLInputObjectType) and kind.name not in known:
            known.add(kind.name)
            yield kind
            waiting += [get_named_type(field.type) for field in kind.fields.values()]


def checking(laboratory: Lab) -> Bench:
    """A bench that checks inputs and carries nothing out, which takes a fraction of the time."""

    def context(viewer: Viewer) -> Context:
        async def perform(command: Command, given: Any) -> Any:
            try:
                read_input(given)
            except Refusals as several:
                return restore_answer(command, refusal_result(command, several), viewer)
            return command.payload(errors=[])

        return replace(laboratory.bench.at_hand(viewer), perform=perform)

    return Bench(laboratory.bench._fetch, laboratory.bench.schema, ROOMY, at_hand=context)


async def test_what_is_beyond_is_refused_all_at_once(laboratory: Lab) -> None:
    """One request has all that can be wrong in one way, and its answer names each place."""
    missing: list[str] = []
    tried: set[Place] = set()
    benches = {ABOVE: laboratory.bench, BELOW: checking(laboratory), LONG: checking(laboratory)}
    for name, of in laboratory.mutations.items():
        kind = of.args["input"].type
        for way in (ABOVE, BELOW, LONG) if name not in BATCHES else ():
            wrong = Wrong(way, laboratory, name, 0)
            given = wrong.make("input", kind)
            if not wrong.paths:
                continue
            text, variables = written(name, kind, given, in_document=False)
            said = await benches[way].send(f"mutation{text}", variables, laboratory.viewer)
            told = {tuple(one["path"]) for one in refusals(name, said) if one["code"] == "BAD_USER_INPUT"}
            if unsaid := wrong.paths - told:
                missing.append(f"{name}, {way}: {sorted(map('.'.join, unsaid))} {said.messages[:1]}")
            tried |= wrong.places
    assert missing == []
    assert limited(laboratory).keys() - tried == set()


async def test_every_value_has_a_bound(laboratory: Lab) -> None:
    """Texts and lists have the usual one at least; a whole number has a range, or is held to something else."""
    unbounded = {
        name
        for kind in inputs(laboratory)
        for name, field in kind.fields.items()
        if get_named_type(field.type).name == "Int" and not limits_of(field).between
    }
    assert unbounded == NO_RANGE.keys()
    assert all(limits.entries[1] >= ITEMS or limits.items for limits in limited(laboratory).values())


async def test_limits_can_be_met(laboratory: Lab) -> None:
    """The least is not above the most, and a default lies between them."""
    for place, limits in limited(laboratory).items():
        for span in (limits.length, limits.between, limits.entries):
            assert span is None or span[1] >= 0 and span[0] <= span[1], place
    defaults = [
        (f"{kind.name}.{name}", limits_of(field).between, field.default_value)
        for kind in inputs(laboratory)
        for name, field in kind.fields.items()
        if limits_of(field).between and isinstance(field.default_value, int)
    ]
    assert [one for one, span, value in defaults if span and not span[0] <= value <= span[1]] == []
    assert len(defaults) > 10
