"""Secrets that deliveries are signed with: 32 random bytes, written `whsec_…`, kept wrapped under the county's key."""

from __future__ import annotations

import base64

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.commands import Call

PREFIX = "whsec_"


def shown(secret: bytes) -> str:
    """The secret as Standard Webhooks writes it."""
    return PREFIX + base64.b64encode(secret).decode()


async def sealed(call: Call, grid: GridRow, secret: bytes) -> bytes:
    """What is kept of it."""
    county = await GridRow.get(id=grid.county_id)
    return call.context.keys.wrap(county.code, secret)
