"""Events from the outbox to whoever follows them: numbered, read, told to subscribers, handled."""

from .hub import Hub as Hub
from .outbox import Outbox as Outbox

__all__ = ["Hub", "Outbox"]
