"""Client: what another system needs to follow events, to check webhooks and to file orders."""

from __future__ import annotations

from .client import Client, CursorExpired, GongzhiError, Page
from .types import Event, FiledCase, FiledOrder, Order, Place, Problem
from .webhooks import WrongSignature, read_webhook

__all__ = (
    "Client",
    "CursorExpired",
    "Event",
    "FiledCase",
    "FiledOrder",
    "GongzhiError",
    "Order",
    "Page",
    "Place",
    "Problem",
    "WrongSignature",
    "read_webhook",
)
