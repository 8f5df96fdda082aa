"""The demo county's credit: filled in below."""

from __future__ import annotations

from gongzhi.commands import Call


async def furnish(call: Call) -> None:
    """Credit for the demo county."""
