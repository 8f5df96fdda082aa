"""Demo county: Hanyin (汉阴县, 610921), with its real divisions, and invented people and cases."""

from __future__ import annotations

from .county import Summary, load, loaded

__all__ = ["Summary", "load", "loaded"]
