"""Startup: leaves out of a start what nothing would come of."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def fast_startup() -> Iterator[None]:
    """Import modules and build the schema, which takes half as long in here.

    Nearly all that is made then stays for good: looking for garbage among it, again and again, finds none.
    """
    from gongzhi_server._compat import skip_missing_comments

    sweeping = gc.isenabled()
    # See "A start looks for no garbage" in docs/decisions/deployment.md.
    gc.disable()
    try:
        with skip_missing_comments():
            yield
    finally:
        # Moved out of the collector's sight, so that later collections do not walk over what stays for good either.
        gc.freeze()
        if sweeping:
            gc.enable()
