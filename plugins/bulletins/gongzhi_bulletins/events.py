"""Events: what became of bulletins."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

from .models import BulletinKind


@event("bulletins.published", "A bulletin was published (信息发布).")
class Published(Event):
    bulletin: UUID
    kind: BulletinKind


@event("bulletins.corrected", "A bulletin was corrected (信息更正).")
class Corrected(Event):
    bulletin: UUID
    kind: BulletinKind


@event("bulletins.withdrawn", "A bulletin was withdrawn (信息撤回).")
class Withdrawn(Event):
    bulletin: UUID
    kind: BulletinKind


@event("bulletins.ended", "A warning was lifted, or updated by another (预警解除).")
class Ended(Event):
    bulletin: UUID
    kind: BulletinKind


EVENTS = (Published, Corrected, Withdrawn, Ended)
