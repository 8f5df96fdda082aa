"""Commands: mutations that check, change rows and append an event, in one transaction.

    @command("Report a matter (上报诉求).", requires="cases.report")
    async def report_case(call: Call, input: ReportCaseInput) -> ReportCasePayload: ...

`input` has an `idempotency_key`; a payload has nullable fields and `errors`. Raise a Refusal for what is
expected to go wrong: nothing is written, and it becomes an entry of `errors`.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField
from tortoise.models import Model

from gongzhi.declare.bounds import BOUND, Limits, Span, TextPattern
from gongzhi.declare.events import Event
from gongzhi.declare.fields import Declared
from gongzhi.declare.plans import DECIDED, GUARD, Guard
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.actions import NOT_ALLOWED, Action
from gongzhi.runtime.context import Context, Info
from gongzhi.runtime.screening import SCREENED, screen_input
from gongzhi.values.errors import DeclarationError, Language, Refusal

if TYPE_CHECKING:
    from gongzhi.runtime.jobs import BackgroundJob
    from gongzhi.runtime.waivers import Waiver

COMMAND = "command"
ONCE, AGAIN = "once", "again"
TWO_PERSONS = "two persons"
"""The check that a decision is not taken by who asked for it, nor by a puppet of theirs (`gongzhi.core.accounts`)."""

KEY = "Your own name for this request, the same when it is sent again: it is carried out once (幂等键)."
KEY_OPTIONAL = f"{KEY} May be left out: this is carried out each time it is sent, and nothing of the answer is kept."
EXPECTED = "The version you saw; if it has grown since, nothing is done (预期版本)."


@strawberry.type(description="Why something was not done (错误).")
class Problem:
    code: str = strawberry.field(description="What went wrong, for programs (代码).")
    message: str = strawberry.field(description="What went wrong and what to do, for people (说明).")
    path: list[str] = strawberry.field(description="The field of the input at fault (字段路径).")


def problems() -> Any:
    """Return the `errors` of a payload."""
    return Declared(description="What was not done, and why (错误).", default_factory=list)


def text_warnings() -> Any:
    """Declare the `warnings` of a payload: what its input's free texts had better not hold. Nothing is refused."""
    description = "What in the texts had better not be there; nothing was refused for it (文本提示)."
    # Kept nowhere: when the request is repeated, its texts are looked through anew.
    return Declared(description=description, default_factory=list, metadata={ONCE: True})


def free_text(description: str, *, length: Span = None, longest: int | None = None, **options: Any) -> Any:
    """Return a field of an input for free text. A payload with `warnings` tells what in it must not be stored."""
    limits = Limits(length, longest)
    return Declared(description=description, metadata={SCREENED: True, BOUND: limits}, **options)


def input_field(
    description: str, *, length: Span = None, longest: int | None = None, pattern: TextPattern | None = None,
    between: Span = None, items: int | Span = None, **options: Any,
) -> Any:  # fmt: skip
    """Return a field of an input. With `default=UNSET` it may be left out.

    What else is declared of it are its limits (`gongzhi.declare.bounds`), which the schema tells and the server checks.
    """
    limits = Limits(length, longest, pattern, between, items)
    return Declared(description=description, metadata={BOUND: limits}, **options)


def result_field(description: str) -> Any:
    """Return a nullable field of a payload."""
    return Declared(description=description, default=None)


def secret_field(description: str, again: timedelta | None = None) -> Any:
    """Declare a text of a payload that is shown once and kept nowhere: a repeated request gets null in its place.

    Where the answer may be lost and nobody could do without, `again` is for how long a repeated request gets the text
    once more; it is kept sealed for so long, and then destroyed.
    """
    return Declared(description=description, default=None, metadata={ONCE: True, AGAIN: again})


