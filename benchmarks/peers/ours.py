"""Ours: Gongzhi as it is served, with gateway, tokens, scope and limits."""

from __future__ import annotations

import os
from pathlib import Path

from gongzhi_server.app import create_app
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.loader import essential_plugins, load_plugins
from gongzhi_server.serve import freeze_garbage
from gongzhi_server.settings import Settings
from starlette.applications import Starlette

from ..plugin import CONTRIBUTIONS

SECRET = "of no use outside the benchmark"


def app() -> Starlette:
    """Build the application over the database of the benchmark."""
    return build_app(essential_plugins())


def app_with_all() -> Starlette:
    """Build the application with all plugins that are installed."""
    return build_app(load_plugins())


def build_app(plugins: Plugins) -> Starlette:
    """Build the application with these plugins."""
    settings = Settings(data=Path(), secret=SECRET)
    made = create_app(settings, os.environ["BENCH_DSN"], plugins=plugins, contributions=CONTRIBUTIONS)
    freeze_garbage()
    return made
