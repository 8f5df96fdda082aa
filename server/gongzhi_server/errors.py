"""What can go wrong before anything is served."""

from __future__ import annotations


class Problem(Exception):
    """Something the operator can put right: says what, where and what to do, in one line; shown without a traceback."""
