"""Weak secrets: tells what somebody typed from what a generator made.

Not how good a secret is: that cannot be read off it. These are the ones that are certainly none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

BITS = 80
"""What the letters of a secret must tell together, by how often each comes; random ones of 32 digits tell 100."""
DISTINCT_BYTES = 16
"""How many different bytes a key of 32 has at least; random ones have fewer once in 10^15 keys."""
WORDS = ("changeme", "change-me", "secret", "password", "passw0rd", "example", "gongzhi", "qwerty", "letmein")


def find_weakness(text: str) -> str | None:
    """Say why a secret is none, in words that do not repeat it; None if nothing is known against it."""
    if is_repetition(text):
        return "repeats itself"
    if counts_up(text):
        return "is a row of letters or digits"
    # The entropy of the letters as they come, times their number: low for few letters, or for one that comes often.
    if sum(-count * math.log2(count / len(text)) for count in Counter(text).values()) < BITS:
        return "has too few different letters"
    if any(word in text.lower() for word in WORDS):
        return "has a word in it that people write for a secret"
    return None


def find_key_weakness(key: bytes) -> str | None:
    """Say why a key of 32 bytes is none; None if nothing is known against it."""
    if is_repetition(key):
        return "is the same over and over"
    if counts_up(key):
        return "is a row of numbers"
    if len(set(key)) < DISTINCT_BYTES:
        return "has too few different bytes"
    if all(32 <= byte < 127 for byte in key):
        return "is text that somebody wrote"
    return None


def is_repetition(value: str | bytes) -> bool:
    """Return whether it is a shorter piece over and over, the last time perhaps cut off."""
    # A text with period n equals itself shifted by n.
    return any(value[size:] == value[:-size] for size in range(1, len(value) // 2 + 1))


def counts_up(value: str | bytes) -> bool:
    """Return whether most of it goes up or down by the same step: 0123456789abc…"""
    codes: Sequence[int] = value if isinstance(value, bytes) else [ord(letter) for letter in value]
    steps = Counter(after - before for before, after in zip(codes, codes[1:], strict=False))
    return max(steps.values(), default=0) * 2 > len(codes)
