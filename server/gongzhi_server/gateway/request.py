"""Requests: what came over HTTP, in the body of a POST or the query string of a GET."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from . import limits as bounds
from .interfaces import RequestRefused, Stage
from .limits import Limits

__all__ = ["Malformed", "Request", "Unreadable"]

SMALL = 20
"""The most members of a small object."""
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Malformed(Exception):
    """The request is not a GraphQL request. The message is shown to the client."""


class Unreadable(Malformed):
    """The request is not even JSON, or not a query string."""


@dataclass(frozen=True, slots=True)
class Request:
    """The parameters of a request; what is null or empty in it is absent here."""

    query: str
    name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    document: str | None = None
    """The id of a trusted document, in place of the query."""

    @classmethod
    def body(cls, raw: bytes, limits: Limits) -> Request:
        """Read the JSON of a POST; raise Malformed or RequestRefused."""
        [request] = cls.bodies(raw, limits, 0)
        return request

    @classmethod
    def bodies(cls, raw: bytes, limits: Limits, most: int) -> list[Request]:
        """Read the JSON of a POST that may be a batch of at most so many; raise Malformed or RequestRefused."""
        parameters = decode_json(raw, "The body", limits)
        if not isinstance(parameters, list):
            return [cls.take_parameters(parameters)]
        if not most:
            raise Malformed("Batches are not supported: send one operation as a JSON object, not a list of them.")
        if not 0 < len(parameters) <= most:
            raise Malformed(f"A batch has 1 to {most} operations.")
        return [cls.take_parameters(each) for each in parameters]

    @classmethod
    def url(cls, raw: bytes, limits: Limits) -> Request:
        """Read the query string of a GET; raise Malformed or RequestRefused."""
        try:
            pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
        except ValueError:
            # "from None": the text of the error would repeat the query string.
            raise Unreadable("The query string of the URL is not at most 20 parameters in UTF-8.") from None
        parameters: dict[str, Any] = dict(pairs)
        # Of a doubled parameter one reader takes the first and another the last, so it is refused.
        if len(parameters) < len(pairs):
            raise Malformed("A parameter is in the URL twice.")
        parameters = {name: text for name, text in parameters.items() if text}
        for name in ("variables", "extensions"):
            if name in parameters:
                parameters[name] = decode_json(parameters[name].encode(), name, limits, name)
        return cls.take_parameters(parameters)

    @classmethod
    def take_parameters(cls, parameters: Any) -> Request:
        """Take the parameters out of parsed JSON; raise Malformed."""
        if not isinstance(parameters, dict):
            raise Malformed('The body must be a JSON object such as {"query": "{ __typename }"}.')
        query = typed_parameter(parameters, "query", str)
        extensions = typed_parameter(parameters, "extensions", dict)
        document = typed_parameter(parameters, "documentId", str)
        if query is None and document is None and not (extensions and extensions.get("persistedQuery")):
            raise Malformed("The parameter query is missing: it is the GraphQL document, as a string.")
        return cls(
            query or "",
            typed_parameter(parameters, "operationName", str) or None,
            typed_parameter(parameters, "variables", dict),
            extensions,
            document,
        )


def typed_parameter(parameters: dict[str, Any], name: str, kind: type) -> Any:
    """Return a parameter. Raises Malformed if it is of another type."""
    value = parameters.get(name)
    if value is not None and not isinstance(value, kind):
        raise Malformed(f"The parameter {name} must be {'a string' if kind is str else 'a JSON object'}.")
    return value


def decode_json(raw: bytes, subject: str, limits: Limits, path: str = "") -> Any:
    """Parse JSON that means one thing only: no doubled keys, no integers that would be rounded, no U+0000."""
    # Before parsing: a body of a million brackets makes a million objects, which takes long to build and to free.
    if count_containers(raw) > limits.values and count_containers(strip_strings(raw)) > limits.values:
        raise Unreadable(f"{subject} has more than {limits.values:,} objects and lists (limits.values).")
    try:
        value = orjson.loads(raw)
    except ValueError:
        raise Unreadable(f"{subject} is not JSON in UTF-8, or has a number out of range.") from None
    colons = count_colons_of_small(value) if limits.values >= SMALL * SMALL and limits.nesting > 2 else None
    if colons is None:
        if found := bounds.measure_variables(value, limits, path):
            raise RequestRefused(found, Stage.LIMIT)
        colons = count_colons(value)
    # orjson keeps the last of doubled keys and rounds long integers silently. Whether
    # it might have is checked cheaply; only a suspicious text is read again, slowly.
    if b"\\u00" in raw or raw.count(b":") != colons:
        check_strictly(raw, subject)
    return value


def count_containers(raw: bytes) -> int:
    """Count the objects and lists that begin in a text. Making very many of them takes long, even to throw away."""
    return raw.count(b"{") + raw.count(b"[")


def strip_strings(raw: bytes) -> bytes:
    """Return the text without what is between quotes."""
    return b"".join(raw.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2])


def count_colons_of_small(value: Any) -> int | None:
    """Count as `count_colons` does for an object of few plain values, or of such objects; None for what is larger.

    Nearly every request is one, and is within all limits on what JSON may hold.
    """
    if type(value) is not dict or len(value) > SMALL:
        return None
    count = len(value)
    for key, item in value.items():
        count += key.count(":")
        if type(item) is str:
            count += item.count(":")
        elif type(item) is dict and len(item) <= SMALL:
            count += len(item)
            for inner, leaf in item.items():
                count += inner.count(":")
                if type(leaf) is str:
                    count += leaf.count(":")
                elif leaf is not None and type(leaf) is not int and type(leaf) is not bool:
                    return None
        elif item is not None and type(item) is not int and type(item) is not bool:
            return None
    return count


def count_colons(value: Any) -> int:
    """Count the colons the JSON of this value needs; negative if a number in it may have been a long integer.

    A text that has more of them holds a key twice. It is how a fast parser's silence is checked at little cost.
    """
    if isinstance(value, str):
        return value.count(":")
    if isinstance(value, dict):
        return len(value) + "".join(value).count(":") + sum(map(count_colons, value.values()))
    if isinstance(value, list):
        return sum(map(count_colons, value))
    return -sys.maxsize if isinstance(value, float) and abs(value) >= 2**63 else 0


def check_strictly(raw: bytes, subject: str) -> None:
    """Raise Malformed if the text has what `decode_json` does not allow; slower, and sure."""
    if NUL.search(raw):
        raise Unreadable(f"{subject} holds the character U+0000, which cannot be stored; leave it out.")
    json.loads(raw, object_pairs_hook=reject_duplicates, parse_int=parse_integer)


def reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object of members. Raises Unreadable for a doubled key."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Unreadable("A key is twice in the same JSON object.")
    return members


def parse_integer(digits: str) -> int:
    """Read an integer. Raises Unreadable for one of more than 64 bits."""
    # Its length first: int() of very many digits takes long.
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
        raise Unreadable("An integer has more than 64 bits; send long numbers as strings.")
    return int(digits)
