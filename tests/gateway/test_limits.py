"""The linear pass over a document, against writing every fragment out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import FrameType
from typing import Any

import pytest
from gongzhi_server.gateway import Limits, RequestRefused, Stage
from gongzhi_server.gateway import limits as bounds
from graphql import get_introspection_query
from graphql import parse as read
from hypothesis import given, settings
from hypothesis import strategies as st

COUNTED = ("depth", "fields", "aliases", "directives", "roots")
NONE = Limits(**dict.fromkeys(COUNTED, -1))  # every count is reported


@dataclass(frozen=True)
class Field:
    name: str
    alias: bool
    directives: int
    inner: tuple[Any, ...]


@dataclass(frozen=True)
class Inline:
    directives: int
    inner: tuple[Any, ...]


@dataclass(frozen=True)
class Spread:
    fragment: int
    directives: int


Fragments = Mapping[int, tuple[int, tuple[Any, ...]]]


@st.composite
def selections(draw: st.DrawFn, first: int, last: int, levels: int = 2) -> tuple[Any, ...]:
    """Selections that may spread the fragments from `first` to `last`."""
    inner = selections(first, last, levels - 1) if levels else st.just(())
    names = st.sampled_from(["a", "b", "__typename", "__schema", "__type"])
    directives = st.integers(0, 2)
    kinds: list[st.SearchStrategy[Any]] = [st.builds(Field, names, st.booleans(), directives, inner)]
    if levels:
        kinds.append(st.builds(Inline, directives, inner.filter(bool)))
    if first <= last:
        kinds.append(st.builds(Spread, st.integers(first, last), directives))
    return tuple(draw(st.lists(st.one_of(kinds), min_size=1, max_size=3)))


@st.composite
def documents(draw: st.DrawFn) -> tuple[tuple[Any, ...], Fragments]:
    """An operation's selections, and fragments that spread later ones alone."""
    count = draw(st.integers(0, 3))
    fragments = {n: (draw(st.integers(0, 1)), draw(selections(n + 1, count))) for n in range(1, count + 1)}
    return draw(selections(1, count)), fragments


def written(nodes: tuple[Any, ...]) -> str:
    """The selections as GraphQL."""
    parts = []
    for node in nodes:
        marks = " @x" * node.directives
        match node:
            case Field(name, alias, _, inner):
                parts.append(("c: " if alias else "") + name + marks + (f" {written(inner)}" if inner else ""))
            case Inline(_, inner):
                parts.append(f"...{marks} {written(inner)}")
            case Spread(fragment):
                parts.append(f"...F{fragment}{marks}")
    return "{ " + " ".join(parts) + " }"


def naive(nodes: tuple[Any, ...], fragments: Fragments, depth: int, hidden: bool, count: Counter[str]) -> None:
    """Walk the document as if every fragment were written out; `hidden` is the inside of introspection."""
    for node in nodes:
        count["directives"] += node.directives
        match node:
            case Field(name, alias, _, inner):
                count["fields"] += 1
                count["aliases"] += alias and name != "__typename"
                count["roots"] += depth == 0
                if not hidden:
                    count["depth"] = max(count["depth"], depth + 1)
                naive(inner, fragments, depth + 1, hidden or name in ("__schema", "__type"), count)
            case Inline(_, inner):
                naive(inner, fragments, depth, hidden, count)
            case Spread(number):
                marks, inner = fragments[number]
                count["directives"] += marks
                naive(inner, fragments, depth, hidden, count)


def text(nodes: tuple[Any, ...], fragments: Fragments) -> str:
    rest = [f"fragment F{n} on T{' @x' * marks} {written(inner)}" for n, (marks, inner) in fragments.items()]
    return " ".join([*reversed(rest), written(nodes)])


def found(document: str, limits: Limits = NONE) -> dict[str, int]:
    """What the pass counted, by setting."""
    return {
        error.extensions["limit"].removeprefix("limits."): error.extensions["found"]
        for error in bounds.measure_document(read(document), limits)
        if error.extensions
    }


