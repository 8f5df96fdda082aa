"""No value that a caller may send is a fault of ours: every mutation and argument, one place at a time."""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi_server.plugins.contributions import Plugins
from graphql import (
    EnumValueNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_required_argument,
)

from ..access.matrix import inner
from ..planner.bench import Said
from .hostile_values import LONG, absent, full_value, literal, place_value, sample_values, tries
from .mutation_lab import Lab

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGING = {"first", "last", "after", "before", "orderBy"}
CALLER = {
    "BAD_USER_INPUT",
    "FORBIDDEN",
    "COST_EXCEEDED",
    "OPERATION_NOT_ALLOWED",
    "CURSOR_EXPIRED",
    "LIMIT_EXCEEDED",
    "UNAUTHENTICATED",
}
"""What a request may be refused with, however strange its values."""

BATCHES = {"sync", "intakeCases"}
"""Mutations whose entries are refused one by one, each by itself."""
OF_ACCOUNTS = {"createWebhook", "requestBulkExport"}
"""What they make belongs to an account: a caller without one is told so, and no field is at fault."""


ALWAYS = {"access.act", "access.loose", "access.look", "access.alert", "journal.request"}
"""What is written of a command that is refused: that it was tried, and its answer for when it is sent again."""


STRANGERS = {"checkQuiz", "endLegalFeed", "readLawArticle", "sync"}
"""What whoever comes may ask for: what is counted without a name, one's own that one has none of, and a batch whose
entries are each refused."""


