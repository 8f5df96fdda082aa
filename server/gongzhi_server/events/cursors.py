"""Cursors: the position of an event in one history of the database, sealed, so that nobody reads how much lies between.

A database that is restored from a backup, or goes on at a replica, may have lost the last events, and gives their
positions to others. So its history has epochs (`events.open_epoch`), each with the last position before it began, and
a cursor says of which it is. Up to there an older cursor means what it meant; beyond, what it followed is no more.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

MARK, USUAL, OLD_MARK = b"gong", b"zhi", b"gongzhi1"
"""What each cursor begins with, by which a made-up one is told; what usually follows. Those of 0.1 know no epochs."""
OPEN_EPOCH = "select events.open_epoch()"


class PositionExpired(Exception):
    """What followed this position is no longer kept, or the position was never given in this history."""


@dataclass(frozen=True)
class Epoch:
    """A part of the database's history, which began behind a position."""

    id: int
    began: int


def read_epochs(found: Sequence[Mapping[str, Any]]) -> tuple[Epoch, ...]:
    """Read the epochs of a database, the first one first."""
    return tuple(Epoch(int(one["id"]), int(one["began"])) for one in found)


class Cursors:
    """Sealed positions. One position of an epoch has one cursor for everybody and for ever, unless it is `varied`.

    A cursor is a single block, so the plain block cipher is all that it takes.
    """

    def __init__(self, secret: bytes) -> None:
        # ECB is enough: a cursor is a single block, and one position is to have the same cursor for everybody.
        self._cipher = Cipher(AES(hashlib.sha256(b"gongzhi cursors " + secret).digest()), ECB())
        self.epochs: Sequence[Epoch] = (Epoch(0, 0),)
        """Those of the database, as far as this process knows; it asks whenever it connects."""

    def seal(self, position: int, *, varied: bool = False) -> str:
        """Seal a position of now as a cursor.

        Where no event comes with it, it has to be `varied`: whoever sees that one is another than the last, and was
        told of nothing, would know that something happened of which they may not know.
        """
        three = token_bytes(len(USUAL)) if varied else USUAL
        plain = MARK + three + self.epochs[-1].id.to_bytes(3, "big") + position.to_bytes(6, "big")
        block = self._cipher.encryptor().update(plain)
        return base64.urlsafe_b64encode(block).decode().rstrip("=")

    def open(self, cursor: str) -> int | None:
        """Return the position; None for what is no cursor of ours. Raises PositionExpired for one of a lost history."""
        try:
            # Without padding in the cursor; surplus padding is ignored when decoding.
            block = base64.b64decode(cursor + "==", altchars=b"-_", validate=True)
        except ValueError:
            return None
        plain = self._cipher.decryptor().update(block) if len(block) == 16 else b""
        # The mark stands for a MAC: a made-up block decrypts to noise, and begins with these bytes once in 2^32 times;
        # what it then names is a position, behind which nobody is told more than they may know.
        if plain.startswith(OLD_MARK) and plain[8:10] == b"\0\0":
            return self.check_epoch(self.epochs[0].id, int.from_bytes(plain[8:], "big"))
        if not plain.startswith(MARK):
            return None
        return self.check_epoch(int.from_bytes(plain[7:10], "big"), int.from_bytes(plain[10:], "big"))

    def check_epoch(self, epoch: int, position: int) -> int:
        """Return the position, if it means today what it meant in its epoch. Raises PositionExpired."""
        ids = [one.id for one in self.epochs]
        if position == 0:  # from the beginning of all, which is the same everywhere
            return 0
        if epoch not in ids:
            raise PositionExpired
        later = self.epochs[ids.index(epoch) + 1 :]
        if any(position > one.began for one in later):
            raise PositionExpired
        return position
