"""Distributions of vendors, made on the fly and found as installed ones are."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.plugin.hooks import GROUP
from gongzhi_server.graphql.schema import Schema, build_schema
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.testing import ESSENTIAL, create_database, drop_database

HEAD = """\
from __future__ import annotations

from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import Connection, Node, batch, column, connection
from gongzhi.declare.entity import entity, visible_to_all, expression, many, one
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_condition, guard_comparison
from gongzhi.core.grids.types import Grid
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.declare.orders import order_by
from gongzhi.core.people.types import Household, Person
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.declare.registers import Registers
from gongzhi.declare.register_entries import Purpose
from gongzhi.declare.roots import Mutation, Query
from gongzhi.declare.sql import Sql
"""


@dataclass
class Market:
    """Where vendors put what they ship; the test's own Python path."""

    folder: Path
    roots: set[str] = field(default_factory=set)
    ending: str = ""
    """What names of distributions end in: two that are called alike would be the same module of this process."""

    def ship(self, name: str, source: str, *, distribution: str = "", version: str = "3.1", **files: str) -> str:
        """A distribution with one plugin; `files` are further modules, a double underscore for a folder."""
        distribution = distribution or f"gongzhi-{name}{self.ending}"
        package = distribution.replace("-", "_")
        self.roots.add(package)
        self.write(f"{package}/__init__.py", HEAD + dedent(source))
        for path, text in files.items():
            self.write(f"{package}/{path.replace('__', '/')}.py", dedent(text))
        info = f"{package}-{version}.dist-info"
        self.write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        self.write(f"{info}/entry_points.txt", f"[{GROUP}]\n{name} = {package}\n")
        return package

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    @property
    def entries(self) -> list[EntryPoint]:
        return [one for one in entry_points(group=GROUP) if one.value.partition(".")[0] in self.roots]

    def load(self, *, essential: bool = False) -> Plugins:
        """What is shipped; with `essential` beside the installed plugins that are always on."""
        always = {one.name for one in ESSENTIAL.found} if essential else set()
        return load_plugins(entries=[*self.entries, *(one for one in entry_points(group=GROUP) if one.name in always)])

    def schema(self) -> Schema:
        return build_schema(self.load())


@contextmanager
def open_market(folder: Path, ending: str = "") -> Iterator[Market]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        made = Market(folder, ending=ending)
        yield made
    for module in [name for name in sys.modules if name.partition(".")[0] in made.roots]:
        del sys.modules[module]


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    folder = tmp_path / "site"
    folder.mkdir()
    with open_market(folder) as made:
        yield made


@pytest.fixture(scope="module")
def common_market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """The same for all tests of a file."""
    with open_market(tmp_path_factory.mktemp("site"), "-of-a-file") as made:
        yield made


@pytest_asyncio.fixture
async def bare(postgres: str) -> AsyncIterator[str]:
    """The address of a database with nothing in it."""
    name = f"bare_{uuid4().hex}"
    yield await create_database(postgres, name)
    await drop_database(postgres, name)
