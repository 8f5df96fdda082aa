"""Events: numbered after their commit, read from the outbox, told to subscribers, handled."""

from .hub import Hub as Hub
from .outbox import Outbox as Outbox

__all__ = ["Hub", "Outbox"]
