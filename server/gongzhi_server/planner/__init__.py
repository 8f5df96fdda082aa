"""One GraphQL operation, one SQL statement."""

from .document import Document
from .planner import Planner
from .statement import Statement

__all__ = ["Document", "Planner", "Statement"]