class Call(Protocol):
    """What a command has at hand while its transaction is open. Tortoise's models write into it."""

    @property
    def context(self) -> Context:
        """The operation."""

    @property
    def viewer(self) -> Viewer:
        """Who asks."""

    @property
    def now(self) -> datetime:
        """The moment of the operation."""

    @property
    def checks(self) -> set[str]:
        """Which checks that a command promises were made, such as `TWO_PERSONS`."""

    async def find(self, cls: type, *path: str, shown: bool = False, **value: Any) -> Any:
        """Return the model's row of an entity, locked, by the value of one column.

        Raises Refusal NOT_FOUND, with this path, both for what is not there and for what the viewer may not see, and
        what the command's `action` says of rows of its type.
        `shown` is for whoever has another right to this very row, such as its receipt.
        """

    async def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Return the rows of a statement that Tortoise cannot express. The text is ours; `values` are callers'."""

    def publish(self, happened: Event, row: Model | None = None, id: UUID | None = None) -> None:
        """Tell that something happened, once this transaction is committed.

        `row` tells where and about which case: a located row, which is a case or may have a `case_id`. `id` is that of
        a line of a timeline, if the event stands on one: both have the same, so that they can be joined.
        """

    def enqueue(
        self, job: BackgroundJob, key: str, *, at: datetime | None = None, row: Model | None = None, **arguments: Any
    ) -> None:
        """Have a job run, as soon as this transaction is committed or not before `at`; once for each `key`.

        Arguments are ids, codes and numbers. With a located `row` it belongs to a county, and is left out while
        the plugin is off there.
        """

    def write_last(self, sql: str, *row: Any) -> None:
        """Have a row written by the last statement of this transaction, so that it costs no round trip of its own.

        The statement changes rows and takes a list for each value of a row: what is given for the same statement is
        written together. It sees what the transaction wrote before, and nothing that other last statements write.
        """

    async def disclose(self, person: Model, field: str) -> list[str]:
        """Return a protected field of a person in clear: `Person.residentId`, `Person.phone` or `Person.phones`.

        A plugin needs a `Purpose` for this very field. The access log has the look, with that purpose, and so has it
        the attempt without one, which raises PermissionError. Never put what it gives into a message or an event.
        """

    def concern(self, *people: UUID) -> None:
        """Say whom this is done to: they read in their log that it was. Whoever is found by `find` need not be said."""

    async def waive(self, waiver: Waiver, row: Model, about: str) -> str | None:
        """Ask for an exception where this located row lies, for what is done to `about`, a global id.

        The answer is the global id of what grants it; None if nobody does. It is asked last, by what would refuse:
        what is granted is marked as used.
        """

    def attempt(self, about: str) -> AbstractAsyncContextManager[None]:
        """Do what is inside for one of many rows, and go on behind it where that is refused or a plugin fails at it.

        Nothing of what was inside stays then: no row, event, job or notice. The log tells it once, with `about`, a
        global id. For jobs: what they do to one row must not stand or fall with the others.
        """

    async def perform(self, command: Command, input: Any) -> Any:
        """Carry out another command within this transaction, and return its payload: its `action` is checked."""

    def may(self, permission: str, row: Model) -> bool:
        """Return whether the viewer holds the permission where this located row lies, or for a unit it names."""


@dataclass(frozen=True)
class Command:
    """A mutation as declared."""

    name: str
    function: Callable[[Call, Any], Awaitable[Any]]
    payload: type
    requires: str | None
    repeats: bool = False
    """Carried out each time it is sent, and nothing of its answer is kept: for what answers with secrets."""
    input: type | None = None
    """The class of its input, where the labels of its fields are declared."""
    two_persons: bool = False
    """Decides on what another person did: it fails unless it called `require_independence`."""
    action: Action | None = None
    """To which rows it is done, by whom and in which states: it fails unless it found one."""
    form: Callable[[Call, Any], object] | None = None
    """Reads what the limits of the input's fields do not say, and raises for all that is wrong with it."""


