"""Planner: compiles one GraphQL operation into one SQL statement."""

from .document import Document
from .planner import Followed, Planner
from .statement import Statement

__all__ = ["Document", "Followed", "Planner", "Statement"]
