"""Rate limits: how much a caller may ask for in a time, by token buckets that are emptied by cost.

A bucket is in one process; several processes give several times as much.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from gongzhi_server.addresses import plain_address

__all__ = [
    "METER",
    "RateLimited",
    "TimeMeter",
    "Overloaded",
    "CallerBudget",
    "Rate",
    "Rates",
    "RateLimiter",
    "network_of",
    "spend_time",
]

REMEMBERED = 100_000  # buckets; those unused for longest are forgotten, and are full by then

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of so many points, which fills within so many seconds."""

    points: int
    seconds: float

    @property
    def refill(self) -> float:
        """Points a second."""
        return self.points / self.seconds


@dataclass(frozen=True, kw_only=True)
class Rates:
    """The rates of each kind of caller. An operation costs a point, and more by its objects and its seconds.

    Who has an account is counted for the account, and for the key if there is one; who has none for the address, since
    a whole office may come from one address.
    """

    account: Rate = field(default=Rate(1_200, 60), metadata={"doc": "Of an account."})
    key: Rate = field(default=Rate(1_200, 60), metadata={"doc": "Of an API key, besides that of its account."})
    address: Rate = field(
        default=Rate(300, 60), metadata={"doc": "Of an address (of IPv6, a /64) from which strangers come."}
    )
    plugin: Rate = field(
        default=Rate(6_000, 60),
        metadata={"doc": "Of the routes of a plugin, whoever calls them, so that one plugin leaves the others room."},
    )
    objects: int = field(default=100, metadata={"doc": "Objects in the cost of an operation that cost a point."})
    second: int = field(
        default=50,
        metadata={
            "doc": "Points that a second costs, of planning and at the database; the first point covers its share."
        },
    )
    refused: int = field(default=10, metadata={"doc": "Points that wrong credentials cost their address."})


class RateLimited(Exception):
    """Somebody asks for too much in too short a time (429)."""

    def __init__(self, policy: str, rate: Rate, seconds: float) -> None:
        super().__init__(f"Too many requests: the {policy} has {rate.points:,} points for {rate.seconds:g} seconds.")
        self.policy = policy
        self.after = max(1, math.ceil(seconds))
        """Whole seconds to wait."""


class Overloaded(RateLimited):
    """The server has too much to do for this just now, whoever asks (429)."""

    def __init__(self, policy: str, seconds: float) -> None:
        Exception.__init__(self, "The server has too much to do at this moment.")
        self.policy, self.after = policy, max(1, math.ceil(seconds))


