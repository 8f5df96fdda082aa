"""Rules: the permissions about looks at files, in one place."""

from __future__ import annotations

OVERSEE = "people.oversee"
REVEAL = "people.reveal"
FIND = "people.find"
BREAK_GLASS = "people.break_glass"
