"""Models: the tables of bulletins."""

from __future__ import annotations

from .bulletins import (
    AttachmentRow,
    Audience,
    BulletinKind,
    BulletinRow,
    InterestRow,
    PublishedFile,
    ReachRow,
    ReceiptRow,
    RevisionRow,
)
from .ledger import (
    AffairKind,
    AffairRow,
    Capital,
    DisclosureFileRow,
    DisclosureRow,
    DisclosureState,
    FigureRow,
    FigureUnit,
    QuestionRow,
    Rhythm,
)
from .warnings import Outcome, Severity, WarningRow

__all__ = [
    "AffairKind",
    "AffairRow",
    "AttachmentRow",
    "Audience",
    "BulletinKind",
    "BulletinRow",
    "Capital",
    "DisclosureFileRow",
    "DisclosureRow",
    "DisclosureState",
    "FigureRow",
    "FigureUnit",
    "InterestRow",
    "Outcome",
    "PublishedFile",
    "QuestionRow",
    "ReachRow",
    "ReceiptRow",
    "RevisionRow",
    "Rhythm",
    "Severity",
    "WarningRow",
]
