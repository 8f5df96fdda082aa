"""Vault: stores files on disk or in S3, each sealed piece by piece under a key of its own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from gongzhi.runtime.sealing import SealError
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

# In pieces, so that a large file is sealed and sent without being in memory, and no byte leaves unchecked.
PIECE, TAG = 65_536, 16


class StoreUnavailable(Exception):
    """The store of files takes no file or gives none out: it is full, away, or refuses us."""


class Vault:
    """Keeps files under their ids and variants. A key seals one file: it is never used for another."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    @classmethod
    def open_at(cls, where: str | Path) -> Vault:
        """Open a folder, or an address such as s3://bucket/folder, as a vault."""
        if "://" in str(where):
            return cls(from_url(str(where)))
        return cls(LocalStore(Path(where), mkdir=True))

    async def put(self, id: UUID, variant: str, key: bytes, file: BinaryIO) -> None:
        """Seal a file and store it. Raises StoreUnavailable."""
        with store_errors():
            await self.store.put_async(storage_path(id, variant), seal_pieces(key, variant, file))

    async def get(self, id: UUID, variant: str, key: bytes) -> AsyncIterator[bytes]:
        """Return the file, piece by piece.

        Raises FileNotFoundError and StoreUnavailable at once, SealError where it was changed.
        """
        with store_errors():
            found = await self.store.get_async(storage_path(id, variant))
        return open_pieces(key, variant, found.stream(min_chunk_size=PIECE + TAG))

    async def delete(self, id: UUID, *variants: str) -> None:
        """Remove what is there of a file. Raises StoreUnavailable."""
        for variant in variants:
            with suppress(FileNotFoundError), store_errors():
                await self.store.delete_async(storage_path(id, variant))


@contextmanager
def store_errors() -> Iterator[None]:
    """Raise StoreUnavailable for what the store raises, but FileNotFoundError as it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    # Its text names folders and addresses, which are nobody's but the operator's.
    except (BaseError, OSError) as error:
        raise StoreUnavailable(type(error).__name__) from error


def storage_path(id: UUID, variant: str) -> str:
    """Return where a file lies; the last digits are random, so folders fill evenly."""
    return f"{id.hex[-2:]}/{id}.{variant}"


def file_cipher(key: bytes, variant: str) -> AESGCM:
    """Make the cipher of a file's variant."""
    # A key of its own for each variant: the same nonces under one key would break AES-GCM.
    return AESGCM(hmac.digest(key, variant.encode(), hashlib.sha256))


def piece_nonce(count: int, last: bool) -> bytes:
    """Make the nonce of a piece: numbered, the last marked, so that none can be left out, added or moved."""
    return count.to_bytes(11, "big") + bytes([last])


def seal_pieces(key: bytes, variant: str, file: BinaryIO) -> Iterator[bytes]:
    """Yield a file's pieces, sealed. An empty file has one empty piece, which says that it is the last."""
    box, count, piece = file_cipher(key, variant), 0, file.read(PIECE)
    while True:
        following = file.read(PIECE)
        yield box.encrypt(piece_nonce(count, not following), piece, None)
        if not following:
            return
        count, piece = count + 1, following


async def open_pieces(key: bytes, variant: str, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a stored file's pieces, opened."""
    box, count, held = file_cipher(key, variant), 0, b""
    async for chunk in stream:
        held += bytes(chunk)
        while len(held) > PIECE + TAG:  # what is left over may be the last piece, which is opened in another way
            yield open_piece(box, count, False, held[: PIECE + TAG])
            count, held = count + 1, held[PIECE + TAG :]
    yield open_piece(box, count, True, held)


def open_piece(box: AESGCM, count: int, last: bool, piece: bytes) -> bytes:
    """Open a piece. Raises SealError if it was changed, cut off or put elsewhere."""
    try:
        return box.decrypt(piece_nonce(count, last), piece, None)
    except (InvalidTag, ValueError):
        raise SealError("a stored file cannot be opened: it was changed, or cut off") from None
