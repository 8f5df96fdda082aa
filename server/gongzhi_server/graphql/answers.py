"""Answers: the response to an operation, and its errors in the words and with the codes that a caller may see."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from asyncpg.exceptions import QueryCanceledError
from gongzhi.values.errors import Language, Refusal
from graphql import GraphQLError, Node

from gongzhi_server.commands.mutations import PermissionDenied
from gongzhi_server.errors import Unavailable
from gongzhi_server.gateway.error_codes import Code
from gongzhi_server.gateway.error_responses import hide_values
from gongzhi_server.gateway.interfaces import Answer, RequestRefused, Stage
from gongzhi_server.gateway.rate_limits import RateLimited
from gongzhi_server.planner.arguments import ArgumentRefusal
from gongzhi_server.planner.budget import BudgetExceeded
from gongzhi_server.telemetry.logs import log_fault
from gongzhi_server.telemetry.requests import name_request

PLACES = 10
"""The most places in a document that one error names."""

log = logging.getLogger("gongzhi")


def build_answer(
    data: bytes, errors: Iterable[GraphQLError], language: Language, extensions: Mapping[str, Any], cost: int = 0
) -> Answer:
    """Build the response. What was not expected is in the log under an id, and the caller is told the id."""
    found = [visible_error(one, language).formatted for one in errors]
    # The database's JSON goes in as it is; parsing and writing it again would cost more than the query.
    parts = [b'{"data":', data]
    if found:
        parts += b',"errors":', orjson.dumps(found, default=str)
    if extensions:
        parts += b',"extensions":', orjson.dumps(extensions)
    parts.append(b"}")
    return Answer(b"".join(parts), errors=bool(found), data=data != b"null", cost=cost)


def visible_error(problem: GraphQLError, language: Language) -> GraphQLError:
    """Build the error as the caller may see it."""
    cause = problem.original_error
    place: dict[str, Any] = {"nodes": problem.nodes, "path": problem.path}
    if cause is None:
        if "code" in (problem.extensions or {}):
            return problem
        extensions = {"code": Code.BAD_USER_INPUT.value, **(problem.extensions or {})}
        return GraphQLError(hide_values(problem.message), **place, extensions=extensions)
    if isinstance(cause, Refusal):
        found = refusal_error(cause, language)
        return GraphQLError(found.message, **place, extensions=found.extensions)
    if isinstance(cause, PermissionDenied):
        return refusal_of(cause, **place)
    if isinstance(cause, RateLimited):
        extensions = {"code": Code.RATE_LIMITED.value, "retryAfter": cause.after, "policy": cause.policy}
        return GraphQLError(f"{cause} Try again in {cause.after} seconds.", **place, extensions=extensions)
    if isinstance(cause, Unavailable):
        extensions = {"code": Code.UNAVAILABLE.value, "retryAfter": cause.after, **name_request()}
        return GraphQLError(str(cause), **place, extensions=extensions)
    # Anything else is a fault: its text may quote values, so only an id leaves the server.
    identifier = log_fault(log, "operation", cause)
    plugin = {name: said for name, said in (problem.extensions or {}).items() if name == "plugin"}
    extensions = {"code": Code.INTERNAL_SERVER_ERROR.value, "id": identifier, **name_request(), **plugin}
    return GraphQLError("Something went wrong on our side.", **place, extensions=extensions)


def refusal_of(denied: PermissionDenied, **place: Any) -> GraphQLError:
    """Build the error for a permission that is not held."""
    extensions = {"code": Code.FORBIDDEN.value, "permission": denied.permission}
    return GraphQLError(str(denied), **place, extensions=extensions)


def refusal_error(refusal: Refusal, language: Language) -> GraphQLError:
    """Build an error of the request from an expected failure."""
    # Of the codes of refusals only this one asks something else of a client than to mend what it sent.
    code = Code.CURSOR_EXPIRED if refusal.code == Code.CURSOR_EXPIRED else Code.BAD_USER_INPUT
    extensions: dict[str, Any] = {"code": code.value}
    if refusal.path:
        extensions["path"] = list(refusal.path)
    nodes = [refusal.node] if isinstance(refusal, ArgumentRefusal) else None
    if nodes:
        extensions["field"] = nodes[0].name.value
    return GraphQLError(refusal.text.say(language), nodes, extensions=extensions)


def merge_errors(errors: Iterable[GraphQLError]) -> list[GraphQLError]:
    """Return errors that say the same as one, with the places of all: a directive nobody knows is one mistake."""
    found: dict[str, list[Node]] = {}
    for one in errors:
        found.setdefault(one.message, []).extend(one.nodes or ())
    return [GraphQLError(message, nodes[:PLACES]) for message, nodes in found.items()]


@contextmanager
def translate_faults(language: Language) -> Iterator[None]:
    """Raise RequestRefused for what is wrong with what was asked, and TimeoutError where PostgreSQL gave up."""
    try:
        yield
    # PostgreSQL's own time limit ended the statement; to the caller it is the same as ours.
    except QueryCanceledError as late:
        raise TimeoutError from late
    except Refusal as refusal:
        raise RequestRefused([refusal_error(refusal, language)], Stage.COERCION) from refusal
    except GraphQLError as problem:
        raise RequestRefused(
            [problem], Stage.LIMIT if isinstance(problem, BudgetExceeded) else Stage.COERCION
        ) from problem
