"""What stands behind the gateway: prepares documents, runs operations, words errors."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
from asyncpg.exceptions import QueryCanceledError
from gongzhi.access.types import Glass
from gongzhi.context import Context
from gongzhi.entity import key_of
from gongzhi.errors import Language, Refusal
from gongzhi.viewer import Viewer
from graphql import GraphQLError, get_operation_ast, validate
from graphql.execution.values import VariableValues, get_variable_values

from .commands import Denied
from .door import words
from .execution import Fetch, Session
from .gateway import limits
from .gateway.codes import Code, error
from .gateway.engine import Answer, Refused, Stage
from .gateway.limits import Limits
from .planner import Document, Planner
from .planner.planner import Documents
from .schema import Schema

log = logging.getLogger("gongzhi")


class Engine:
    """Answers operations of one schema. `context` makes what runs for a viewer have at hand."""

    def __init__(
        self,
        schema: Schema,
        fetch: Fetch,
        context: Callable[[Viewer], Context],
        bounds: Limits | None = None,
    ) -> None:
        self.planner = Planner(schema)
        self.fetch, self.context = fetch, context
        self.limits = bounds or Limits()
        self._documents = Documents(partial(self._prepared, self.limits))
        self._trusted = Documents(partial(self._prepared, self.limits.trusting))

    def prepare(self, text: str, name: str | None, /, trusted: bool = False) -> Document:
        """The operation, parsed, measured and validated once; raises Refused. A trusted one may be of any size."""
        return (self._trusted if trusted else self._documents).find(text, name)

    def _prepared(self, bounds: Limits, text: str, name: str | None) -> Document:
        schema = self.planner.schema
        ast = limits.parse(text, bounds)
        if found := limits.check(ast, bounds):
            raise Refused(found, Stage.LIMIT)
        if invalid := validate(schema, ast, max_errors=self.limits.errors):
            raise Refused(invalid, Stage.VALIDATION)
        node = get_operation_ast(ast, name)
        if node is None:
            message = f"There is no operation {name!r} in the document." if name else "Name the operation to run."
            raise Refused([error(Code.OPERATION_RESOLUTION_FAILURE, message)], Stage.OPERATION)
        return Document(schema, ast, node)

    async def run(
        self,
        document: Document,
        variables: Mapping[str, Any] | None,
        viewer: Viewer,
        extensions: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Execute; raises Refused for bad variables or too high a cost, TimeoutError where PostgreSQL gave up.

        A request with `extensions: {"cost": true}` is told what its query cost.
        """
        given = dict(variables or {})
        viewer = stated(viewer, extensions)
        context = self.context(viewer)
        cost = 0
        session = Session(self.planner, self.fetch, document, given, self.coerced(document, given), context)
        try:
            if document.operation == "query":
                statement = self.planner.query(document, session.variables, viewer)
                cost = self.afforded(statement.cost)
                data, errors = await session.query(statement)
            else:
                cost = self.afforded(self.planner.payload(document, session.variables, viewer))
                data, errors = await session.mutate()
        except QueryCanceledError as late:
            raise TimeoutError from late
        except Refusal as refusal:
            raise Refused([refused(refusal, viewer.language)], Stage.COERCION) from refusal
        except GraphQLError as problem:
            raise Refused([problem], Stage.COERCION) from problem
        told = {"cost": {"objects": cost, "limit": self.limits.cost}} if (extensions or {}).get("cost") else {}
        return answer(data, errors, viewer.language, told, cost)

    async def subscribe(
        self,
        document: Document,
        variables: Mapping[str, Any] | None,
        viewer: Viewer,
        extensions: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[Answer, None]:
        """Refuse: there is nothing to subscribe to yet. Raises Refused."""
        message = "Subscriptions are not answered yet; ask with a query."
        raise Refused([error(Code.OPERATION_NOT_ALLOWED, message)], Stage.OPERATION)
        yield

    def coerced(self, document: Document, given: dict[str, Any]) -> VariableValues:
        found = get_variable_values(self.planner.schema, document.node.variable_definitions or (), given)
        if isinstance(found, list):
            raise Refused(found, Stage.COERCION)
        return found

    def afforded(self, cost: int) -> int:
        """The cost, if it is within the budget; raises Refused before anything is run."""
        most = self.limits.cost
        if cost <= most:
            return cost
        message = f"The operation may return {cost} objects, and {most} are allowed; ask for fewer at once."
        problem = error(Code.COST_EXCEEDED, message, cost=cost, limit=most, setting="limits.cost")
        raise Refused([problem], Stage.COST)


def stated(viewer: Viewer, extensions: Mapping[str, Any] | None) -> Viewer:
    """The viewer with what the request says of itself: `purpose`, and the `glass` to look through."""
    said = {name: value for name in ("purpose", "glass") if isinstance(value := (extensions or {}).get(name), str)}
    if not said:
        return viewer
    purpose = words(said.get("purpose", "")) or viewer.purpose
    return replace(viewer, purpose=purpose, glass=key_of(Glass)(said.get("glass", "")))


def answer(
    data: bytes, errors: Iterable[GraphQLError], language: Language, extensions: Mapping[str, Any], cost: int = 0
) -> Answer:
    """The response. What was not expected is in the log under an id, and the caller is told the id."""
    found = [shown(one, language).formatted for one in errors]
    body = b'{"data":' + data
    if found:
        body += b',"errors":' + orjson.dumps(found, default=str)
    if extensions:
        body += b',"extensions":' + orjson.dumps(extensions)
    return Answer(body + b"}", errors=bool(found), data=data != b"null", cost=cost)


def shown(problem: GraphQLError, language: Language) -> GraphQLError:
    """The error as the caller may see it."""
    cause = problem.original_error
    if cause is None:
        return problem
    place: dict[str, Any] = {"nodes": problem.nodes, "path": problem.path}
    if isinstance(cause, Refusal):
        found = refused(cause, language)
        return GraphQLError(found.message, **place, extensions=found.extensions)
    if isinstance(cause, Denied):
        extensions = {"code": Code.FORBIDDEN.value, "permission": cause.permission}
        return GraphQLError(str(cause), **place, extensions=extensions)
    identifier = uuid4().hex
    log.error("operation failed (%s)", identifier, exc_info=cause)
    extensions = {"code": Code.INTERNAL_SERVER_ERROR.value, "id": identifier}
    return GraphQLError("Something went wrong on our side.", **place, extensions=extensions)


def refused(refusal: Refusal, language: Language) -> GraphQLError:
    """An expected failure as an error of the request."""
    extensions: dict[str, Any] = {"code": Code.BAD_USER_INPUT.value}
    if refusal.path:
        extensions["path"] = list(refusal.path)
    return GraphQLError(refusal.text.say(language), extensions=extensions)
