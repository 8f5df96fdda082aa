"""Demo county: Hanyin (汉阴县, 610921), with its real divisions, and invented people and cases."""

from __future__ import annotations

from .county import Summary, is_loaded, load_county

__all__ = ["Summary", "load_county", "is_loaded"]
