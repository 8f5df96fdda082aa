"""Imports: grids and people from files, reported row by row, tried out first if asked, undone as a whole."""

from __future__ import annotations

from .batches import UndoneImport, undo_batch
from .divisions import import_divisions
from .report import ImportFinding, Progress, Report
from .residents import OnDuplicate, import_residents

__all__ = [
    "ImportFinding",
    "OnDuplicate",
    "Progress",
    "Report",
    "UndoneImport",
    "import_divisions",
    "import_residents",
    "undo_batch",
]
