"""Planner: compiles one GraphQL operation into one SQL statement, and runs it.

Its modules lie side by side: `planner.py` keeps statements, `compiler.py` begins one, most others are for one
part of it.
"""

from .document import Document
from .planner import FollowedField, Planner
from .statement import Statement

__all__ = ["Document", "FollowedField", "Planner", "Statement"]
