"""A request that is sent again answers as it did: every payload, whatever types are in it."""

from __future__ import annotations

import datetime
import enum
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import strawberry
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.commands import Call, Command, Problem, command, input_field, problems, result_field, secret_field
from gongzhi.runtime.context import Context
from gongzhi_server.commands import mutations
from gongzhi_server.commands.payloads import SCALARS, fields_to_store
from gongzhi_server.errors import Fault
from gongzhi_server.graphql.schema import Schema
from gongzhi_server.planner.rows import entity_of
from gongzhi_server.testing import ESSENTIAL
from graphql import get_named_type, is_leaf_type
from strawberry.scalars import JSON, Base64
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition

from ..planner.bench import ROOMY, Bench
from .hostile_values import full_value
from .mutation_lab import Lab

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAMPLES: dict[Any, Any] = {
    str: "深 \U0001f600",
    strawberry.ID: "Case:1",
    int: 0,
    bool: False,
    float: 1.10,
    Decimal: Decimal("1.10"),
    UUID: UUID(int=7),
    JSON: {"a": [1, None]},
    datetime.date: datetime.date(2026, 6, 30),
    datetime.time: datetime.time(8, 30),
    datetime.datetime: datetime.datetime(2026, 6, 30, 8, tzinfo=datetime.timezone(datetime.timedelta(hours=8))),
}
BATCHES = {"sync", "intakeCases"}
"""Mutations that store nothing themselves: each of their entries is a request of its own."""


@strawberry.enum(description="A colour.")
class Colour(enum.Enum):
    RED = "r"


@strawberry.type(description="A part.")
class Part:
    at: datetime.datetime = strawberry.field(description="When.")
    sum: Decimal = strawberry.field(description="How much.")
    case: Case | None = result_field("Which.")
    word: str | None = secret_field("Shown once.")


@strawberry.input(description="What.")
class AnswerInput:
    idempotency_key: str = input_field("The key.")


@strawberry.type(description="Everything that an answer may hold.")
class AnswerPayload:
    text: str | None = result_field("A text.")
    number: int | None = result_field("A number.")
    yes: bool | None = result_field("Yes or no.")
    half: float | None = result_field("A float.")
    sum: Decimal | None = result_field("A sum.")
    day: datetime.date | None = result_field("A day.")
    hour: datetime.time | None = result_field("An hour.")
    moment: datetime.datetime | None = result_field("A moment.")
    key: UUID | None = result_field("A key.")
    colour: Colour | None = result_field("A colour.")
    numbers: list[int] | None = result_field("Numbers.")
    moments: list[datetime.datetime] | None = result_field("Moments.")
    nothing: list[str] | None = result_field("No texts.")
    nested: list[list[int]] | None = result_field("Lists in a list.")
    anything: JSON | None = result_field("Anything.")
    part: Part | None = result_field("A part.")
    parts: list[Part] | None = result_field("Parts.")
    secret: str | None = secret_field("Shown once.")
    errors: list[Problem] = problems()


LEAVES = "text number yes half sum day hour moment key colour numbers moments nothing nested anything"
WHOLE = f"{LEAVES} part {{ at sum word }} parts {{ at sum word }} secret errors {{ code }}"


@command("Answer with everything.", requires=None)
async def answer(call: Call, input: AnswerInput) -> AnswerPayload:
    at = SAMPLES[datetime.datetime]
    part = Part(at=at, sum=Decimal("0.10"), word="shown once")
    return AnswerPayload(
        text="x", number=0, yes=False, half=5, sum=Decimal("10.00"), day=at.date(), hour=datetime.time(8), moment=at,
        key=UUID(int=1), colour=Colour.RED, numbers=[1, 0], moments=[at], nothing=[], nested=[[1], []],
        anything={"a": [1.5]}, part=part, parts=[part], secret="a secret",
    )  # fmt: skip


def keeping(laboratory: Lab, schema: Schema, fill: bool = False) -> Bench:
    """A bench that keeps what is answered; commands answer with what they `fill` their payloads with."""

    def context(viewer: Viewer) -> Context:
        async def perform(command: Command, given: Any) -> Any:
            async def function(call: Call, input: Any) -> Any:
                return sample(laboratory, command.payload)

            carried = replace(command, function=function, two_persons=False, action=None) if fill else command
            return await mutations.perform_command(at_hand, carried, given)

        at_hand = replace(laboratory.bench.at_hand(viewer), perform=perform)
        return at_hand

    return Bench(laboratory.bench._fetch, schema, ROOMY, at_hand=context)


async def test_all_lawful_types_come_back(laboratory: Lab) -> None:
    """All but what is shown once, which is stored nowhere."""
    bench = keeping(laboratory, Schema([*ESSENTIAL.extensions, ("tests", extend(Mutation, answer=answer))]))
    text = f"mutation($input: AnswerInput!) {{ answer(input: $input) {{ {WHOLE} }} }}"
    first, again = [await bench.ask(text, laboratory.viewer, input={"idempotencyKey": "1"}) for _ in range(2)]
    assert first.errors == [] and first.data["answer"]["errors"] == []
    assert first.data["answer"]["secret"] == "a secret"
    assert first.data["answer"]["part"]["word"] is None  # what is shown once belongs to the payload itself
    shown = first.body.replace(b'"secret":"a secret"', b'"secret":null')
    assert again.body == shown
    stored = await laboratory.stored("1")
    assert "a secret" not in stored and "shown once" not in stored