class TimeMeter:
    """The seconds that an operation took of what everybody shares: the processor here, and the database."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = 0.0

    def take(self) -> float:
        """Return the seconds since the last time, and begin anew."""
        taken, self.seconds = self.seconds, 0.0
        return taken


METER: ContextVar[TimeMeter | None] = ContextVar("METER", default=None)
"""The meter of the operation that runs; whatever works for it adds to it, and waiting in line is not work."""


def spend_time(seconds: float) -> None:
    """Add to the meter of the operation that runs, if there is one."""
    if (meter := METER.get()) is not None:
        meter.seconds += seconds


class TokenBucket:
    """What is left of a rate. It may go below zero: an operation is paid for when its cost is known."""

    __slots__ = ("at", "left", "policy", "rate")

    def __init__(self, policy: str, rate: Rate, at: float) -> None:
        self.policy, self.rate, self.at = policy, rate, at
        self.left = float(rate.points)

    def fill(self, now: float) -> None:
        """Add what has flowed in since the last time, up to the full bucket."""
        self.left = min(self.rate.points, self.left + (now - self.at) * self.rate.refill)
        # Computed when it is looked at: no timer fills a hundred thousand buckets.
        self.at = now

    @property
    def header(self) -> str:
        full = (self.rate.points - self.left) / self.rate.refill
        return f'"{self.policy}";r={max(0, int(self.left))};t={math.ceil(full)}'


class CallerBudget:
    """The buckets that one caller pays from."""

    __slots__ = ("buckets", "limiter", "paid")

    def __init__(self, limiter: RateLimiter, buckets: list[TokenBucket]) -> None:
        self.limiter, self.buckets, self.paid = limiter, buckets, False

    def check(self) -> None:
        """Raise RateLimited if there is not one point left."""
        now = self.limiter.now()
        for bucket in self.buckets:
            bucket.fill(now)
            if bucket.left < 1:
                raise RateLimited(bucket.policy, bucket.rate, (1 - bucket.left) / bucket.rate.refill)

    def consume(self, points: float = 1) -> None:
        """Take points for something that is about to be done. Raises RateLimited if there is not one left."""
        # All buckets are checked before any is charged, so a refusal costs nothing.
        self.check()
        self.paid = True
        for bucket in self.buckets:
            bucket.left -= points

    def settle(self) -> None:
        """Take a point for a request for which none was taken."""
        if not self.paid:
            self.charge(self.limiter.rates.objects)

    def charge(self, objects: int, seconds: float = 0.0, paid: float = 0.0) -> None:
        """Take points for what an operation turned out to cost, and for how long it ran.

        `paid` points were taken beforehand, and cover as many points' worth of time.
        """
        rates = self.limiter.rates
        timed = max(0.0, seconds * rates.second - paid)
        for bucket in self.buckets:
            # May go below zero: what has run is owed, and the next operation waits until the debt is paid off.
            bucket.left -= objects / rates.objects + timed

    def headers(self) -> tuple[Header, ...]:
        """Write RateLimit and RateLimit-Policy, by the draft of the IETF."""
        left = ", ".join([bucket.header for bucket in self.buckets])
        policy = ", ".join([self.limiter.policies[bucket.policy] for bucket in self.buckets])
        return (b"ratelimit", left.encode()), (b"ratelimit-policy", policy.encode())


class RateLimiter:
    """The buckets of all callers. `now` is any clock that only goes forward, in seconds."""

    def __init__(self, rates: Rates, now: Callable[[], float] = time.monotonic, size: int = REMEMBERED) -> None:
        self.rates, self.now, self.size = rates, now, size
        self.policies = {
            name: f'"{name}";q={rate.points};w={math.ceil(rate.seconds)}'
            for name, rate in (
                ("account", rates.account),
                ("key", rates.key),
                ("address", rates.address),
                ("plugin", rates.plugin),
            )
        }
        self._buckets: OrderedDict[tuple[str, str], TokenBucket] = OrderedDict()

    def budget(self, account: str | None, key: str | None, address: str) -> CallerBudget:
        """Return the buckets that pay for this caller."""
        if account is None and key is None:
            return CallerBudget(self, [self._bucket("address", self.rates.address, network_of(address))])
        buckets = []
        if account is not None:
            buckets.append(self._bucket("account", self.rates.account, account))
        if key is not None:
            buckets.append(self._bucket("key", self.rates.key, key))
        return CallerBudget(self, buckets)

    def plugin_budget(self, name: str) -> CallerBudget:
        """Return the bucket that all requests to the routes of a plugin pay from, besides their callers'."""
        return CallerBudget(self, [self._bucket("plugin", self.rates.plugin, name)])

    def _bucket(self, policy: str, rate: Rate, name: str) -> TokenBucket:
        """Return a bucket, full if it is new; the one unused for longest is dropped."""
        found = self._buckets.get((policy, name))
        if found is None:
            found = self._buckets[policy, name] = TokenBucket(policy, rate, self.now())
            if len(self._buckets) > self.size:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end((policy, name))
        return found


def network_of(address: str) -> str:
    """Return what an address is counted as; of IPv6 the network of 64 bits that its owner has."""
    if ":" not in address:
        return address
    found = plain_address(address)
    if found is None:
        return address
    # An IPv4 address written as IPv6 must not be counted apart from itself.
    return str(found) if found.version == 4 else str(int(found) >> 64)
