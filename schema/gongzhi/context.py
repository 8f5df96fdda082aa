"""What everything that runs for one operation has at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import strawberry
from tortoise.models import Model

from .sealing import KeyRing
from .viewer import Viewer


@dataclass(frozen=True)
class Context:
    """One operation: who asks, and the keys of the deployment."""

    viewer: Viewer
    keys: KeyRing
    receipts: bytes
    """The secret that receipt codes and idempotency MACs are derived from."""
    perform: Callable[[Any, Any], Awaitable[Any]]
    """Carries out a `gongzhi.commands.Command` with its input, once, in a transaction."""
    value: Callable[[type[Model], str, Any], Awaitable[Any]]
    """One column of the row with this key."""
    fetch: Callable[..., Awaitable[Any]]
    """Rows of a statement of ours, read only; what callers sent is in its values."""
    published: str = '{"plugins":[],"dataPurposes":[]}'
    """What is told of the plugins, as JSON (`gongzhi.plugins`)."""


Info = strawberry.Info[Context, None]
