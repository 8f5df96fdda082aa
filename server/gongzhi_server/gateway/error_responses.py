"""Error responses: what a client is told when something goes wrong, whichever way the request came."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from gongzhi_server.errors import Unavailable
from gongzhi_server.telemetry.logs import log_fault
from gongzhi_server.telemetry.requests import name_request

from .error_codes import Code, coded_error
from .interfaces import Forbidden, RequestRefused, Stage, Unauthenticated
from .limits import Limits
from .rate_limits import RateLimited
from .request import Malformed

__all__ = ["CODES", "hide_values", "format_errors", "mask_fault", "describe_problem"]

logger = logging.getLogger(__name__)

CODES = {
    Stage.PARSE: Code.GRAPHQL_PARSE_FAILED,
    Stage.VALIDATION: Code.GRAPHQL_VALIDATION_FAILED,
    Stage.OPERATION: Code.OPERATION_RESOLUTION_FAILURE,
    Stage.COERCION: Code.BAD_USER_INPUT,
    Stage.COST: Code.COST_EXCEEDED,
    Stage.LIMIT: Code.LIMIT_EXCEEDED,
}
# Where the messages of graphql-core repeat a value, which may be somebody's data: always up to the end.
REPEATED = re.compile(
    r"(?P<kept>cannot represent[^:]*): .*|, but encountered error '.*|(?:[,;]|(?<=\?)) [Ff]ound\b.*", re.DOTALL
)
# No name of the schema is longer.
NAME = re.compile(r"(\w{60})\w+", re.ASCII)
MESSAGE = 1_000
UNKNOWN = " does not exist in"
# A key of a JSON object that is no name may be anything.
KEY = re.compile(r"unknown field (?!'[_A-Za-z]\w{0,59}').*", re.DOTALL)
SUGGESTION = re.compile(r" Did you mean .*", re.DOTALL)


def describe_problem(problem: Exception, limits: Limits, suggest: bool = False) -> list[dict[str, Any]]:
    """Word the errors of a response. What is not meant for the client stays in the log."""
    match problem:
        case RequestRefused(errors=errors, stage=stage):
            return format_errors(errors, CODES[stage], suggest)
        case Malformed():
            return format_errors([coded_error(Code.BAD_REQUEST, str(problem))])
        case Unauthenticated():
            return format_errors([coded_error(Code.UNAUTHENTICATED, str(problem))])
        case Forbidden():
            return format_errors([coded_error(Code.FORBIDDEN, str(problem))])
        case RateLimited(after=after):
            message = f"{problem} Try again in {after} seconds."
            return format_errors([coded_error(Code.RATE_LIMITED, message, retryAfter=after, policy=problem.policy)])
        case Unavailable(after=after):
            return format_errors([coded_error(Code.UNAVAILABLE, str(problem), retryAfter=after, **name_request())])
        case TimeoutError():
            message = f"The operation took longer than {limits.running:g} seconds (limits.running)."
            return format_errors([coded_error(Code.TIMEOUT, message, **name_request())])
    return format_errors([mask_fault(problem)])


def mask_fault(problem: Exception) -> GraphQLError:
    """Log a fault of ours under an id, and give the client the id alone."""
    name = log_fault(logger, "answer", problem)
    message = f"Something went wrong on our side. Whoever runs the server finds it in the log under {name}."
    return coded_error(Code.INTERNAL_SERVER_ERROR, message, id=name, **name_request())


def format_errors(
    errors: Sequence[GraphQLError], code: Code | None = None, suggest: bool = False
) -> list[dict[str, Any]]:
    """Convert errors to JSON; those without a code of their own are graphql-core's, and get this one."""
    return [format_error(each, code, suggest) for each in errors]


def format_error(problem: GraphQLError, code: Code | None, suggest: bool) -> dict[str, Any]:
    """Convert one error to JSON, with a code, without values of the caller's."""
    plain: dict[str, Any] = {**problem.formatted}
    extensions = problem.extensions or {}
    # Only graphql-core's messages repeat values; ours are written not to.
    if "code" not in extensions:
        plain["message"] = hide_values(plain["message"], suggest)
        extensions = {"code": code, **extensions}
    return {**plain, "message": shorten_message(plain["message"]), "extensions": extensions}


def shorten_message(message: str) -> str:
    """Return a message in which long names, which only a caller can have made up, are cut, and which is not long."""
    said = NAME.sub(lambda match: f"{match[1]}…", message)
    return said if len(said) <= MESSAGE else f"{said[:MESSAGE]}…"


def hide_values(message: str, suggest: bool = False) -> str:
    """Strip a message of graphql-core of the values it repeats, and of suggestions unless they are wanted."""
    said = hide_unknown(message)
    said = REPEATED.sub(lambda match: match["kept"] or "", said)
    said = KEY.sub("an unknown field", said)
    # Suggestions name fields of the schema, which is not told to those who may not explore it.
    if not suggest:
        said = SUGGESTION.sub("", said)
    return said if said.endswith((".", "?")) else said + "."


def hide_unknown(message: str) -> str:
    """Strip a message of the name that an enum lacks, from the first quote to the last: it may have quotes itself."""
    begun = min((at for quote in "'\"" if (at := message.find(f"Value {quote}")) >= 0), default=-1)
    ended = max(message.rfind(f"{quote}{UNKNOWN}") + 1 for quote in "'\"")
    # By no pattern from here to there: it would look for the end again from each place at which it might begin.
    return f"{message[:begun]}The value{message[ended:]}" if 0 <= begun < ended else message
