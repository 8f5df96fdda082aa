"""Audit commands: `gongzhi audit` prints the chain's end as a line to be kept elsewhere, and verifies the chain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import orjson
from obstore.store import ObjectStore

from gongzhi_server.errors import Problem
from gongzhi_server.storage import audit, audit_archive, database
from gongzhi_server.storage.audit import Anchor, AuditFinding


async def anchor_line(dsn: str, now: datetime) -> str:
    """Return the chain's end as a line of JSON: number, time, hash."""
    async with database.connect_database(dsn) as connection:
        return orjson.dumps(asdict(await audit.take_anchor(connection, now))).decode()


async def archive_months(dsn: str, store: ObjectStore, now: datetime, months: int) -> list[str]:
    """Archive what is older than so many months, and put the digests into the chain; return the files' paths."""
    async with database.connect_database(dsn) as connection:
        try:
            return await audit_archive.archive_old(connection, store, now, months)
        finally:
            # Also of what was archived before something went wrong.
            await audit.close_chain(connection)


async def verify_anchors(
    dsn: str, files: Iterable[Path] = (), *, resume: bool = False, store: ObjectStore | None = None
) -> AuditFinding:
    """Verify the chain, and compare it with these anchors. Raises Problem for a file that holds something else."""
    anchors = [one for file in files for one in read_anchors(file)]
    async with database.connect_database(dsn) as connection:
        return await audit.verify_chain(connection, anchors, resume=resume, store=store)


def read_anchors(file: Path) -> list[Anchor]:
    """Read the anchors of a file, one a line."""
    try:
        return [Anchor(**orjson.loads(line)) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (ValueError, TypeError) as error:
        raise Problem(f"{file} holds no anchors: give a file that gongzhi audit anchor has written") from error
