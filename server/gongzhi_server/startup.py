"""Startup: leaves out of a start what nothing would come of."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SWEEPS = 50_000, 20, 50
"""When garbage is collected; at Python's pace every third event for 2 000 followers would wait for a full sweep."""


@contextmanager
def fast_startup() -> Iterator[None]:
    """Import modules and build the schema, which takes half as long in here.

    Nearly all that is made then stays for good: looking for garbage among it, again and again, finds none.
    """
    from gongzhi_server._compat import skip_missing_comments

    # See "A start looks for no garbage" in docs/decisions/deployment.md.
    with pause_collector(), skip_missing_comments():
        try:
            yield
        finally:
            # Moved out of the collector's sight, so that later collections do not walk over what stays for good either.
            # Once: a second start in a process would put what the first has left out of sight, and keep it for ever.
            if not gc.get_freeze_count():
                gc.freeze()


@contextmanager
def pause_collector() -> Iterator[None]:
    """Look for no garbage meanwhile."""
    sweeping = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if sweeping:
            gc.enable()


def freeze_garbage() -> None:
    """Sweep once, and leave alone what is there: the schema stays for good, and sweeping it would stall requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SWEEPS)
