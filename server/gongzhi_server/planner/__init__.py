"""Planner: compiles one GraphQL operation into one SQL statement."""

from .document import Document
from .planner import FollowedField, Planner
from .statement import Statement

__all__ = ["Document", "FollowedField", "Planner", "Statement"]
