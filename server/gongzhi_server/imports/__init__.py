"""Imports: grids and people from files, reported row by row, tried out first if asked, undone as a whole."""

from __future__ import annotations

from .batches import Undone, undo
from .divisions import divisions
from .report import Finding, Progress, Report
from .residents import OnDuplicate, residents

__all__ = ["Finding", "OnDuplicate", "Progress", "Report", "Undone", "divisions", "residents", "undo"]
