"""Requesting: which deliveries go into one request, and which go by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from .deliveries import Place
from .retries import ASKS_FOR_REST
from .sender import GONE

LARGEST = 262_144
"""Characters of the events of one request, but that one event may be longer."""
TRIED = 2
"""After so many attempts without an answer an event goes by itself: it may be what the receiver chokes on."""


def is_refusal(status: int | None) -> bool:
    """Tell whether a receiver refused what it got, and did not only ask to be left alone."""
    return status is not None and status != GONE and status not in ASKS_FOR_REST


def goes_alone(delivery: Any) -> bool:
    """Tell whether a delivery was refused, alone or with others, or was never answered."""
    attempts = delivery["attempts"]
    return attempts >= TRIED or (attempts > 0 and is_refusal(delivery["status"]))


def group(due: Sequence[Any], most: int) -> list[list[Any]]:
    """Group deliveries into requests of so many at most, in their order."""
    requests: list[list[Any]] = []
    for one in due:
        last = requests[-1] if requests else []
        if last and len(last) < most and not goes_alone(last[0]) and not goes_alone(one):
            last.append(one)
        else:
            requests.append([one])
    return requests


def fit(request: Sequence[Any], bodies: Mapping[UUID, str | None]) -> list[Any]:
    """Return those of a request that have a body and fit together; the others stay due.

    Those without one, because the selection fits the schema no more, fail together and are never with others.
    """
    known = [one for one in request if one["id"] in bodies]
    unfit = [one for one in known if bodies[one["id"]] is None]
    if unfit:
        return unfit
    size, told = 0, list[Any]()
    for one in known:
        size += len(bodies[one["id"]] or "")
        if told and size > LARGEST:
            break
        told.append(one)
    return told


def find_id(deliveries: Sequence[Any]) -> UUID:
    """Return the id of a request: the event's, or of several one that is the same whenever these are sent together."""
    ids = [one["event_id"] for one in deliveries]
    return ids[0] if len(ids) == 1 else uuid5(NAMESPACE_OID, " ".join(map(str, ids)))


def find_place(deliveries: Sequence[Any], place: int, most: int) -> Place:
    """Say which delivery of a request one was, if the endpoint, which takes `most` at a time, is sent arrays."""
    return Place(find_id(deliveries), len(deliveries), place) if most > 1 else Place()
