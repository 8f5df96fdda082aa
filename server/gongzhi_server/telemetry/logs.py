"""Logs: lines on standard error, for people or as JSON, without personal data, and with repeated lines counted."""

from __future__ import annotations

import hashlib
import logging
import time
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from gongzhi_server.clock import CHINA
from gongzhi_server.settings import Settings

from .requests import REQUEST

WINDOW = 60.0
"""Seconds within which a line that says the same is counted and not written."""
KINDS = 1_000
"""Kinds of lines that are counted at a time."""
FIELDS = ("request", "account", "operation", "kind", "outcome", "seconds", "cost", "statement", "fault")
"""What a line may say besides its message."""


def set_up_logging(settings: Settings) -> None:
    """Have everything that is logged in this process go out as the settings say."""
    handler = CountingHandler()
    handler.setFormatter(JsonFormatter() if settings.log == "json" else ConsoleFormatter(settings.development))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    logging.getLogger("gongzhi").setLevel(settings.log_level.upper())


class CountingHandler(logging.StreamHandler[Any]):
    """A handler that writes a warning or error once a minute, however often it is said, and then how often it was."""

    def __init__(self, clock: Any = time.monotonic) -> None:
        super().__init__()
        self.clock = clock
        self._said: OrderedDict[object, tuple[float, int, logging.LogRecord]] = OrderedDict()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, unless it has just been written."""
        if record.levelno < logging.WARNING:
            super().emit(record)
            return
        now, kind = self.clock(), line_kind(record)
        self._tell_repeats(now)
        if kind in self._said:
            at, times, first = self._said[kind]
            self._said[kind] = at, times + 1, first
            return
        self._said[kind] = now, 0, record
        super().emit(record)

    def close(self) -> None:
        """Tell what was repeated, and end."""
        self._tell_repeats(float("inf"))
        super().close()

    def _tell_repeats(self, now: float) -> None:
        """Tell how often lines were repeated whose minute is over; the oldest first, and never too many at a time."""
        while self._said and (len(self._said) > KINDS or now - next(iter(self._said.values()))[0] >= WINDOW):
            _, (_, times, first) = self._said.popitem(last=False)
            if times:
                told = f"repeated {times} times within a minute: {first.msg}"
                again = logging.LogRecord(
                    first.name, first.levelno, first.pathname, first.lineno, told, first.args, None
                )
                super().emit(again)


def line_kind(record: logging.LogRecord) -> object:
    """Return what two lines have in common that say the same."""
    return getattr(record, "repeats", None) or (record.name, record.msg, record.args if not record.exc_info else None)


def fault_id(error: BaseException) -> str:
    """Return the id of a fault: the same for the same error at the same place, so that one entry stands for all."""
    places = [f"{one.filename}:{one.lineno}" for one in traceback.extract_tb(error.__traceback__)]
    return hashlib.sha256("\n".join([type(error).__qualname__, *places]).encode()).hexdigest()[:16]


def log_fault(log: logging.Logger, what: str, error: BaseException) -> str:
    """Log a fault of ours once, such as of an "operation"; return the id under which callers are told of it."""
    found = fault_id(error)
    log.error(
        "the %s failed, id %s; report it to whoever makes what the trace below ends in",
        *(what, found),
        exc_info=error,
        extra={"fault": found, "repeats": ("fault", found)},
    )
    return found


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for what collects logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        line = {
            "time": datetime.fromtimestamp(record.created, CHINA).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **read_fields(record),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = list(describe_chain(record.exc_info[1]))
        return orjson.dumps(line, default=str).decode()


class ConsoleFormatter(logging.Formatter):
    """Lines for people. The text of an error is `told` in development alone: it may quote what somebody sent."""

    def __init__(self, told: bool = False) -> None:
        super().__init__()
        self.told = told

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        time = datetime.fromtimestamp(record.created, CHINA).strftime("%Y-%m-%d %H:%M:%S")
        found = "".join(f" {name}={value}" for name, value in read_fields(record).items())
        lines = [f"{time} {record.levelname} {record.getMessage()}{found}"]
        if record.exc_info and (error := record.exc_info[1]):
            lines += [self.formatException(record.exc_info)] if self.told else describe_chain(error)
        return "\n".join(lines)


def read_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what there is to say of a record and of the request that it belongs to."""
    note = REQUEST.get()
    found = {} if note is None else {"request": note.id, "account": note.account, "operation": note.operation}
    found |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
    return {name: value for name, value in found.items() if value is not None}


def describe_chain(error: BaseException) -> Iterator[str]:
    """Yield what failed and where, first causes last, without the text: that may hold somebody's values."""
    link: BaseException | None = error
    while link is not None:
        state = getattr(link, "sqlstate", None)
        yield f"{type(link).__module__}.{type(link).__qualname__}{f' (SQLSTATE {state})' if state else ''}"
        yield from (f"  {one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(link.__traceback__))
        link = link.__cause__
