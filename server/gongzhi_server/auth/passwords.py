"""Passwords: hashed by argon2id on threads, a few at a time, since each takes much memory and time."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from gongzhi.runtime.checks import invalid_input

T = TypeVar("T")

SHORTEST, LONGEST = 10, 128
AT_ONCE, WAITING = 2, 32
"""Passwords that are checked side by side, 64 MB each, and how many wait. Known devices have a thread of their own."""
COMMON = {
    "1234567890", "0123456789", "9876543210", "password12", "password123", "qwertyuiop", "1q2w3e4r5t", "iloveyou12",
    "abcdefghij", "abc1234567", "woaini1314", "woaini5201314", "5201314520", "gongzhi123",
}  # fmt: skip


class PasswordsBusy(Exception):
    """Too many passwords are being checked at this moment (503)."""


class Passwords:
    """Hashes and checks of passwords. A name without a hash takes as long as one with a hash."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        # Known devices have a thread of their own, so a crowd of guessers does not hold them up.
        self._pools = {False: HashingPool(AT_ONCE), True: HashingPool(1)}

    async def hash(self, password: str) -> str:
        """Hash a password. Raises PasswordsBusy."""
        return await self._pools[False].run(lambda: self._hasher.hash(normalise_password(password)))

    async def verify(self, hash: str | None, password: str, known: bool = False) -> bool:
        """Check a password; with no hash, return False after the same work. Known devices do not wait for others."""
        pool = self._pools[known]
        # The time must not tell whether a name has a password, so a decoy is verified where there is no hash.
        found = await pool.run(lambda: self._matches(self._decoy, hash, normalise_password(password)))
        return found and hash is not None

    def needs_rehash(self, hash: str) -> bool:
        """Return whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(hash)

    def close(self) -> None:
        """Stop the threads; what waits is dropped."""
        for pool in self._pools.values():
            pool.threads.shutdown(wait=False, cancel_futures=True)

    @cached_property
    def _decoy(self) -> str:
        """Hash a text that is nobody's password, with the same parameters as real ones."""
        return self._hasher.hash("nobody's password")

    def _matches(self, decoy: str, hash: str | None, password: str) -> bool:
        """Verify a password against its hash, or the decoy."""
        try:
            return self._hasher.verify(hash or decoy, password)
        except (VerificationError, InvalidHashError):
            return False


class HashingPool:
    """Threads on which passwords are hashed, and a bounded number of those who wait for one."""

    def __init__(self, threads: int) -> None:
        self.threads = ThreadPoolExecutor(threads, "passwords")
        self.under_way = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Run work on a thread and return what it comes to. Raises PasswordsBusy."""
        if self.under_way >= WAITING:
            raise PasswordsBusy
        self.under_way += 1
        try:
            # On a thread: argon2 releases the interpreter while it works, so the event loop goes on.
            return await asyncio.get_running_loop().run_in_executor(self.threads, work)
        finally:
            self.under_way -= 1


def normalise_password(password: str) -> str:
    """Normalise a password to the same characters, however the keyboard composed them."""
    return unicodedata.normalize("NFKC", password)


def check_new_password(password: str, name: str, *path: str) -> str:
    """Check a password that somebody wants from now on. Raises Refusal for one that is guessed first."""
    plain = normalise_password(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise invalid_input(
            f"A password has {SHORTEST} to {LONGEST} characters.", f"密码应为 {SHORTEST} 至 {LONGEST} 个字符。", *path
        )
    easy = plain.casefold() in COMMON or len(set(plain)) < 4 or (name and name.casefold() in plain.casefold())
    if easy:
        raise invalid_input(
            "This password is too easy to guess: it is common, repeats itself, or holds the account's name.",
            "密码过于简单：属于常见密码、字符重复，或包含账户名。",
            *path,
        )
    return plain
