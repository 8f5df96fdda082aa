"""Archive: the files that are kept, with their rows: adding, finding, and removing those that no case has."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from gongzhi.core.attachments.links import FULL, THUMBNAIL, VARIANTS
from gongzhi.core.attachments.models import AttachmentRow
from gongzhi.core.attachments.uploads import KEPT, NOWHERE
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime import sealing
from gongzhi.runtime.locks import LOCK_NAME
from gongzhi.runtime.sealing import KeyRing
from tortoise.expressions import Q
from tortoise.functions import Sum
from tortoise.transactions import in_transaction

from gongzhi_server.clock import EARLIER

from .content import MB, CleanedFile
from .vault import StoreUnavailable, Vault

logger = logging.getLogger(__name__)

WAITING, STRANGERS_WAITING = 50, 9
"""Uploads of an account, or of a stranger's client, that may wait for their case."""
STRANGERS_BYTES = 1_000 * MB
"""Bytes that all strangers together may have waiting."""
SWEPT = 500
SEED = 0
"""Of the locks of uploads, whose names say that they are; see `lock_name`."""
HOUR = 3600


class Archive:
    """Rows and sealed files together."""

    def __init__(self, vault: Vault, keys: KeyRing) -> None:
        self.vault, self.keys = vault, keys
        self.swept: datetime | None = None
        """When what nobody used was last removed."""

    async def has_room(self, viewer: Viewer, client: bytes | None) -> bool:
        """Return whether the caller may send another file before they report."""
        # Rows whose key was destroyed take no room any more.
        waiting = AttachmentRow.filter(case_id=None, data_key__isnull=False)
        if viewer.account.name is not None:
            return await waiting.filter(account=viewer.account.name).count() < WAITING
        if await waiting.filter(client=client).count() >= STRANGERS_WAITING:
            return False
        [[total]] = await waiting.filter(account=None).annotate(total=Sum("size")).values_list("total")
        return (total or 0) < STRANGERS_BYTES

    async def add(self, viewer: Viewer, client: bytes | None, content: CleanedFile) -> AttachmentRow | None:
        """Keep a file, or return None where no room is left.

        Its row is there first: if we are killed, the sweep finds what was left. Raises StoreUnavailable.
        """
        # A key for each file, wrapped under the county's: destroying it erases the
        # file, wherever copies lie. An upload has no county before a case takes it.
        key = sealing.data_key()
        row = AttachmentRow(
            kind=content.kind,
            media_type=content.media_type,
            size=content.file.seek(0, io.SEEK_END),
            thumbnail=content.thumbnail is not None,
            county=NOWHERE,
            data_key=self.keys.wrap(NOWHERE, key),
            account=viewer.account.name,
            person_id=viewer.account.person,
            client=client,
            at=viewer.now,
        )
        async with in_transaction() as connection:
            # Asked again under a lock: of several uploads at once each found room before the others were kept.
            # One lock an account; all strangers have one, for what they may have waiting is counted together.
            await connection.execute_query_dict(LOCK_NAME, [f"upload {viewer.account.name or ''}", SEED])
            if not await self.has_room(viewer, client):
                return None
            await row.save(force_create=True)
        content.file.seek(0)
        try:
            await self.vault.put(row.id, FULL, key, content.file)
            if content.thumbnail is not None:
                await self.vault.put(row.id, THUMBNAIL, key, io.BytesIO(content.thumbnail))
        except StoreUnavailable:
            # Not left to the sweep: it would count among what waits, and a full store would use up the caller's room.
            with suppress(StoreUnavailable):
                await self.vault.delete(row.id, *VARIANTS)
                await row.delete()
            raise
        return row

    async def find(self, id: UUID, variant: str) -> tuple[AttachmentRow, AsyncIterator[bytes]] | None:
        """Find a file of a case, and its bytes; None if there is none."""
        # Only files of cases are given out: before that nobody has decided who may see one.
        row = await AttachmentRow.get_or_none(id=id, case_id__isnull=False)
        if row is None or row.data_key is None or (variant == THUMBNAIL and not row.thumbnail):
            return None
        try:
            return row, await self.vault.get(id, variant, self.keys.unwrap(row.county, row.data_key))
        except FileNotFoundError:
            logger.error("the file of attachment %s is not in the store; put it back from a back-up", id)
            return None

    async def read(self, row: AttachmentRow) -> bytes | None:
        """Read the whole file of a row; None once it is erased."""
        found = await self.find(row.id, FULL)
        return b"".join([piece async for piece in found[1]]) if found else None

    async def sweep(self, now: datetime) -> int:
        """Remove uploads that no case has had within a day, and what is erased; return how many."""
        # By the database's clock if this process's own is ahead: what somebody has just uploaded would be gone.
        [clock] = await AttachmentRow._meta.db.execute_query_dict(EARLIER, [now])
        old = Q(at__lte=clock["now"] - KEPT) | Q(data_key__isnull=True)
        rows = await AttachmentRow.filter(old, case_id=None).order_by("at").limit(SWEPT)
        for row in rows:
            # The file first: a row without a file is found again by the next sweep, a file without a row never.
            await self.vault.delete(row.id, *VARIANTS)
            await row.delete()
        return len(rows)


async def sweep_hourly(archive: Archive, now: Callable[[], datetime]) -> None:
    """Remove once an hour what is left over, until cancelled."""
    while True:
        await asyncio.sleep(HOUR)
        try:
            await archive.sweep(now())
            archive.swept = now()
        except Exception as error:  # the store or the database is away; there is another hour
            logger.error(
                "uploads that nobody used were not removed: %s; tried again in an hour, look at the store and the "
                "database if it goes on",
                type(error).__name__,
            )
