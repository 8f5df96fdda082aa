"""Sealing: protected values under a key of the person's own, which is wrapped under a key of the county.

    ring key (environment or file) --HKDF, county--> county key --wraps--> data key of a person --seals--> values

Destroying a person's wrapped data key makes the person's sealed values unreadable, in backups too once those hold no
copy of it; the blind indexes beside them must be emptied as well, since they are keyed by county. Wrapped keys and
blind indexes name or need the ring key they were made with, so a rotation adds a key in front, rewraps and re-blinds
the rows, and then drops the old key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"  # AES-256-GCM with a random 96-bit nonce
_NONCE = 12
_KEY = 32
_BLIND = 16
_URLSAFE = str.maketrans("-_", "+/")


OPENING = """
jsonb_build_array({row}.county,encode({row}.data_key,'base64'),'{place}:'||{row}.id,encode({row}.content,'base64'))
"""
"""SQL for what opens the value that `seal_with_own_key` put into a row, for fields that are declared with `sealed=`."""


class SealError(Exception):
    """A value cannot be opened, or a key ring cannot be read. Never says more than where to look."""


# --- values ---


def data_key() -> bytes:
    """Make a data key for one person: 32 random bytes, to be stored wrapped."""
    return os.urandom(_KEY)


def seal_value(data_key: bytes, context: str, value: str) -> bytes:
    """Encrypt a value for the place it is stored in; `context` names column and row (`people.person.phone:<id>`).

    The result is 29 bytes longer than the value in UTF-8: version 1, nonce 12, tag 16.
    """
    return _encrypt(data_key, _VERSION, context.encode(), value.encode())


def open_value(data_key: bytes, context: str, blob: bytes) -> str:
    """Decrypt a sealed value; raise SealError if it was changed, moved to another place or sealed by another key."""
    return _decrypt(data_key, _VERSION, context.encode(), blob).decode()


def _encrypt(key: bytes, header: bytes, context: bytes, plain: bytes) -> bytes:
    # At random: good for 2^32 values under one key (NIST SP 800-38D), and each person has a key.
    nonce = os.urandom(_NONCE)
    # What stands before the nonce is authenticated, too, so a value passes for none of another version or key.
    return header + nonce + AESGCM(key).encrypt(nonce, plain, header + context)


def _decrypt(key: bytes, header: bytes, context: bytes, blob: bytes) -> bytes:
    start = len(header) + _NONCE
    try:
        if blob[: len(header)] == header:
            return AESGCM(key).decrypt(blob[len(header) : start], blob[start:], header + context)
    except (InvalidTag, ValueError):
        pass
    # All reasons read alike.
    raise SealError("the sealed value cannot be opened")


# --- keys ---


class KeyRing:
    """The keys that everything else hangs on: 32 bytes each, with a short id; the first is the current one."""

    __slots__ = ("_derived", "_keys", "current")

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise SealError("the key ring is empty: give at least one key as id:base64")
        # Told by place, since a mistyped entry may have the key where its id should be.
        for place, (name, key) in enumerate(keys.items(), 1):
            if not re.fullmatch(r"[A-Za-z0-9_.-]{1,16}", name):
                raise SealError(f"the id of key {place} is not 1 to 16 letters, digits, dots, hyphens or underscores")
            if len(key) != _KEY:
                raise SealError(f"key {place} has {len(key)} bytes, not {_KEY}")
        # A copy, since the mapping is the caller's.
        self._keys = dict(keys)
        self._derived: dict[tuple[str, str, str], bytes] = {}
        self.current = next(iter(keys))

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Read `id:base64,id:base64`, separated by commas or line ends, the current key first."""
        keys: dict[str, bytes] = {}
        for place, entry in enumerate(filter(None, re.split(r"[,\s]+", text)), 1):
            name, colon, encoded = entry.partition(":")
            if not colon:
                raise SealError(f"entry {place} of the key ring is not id:base64")
            if name in keys:
                raise SealError(f"entry {place} of the key ring repeats the id of an earlier one")
            try:
                # Both alphabets of base64 are read.
                keys[name] = base64.b64decode(encoded.translate(_URLSAFE), validate=True)
            except ValueError:
                raise SealError(f"entry {place} of the key ring is not in base64") from None
        return cls(keys)

    @classmethod
    def read(cls, path: str | Path) -> KeyRing:
        """Read a key file, in the form that `parse` takes."""
        return cls.parse(Path(path).read_text(encoding="utf-8"))

    def __repr__(self) -> str:
        # Only the ids: a repr ends up in logs.
        return f"<KeyRing {', '.join(self._keys)}>"

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, the current one first."""
        return tuple(self._keys)

    def weaknesses(self, check: Callable[[bytes], str | None]) -> dict[str, str]:
        """Return what a check says against keys, by their ids."""
        return {name: said for name, key in self._keys.items() if (said := check(key))}

    @property
    def header(self) -> bytes:
        """What every data key wrapped under the current key begins with: a rotation looks for rows without it."""
        return _header(self.current)

    def wrap(self, county: str, key: bytes) -> bytes:
        """Encrypt a data key for storage under the current key of its county (six digits)."""
        if len(key) != _KEY:
            raise ValueError(f"a data key has {_KEY} bytes")
        return _encrypt(self.derive(county, "wrap"), self.header, county.encode(), key)

    def unwrap(self, county: str, blob: bytes) -> bytes:
        """Decrypt a wrapped data key; raise SealError if it was changed, or belongs to another county or ring."""
        # A header is the version, the length of the key's id, and the id.
        name = blob[2 : 2 + blob[1]].decode(errors="replace") if len(blob) > 1 else ""
        if name not in self._keys:
            raise SealError("the data key was wrapped under a key that is not in the key ring")
        return _decrypt(self.derive(county, "wrap", name), _header(name), county.encode(), blob)

    def rewrap(self, county: str, blob: bytes) -> bytes:
        """Return the wrapped data key under the current key; the same bytes where it is under it already."""
        # What is under the current key stays as it is, so that a rotation can be repeated.
        return blob if blob.startswith(self.header) else self.wrap(county, self.unwrap(county, blob))

    def blind(self, county: str, field: str, value: str) -> bytes:
        """Return the blind index of a normalised value: 16 bytes to look equal values up by, under the current key."""
        return self._blind(county, field, value, self.current)

    def blinds(self, county: str, field: str, value: str) -> list[bytes]:
        """Return the blind indexes under every key of the ring, to look up by while a rotation is under way."""
        return [self._blind(county, field, value, name) for name in self._keys]

    def _blind(self, county: str, field: str, value: str, name: str) -> bytes:
        key = self.derive(county, f"blind:{field}", name)
        # Keyed: of plain digests anybody could try all the telephone numbers there are.
        return hmac.digest(key, value.encode(), hashlib.sha256)[:_BLIND]

    def derive(self, county: str, purpose: str, name: str | None = None) -> bytes:
        """Return the 32-byte key of a county for one purpose, from the current key or the one named."""
        name = name or self.current
        # Derived once: every value that is sealed or looked up needs a key.
        cached = self._derived.get((name, county, purpose))
        if cached is None:
            cached = self._derived[name, county, purpose] = self._derive(name, county, purpose)
        return cached

    def _derive(self, name: str, county: str, purpose: str) -> bytes:
        if not re.fullmatch(r"[1-9][0-9]{5}", county):
            raise ValueError("keys are derived per county: give its six digits")
        # The county has a fixed length, so no two pairs of county and purpose read alike.
        info = f"gongzhi/1/{county}/{purpose}".encode()
        # The keys of the ring are random, so HKDF needs no salt (RFC 5869, 3.1).
        return HKDF(SHA256(), _KEY, salt=None, info=info).derive(self._keys[name])


def seal_with_own_key(keys: KeyRing, county: str, place: str, value: str) -> dict[str, Any]:
    """Seal a value under a key of its own; return the columns that hold it: `county`, `data_key` and `content`.

    The key lies beside it, wrapped for the county, so the value goes for good with its row.
    """
    key = data_key()
    return {"county": county, "data_key": keys.wrap(county, key), "content": seal_value(key, place, value)}


def _header(name: str) -> bytes:
    return _VERSION + bytes([len(name)]) + name.encode()
