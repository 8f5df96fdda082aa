"""The demo county: Hanyin (汉阴县, 610921), its real divisions, and people and cases that nobody is meant by."""

from __future__ import annotations

from .county import Summary, load, loaded

__all__ = ["Summary", "load", "loaded"]
