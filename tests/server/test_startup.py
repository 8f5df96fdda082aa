"""What a start leaves out, so that the server answers soon."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

from gongzhi_server.startup import fast_startup
from tortoise import fields
from tortoise.models import Model

SPARED = {"PIL", "docx", "docxtpl", "httpx", "icalendar", "jinja2", "lxml", "nats", "numpy", "openpyxl", "pygments"}
SPARED |= {"hypothesis", "prometheus_client", "pytest", "rich", "shapely", "typst", "gongzhi.testing"}
SPARED |= {f"gongzhi_server.{room}" for room in ("demo", "deployment.doctor", "imports", "testing")}
"""What documents, sheets, pictures and boundaries are made with, or what operators and tests use."""


PROGRAM = """
import asyncio, os, sys
import gongzhi_server.cli, gongzhi_server.serve
from gongzhi_server import app, settings
from gongzhi_server.plugins import loader

async def main():
    made = app.create_app(settings.Settings.read(os.environ), os.environ["DATABASE_URL"], plugins=loader.load_plugins())
    async with made.router.lifespan_context(made):
        print(*sys.modules)

asyncio.run(main())
"""


def test_serving_spares_libraries(empty: str, tmp_path: Path) -> None:
    """A server with every installed plugin is up before the first of them is imported."""
    chosen = {"DATABASE_URL": empty, "GONGZHI_DATA": str(tmp_path), "GONGZHI_MODE": "development"}
    printed = subprocess.check_output([sys.executable, "-c", PROGRAM], env=os.environ | chosen, text=True)
    imported = set(printed.split())
    assert {"gongzhi_server.serve", "gongzhi_points.models", "gongzhi_legal.agreements.documents"} <= imported
    assert not SPARED & imported


def test_haste_ends() -> None:
    """Garbage is looked for again; comments of a model are read meanwhile, too, for migrations have them."""
    with fast_startup():
        assert not gc.isenabled()

        class Kept(Model):
            #: Told to whoever writes its migrations.
            name = fields.TextField()

    assert gc.isenabled()
    assert Kept._meta.fields_map["name"].description == "Told to whoever writes its migrations."