def noting(most: int) -> Any:
    """A command that answers with the text it was given, of so many characters at most."""

    @strawberry.input(name="NoteInput", description="A note.")
    class NoteInput:
        idempotency_key: str = input_field("The key.")
        text: str = input_field("What.", length=(1, most))
        file: str = input_field("As it is.", longest=9, default="")

    async def note(call: Call, input: NoteInput) -> AnswerPayload:
        return AnswerPayload(text=f"{input.text}|{input.file}")

    # The class is this function's own, so its name stands for nothing in the module.
    note.__annotations__ |= {"input": NoteInput, "return": AnswerPayload, "call": Call}
    return Schema([*ESSENTIAL.extensions, ("tests", extend(Mutation, note=command("Note.", requires=None)(note)))])


async def test_narrower_limits_change_no_answer(laboratory: Lab) -> None:
    """What was done is answered as it was; what was refused is refused, and its key stands for nothing else."""
    text = "mutation($input: NoteInput!) { note(input: $input) { text errors { code path } } }"
    wide, narrow = (keeping(laboratory, noting(most)) for most in (200, 5))

    async def give(bench: Bench, key: str, note: str, **more: Any) -> Any:
        given = {"idempotencyKey": key, "text": note, **more}
        return (await bench.ask(text, laboratory.viewer, input=given)).data["note"]

    done = await give(wide, "done", "  a long note ", file=" f ")
    assert done == {"text": "a long note| f ", "errors": []}, "a file is taken as it is sent"
    assert await give(narrow, "done", "  a long note ", file=" f ") == done
    refused = await give(narrow, "refused", "a long note", file="x" * 10)
    assert [one["path"] for one in refused["errors"]] == [["text"], ["file"]]
    assert await give(wide, "refused", "a long note", file="x" * 10) == refused
    [reused] = (await give(wide, "refused", "short"))["errors"]
    assert reused == {"code": "IDEMPOTENCY_KEY_REUSED", "path": ["idempotencyKey"]}


async def test_every_payload_comes_back(laboratory: Lab) -> None:
    """Of each mutation its first answer and the second, byte by byte."""
    different, bench = [], keeping(laboratory, laboratory.bench.schema, fill=True)
    for name, of in laboratory.mutations.items():
        declared = laboratory.command(name)
        if name in BATCHES or declared.repeats:
            continue
        kind = of.args["input"].type
        text = f"mutation($input: {kind}) {{ {name}(input: $input) {{ {selection(of)} }} }}"
        given = {**full_value("input", kind, laboratory.names(name)), "idempotencyKey": str(uuid4())}
        first, again = [await bench.ask(text, laboratory.viewer, input=given) for _ in range(2)]
        if first.refused or first.errors or first.data[name].get("errors") or first.body != again.body:
            different.append((name, first.errors, first.body, again.body))
    assert different == []


def selection(of: Any) -> str:
    """Everything of a payload but what is shown once, or made anew each time."""
    kind = get_named_type(of.type)
    stored = {field.python_name for field in fields_to_store(kind.extensions["strawberry-definition"].origin)}
    return " ".join(
        name if is_leaf_type(get_named_type(field.type)) else f"{name} {{ {parts(get_named_type(field.type))} }}"
        for name, field in kind.fields.items()
        if field.extensions["strawberry-definition"].python_name in stored
    )


def parts(kind: Any) -> str:
    leaves = [name for name, of in kind.fields.items() if is_leaf_type(get_named_type(of.type)) and not of.args]
    return "id" if "id" in kind.fields else " ".join(leaves)


def sample(laboratory: Lab, kind: Any) -> Any:
    """A payload, or a type in one, with something in each field."""
    values = {
        field.python_name: [] if field.python_name == "errors" else filled(laboratory, field.type)
        for field in fields_to_store(kind)
    }
    return kind(**values)


def filled(laboratory: Lab, kind: Any) -> Any:
    if isinstance(kind, StrawberryOptional):
        return filled(laboratory, kind.of_type)
    if isinstance(kind, StrawberryList):
        return [one for one in [filled(laboratory, kind.of_type)] if one is not None]
    if isinstance(kind, StrawberryEnumDefinition):
        return next(iter(kind.wrapped_cls))
    if kind in SCALARS:
        return SAMPLES[kind]
    if hasattr(kind, "__entity__"):
        entity = entity_of(kind)
        known = laboratory.keys.get(entity.name)
        return ref(kind, entity.parse(known), shown=True) if known else None
    return sample(laboratory, kind)


async def test_samples_are_whole() -> None:
    assert set(SAMPLES) == set(SCALARS)


@strawberry.type(description="A payload.")
class OddPayload:
    odd: Base64 | None = result_field("Bytes.")
    errors: list[Problem] = problems()


@strawberry.type(description="It holds itself.")
class Chain:
    next: list[Chain] = strawberry.field(description="The next.")


@strawberry.type(description="Another payload.")
class ChainPayload:
    chain: Chain | None = result_field("A chain.")
    errors: list[Problem] = problems()


@command("Answer oddly.", requires=None)
async def odd(call: Call, input: AnswerInput) -> OddPayload:
    raise NotImplementedError


@command("Answer without end.", requires=None)
async def endless(call: Call, input: AnswerInput) -> ChainPayload:
    raise NotImplementedError


@pytest.mark.parametrize(
    "declared, said",
    [
        (odd, r"OddPayload\.odd: Base64 cannot be stored"),
        (endless, r"ChainPayload\.chain\.next: Chain holds itself"),
    ],
)
async def test_what_cannot_be_stored_is_refused_at_start(declared: Any, said: str) -> None:
    """The plugin, the payload and the field are named."""
    with pytest.raises(Fault, match=said):
        Schema([*ESSENTIAL.extensions, ("vendor", extend(Mutation, declared=declared))])
