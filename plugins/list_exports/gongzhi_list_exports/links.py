"""Download links: where a file can be fetched, by a link that is derived and stored nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from gongzhi.runtime import tickets
from gongzhi.runtime.context import Context

from .models import ExportState

ROOT = "/bulk-exports"
LINK_LIFETIME = timedelta(minutes=10)
"""How long a link works."""
MOST_FETCHES = 5
"""How often a file may be fetched."""
KIND = b"bulk export"
NUMBER = 8


def download_link(row: Any, context: Context) -> str | None:
    """Return the path to fetch the file from, for whoever asked for it; None for others, and when it is over."""
    now, account = context.viewer.now, context.viewer.account
    # A file is fetched by somebody who signed in, never by an API key.
    own = account.name is not None and account.name == row.account and account.api_key is None
    over = row.state != ExportState.READY or row.until <= now or row.fetches >= MOST_FETCHES
    return (
        None
        if over or not own
        # A link never outlives the export, though the export is checked once more when it is fetched.
        else f"{ROOT}/" + issue_ticket(context.receipts, row.id, min(now + LINK_LIFETIME, row.until))
    )


def issue_ticket(secret: bytes, export: int, until: datetime) -> str:
    return tickets.issue_ticket(secret, KIND, export.to_bytes(NUMBER), until)


def read_ticket(secret: bytes, text: str, now: datetime) -> int | None:
    """Return the export that a link was made for; None if it was not, or is over."""
    key = tickets.read_ticket(secret, KIND, text, now)
    return int.from_bytes(key) if key else None