@settings(deadline=None)
@given(documents())
def test_pass_equals_expansion(document: tuple[tuple[Any, ...], Fragments]) -> None:
    nodes, fragments = document
    count = Counter(dict.fromkeys(COUNTED, 0))
    naive(nodes, fragments, 0, False, count)
    assert found(text(nodes, fragments)) == dict(count)


def chain(levels: int, inner: str) -> str:
    """A document that doubles at each level."""
    links = [f"fragment F{n} on Q {{ {inner.format(n + 1)} }}" for n in range(levels)]
    return " ".join(["{ ...F0 }", *links, f"fragment F{levels} on Q {{ a }}"])


def work(document: str) -> int:
    """How many functions of the module a check calls."""
    parsed, calls = read(document), 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename == bounds.__file__

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        bounds.measure_document(parsed, Limits())
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize(
    "inner", ["...F{0} ...F{0}", "a {{ ...F{0} }} b: a {{ ...F{0} }}", "... {{ ...F{0} }} ...F{0}"]
)
def test_work_stays_linear(inner: str) -> None:
    """Twice as many levels are twice the work, not a million times."""
    short, long = work(chain(20, inner)), work(chain(40, inner))
    assert 20 < short < 1_000
    assert long < 2.2 * short


@pytest.mark.parametrize(
    ("levels", "said"), [(10, "1,024"), (19, "524,288"), (20, "more than 300"), (500, "more than 300")]
)
def test_doubling_is_counted(levels: int, said: str) -> None:
    """Exactly as far as it makes sense, then as a bound."""
    errors = bounds.measure_document(read(chain(levels, "...F{0} ...F{0}")), Limits())
    assert f"The operation has {said} fields; at most 300 are allowed (limits.fields)." in [e.message for e in errors]


@pytest.mark.parametrize(
    "fragments",
    [
        "fragment A on Q { ...A }",
        "fragment A on Q { ...B } fragment B on Q { a { ...A } }",
        "fragment A on Q { ...B a } fragment B on Q { ...C ...C } fragment C on Q { ... { ...A } }",
    ],
)
def test_circle_is_refused(fragments: str) -> None:
    [error] = bounds.measure_document(read("{ ...A } " + fragments), Limits())
    assert "circle" in error.message and "A" in error.message
    assert error.extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert error.locations


def test_unknown_fragment_ignored() -> None:
    """Validation says it better."""
    assert bounds.measure_document(read("{ ...Nope a }"), Limits()) == []


@pytest.mark.parametrize("options", [{}, {"specified_by_url": True, "input_value_deprecation": True}])
def test_introspection_query_fits(options: Mapping[str, bool]) -> None:
    """The standard query is deep, and every tool sends it."""
    document = bounds.parse_document(get_introspection_query(**options), Limits())
    assert bounds.measure_document(document, Limits()) == []


def test_nested_fields_measured() -> None:
    """As deep as the parser lets it be."""
    assert found("{ a" * 199 + " }" * 199)["depth"] == 199


SIZES: dict[str, Callable[[int], str]] = {
    "depth": lambda n: "{ a" * n + " }" * n,
    "fields": lambda n: "{ a { %s } }" % ("b " * (n - 1)),
    "aliases": lambda n: "{ a { " + " ".join(f"b{i}: b" for i in range(n)) + " c: __typename } }",
    "directives": lambda n: "query($v: Int @x) @x { a %s ...F } fragment F on Q @x { b }" % ("@x " * (n - 3)),
    "roots": lambda n: "{ %s ...F } fragment F on Q { ... { a } }" % ("a " * (n - 1)),
    "mutations": lambda n: "mutation { %s }" % ("a " * n),
}


@pytest.mark.parametrize("setting", SIZES)
def test_limit_is_exact(setting: str) -> None:
    limits = Limits(fields=500)
    allowed = getattr(limits, setting)
    assert bounds.measure_document(read(SIZES[setting](allowed)), limits) == []
    [error] = bounds.measure_document(read(SIZES[setting](allowed + 1)), limits)
    assert f"{allowed + 1} " in error.message and f"at most {allowed} " in error.message
    assert f"(limits.{setting})" in error.message
    assert error.extensions == {
        "code": "LIMIT_EXCEEDED",
        "limit": f"limits.{setting}",
        "found": allowed + 1,
        "allowed": allowed,
    }


