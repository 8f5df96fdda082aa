"""Limits: how large a request may be, and the one linear pass that measures a document."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
)
from graphql import parse as read

from .error_codes import Code, coded_error
from .interfaces import RequestRefused, Stage

__all__ = ["Limits", "measure_document", "parse_document", "measure_variables"]

INTROSPECTION = ("__schema", "__type")
INCREMENTAL = ("defer", "stream")
TOO_MANY = "Syntax Error: Document contains more than"
# What a syntax error quotes of the document may be somebody's data.
QUOTED = re.compile(r"(String|BlockString|Int|Float) '.*'", re.DOTALL)
# PostgreSQL's text cannot hold U+0000; escaped backslashes before it are skipped in pairs.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u(?:0000|\{0+\})|\0")
NAMED = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,59}")
# Counts stop here, so that a document that expands without end is measured with small numbers.
MANY = 1_000_000
SIZES = ("document", "tokens", "comments", "depth", "fields", "aliases", "directives", "roots", "mutations")

Way = tuple[str | int, ...]
"""The keys and indexes on the way to a value."""

STRANGER = "stranger_"
"""The prefix of limits that only callers without an account have."""


def declare_limit(default: float, doc: str) -> Any:
    """Declare a limit with its default and what it bounds."""
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most a request may ask for. An error names the setting as `limits.depth`."""

    body: int = declare_limit(1_000_000, "Bytes of a request body.")
    headers: int = declare_limit(32_768, "Bytes of all header values together.")
    url: int = declare_limit(32_768, "Bytes of the query string of a GET request.")
    document: int = declare_limit(50_000, "Characters of a document.")
    tokens: int = declare_limit(1_000, "Tokens of a document.")
    comments: int = declare_limit(100, "Comments in a document.")
    depth: int = declare_limit(15, "Levels of fields in an operation; introspection is bounded by a rule of its own.")
    fields: int = declare_limit(300, "Fields of an operation, fragments written out.")
    aliases: int = declare_limit(15, "Aliases in an operation, fragments written out; those of __typename are free.")
    directives: int = declare_limit(50, "Directives in an operation, fragments written out.")
    roots: int = declare_limit(20, "Fields at the root of an operation, fragments written out.")
    mutations: int = declare_limit(10, "Fields at the root of a mutation, fragments written out.")
    nesting: int = declare_limit(20, "Levels of objects and lists in the JSON of a request.")
    items: int = declare_limit(1_000, "Items of a list in the variables.")
    values: int = declare_limit(10_000, "Values in the JSON of a request, all told.")
    cost: int = declare_limit(10_000, "Objects an operation may return, with what its conditions cost.")
    filters: int = declare_limit(8, "Levels of and, or and not in a filter.")
    conditions: int = declare_limit(
        200, "Conditions in the filters of an operation, as often as a field is given them."
    )
    stranger_conditions: int = declare_limit(40, "The same for callers without an account.")
    choices: int = declare_limit(
        10_000, "Values in the lists of an operation's conditions, as often as a field is given them."
    )
    stranger_choices: int = declare_limit(1_000, "The same for callers without an account.")
    search: int = declare_limit(200, "Bytes of a text to search for, in UTF-8.")
    parameters: int = declare_limit(2_000, "Parameters of an operation's statement.")
    stranger_parameters: int = declare_limit(400, "The same for callers without an account.")
    planning: int = declare_limit(
        4_000, "Steps that planning an operation may take, each some fifteen to thirty microseconds."
    )
    stranger_planning: int = declare_limit(2_000, "The same for callers without an account.")
    cache: int = declare_limit(64_000_000, "Bytes of prepared documents and their statements that a process keeps.")
    stranger_cache: int = declare_limit(32_000_000, "The same of documents from callers without an account.")
    errors: int = declare_limit(20, "Errors reported for a document, and for its variables.")
    arriving: float = declare_limit(
        10, "Seconds for the head of a request to arrive, and for a connection to say anything."
    )
    reading: float = declare_limit(10, "Seconds for a request body to arrive.")
    running: float = declare_limit(10, "Seconds for an operation to run.")
    sockets: int = declare_limit(
        20, "Sockets and event streams an account may have open, or an address without an account."
    )
    operations: int = declare_limit(100, "Operations under way on a socket.")
    message: int = declare_limit(262_144, "Bytes of a message on a socket.")
    messages: float = declare_limit(100, "Messages a second read from a socket in the long run; more of them wait.")
    initializing: float = declare_limit(3, "Seconds for a socket's connection_init to arrive.")
    ping: float = declare_limit(12, "Seconds between pings on a socket, and between comments in an event stream.")
    stalling: float = declare_limit(10, "Seconds for a message to leave; a client that does not read is cut off.")
    outgoing: int = declare_limit(8_000_000, "Bytes waiting for a client that reads slowly.")
    recheck: float = declare_limit(60, "Seconds after which the credentials of a socket or stream are checked again.")

    def setting(self, name: str, stranger: bool) -> tuple[str, int]:
        """Return the setting that bounds something, and how much it allows; for strangers the tighter one."""
        names = [name, f"{STRANGER}{name}"] if stranger and hasattr(self, f"{STRANGER}{name}") else [name]
        found = min(names, key=lambda each: int(getattr(self, each)))
        return found, getattr(self, found)

    @property
    def trusted_limits(self) -> Limits:
        """The same for a document the operator has added: it may be of any size."""
        return replace(self, **dict.fromkeys(SIZES, sys.maxsize))


