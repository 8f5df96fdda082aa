"""Common Alerting Protocol: a message of version 1.2 (OASIS, 2010) is read from XML that anybody may have written.

The parser refuses document types, so entities and what they lead to; sizes and counts are bounded. A message that is
not as the standard has it is refused whole: half a warning is none.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

from ..models import Severity

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
LONGEST = 500_000
"""The most bytes of a message."""
STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGE_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
YEARS = range(1970, 2200)
"""Moments beyond are slips, and no arithmetic is safe with the last of all."""
INFOS, POINTS, WORD, TITLE, TEXT = 20, 20_000, 200, 200, 10_000
LASTS = timedelta(days=1)
"""For how long a warning holds that does not say so: recipients set their own rule (CAP 1.2, 3.2.2)."""
KILOMETRES = 111.195
"""A degree along a great circle."""
CORNERS = 32
"""With so many corners a circle is drawn, outside of it."""

SEVERITIES = {one.capitalize(): one for one in Severity}
"""As the protocol writes them."""

Pair = tuple[float, float]


class UnfitAlert(ValueError):
    """What is no message of the protocol, and why."""


@dataclass(frozen=True)
class Info:
    """What a message says in one language."""

    language: str
    event: str
    severity: Severity
    expires: datetime
    headline: str
    description: str
    instruction: str

    @property
    def text(self) -> str:
        return "\n\n".join(one for one in (self.description, self.instruction) if one) or self.headline


@dataclass(frozen=True)
class Alert:
    """A message, with the areas of all that it says."""

    sender: str
    identifier: str
    sent: datetime
    status: str
    message_type: str
    scope: str
    references: tuple[str, ...]
    infos: tuple[Info, ...]
    polygons: tuple[tuple[Pair, ...], ...]
    """Corners of each, by longitude and latitude."""
    codes: tuple[str, ...]

    @property
    def reference(self) -> str:
        """How later messages name it."""
        return name_message(self.sender, self.identifier, self.sent)

    @property
    def main(self) -> Info:
        """What it says in Chinese, if it does; the most severe first."""
        order = list(Severity)
        return min(self.infos, key=lambda one: (not one.language.lower().startswith("zh"), order.index(one.severity)))


def name_message(sender: str, identifier: str, sent: datetime) -> str:
    """Return the name of a message; the same moment may be written with another offset."""
    return f"{sender},{identifier},{sent.timestamp():.0f}"


def parse_xml(body: bytes) -> Element:
    """Return the root of a document without a document type. Raises UnfitAlert."""
    # Here, where it is used: each start of the server would load it otherwise.
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(body) > LONGEST:
        raise UnfitAlert("it is too long")
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise UnfitAlert("it has a document type or entities") from None
    except (ParseError, ValueError, LookupError):
        raise UnfitAlert("it is no XML") from None
    return root


def read_alert(root: Element) -> Alert:
    """Return the message that a document is. Raises UnfitAlert."""
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise UnfitAlert("it is no message of the Common Alerting Protocol 1.2")
    infos = find_all(root, "info")
    message_type = read_value(root, "msgType", MESSAGE_TYPES)
    # A cancellation need not say what it was about.
    if len(infos) > INFOS or (not infos and message_type in ("Alert", "Update")):
        raise UnfitAlert("it has no info, or too many")
    sent = read_moment(root, "sent")
    # Of all that it says: a message in two languages names its areas twice, or once.
    areas = [area for info in infos for area in find_all(info, "area")]
    polygons = [*read_polygons(areas), *read_circles(areas)]
    # Each is compared with every boundary.
    if sum(map(len, polygons)) > POINTS:
        raise UnfitAlert("its areas have too many points")
    return Alert(
        sender=read_name(root, "sender"),
        identifier=read_name(root, "identifier"),
        sent=sent,
        status=read_value(root, "status", STATUSES),
        message_type=message_type,
        scope=read_value(root, "scope", SCOPES),
        references=tuple(read_references(find_text(root, "references"))),
        infos=tuple(read_info(one, sent) for one in infos),
        polygons=tuple(polygons),
        codes=tuple(read_codes(areas)),
    )


def read_info(info: Element, sent: datetime) -> Info:
    """Return what is said in one language; English where none is named (CAP 1.2, 3.2.2)."""
    event, severity = read_word(info, "event"), read_value(info, "severity", SEVERITIES)
    return Info(
        language=find_text(info, "language") or "en-US",
        event=event[:100],
        severity=SEVERITIES[severity],
        expires=read_moment(info, "expires") if find_text(info, "expires") else sent + LASTS,
        headline=(find_text(info, "headline") or event)[:TITLE],
        description=find_text(info, "description")[:TEXT],
        instruction=find_text(info, "instruction")[:TEXT],
    )


def read_polygons(areas: list[Element]) -> Iterator[tuple[Pair, ...]]:
    """Yield polygons: four or more pairs of latitude and longitude, the last as the first."""
    for area in areas:
        for one in find_all(area, "polygon"):
            corners = tuple(read_pair(pair) for pair in (one.text or "").split())
            # Four pairs make a triangle that closes.
            if len(corners) < 4 or corners[0] != corners[-1]:
                raise UnfitAlert("a polygon does not close")
            yield corners


def read_circles(areas: list[Element]) -> Iterator[tuple[Pair, ...]]:
    """Yield circles as polygons around them: a pair, and a radius in kilometres."""
    for area in areas:
        for one in find_all(area, "circle"):
            centre, _, radius = (one.text or "").strip().partition(" ")
            (longitude, latitude), reach = read_pair(centre), read_number(radius)
            if not 0 <= reach <= 20_000 or abs(latitude) > 85:
                raise UnfitAlert("a circle is too large, or at a pole")
            # Outside of the circle, so that nobody within is left out.
            degrees = max(reach, 0.001) / KILOMETRES / math.cos(math.pi / CORNERS)
            # A degree of longitude is shorter the further north it lies.
            wide = degrees / math.cos(math.radians(latitude))
            turns = [2 * math.pi * at / CORNERS for at in range(CORNERS)]
            yield tuple((longitude + wide * math.cos(one), latitude + degrees * math.sin(one)) for one in turns)


def read_codes(areas: list[Element]) -> Iterator[str]:
    """Yield codes of divisions, without the zeros that fill them up to twelve digits."""
    for area in areas:
        for code in find_all(area, "geocode"):
            value = find_text(code, "value")
            # Other systems of codes, such as SAME or UGC, are nobody's here.
            if value.isascii() and value.isdigit() and len(value) in (6, 9, 12):
                yield trim_code(value)


def trim_code(code: str) -> str:
    """Return a code of a division as the tree of grids has it: 2, 4, 6, 9 or 12 digits."""
    for length in (2, 4, 6, 9):
        if not code[length:].strip("0"):
            return code[:length]
    return code


def read_references(text: str) -> Iterator[str]:
    """Yield the names of the messages that are referred to: sender,identifier,sent with blanks between."""
    for one in text.split():
        sender, _, rest = one.partition(",")
        identifier, _, sent = rest.partition(",")
        yield name_message(sender, identifier, as_moment(sent))


def read_pair(text: str) -> Pair:
    """Return a longitude and a latitude, which the protocol writes the other way round."""
    first, _, second = text.partition(",")
    latitude, longitude = read_number(first), read_number(second)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise UnfitAlert("a place is not on earth")
    return longitude, latitude


def read_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise UnfitAlert("a number is none") from None
    # `nan` and `inf` are numbers to Python, and no place.
    if not math.isfinite(number):
        raise UnfitAlert("a number is none")
    return number


def read_moment(element: Element, name: str) -> datetime:
    return as_moment(find_text(element, name))


def as_moment(text: str) -> datetime:
    """Return a moment, which says its offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnfitAlert("a time is none") from None
    if moment.tzinfo is None or moment.year not in YEARS:
        raise UnfitAlert("a time has no offset, or is out of all time")
    return moment


def read_name(element: Element, name: str) -> str:
    """Return a name by which messages are told apart: without blanks, commas and signs of markup."""
    text = read_word(element, name)
    if set(text) & set(" ,<&\t\n"):
        raise UnfitAlert(f"its {name} has signs that it must not have")
    return text


def read_value(element: Element, name: str, values: Collection[str]) -> str:
    """Return a word of the standard's."""
    word = read_word(element, name)
    if word not in values:
        raise UnfitAlert(f"its {name} is none of the standard's")
    return word


def read_word(element: Element, name: str) -> str:
    """Return a short text that must be there."""
    text = find_text(element, name)
    if not 0 < len(text) <= WORD:
        raise UnfitAlert(f"it has no {name}, or a very long one")
    return text


def find_text(element: Element, name: str) -> str:
    """Return the text of a part, or nothing; control characters, which PostgreSQL does not take, are no XML."""
    return (element.findtext(f"{{{NAMESPACE}}}{name}") or "").strip()


def find_all(element: Element, name: str) -> list[Any]:
    return element.findall(f"{{{NAMESPACE}}}{name}")