def test_operation_is_named() -> None:
    [error] = bounds.measure_document(read("query Fine { a } query Deep { a { a { a } } }"), Limits(depth=2))
    assert error.message == "The operation Deep has 3 levels of fields; at most 2 are allowed (limits.depth)."


@pytest.mark.parametrize(
    "document", ["{ ... @defer { a } }", "{ ...F } fragment F on Q { a @stream(initialCount: 1) }"]
)
def test_incremental_is_explained(document: str) -> None:
    [error] = bounds.measure_document(read(document), Limits())
    assert "not supported" in error.message
    assert error.extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}


def refusal(document: str, limits: Limits) -> tuple[Stage, str, dict[str, Any]]:
    with pytest.raises(RequestRefused) as caught:
        bounds.parse_document(document, limits)
    [error] = caught.value.errors
    return caught.value.stage, error.message, error.extensions or {}


@pytest.mark.parametrize(
    ("setting", "fits", "exceeds", "said"),
    [
        ("document", "{ abcdefg }", "{ abcdefgh }", "12 characters"),
        ("tokens", "{ a b c d e f g h i }", "{ a b c d e f g h i j }", "more than 11 tokens"),
        ("comments", "#\n" * 11 + "{ a }", "#\n" * 12 + "{ a }", "more than 11 comments"),
    ],
)
def test_text_limit_exact(setting: str, fits: str, exceeds: str, said: str) -> None:
    limits = Limits(**{setting: 11})
    assert bounds.parse_document(fits, limits).definitions
    stage, message, extensions = refusal(exceeds, limits)
    assert stage is Stage.LIMIT
    assert message == f"The document has {said}; at most 11 are allowed (limits.{setting})."
    assert (extensions["code"], extensions["limit"]) == ("LIMIT_EXCEEDED", f"limits.{setting}")


def test_phrase_in_document() -> None:
    """A string that reads like a limit's message is still a syntax error."""
    stage, message, extensions = refusal('{ a "Document contains more than 5 tokens" }', Limits())
    assert stage is Stage.PARSE
    assert extensions["code"] == "GRAPHQL_PARSE_FAILED"
    assert "Document contains" not in message


def literal(text: str) -> str:
    return '{ a(b: "' + text + '") }'


@pytest.mark.parametrize("escape", ["\\u0000", "\\u{0}", "\\u{0000}", "\\\\\\u0000", "\0"])
def test_nul_is_refused(escape: str) -> None:
    assert "U+0000" in refusal(literal(escape), Limits())[1]


@pytest.mark.parametrize("harmless", ["\\\\u0000", "\\u0001", "\\u{10}", "u0000"])
def test_other_escapes_parse(harmless: str) -> None:
    assert bounds.parse_document(literal(harmless), Limits())


def nest(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


@pytest.mark.parametrize(
    ("setting", "fits", "exceeds", "said"),
    [
        ("nesting", nest(5), nest(6), "more than 5 levels"),
        ("items", [1] * 5, {"a": [1] * 6}, "variables.a has 6 items"),
        ("values", {"a": [1, 2], "b": {"c": 1}}, {"a": [1, 2], "b": {"c": 1, "d": 2}}, "more than 5 values"),
    ],
)
def test_variables_limit_exact(setting: str, fits: Any, exceeds: Any, said: str) -> None:
    limits = Limits(**{setting: 5})
    assert bounds.measure_variables(fits, limits) == []
    [error] = bounds.measure_variables(exceeds, limits)
    assert said in error.message and f"(limits.{setting})" in error.message
    assert error.extensions and error.extensions["code"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("value", [None, 1, "x" * 100_000, {}, []])
def test_small_variables_fit(value: Any) -> None:
    assert bounds.measure_variables(value, Limits()) == []


def test_limits_are_documented() -> None:
    for each in fields(Limits):
        assert each.metadata["doc"].endswith(".")
        assert getattr(Limits(), each.name) > 0