class SelectionSize(NamedTuple):
    """What a selection set amounts to, fragments written out."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    roots: int = 0


NOTHING = SelectionSize()
NOUNS = {"depth": "levels of fields", "roots": "fields at its root", "mutations": "fields at its root"}


def parse_document(text: str, limits: Limits) -> DocumentNode:
    """Parse a document that keeps to the limits on its text; raise RequestRefused otherwise."""
    if len(text) > limits.document:
        raise RequestRefused(
            [limit_exceeded("The document has", "characters", "document", len(text), limits)], Stage.LIMIT
        )
    # Before parsing: graphql-core takes U+0000 in strings, and the database would fail on it as a fault of ours.
    if NUL.search(text):
        message = "The document holds the character U+0000, which cannot be stored; leave it out."
        raise RequestRefused([coded_error(Code.GRAPHQL_PARSE_FAILED, message)], Stage.PARSE)
    try:
        # Tokens are bounded while they are read: a short document
        # can nest so deep that parsing it exhausts the stack.
        return read(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
    except GraphQLSyntaxError as problem:
        raise syntax_refusal(problem, limits) from None


def syntax_refusal(problem: GraphQLSyntaxError, limits: Limits) -> RequestRefused:
    """Say why a document cannot be parsed, without repeating values from it."""
    if problem.message.startswith(TOO_MANY):
        setting = "comments" if problem.message.endswith("comments. Parsing aborted.") else "tokens"
        return RequestRefused([limit_exceeded("The document has", setting, setting, None, limits)], Stage.LIMIT)
    message = QUOTED.sub(r"\1", problem.message)
    extensions = {"code": Code.GRAPHQL_PARSE_FAILED.value}
    hidden = GraphQLError(message, source=problem.source, positions=problem.positions, extensions=extensions)
    return RequestRefused([hidden], Stage.PARSE)


def measure_document(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """Measure every operation of a parsed document, each fragment once, and return what exceeds the limits.

    Needs no schema and no validation before it: unknown fragments count nothing, fragments in a circle are an error.
    """
    # Each fragment is measured once, in an order in which what it spreads is known; written out, a document
    # of fragments that spread each other twice would double with each and never be measured in time.
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    meter = SelectionMeter()
    try:
        for name in TopologicalSorter(
            {name: spread_fragments(node) for name, node in fragments.items()}
        ).static_order():
            if fragment := fragments.get(name):
                meter.known[name] = meter.definition(fragment)
    except CycleError as problem:
        circle = " → ".join(reversed(problem.args[1]))
        message = f"The fragments {circle} spread each other in a circle; break it."
        return [coded_error(Code.GRAPHQL_VALIDATION_FAILED, message, fragments[problem.args[1][0]])]
    found = [
        problem
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
        for problem in find_overruns(node, meter.definition(node), limits)
    ]
    return found + [incremental_unsupported(node) for node in meter.incremental]


def spread_fragments(node: FragmentDefinitionNode) -> set[str]:
    """Return the fragments that are spread in this one itself."""
    names = set()
    stack: list[SelectionNode] = list(node.selection_set.selections)
    # A stack of our own, since depth has not been checked yet and recursion could be exhausted.
    while stack:
        match stack.pop():
            case FragmentSpreadNode(name=name):
                names.add(name.value)
            case FieldNode(selection_set=inner) | InlineFragmentNode(selection_set=inner) if inner:
                stack += inner.selections
    return names


class SelectionMeter:
    """Measures selection sets. Fragments are measured before what spreads them, so each node is seen once."""

    def __init__(self) -> None:
        self.known: dict[str, SelectionSize] = {}
        self.incremental: list[DirectiveNode] = []

    def definition(self, node: FragmentDefinitionNode | OperationDefinitionNode) -> SelectionSize:
        """Measure an operation or a fragment, directives on variables included."""
        size = self.selections(node.selection_set.selections)
        variables = sum(self.directives(variable.directives) for variable in node.variable_definitions or ())
        return size._replace(directives=min(MANY, size.directives + self.directives(node.directives) + variables))

    def selections(self, nodes: Iterable[SelectionNode]) -> SelectionSize:
        """Add up the fields of a selection set and what is inside them."""
        depth = fields = aliases = directives = roots = 0
        for node in nodes:
            directives += self.directives(node.directives)
            inner = self.inner(node)
            if isinstance(node, FieldNode):
                name = node.name.value
                # Introspection nests deep in every tool's query; validation has a rule of its own for it.
                depth = max(depth, 1 if name in INTROSPECTION else 1 + inner.depth)
                fields += 1
                aliases += node.alias is not None and name != "__typename"
                roots += 1
            else:
                depth = max(depth, inner.depth)
                roots += inner.roots
            fields += inner.fields
            aliases += inner.aliases
            directives += inner.directives
        return SelectionSize(depth, min(MANY, fields), min(MANY, aliases), min(MANY, directives), min(MANY, roots))

    def inner(self, node: SelectionNode) -> SelectionSize:
        """Measure what is inside a field or fragment."""
        if isinstance(node, FragmentSpreadNode):
            return self.known.get(node.name.value, NOTHING)
        selected: Any = getattr(node, "selection_set", None)
        return self.selections(selected.selections) if selected else NOTHING

    def directives(self, nodes: Iterable[DirectiveNode] | None) -> int:
        """Count directives, noting those that are not supported."""
        count = 0
        for node in nodes or ():
            count += 1
            if node.name.value in INCREMENTAL:
                self.incremental.append(node)
        return count


def find_overruns(node: OperationDefinitionNode, size: SelectionSize, limits: Limits) -> list[GraphQLError]:
    """Return the errors for what of an operation exceeds the limits."""
    counts = size._asdict()
    if node.operation is OperationType.MUTATION:
        counts["mutations"] = counts.pop("roots")
    subject = f"The operation {node.name.value} has" if node.name else "The operation has"
    return [
        limit_exceeded(subject, NOUNS.get(name, name), name, count, limits, node)
        for name, count in counts.items()
        if count > getattr(limits, name)
    ]


def incremental_unsupported(node: DirectiveNode) -> GraphQLError:
    """Make the error for a directive that asks for an answer in pieces."""
    message = f"@{node.name.value} is not supported: answers are sent whole. Leave it out."
    return coded_error(Code.GRAPHQL_VALIDATION_FAILED, message, node)


def measure_variables(value: Any, limits: Limits, path: str = "variables") -> list[GraphQLError]:
    """Return what is too deep, too long or too many in parsed JSON; stops at the first finding."""
    # A loop, since recursion would follow the very nesting that is being measured.
    stack: list[tuple[Way, Any]] = [((), value)] if isinstance(value, (dict, list)) else []
    left = limits.values
    while stack:
        way, value = stack.pop()
        if isinstance(value, list) and len(value) > limits.items:
            return [limit_exceeded(f"{reduce(join_path, way, path)} has", "items", "items", len(value), limits)]
        left -= len(value)
        if left < 0:
            return [limit_exceeded("The request has", "values", "values", None, limits)]
        inside = [((*way, key), item) for key, item in iterate_entries(value) if isinstance(item, (dict, list))]
        if inside and len(way) + 1 >= limits.nesting:
            return [limit_exceeded(f"{reduce(join_path, way, path)} is nested:", "levels", "nesting", None, limits)]
        stack += inside
    return []


def iterate_entries(value: Mapping[str, Any] | list[Any]) -> Iterable[tuple[str | int, Any]]:
    """Return the members of an object or list with their keys."""
    return value.items() if isinstance(value, Mapping) else enumerate(value)


def join_path(path: str, key: str | int) -> str:
    """Extend the path that errors show; a key that is no name is a value, and is not shown."""
    step = key if isinstance(key, int) or NAMED.fullmatch(key) else "…"
    return f"{path}.{step}"[:100] if path else str(step)[:100]


def limit_exceeded(
    subject: str, noun: str, setting: str, found: int | None, limits: Limits, node: Node | None = None
) -> GraphQLError:
    """Make the error for a limit that is exceeded; `found` is None where counting stopped at the limit."""
    allowed = getattr(limits, setting)
    exact = found is not None and found < MANY
    count = f"{found:,}" if exact else f"more than {min(allowed, MANY):,}"
    message = f"{subject} {count} {noun}; at most {allowed:,} are allowed (limits.{setting})."
    extensions = {"limit": f"limits.{setting}", "allowed": allowed} | ({"found": found} if exact else {})
    return coded_error(Code.LIMIT_EXCEEDED, message, node, **extensions)