class Faults(logging.Handler):
    """Collects what is logged as a fault of ours, and any log line that repeats what a caller sent."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.levelno >= logging.ERROR or LONG in message or "深深深" in message:
            self.found.append(message)


@pytest.fixture
def faults() -> Iterator[Faults]:
    handler, logger = Faults(), logging.getLogger()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "share", [pytest.param(1, id="one value a place"), pytest.param(None, id="all", marks=pytest.mark.slow)]
)
async def test_mutations_refuse_what_they_cannot_take(laboratory: Lab, faults: Faults, share: int | None) -> None:
    """Each place of each input is given what it cannot take, in a variable or in the document.

    A command that refuses none of it is named as well: nothing here has tried it with bad input.
    """
    wrong: list[str] = []
    untried = set(laboratory.mutations)
    for name, of in laboratory.mutations.items():
        kind, known = of.args["input"].type, laboratory.names(name)
        base = full_value("input", kind, known)
        for at, one in enumerate(sample_values(tries(kind), share)):
            given = place_value(base, kind, one.way, one.value, known)
            text, variables = written(name, kind, given, in_document=at % 2 == 1)
            said = await laboratory.bench.send(f"mutation{text}", variables, laboratory.viewer)
            codes = {one["extensions"]["code"] if "code" in one.get("extensions", {}) else "" for one in said.errors}
            if codes - CALLER - ({""} if said.refused else set()) or faults.found:
                wrong.append(f"{name}: {one} {sorted(codes)} {faults.found[:1]}")
                faults.found.clear()
            if said.refused or refusals(name, said):
                untried.discard(name)
            if refusals(name, said) and laboratory.changed - ALWAYS:
                wrong.append(f"{name}: {one} is refused, and changes {sorted(laboratory.changed - ALWAYS)}")
            wrong += [
                f"{name}: {one} is refused without the name of a field: {refusal}"
                for refusal in refusals(name, said)
                if refusal["code"] == "BAD_USER_INPUT" and not leads(kind, refusal["path"]) and name not in OF_ACCOUNTS
            ]
    assert not wrong, "\n".join(wrong)
    assert untried - BATCHES == set()


async def test_nothing_is_done_to_what_is_not_there(laboratory: Lab, faults: Faults) -> None:
    """Each id of an input with the key of no row, and each version long gone by: refused, and no row is another."""
    wrong: list[str] = []
    tried = 0
    for name, of in laboratory.mutations.items():
        kind, known = of.args["input"].type, laboratory.names(name)
        base = full_value("input", kind, known)
        for one in absent(base):
            tried += 1
            given = place_value(base, kind, one.way, one.value, known)
            text, variables = written(name, kind, given, in_document=False)
            said = await laboratory.bench.send(f"mutation{text}", variables, laboratory.viewer)
            done = not said.refused and not said.errors and not refusals(name, said)
            if done and name not in BATCHES or laboratory.changed - ALWAYS:
                wrong.append(f"{name}: {one} {'is done' if done else ''} {sorted(laboratory.changed - ALWAYS)}")
    assert tried > 300
    assert wrong + faults.found == []


async def test_strangers_do_nothing_to_what_is_there(laboratory: Lab, installed: Plugins, faults: Faults) -> None:
    """Every mutation on rows that are there, by somebody who has not signed in: only what is for whoever comes."""
    grant, done = ViewerGrant("stranger", installed.held("stranger")), set()
    caller = Viewer(ViewerAccount(grants=(grant,)), laboratory.viewer.now)
    for name, of in laboratory.mutations.items():
        kind, known = of.args["input"].type, laboratory.names(name)
        laboratory.changed.clear()
        given = full_value("input", kind, known)
        if name == "sync":
            del given["account"]  # of somebody else's batch nothing is done at all
        text, variables = written(name, kind, given, in_document=False)
        said = await laboratory.bench.send(f"mutation{text}", variables, caller)
        if laboratory.changed - ALWAYS or not said.refused and not said.errors and not refusals(name, said):
            done.add(name)
    assert done == STRANGERS
    assert faults.found == []


def refusals(name: str, said: Said) -> list[dict[str, Any]]:
    """What the payload of a mutation says of its input."""
    return [] if said.refused or said.errors else list(said.data[name]["errors"])


def leads(kind: Any, path: list[str]) -> bool:
    """Whether a path leads to a place of an input, so that whoever sent it finds what to mend."""
    for step in path:
        if step.isdigit():
            continue
        kind = get_named_type(kind)
        if not isinstance(kind, GraphQLInputObjectType):
            return kind.name == "JSON"
        if step not in kind.fields:
            return False
        kind = kind.fields[step].type
    return path != []


def written(name: str, kind: Any, given: Any, in_document: bool) -> tuple[str, dict[str, Any]]:
    """A mutation with its input, as a literal or in a variable."""
    if in_document:
        return f" {{ {name}(input: {literal(given)}) {{ errors {{ code path }} }} }}", {}
    return f"($input: {kind}) {{ {name}(input: $input) {{ errors {{ code path }} }} }}", {"input": given}


@pytest.mark.parametrize(
    "share", [pytest.param(1, id="one value a place"), pytest.param(None, id="all", marks=pytest.mark.slow)]
)
async def test_arguments_refuse_what_they_cannot_take(laboratory: Lab, faults: Faults, share: int | None) -> None:
    """The same of every argument of every field that can be reached from Query."""
    wrong: list[str] = []
    for owner, name, of in fields(laboratory):
        for argument, kind in tried(owner, of):
            needed = {key: one.type for key, one in of.args.items() if key == argument or is_required_argument(one)}
            base = {key: full_value(key, one, laboratory.known) for key, one in needed.items() if key != argument}
            for one in sample_values(tries(kind), share):
                given = {**base, argument: place_value(None, kind, one.way, one.value, laboratory.known)}
                if problem := await refusal(laboratory, owner, name, inner(of), needed, given):
                    wrong.append(f"{owner}.{name}({argument}): {one} {problem}")
                if faults.found:
                    wrong.append(f"{owner}.{name}({argument}): {one} {faults.found[:1]}")
                    faults.found.clear()
    assert wrong == []


async def refusal(
    laboratory: Lab, owner: str, name: str, selection: str, kinds: dict[str, Any], given: dict[str, Any]
) -> str:
    """What is wrong with how a field takes its arguments; nothing if it does or refuses them."""
    body = f"{name}({', '.join(f'{key}: ${key}' for key in kinds)}) {selection}"
    if owner:
        body = f'node(id: "{laboratory.keys[owner]}") {{ ... on {owner} {{ {body} }} }}'
    taken = ", ".join(f"${name}: {kind}" for name, kind in kinds.items())
    try:
        said = await laboratory.bench.send(f"query({taken}) {{ {body} }}", given, laboratory.viewer)
    except Exception as error:
        return repr(error)[:200]
    codes = {one.get("extensions", {}).get("code", "") for one in said.errors}
    return "" if not codes - CALLER - ({""} if said.refused else set()) else str(said.errors)[:300]


def fields(laboratory: Lab) -> Iterator[tuple[str, str, Any]]:
    """Every field that has arguments, of Query and of each type that has a row."""
    schema = laboratory.bench.schema._schema
    assert schema.query_type
    owners: list[tuple[str, GraphQLObjectType]] = [("", schema.query_type)]
    owners += [(name, schema.type_map[name]) for name in sorted(laboratory.keys)]  # type: ignore[misc]
    for owner, kind in owners:
        yield from ((owner, name, of) for name, of in sorted(kind.fields.items()) if of.args)


def tried(owner: str, of: Any) -> Iterator[tuple[str, Any]]:
    """The arguments to try on a field; those of pages are the same code everywhere, and tried at the root."""
    yield from ((name, one.type) for name, one in of.args.items() if not (owner and name in PAGING))


MATTER = 'idempotencyKey: "1", kind: HELP, category: "other", title: "t", description: "d", channel: "%s", grid: "%s"'


async def test_codes_longer_than_their_columns_are_named(laboratory: Lab) -> None:
    """The column bounds them, and the refusal says so by the field; both of a batch's entry."""
    for given, field, most in (((LONG, "610921101222"), "channel", 40), (("WEB", "9" * 20), "grid", 19)):
        text = f"mutation {{ reportCase(input: {{ {MATTER % given} }}) {{ errors {{ code message path }} }} }}"
        payload = (await laboratory.bench.data(text, laboratory.viewer))["reportCase"]
        [error] = payload["errors"]
        assert (error["code"], error["path"]) == ("BAD_USER_INPUT", [field])
        assert f"at most {most} characters" in error["message"]


