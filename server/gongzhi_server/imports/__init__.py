"""Imports: grids, people and inputs of mutations from files, reported row by row, tried out first if asked."""

from __future__ import annotations

from .batches import UndoneImport, undo_batch
from .divisions import import_divisions
from .report import ALL, CAP, ImportFinding, Progress, Report, write_findings
from .residents import OnDuplicate, import_residents

__all__ = [
    "ALL",
    "CAP",
    "ImportFinding",
    "OnDuplicate",
    "Progress",
    "Report",
    "UndoneImport",
    "import_divisions",
    "import_residents",
    "undo_batch",
    "write_findings",
]
