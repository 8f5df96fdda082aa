"""Inquiry: a request as GeoReport has it, with its parameters by name and who asks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gongzhi.declare.bounds import FIRST, LAST
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.routes import RouteCall

COUNTY = re.compile(r"[0-9]{6}")
FIELD = re.compile(r"attribute\[([a-z]+)\]")


class GeoReportError(Exception):
    """A request that is answered with errors, one text each. The messages are shown to the client."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(*messages)
        self.status, self.messages = status, messages


@dataclass(frozen=True)
class Inquiry:
    """One request of GeoReport, and the call that brought it."""

    call: RouteCall
    given: Mapping[str, str]

    @property
    def viewer(self) -> Viewer:
        return self.call.context.viewer

    @property
    def now(self) -> datetime:
        return self.viewer.now

    def text(self, name: str) -> str | None:
        """Return a parameter; None where it is missing or empty."""
        return self.given.get(name, "").strip() or None

    def texts(self, name: str) -> list[str]:
        """Return the values of a parameter, which are separated by commas."""
        return [one.strip() for one in self.given.get(name, "").split(",") if one.strip()]

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole number. Raises GeoReportError."""
        found = self.text(name)
        if found is None:
            return default
        # Looked at as a text first: a number may have any length.
        if not (found.isascii() and found.isdecimal() and len(found) < 10 and 1 <= int(found) <= most):
            raise GeoReportError(400, f"{name} must be a whole number from 1 to {most}")
        return int(found)

    def moment(self, name: str) -> str | None:
        """Return a time with its offset, as W3C has it. Raises GeoReportError."""
        found = self.text(name)
        try:
            moment = datetime.fromisoformat(found) if found else None
        except ValueError:
            moment = datetime.min
        if moment and moment.tzinfo is None:
            raise GeoReportError(400, f"{name} must be a time such as 2026-01-31T08:00:00+08:00")
        # Days are counted from it, and a calendar has an end.
        if moment and not FIRST <= moment <= LAST:
            raise GeoReportError(400, f"{name} must lie in the years {FIRST.year} to {LAST.year}")
        return found

    @property
    def county(self) -> str:
        """The jurisdiction's code. Raises GeoReportError."""
        found = self.text("jurisdiction_id")
        if found is None:
            raise GeoReportError(400, "jurisdiction_id was not provided: send the six digits of the county's code")
        if not COUNTY.fullmatch(found):
            raise GeoReportError(404, "jurisdiction_id provided was not found")
        return found

    def attributes(self) -> dict[str, str]:
        """Return what was given as attribute[…]."""
        found = ((FIELD.fullmatch(name), value) for name, value in self.given.items())
        return {match[1]: value for match, value in found if match and value}

    async def ask(self, document: str, **variables: Any) -> Any:
        """Return the data of one of our own operations, as /graphql does. Raises GeoReportError for its errors."""
        answer = await self.call.ask(document, **variables)
        if errors := answer.get("errors"):
            # GeoReport has one status for all errors; the first one decides.
            code = errors[0].get("extensions", {}).get("code")
            raise GeoReportError(403 if code == "FORBIDDEN" else 500, *(one["message"] for one in errors))
        return answer["data"]

    async def jurisdiction(self) -> str:
        """Return the county's code. Raises GeoReportError if there is no such county."""
        # Asked of the schema, so that a county is what the schema says it is.
        data = await self.ask("query($code: String!) { grid(code: $code) { kind } }", code=self.county)
        if data["grid"] is None or data["grid"]["kind"] != "COUNTY":
            raise GeoReportError(404, "jurisdiction_id provided was not found")
        return self.county


def check_values(given: Sequence[str], wanted: Iterable[str], name: str) -> list[str]:
    """Return the values, if all of them are wanted. Raises GeoReportError."""
    choices = list(wanted)
    if strange := [one for one in given if one not in choices]:
        raise GeoReportError(400, f"{name} has {len(strange)} unknown values; known are {', '.join(choices)}")
    return list(given)
