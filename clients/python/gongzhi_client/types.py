"""Types: what goes over the wire, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

__all__ = ("Event", "FiledCase", "FiledOrder", "Order", "Place", "Problem")


class Place(TypedDict):
    """A point, in the coordinate system that it was measured or shown in."""

    longitude: float
    latitude: float
    crs: Literal["CGCS2000", "GCJ02", "WGS84"]


class Order(TypedDict):
    """An order to file (工单). `externalNumber` is its number in your system, under which it is filed once."""

    externalNumber: str
    kind: Literal["COMPLAINT", "CONSULT", "HELP", "SUGGESTION", "TIP_OFF"]
    category: str
    title: str
    description: str
    channel: NotRequired[str]
    urgency: NotRequired[Literal["EMERGENCY", "ROUTINE", "URGENT"]]
    grid: NotRequired[str]
    place: NotRequired[Place]
    address: NotRequired[str]
    caller: NotRequired[str]
    phone: NotRequired[str]
    against: NotRequired[str]
    calledAt: NotRequired[str]
    dueAt: NotRequired[str]
    recording: NotRequired[str]


class Problem(TypedDict):
    """Why an order was not filed: `path` leads to the field at fault."""

    code: str
    message: str
    path: Sequence[str]


class FiledCase(TypedDict):
    """The case that an order became."""

    number: str
    status: str


class FiledOrder(TypedDict):
    """What came of an order. With the case's number `receiptCode` opens the case to the caller: keep it nowhere."""

    externalNumber: str
    case: FiledCase | None
    receiptCode: str | None
    errors: Sequence[Problem]


class Event(TypedDict):
    """What happened, as a CloudEvent: `subject` is the case's number, `data` holds ids, codes and numbers."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    datacontenttype: str
    dataversion: int
    actor: str
    data: Mapping[str, Any]
    subject: NotRequired[str]
    county: NotRequired[str]
    grid: NotRequired[str]
    caseid: NotRequired[str]
    cursor: NotRequired[str]
