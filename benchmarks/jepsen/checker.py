"""Checker: what is wrong with a history, by properties that each stand in a function of their own.

A history is a list of lines (`histories.py`). Their types:

- `ok`: an operation with an idempotency `key` was acknowledged with a `value`, such as the number of the case; `event`
  is what it made of the case. It may be acknowledged more than once, since clients ask again.
- `refused`: an operation was refused that the history so far allows.
- `told`: a follower heard of an event, by its `id`, `event` type and `number`; at a `position`, where it has cursors.
- `resumed`: a follower goes on from a `position`. `anew`: its cursor was refused, and it begins at a new one.
- `epoch`: a database took over that has positions up to `position` of the one before. `lost_since` is the time of the
  copy that was restored; null where nothing acknowledged may be lost.
- `row`: what the database has in the end under a `key`. `event`: what the outbox has, with `id` and `position`.
- `follower`: a follower is to know all events behind `position` in the end; `once` says that none comes twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]


def check(history: Iterable[Line]) -> dict[str, list[str]]:
    """Check a history, and say by property what is wrong."""
    lines = list(history)
    return {
        "exactly once by key": list(find_doubled(lines)),
        "nothing acknowledged is lost": list(find_lost(lines)),
        "order within a case": list(find_disordered(lines)),
        "all is told": list(find_untold(lines)),
        "cursors go forward": list(find_backward(lines)),
        "no fork": list(find_forks(lines)),
    }


def of_type(lines: Sequence[Line], *types: str) -> Iterator[Line]:
    """Find the lines of some types."""
    return (one for one in lines if one["type"] in types)


def find_losses(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Find the times from a copy to its restoration, in which what was so may be gone afterwards."""
    return [(one["lost_since"], one["t"]) for one in of_type(lines, "epoch") if one["lost_since"] is not None]


def was_lost(losses: Sequence[tuple[float, float]], time: float) -> bool:
    """Tell whether what was so at a time may be gone."""
    return any(since <= time <= restored for since, restored in losses)


def find_doubled(lines: Sequence[Line]) -> Iterator[str]:
    """Find keys that were carried out twice: several answers, several rows, or one row under two keys."""
    answers, rows = defaultdict[str, set[Any]](set), defaultdict[str, list[Any]](list)
    losses = find_losses(lines)
    for one in of_type(lines, "ok"):
        if not was_lost(losses, one["t"]):
            answers[one["key"]].add(one["value"])
    for one in of_type(lines, "row"):
        rows[one["key"]].append(one["value"])
    for key, values in answers.items():
        if len(values) > 1:
            yield f"{key} was answered with {' and '.join(sorted(map(str, values)))}"
    for key, found in rows.items():
        if len(found) > 1:
            yield f"{key} was carried out {len(found)} times"
    for value, times in Counter(value for found in rows.values() for value in found).items():
        if times > 1:
            yield f"{value} stands under {times} keys"


def find_lost(lines: Sequence[Line]) -> Iterator[str]:
    """Find what was acknowledged and is not there, as a row or as the event that it made."""
    rows = {(one["key"], one["value"]) for one in of_type(lines, "row")}
    events = Counter((one["number"], one["event"]) for one in of_type(lines, "event"))
    losses = find_losses(lines)
    for one in of_type(lines, "refused"):
        # What builds on something that is gone with an older copy is refused rightly.
        if not any(since <= one["t"] for since, _ in losses):
            yield f"{one['op']} was refused at {one['t']}: {one['errors']}"
    for one in of_type(lines, "ok"):
        if was_lost(losses, one["t"]):
            continue
        if one.get("rows", True) and (one["key"], one["value"]) not in rows:
            yield f"{one['value']}, acknowledged at {one['t']}, is not there"
        if one.get("event") and events[one["value"], one["event"]] != 1:
            yield f"{one['value']} has {events[one['value'], one['event']]} {one['event']}, acknowledged at {one['t']}"


def find_disordered(lines: Sequence[Line]) -> Iterator[str]:
    """Find cases whose events a follower heard of, for the first time each, in another order than they happened."""
    places = {one["id"]: one["position"] for one in of_type(lines, "event")}
    last = dict[tuple[str, str], int]()
    heard = set[tuple[str, str]]()
    for one in of_type(lines, "told"):
        who, place = one["who"], places.get(one["id"])
        if place is None or (who, one["id"]) in heard:
            continue
        heard.add((who, one["id"]))
        if place < last.get((who, one["number"]), 0):
            yield f"{who} was told of {one['event']} of {one['number']} after what came later"
        last[who, one["number"]] = place


def find_untold(lines: Sequence[Line]) -> Iterator[str]:
    """Find events that a follower never heard of, heard of twice, or heard of and that are not there."""
    events = {one["id"]: one["position"] for one in of_type(lines, "event")}
    told = defaultdict[str, Counter[str]](Counter)
    # What was told before an older copy was restored may be gone with it.
    losses = find_losses(lines)
    gone = {one["id"] for one in of_type(lines, "told") if was_lost(losses, one["t"])}
    for one in of_type(lines, "told"):
        told[one["who"]][one["id"]] += 1
    for follower in of_type(lines, "follower"):
        heard = told[follower["who"]]
        missing = [id for id, position in events.items() if position > follower["position"] and id not in heard]
        strange = [id for id in heard if id not in events and id not in gone]
        twice = [id for id, times in heard.items() if times > 1 and id not in gone] if follower["once"] else []
        for what, ids in {"never": missing, "of what is not there": strange, "twice": twice}.items():
            if ids:
                yield f"{follower['who']} was told {what}: {len(ids)} events, such as {ids[0]}"


def find_backward(lines: Sequence[Line]) -> Iterator[str]:
    """Find followers whose positions do not grow, or who were told again of what is before their cursor."""
    last = dict[str, int]()
    for one in of_type(lines, "told", "resumed", "anew"):
        if one.get("position") is None:
            continue
        if one["type"] == "told" and one["position"] <= last.get(one["who"], -1):
            yield f"{one['who']} was told of {one['position']} after {last[one['who']]}"
        last[one["who"]] = one["position"]


def find_forks(lines: Sequence[Line]) -> Iterator[str]:
    """Find positions with two events in one life of the database, and cursors that went on over what was lost."""
    known, last = dict[int, str](), dict[str, int]()
    ahead, heard = set[str](), dict[str, str]()
    kept = {one["id"] for one in of_type(lines, "event")}
    for one in of_type(lines, "told", "resumed", "anew", "epoch"):
        who, position = one["who"], one.get("position")
        if one["type"] == "epoch":
            known = {at: id for at, id in known.items() if at <= one["position"]}
            # Told of the new history already, by a process that had not noticed yet that it is one: nothing is lost.
            ahead = {name for name, at in last.items() if at > one["position"] and heard.get(name) not in kept}
            continue
        if one["type"] == "anew":
            ahead.discard(who)
            last.pop(who, None)  # also where the new cursor is of an epoch that nobody here knows yet
        if position is None:
            continue
        heard[who] = one.get("id", "")  # a cursor that is shown does not say of which event it is
        if one["type"] == "told":
            if who in ahead:
                yield f"{who} went on at {position} with a cursor of what was lost"
                ahead.discard(who)
            if known.setdefault(position, one["id"]) != one["id"]:
                yield f"position {position} is {known[position]} and {one['id']}"
        last[who] = position