async def test_entry_without_a_change_is_refused_for_good(laboratory: Lab) -> None:
    """A phone that is told to try again would do so for ever."""
    text = """mutation($step: OfflineStepInput) { sync(input: { idempotencyKey: "1", entries: [
      { clientId: "a", occurredAt: "2026-06-30T08:00:00+08:00", change: { handleCase: $step } },
      { clientId: "b", occurredAt: "2026-06-30T08:00:00+08:00", change: { handleCase: null } },
      { clientId: "c", occurredAt: "0001-01-01T00:00:00+14:00", change: { handleCase: null } }
    ] }) { results { state errors { path } } } }"""
    results = (await laboratory.bench.data(text, laboratory.viewer))["sync"]["results"]
    assert [one["state"] for one in results] == ["REFUSED"] * 3
    assert [one["errors"][0]["path"] for one in results] == [["change"], ["change"], ["occurredAt"]]


async def test_arguments_at_fault_are_named(laboratory: Lab) -> None:
    """Where a value lies outside every calendar; a filter by what a column is called otherwise finds its rows."""
    said = await laboratory.bench.ask(
        '{ digest(at: "9999-12-31", grid: "610921", period: DAY) { title } }', laboratory.viewer
    )
    assert said.refused and said.messages == ["digest(at): This must lie in the years 1800 to 2999."]
    assert said.errors[0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "digest", "path": ["at"]}
    text = "{ loanProducts(filter: { repayment: { equals: EQUAL_INSTALMENT } }) { nodes { repayment } } }"
    rows = (await laboratory.bench.data(text, laboratory.viewer))["loanProducts"]["nodes"]
    assert {row["repayment"] for row in rows} <= {"EQUAL_INSTALMENT"}


async def test_commands_have_members_of_enums(laboratory: Lab) -> None:
    """However they were written, in the document or in a variable."""
    for kind in laboratory.bench.schema._schema.type_map.values():
        if isinstance(kind, GraphQLEnumType) and not kind.name.startswith("__"):
            for name, value in kind.values.items():
                read = kind.coerce_input_value(name), kind.coerce_input_literal(EnumValueNode(value=name))
                assert all(isinstance(one, enum.Enum) for one in read), kind.name
                assert kind.coerce_output_value(value.value) == name