def command(
    description: str,
    *,
    requires: str | None,
    repeats: bool = False,
    two_persons: bool = False,
    action: Action | None = None,
    form: Callable[[Call, Any], object] | None = None,
) -> Callable[[Callable[[Any, Any], Awaitable[Any]]], Any]:
    """Make a function a mutation. Its first argument is the Call, its second the input.

    What `repeats` is carried out each time it is sent; its input's `idempotency_key` may be left out.
    What takes `two_persons` decides on another person's act, and calls `gongzhi.core.accounts.independence`.
    An `action` is checked when the command finds its row, and told by the `actions` of the row's type.
    Where the limits of the input's fields refuse something, what a `form` refuses is told along with it: the function
    that the command begins with, which reads the input and neither finds nor changes anything.
    """

    def decorate(function: Callable[[Any, Any], Awaitable[Any]]) -> Any:
        hints = typing.get_type_hints(function)
        declared = Command(
            function.__name__, function, hints["return"], requires, repeats, hints["input"], two_persons, action, form
        )
        # Refusals are answered as data, so every payload has a place for them.
        if "errors" not in hints["return"].__annotations__:
            raise DeclarationError(f"{function.__name__}: the payload needs `errors: list[Problem] = problems()`")

        cautious = "warnings" in hints["return"].__annotations__

        async def resolve(info: Info, input: Any) -> Any:
            payload = await info.context.perform(declared, input)
            # Texts that were refused are not stored, so there is nothing to warn of.
            if cautious and not payload.errors:
                payload.warnings = screen_input(input, info.context.viewer.language)
            return payload

        # Strawberry reads the types from the signature, and only the decorated function has them.
        resolve.__annotations__ = {"info": Info, "input": hints["input"], "return": hints["return"] | None}
        resolve.__name__ = function.__name__
        resolve.__signature__ = inspect.signature(resolve)  # type: ignore[attr-defined]
        field: StrawberryField = strawberry.mutation(
            resolve,
            description=description,
            metadata={COMMAND: declared, GUARD: Guard(requires) if requires else None, DECIDED: True},
        )
        for argument in field.arguments:
            argument.description = "What to do (输入)."
        return field

    return decorate


def payload_field(description: str, resolver: Callable[..., Any], *, requires: str | None) -> StrawberryField:
    """Make a field that a plugin adds to a payload of the core, answered by a function of Python, for `extend`.

    The function takes the payload as `strawberry.Parent`, `info: Info` and its arguments; its type is nullable.
    """
    # A plugin has to say what its fields require; `DECIDED` tells the server that this one has.
    metadata = {GUARD: Guard(requires) if requires else None, DECIDED: True}
    field: StrawberryField = strawberry.field(resolver=resolver, description=description, metadata=metadata)
    return field


def describe_refusal(refusal: Refusal, language: Language) -> Problem:
    """Return a refusal as an entry of `errors`, of a batch that tells what came of each of its parts."""
    return Problem(code=refusal.code, message=refusal.text.say(language), path=list(refusal.path))


def internal_error() -> Refusal:
    """Return what is said of a part of a batch that failed by our fault."""
    return Refusal("INTERNAL_SERVER_ERROR", "Something went wrong on our side.", "服务器内部错误，请稍后重试。")


def check_version(row: Any, expected: int, path: str = "expectedVersion") -> None:
    """Refuse when somebody has changed the row since the caller saw it."""
    if row.version != expected:
        raise stale_version(row.version, path)


def stale_version(current: int, path: str) -> Refusal:
    """Return the refusal for what somebody has changed since."""
    return Refusal(
        "STALE_VERSION",
        f"Somebody changed it in the meantime: it is at version {current}. Load it again.",
        f"数据已被他人修改，当前版本为 {current}，请重新加载。",
        (path,),
    )


def not_allowed(path: str) -> Refusal:
    """Return the refusal for something the viewer may see but not do this to."""
    return Refusal("FORBIDDEN", NOT_ALLOWED.en, NOT_ALLOWED.zh, (path,))
