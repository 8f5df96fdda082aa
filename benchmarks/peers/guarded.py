"""Guarded: Gongzhi as in production but without rate limits, as for a flood from many addresses."""

from __future__ import annotations

import os
from pathlib import Path

from gongzhi_server.app import create_app
from gongzhi_server.plugins.loader import essential_plugins
from gongzhi_server.serve import freeze_garbage
from gongzhi_server.settings import Settings
from starlette.applications import Starlette

from .ours import SECRET


def app() -> Starlette:
    """Build the application over the database of the benchmark."""
    made = create_app(
        Settings(data=Path(), secret=SECRET, rates=False, guard=True),
        os.environ["BENCH_DSN"],
        plugins=essential_plugins(),
    )
    freeze_garbage()
    return made
