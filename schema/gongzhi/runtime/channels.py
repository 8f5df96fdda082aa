"""Channels: ways out for notices, SMS, mail or app push; plugins bring them, the settings choose.

    class Sms:
        name, consent, phone = "sms", ChannelConsent("notices.sms", "gateway"), True

        async def send(self, notice: Outbound, addressee: Addressee) -> None: ...

Each is handed out within a minute of being due: at once, or, of what can wait, when offices open. A notice that
`wakes` goes to each person on duty behind an office or a unit by themselves, with the number of their duty, and asks
for no consent. A number that was left and proved with a case is written to about that case.

A notice is sent after the transaction that wrote it, at least once: one that was sent before has the same `id`. What
raises is tried again, later each time, and parked in the end (`gongzhi jobs list`). Give up by yourself after some
seconds. Texts have numbers and codes in them, never names or what people wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable
from uuid import UUID

from gongzhi.values.errors import Text


@dataclass(frozen=True)
class ChannelConsent:
    """What people must have agreed to before they are written to this way: a purpose, and who gets their address."""

    purpose: str
    recipient: str


@dataclass(frozen=True)
class Outbound:
    """A notice on its way out. `about` is the global id of what it is about."""

    id: UUID
    kind: str
    title: Text
    body: Text
    about: str | None = None
    wakes: bool = False
    """Whether people on duty are to be woken: ring, rather than leave it for the morning."""


@dataclass(frozen=True)
class Addressee:
    """Who is told: a person, an account, a unit, or whoever holds a permission (`office`) in a grid."""

    person: UUID | None = None
    account: str | None = None
    unit: int | None = None
    office: str | None = None
    grid: int | None = None
    phone: str | None = field(default=None, repr=False)
    """The first telephone number of a person, for a channel that asks for it."""


@runtime_checkable
class NoticeChannel(Protocol):
    """A way out. With `consent` it reaches people only, and of them those who agree; without, it gets everything."""

    name: str
    consent: ChannelConsent | None
    phone: bool
    """Whether it needs a telephone number; who has none is not written to."""

    async def send(self, notice: Outbound, addressee: Addressee) -> None:
        """Send it, or raise."""
