"""Secrets: 32 random bytes that deliveries are signed with, written `whsec_…`, kept wrapped under the county's key.

What else an endpoint is sent, and what it answers, is sealed with a data key of its own.
"""

from __future__ import annotations

import base64

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.commands import Call

PREFIX = "whsec_"
AUTHORIZATION, ANSWER = "webhooks.webhook.sealed_authorization:{}", "webhooks.delivery.sealed_answer:{}"
"""What is sealed, and of which row."""


def write_secret(secret: bytes) -> str:
    """Write a secret as Standard Webhooks does."""
    return PREFIX + base64.b64encode(secret).decode()


async def wrap_secret(call: Call, grid: GridRow, secret: bytes) -> bytes:
    """Wrap a secret under the key of the county where the grid lies."""
    county = await GridRow.get(id=grid.county_id)
    return call.context.keys.wrap(county.code, secret)
