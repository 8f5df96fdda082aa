"""Client: what another system needs to follow events, to check webhooks and to file orders."""

from __future__ import annotations

from .client import Client, CursorExpired, GongzhiError, Page
from .webhooks import WrongSignature, read_webhook

__all__ = ("Client", "CursorExpired", "GongzhiError", "Page", "WrongSignature", "read_webhook")
