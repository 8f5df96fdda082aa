"""Logs: JSON or lines for people, without what somebody sent, each fault once, and of which request."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from gongzhi_server.settings import Settings
from gongzhi_server.telemetry.logs import ConsoleFormatter, CountingHandler, JsonFormatter, fault_id, log_fault
from gongzhi_server.telemetry.requests import REQUEST, begin_request, continue_request, name_request

SECRET = "13800138000"


class Watch:
    """A clock that stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def logged(formatter: logging.Formatter, watch: Watch | None = None) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    log, text = logging.Logger("gongzhi"), io.StringIO()
    handler = CountingHandler(watch or Watch())
    handler.setStream(text)
    handler.setFormatter(formatter)
    log.addHandler(handler)
    yield log, text
    handler.close()


@pytest.fixture
def request_id() -> Iterator[str]:
    before = REQUEST.set(None)
    note = begin_request(b"proxy-0123456789")
    note.account, note.operation = "0199", "Counties"
    yield note.id
    REQUEST.reset(before)


def fail() -> None:
    raise ValueError(f"no such number: {SECRET}")


def fault() -> Exception:
    try:
        fail()
    except ValueError as error:
        return error
    raise AssertionError


def lines(text: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.getvalue().splitlines()]


def test_json_says_of_which_request(request_id: str) -> None:
    with logged(JsonFormatter()) as (log, text):
        log.warning("an operation took %s", "long", extra={"seconds": 1.5, "outcome": "ok"})
    [line] = lines(text)
    assert line.pop("time").endswith("+08:00")
    assert line == {
        "level": "warning",
        "logger": "gongzhi",
        "message": "an operation took long",
        "request": request_id,
        "account": "0199",
        "operation": "Counties",
        "outcome": "ok",
        "seconds": 1.5,
    }


@pytest.mark.parametrize("formatter", [JsonFormatter(), ConsoleFormatter()])
def test_text_of_an_error_is_not_logged(formatter: logging.Formatter) -> None:
    """It may hold what somebody sent; which error it was and where is enough to find it."""
    with logged(formatter) as (log, text):
        log_fault(log, "request", fault())
    assert SECRET not in text.getvalue()
    assert "builtins.ValueError" in text.getvalue() and "test_logs.py" in text.getvalue()


def test_text_of_an_error_is_logged_in_development() -> None:
    with logged(ConsoleFormatter(told=True)) as (log, text):
        log_fault(log, "request", fault())
    assert SECRET in text.getvalue()


def test_fault_is_logged_once_and_counted() -> None:
    """Under the id that every caller is told."""
    watch = Watch()
    with logged(JsonFormatter(), watch) as (log, text):
        ids = {log_fault(log, "request", fault()) for _ in range(5)}
        assert ids == {fault_id(fault())} and len(lines(text)) == 1
        watch.now = 61
        log.warning("something else")
        again, other = lines(text)[1:]
    assert again["message"].startswith("repeated 4 times within a minute: the request failed, id ")
    assert other["message"] == "something else"


def test_repeats_are_told_at_the_end() -> None:
    with logged(JsonFormatter()) as (log, text):
        for _ in range(3):
            log.warning("the database is away")
        log.warning("%s rests", "a")
        log.warning("%s rests", "b")
    assert [one["message"] for one in lines(text)] == [
        *("the database is away", "a rests", "b rests"),
        "repeated 2 times within a minute: the database is away",
    ]


def test_each_operation_is_logged_where_all_are_wanted() -> None:
    with logged(JsonFormatter()) as (log, text):
        for _ in range(3):
            log.info("operation")
    assert len(lines(text)) == 3


@pytest.mark.parametrize("given", [None, b"short", b"a" * 65, b'line"\n', "编号编号编号编号".encode()])
def test_id_that_cannot_be_one_is_replaced(given: bytes | None) -> None:
    before = REQUEST.set(None)
    try:
        assert name_request() == {}
        note = begin_request(given)
        assert len(note.id) == 16 and name_request() == {"requestId": note.id}
        assert continue_request().id == note.id
    finally:
        REQUEST.reset(before)


def test_settings_are_one_of_a_few() -> None:
    assert Settings.read({"GONGZHI_LOG": "json", "GONGZHI_SLOW": "50"}).log == "json"
    with pytest.raises(Exception, match="GONGZHI_LOG_LEVEL is none of error, warning, info"):
        Settings.read({"GONGZHI_LOG_LEVEL": "loud"})
