"""Rules: who may read a bulletin, and who may publish one, in one place."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table

from .models import Audience, BulletinKind

PUBLISH = "bulletins.publish"
WARN = "bulletins.warn"
LOUD = (BulletinKind.EMERGENCY, BulletinKind.WARNING)
"""Kinds that are told to everybody whom they reach, at any hour."""

REACHING = (
    "{{0}}=any(array(select r.bulletin_id from grids.grid h join grids.grid a on h.path<@a.path "
    "join bulletins.reach r on r.grid_id=a.id where {place}))"
)
"""SQL for a bulletin's key `{0}`: it reaches a place `h`. The array is made once, so that bulletins are found by it."""
AT_HOME = REACHING.format(place="h.id=(select p.grid_id from people.person p where p.id={1})")
AT_CODE = REACHING.format(place="h.code={1} and h.valid_to is null")
AT_GRID = REACHING.format(place="h.id={1}")


def visible_bulletins(bulletin: Table, viewer: ViewerScope) -> Alternatives:
    """Return what is public, what reaches one's home, and all of the places for which one publishes.

    What is withdrawn is left to those who answer for it.
    """
    seen = [Sql(f"{{0}} is null and {{1}}='{Audience.PUBLIC}'", bulletin.withdrawn_at, bulletin.audience)]
    if viewer.known():
        at_home = Sql(AT_HOME, bulletin.id, viewer.person)
        seen.append(Sql("{0} is null and {1}", bulletin.withdrawn_at, at_home))
    return widen_rows(viewer.within(bulletin, PUBLISH), *seen)


def published_bulletins(bulletin: Table, viewer: ViewerScope) -> Alternatives:
    """Return what somebody may correct or withdraw: loud ones take the right to warn."""
    loud = Sql(f"{{0}} in ({','.join(repr(one.value) for one in LOUD)})", bulletin.kind)
    ordinary = narrow_rows(viewer.within(bulletin, PUBLISH), Sql("not {0}", loud))
    warnings = narrow_rows(viewer.within(bulletin, WARN), loud)
    return None if ordinary is None or warnings is None else [*ordinary, *warnings]
