"""Engine: runs operations, behind the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import perf_counter, thread_time
from typing import Any, TypeVar
from uuid import UUID

from gongzhi.core.access.break_glass import GLASS
from gongzhi.declare.filters import require_offset
from gongzhi.declare.plans import GUARD
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.context import Context
from gongzhi.runtime.tracing import span
from gongzhi.values.errors import Language, Refusal
from graphql import GraphQLError
from graphql.execution.values import VariableValues, get_variable_values
from tortoise.models import Model

from gongzhi_server.auth.authentication import clean_purpose
from gongzhi_server.clock import clock
from gongzhi_server.commands.mutations import PermissionDenied
from gongzhi_server.errors import Unavailable
from gongzhi_server.events.cursors import PositionExpired
from gongzhi_server.events.hub import Hub
from gongzhi_server.events.subscriptions import Current, Streams, SubscriptionRequest
from gongzhi_server.events.visibility import EventVisibility
from gongzhi_server.gateway.error_codes import Code, coded_error
from gongzhi_server.gateway.interfaces import Answer, Kind, RequestRefused, Stage
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.gateway.rate_limits import spend_time
from gongzhi_server.planner import Document, Planner, Statement
from gongzhi_server.planner.budget import BudgetExceeded
from gongzhi_server.planner.execution import Fetch, LostRows, OperationRun
from gongzhi_server.replicas.routing import Replicas
from gongzhi_server.storage.connection_shares import Shares, Unshared

from .answers import build_answer, refusal_of, translate_faults, visible_error
from .prepared_documents import shared_documents
from .schema import Schema
from .statement_plans import explain_statement

LARGE = 500
"""Values in the variables from which they are coerced in a thread."""

T = TypeVar("T")


async def value_of(fetch: Fetch, model: type[Model], column: str, key: Any) -> Any:
    """Return one column of the row with this key."""
    meta = model._meta
    statement = f'select "{column}" from "{meta.schema}"."{meta.db_table}" where "{meta.db_pk_column}"=$1'
    [[found]] = await fetch(statement, key)
    return found


async def same_viewer(viewer: Viewer) -> Viewer:
    """Return the viewer as they are: nothing here can change them."""
    return viewer


def ignore_fault(plugin: str, fault: str) -> None:
    """Ignore which plugin failed."""


def explain_nothing(viewer: Viewer) -> bool:
    """Refuse to show anybody the statements that operations become."""
    return False


class GraphQLEngine:
    """Answers operations of one schema. `context` makes what runs for a viewer have at hand.

    `report_failure` hears which plugin failed in an operation, and with which error. `shares` are the places at the
    database; without them everything reads by `fetch`. `explains` tells who may see the statements of operations.
    `replicas` answer what needs nothing but rows, for whoever says how much of the log they have seen.
    """

    def __init__(
        self,
        schema: Schema,
        fetch: Fetch,
        context: Callable[[Viewer], Context],
        bounds: Limits | None = None,
        hub: Hub | None = None,
        current: Current = same_viewer,
        now: Callable[[], datetime] = clock,
        report_failure: Callable[[str, str], None] = ignore_fault,
        shares: Shares | None = None,
        explains: Callable[[Viewer], bool] = explain_nothing,
        replicas: Replicas | None = None,
    ) -> None:
        self.limits, self.explains = bounds or Limits(), explains
        self.documents, self.report_failure = shared_documents(schema, self.limits), report_failure
        self.planner = self.documents.planner
        self.shares: Shares | Unshared = shares or Unshared(fetch)
        self.context, self.replicas = context, replicas
        self.hub = hub
        if hub:
            visibility = EventVisibility(self.planner, self.prepare_subscription, self.make_stream_run)
            self.streams = Streams(
                hub.feed, hub.cursors, current, self.make_stream_run, self.encode_answer, context, now, visibility
            )
        # One thread each: coercing and planning hold the interpreter, so more threads would only slow the loop down.
        self._coercing, self._planning = (ThreadPoolExecutor(1, name) for name in ("coercing", "planning"))

    def recall(self, text: str, name: str | None, /, trusted: bool = False, stranger: bool = False) -> Document | None:
        """Return the operation, if it has been prepared and is kept."""
        return self.documents.kept[trusted, stranger].recall(text, name)

    def prepare(self, text: str, name: str | None, /, trusted: bool = False, stranger: bool = False) -> Document:
        """Prepare an operation: parse, measure and validate it once. Raises RequestRefused.

        A trusted one may be of any size.
        """
        return self.documents.kept[trusted, stranger].find(text, name)

    async def run(
        self,
        document: Document,
        variables: Mapping[str, Any] | None,
        viewer: Viewer,
        extensions: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Execute; raises RequestRefused for bad variables or too high a cost, TimeoutError where PostgreSQL gave up.

        A request with `extensions: {"cost": true}` is told what its query cost; one with `{"explain": true}` what it
        would cost, and whoever may explore also the statement and its plan: it is not executed.
        """
        given = dict(variables or {})
        viewer = state_purpose(viewer, extensions)
        coerced = await self._coerce(document, given)
        run = self._make_run(document, given, coerced, viewer, document.operation)
        with translate_faults(viewer.language):
            for argument in document.arguments:
                argument.check(coerced)
            # The cost is checked before anything runs.
            statement, cost = await self._plan(run)
            if (extensions or {}).get("explain") is True:
                return await self.explain(run, statement, cost)
            if self.replicas is not None and statement is not None and statement.whole:
                await self._choose_reader(run, self.replicas)
            data, errors = await (self._mutate(run) if statement is None else run.query(statement))
        told: dict[str, Any] = {}
        if (extensions or {}).get("cost"):
            told["cost"] = {"objects": cost, "limit": self.limits.cost}
        if self.replicas is not None and statement is None:
            # For sockets, which have no headers.
            told["position"] = str(await self.replicas.note_write(viewer))
        self.count(errors)
        return build_answer(data, errors, viewer.language, told, cost)

    async def _choose_reader(self, run: OperationRun, replicas: Replicas) -> None:
        """Have a query read at a replica, if one is far enough."""
        replica = await replicas.choose(run.viewer)
        if replica is not None:
            run.read_by(*replicas.fetches(replica, run.viewer))

    async def explain(self, run: OperationRun, statement: Statement | None, cost: int) -> Answer:
        """Tell what an operation would cost, and whoever may explore how its statement would run."""
        told: dict[str, Any] = {"cost": {"objects": cost, "limit": self.limits.cost}}
        if statement is not None and self.explains(run.viewer):
            told |= {"statement": statement.sql, "plan": await explain_statement(run, statement)}
        return build_answer(b"null", (), run.viewer.language, {"explain": told})

    async def _plan(self, run: OperationRun) -> tuple[Statement | None, int]:
        """Return the statement of a query, none of a mutation, and the cost."""
        document, variables, viewer = run.document, run.variables, run.viewer
        if document.operation == "query":
            statement = await self._make_plan(lambda planner: planner.query(document, variables, viewer))
            return statement, self.require_affordable(statement.cost)
        # A mutation's payload is costed before it runs: afterwards it could not be refused.
        cost = await self._make_plan(lambda planner: planner.payload(document, variables, viewer))
        return None, self.require_affordable(cost)

    async def _make_plan(self, make: Callable[[Planner], T]) -> T:
        """Make a plan: here if that takes few steps, else in a thread, for it would hold up everybody else.

        Planning is charged even if it is refused.
        """
        begun = perf_counter()
        try:
            with span("plan"):
                return make(self.documents.brief)
        except BudgetExceeded as exceeded:
            if not exceeded.is_of_planning:
                raise
        finally:
            spend_time(perf_counter() - begun)
        seconds, context = 0.0, copy_context()

        def plan() -> T:
            nonlocal seconds
            begun = thread_time()
            try:
                # The context goes along, so that what is spent in the thread is charged to the operation.
                return context.run(make, self.planner)
            finally:
                seconds = thread_time() - begun

        try:
            with span("plan in a thread"):
                return await asyncio.get_running_loop().run_in_executor(self._planning, plan)
        finally:
            spend_time(seconds)

    async def _mutate(self, run: OperationRun) -> tuple[bytes, list[GraphQLError]]:
        """Answer a mutation once it has a place. Raises Overloaded."""
        async with self.shares.command(run.viewer):
            begun = perf_counter()
            try:
                return await run.mutate()
            except BaseException:
                if self.replicas is not None:
                    self.replicas.note_fault()
                raise
            finally:
                spend_time(perf_counter() - begun)

    async def subscribe(
        self,
        document: Document,
        variables: Mapping[str, Any] | None,
        viewer: Viewer,
        extensions: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[Answer, None]:
        """Answer after each event. Raises RequestRefused, for a cursor that is too old with CURSOR_EXPIRED.

        A stream first yields an answer without a body, whose cursor is where it begins.

        It goes on after `extensions["lastEventId"]`, or else after the argument `after`, or with what has happened
        since the argument `since`, or begins with what comes.
        """
        if self.hub is None:
            raise RequestRefused(
                [coded_error(Code.OPERATION_NOT_ALLOWED, "Nothing is told here; ask with a query.")], Stage.OPERATION
            )
        with translate_faults(viewer.language), self._translate_stream_faults(viewer.language):
            asked = await self._accept(document, dict(variables or {}), viewer)
            async with self.hub.following():
                position = await self.start_position(asked, (extensions or {}).get("lastEventId"))
                if not asked.live:
                    # No event comes with it: whoever comes again must not see by it that something has happened.
                    yield Answer(b"", cursor=self.hub.cursors.seal(position, varied=True))
                following = self.streams.follow(
                    asked,
                    viewer,
                    position,
                    lambda now: self.planner.stream(document, asked.variables, now, asked.field),
                )
                async with aclosing(following) as answers:
                    async for each in answers:
                        yield each

    async def _accept(self, document: Document, given: dict[str, Any], viewer: Viewer) -> SubscriptionRequest:
        """Return what somebody asks to follow, once it is known that they may and what it costs."""
        coerced = await self._coerce(document, given)
        for argument in document.arguments:
            argument.check(coerced)
        field = self.planner.followed_field(document, coerced)
        asked = SubscriptionRequest(document, given, coerced, field)
        self.allow(asked, viewer)
        statement = await self._make_plan(lambda planner: planner.stream(document, coerced, viewer, field))
        self.require_affordable(statement.cost)
        if statement.shape.looks:  # one answer serves many, and a look is somebody's
            message = "A subscription shows nobody's file: follow ids and codes, and ask for the file with a query."
            raise RequestRefused([coded_error(Code.OPERATION_NOT_ALLOWED, message)], Stage.OPERATION)
        return asked

    @contextmanager
    def _translate_stream_faults(self, language: Language) -> Iterator[None]:
        """Raise RequestRefused for what may go wrong with a stream alone."""
        try:
            yield
        except LostRows as lost:
            self.count([lost])
            raise RequestRefused([visible_error(lost, language)], Stage.OPERATION) from lost
        except PositionExpired as gone:
            message = "The events after this cursor are no longer kept; load what you follow, and begin anew."
            raise RequestRefused([coded_error(Code.CURSOR_EXPIRED, message)], Stage.OPERATION) from gone

    def allow(self, asked: SubscriptionRequest, viewer: Viewer) -> None:
        """Refuse somebody without the permission that the field needs."""
        guard = asked.field.declared.metadata.get(GUARD)
        if guard and not viewer.can(guard.permission):
            raise RequestRefused([refusal_of(PermissionDenied(guard.permission))], Stage.OPERATION)

    async def start_position(self, asked: SubscriptionRequest, last: str | None) -> int:
        """Return the position that a subscription goes on from.

        Raises PositionExpired, and Refusal for what is no cursor.
        """
        assert self.hub
        # What is followed live begins with what is now: there is nothing to catch up with.
        if asked.live:
            return self.hub.feed.position
        after, since = asked.arguments.get("after"), asked.arguments.get("since")
        if after is not None and since is not None:
            raise invalid_input("Begin at a cursor or at a time, not both.", "起点只能是游标或时间之一。", "since")
        # A browser that comes back sends the address it had, and where it has come since beside it.
        cursor = last or after
        if cursor is None and since is not None:
            return await self.hub.feed.find_position(require_offset(since, "since"))
        if cursor is None:
            return self.hub.feed.position
        position = self.hub.cursors.open(cursor)
        if position is None:
            raise Refusal("BAD_USER_INPUT", "That is no cursor of ours.", "续传游标无效。", ("after",))
        await self.hub.feed.check(position)
        return position

    def prepare_subscription(self, text: str) -> SubscriptionRequest:
        """Make a subscription of our own, without variables."""
        document = self.prepare(text, None)
        variables = self.coerce_variables(document, {})
        return SubscriptionRequest(document, {}, variables, self.planner.followed_field(document, variables))

    def make_stream_run(self, asked: SubscriptionRequest, viewer: Viewer) -> OperationRun:
        """Make what runs a subscription's statement for a viewer."""
        document, variables = asked.document, asked.variables

        def rebuild_without(plugin: str) -> Statement:
            return self.planner.stream(document, variables, viewer, asked.field, plugin)

        return self._make_run(document, asked.given, variables, viewer, "subscription", rebuild_without)

    def _make_run(
        self,
        document: Document,
        given: dict[str, Any],
        variables: VariableValues,
        viewer: Viewer,
        kind: Kind,
        rebuild_without: Callable[[str], Statement] | None = None,
    ) -> OperationRun:
        """Make what runs an operation, reading within the share that is due to it."""
        fetch, context = self.shares.reader(viewer, kind), self.context(viewer)
        if kind != "query":  # which a context reads for, if nothing else is said
            context = replace(context, fetch=fetch, value=partial(value_of, fetch))
        small = self.shares.small_reader(viewer, kind)
        return OperationRun(self.planner, fetch, document, given, variables, context, rebuild_without, small)

    def encode_answer(
        self, data: bytes, errors: Sequence[GraphQLError], viewer: Viewer, cost: int, cursor: str | None
    ) -> Answer:
        """Encode an answer of a subscription."""
        self.count(errors)
        return build_answer(data, errors, viewer.language, {}, cost)._replace(cursor=cursor)

    def count(self, errors: Iterable[GraphQLError]) -> None:
        """Count which plugins failed; to refuse what was asked for is no failure."""
        for one in errors:
            plugin = (one.extensions or {}).get("plugin")
            if plugin and not isinstance(one.original_error, Refusal | PermissionDenied | Unavailable):
                self.report_failure(plugin, type(one.original_error).__name__)

    async def _coerce(self, document: Document, given: dict[str, Any]) -> VariableValues:
        """Coerce variables; many of them in a thread, for reading thousands of dates takes long."""
        if not is_large(given):
            return self.coerce_variables(document, given)
        return await asyncio.get_running_loop().run_in_executor(self._coercing, self.coerce_variables, document, given)

    def coerce_variables(self, document: Document, given: dict[str, Any]) -> VariableValues:
        """Coerce variables. Raises RequestRefused for values that their types do not allow."""
        if simple := document.simply_coerced(given):
            return simple
        definitions = document.node.variable_definitions or ()
        found = get_variable_values(self.planner.schema, definitions, given, max_errors=self.limits.errors)
        if isinstance(found, list):
            raise RequestRefused(found, Stage.COERCION)
        return found

    def require_affordable(self, cost: int) -> int:
        """Return the cost, if it is within the budget. Raises RequestRefused before anything is run."""
        most = self.limits.cost
        if cost <= most:
            return cost
        message = f"The operation costs {cost} objects, and {most} are allowed; ask for fewer at once."
        problem = coded_error(Code.COST_EXCEEDED, message, cost=cost, limit=most, setting="limits.cost")
        raise RequestRefused([problem], Stage.COST)


def is_large(given: dict[str, Any]) -> bool:
    """Return whether there are more values in it than are coerced in a few milliseconds."""
    for one in given.values():
        if isinstance(one, (dict, list)):
            break
    else:
        return False
    # Stops as soon as the bound is passed, so the check itself is short for any size.
    left, stack = LARGE, [given]
    while stack and left >= 0:
        found = stack.pop()
        if isinstance(found, dict | list):
            left -= len(found)
            stack += found.values() if isinstance(found, dict) else found[:LARGE]
    return left < 0


def state_purpose(viewer: Viewer, extensions: Mapping[str, Any] | None) -> Viewer:
    """Add to a viewer what the request says of itself: `purpose`, and the `glass` to look through."""
    if not extensions:
        return viewer
    said = {name: value for name in ("purpose", "glass") if isinstance(value := extensions.get(name), str)}
    if not said:
        return viewer
    purpose = clean_purpose(said.get("purpose", "")) or viewer.purpose
    return replace(viewer, purpose=purpose, glass=read_glass_id(said.get("glass", "")))


def read_glass_id(text: str) -> UUID | None:
    """Read the id of the emergency access that a request names; None for what is no such id."""
    try:
        return UUID(text.removeprefix(GLASS)) if text.startswith(GLASS) else None
    except ValueError:
        return None
