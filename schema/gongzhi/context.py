"""What everything that runs for one operation has at hand."""

from __future__ import annotations

from dataclasses import dataclass

import strawberry

from .sealing import KeyRing
from .viewer import Viewer


@dataclass(frozen=True)
class Context:
    """One operation: who asks, and the keys of the deployment."""

    viewer: Viewer
    keys: KeyRing
    receipts: bytes
    """The secret that receipt codes and idempotency MACs are derived from."""


Info = strawberry.Info[Context, None]
