"""Startup: leaves out of a start what nothing would come of."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def fast_startup() -> Iterator[None]:
    """Import modules and build the schema, which takes half as long in here.

    Nearly all that is made then stays for good: looking for garbage among it, again and again, finds none. And Tortoise
    parses the source of every model for comments on its columns, which only those read who write migrations.
    """
    from tortoise import models

    read, sweeping = models._get_comments, gc.isenabled()
    # See "A start looks for no garbage" in docs/decisions/deployment.md.
    models._get_comments = lambda cls: {}
    gc.disable()
    try:
        yield
    finally:
        models._get_comments = read
        # Moved out of the collector's sight, so that later collections do not walk over what stays for good either.
        gc.freeze()
        if sweeping:
            gc.enable()
