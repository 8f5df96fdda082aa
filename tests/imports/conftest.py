"""A database a test, copied from one that has a few grids; and files to import."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi.runtime.sealing import KeyRing
from gongzhi_server import imports
from gongzhi_server.testing import create_database, drop_database
from openpyxl import Workbook
from stdnum.cn import ric

TODAY = date(2026, 8, 20)
NOW = datetime(2026, 8, 20, 1, tzinfo=UTC)
VILLAGE, OTHER_VILLAGE, GRID, WUZHEN = "610921100201", "610921100202", "610921100201-010203", "330483100201"
GRIDS = {
    "61": "陕西省",
    "6109": "安康市",
    "610921": "汉阴县",
    "610921100": "城关镇",
    VILLAGE: "甲村",
    OTHER_VILLAGE: "乙村",
    "610921100201-010000": "甲村一片",
    "610921100201-010200": "甲村一片二组",
    GRID: "甲村一片二组三网格",
    "33": "浙江省",
    "3304": "嘉兴市",
    "330483": "桐乡市",
    "330483100": "乌镇镇",
    WUZHEN: "丙村",
}


# --- databases ---


@pytest.fixture(scope="session")
def divided(postgres: str, tables: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with these few grids."""
    name = f"divided_{uuid4().hex}"
    path = tmp_path_factory.mktemp("grids") / "grids.csv"
    path.write_text("code,name\n" + "".join(f"{code},{title}\n" for code, title in GRIDS.items()), encoding="utf-8")
    asyncio.run(imports.import_divisions(asyncio.run(create_database(postgres, name, tables)), path))
    yield name
    asyncio.run(drop_database(postgres, name))


@pytest.fixture
async def dsn(postgres: str, divided: str) -> AsyncIterator[str]:
    """The address of a copy of it, for one test."""
    name = f"test_{uuid4().hex}"
    yield await create_database(postgres, name, divided)
    await drop_database(postgres, name)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


# --- files ---


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write text to a file."""

    def write(text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def sheet(write: Callable[..., Path]) -> Callable[..., Path]:
    """Write rows to a CSV file, the columns as the first row has them."""

    def sheet(*rows: Mapping[str, str], name: str = "residents.csv", encoding: str = "utf-8") -> Path:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return write(text.getvalue(), name, encoding)

    return sheet


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Write rows to a workbook."""

    def book(*rows: Sequence[Any], name: str = "table.xlsx") -> Path:
        workbook = Workbook()
        for row in rows:
            workbook.active.append(row)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return book


# --- people, all invented ---


def number(birth: str, sequence: int = 1) -> str:
    """A resident ID for tests."""
    body = f"610921{birth}{sequence:03}"
    return body + ric.calc_check_digit(body + "0")


@pytest.fixture
def resident_id() -> Callable[..., str]:
    return number


@pytest.fixture
def person() -> Callable[..., dict[str, str]]:
    """A row of a sheet: a head of household, unless said otherwise."""
    blank = {
        "户号": "H001",
        "地址": "城关镇甲村1号",
        "与户主关系": "户主",
        "姓名": "测试甲",
        "性别": "男",
        "出生日期": "1990-01-01",
        "身份证号": "",
        "电话": "",
        "居住类型": "常住",
        "网格编码": GRID,
        "需求": "",
    }
    return lambda **cells: blank | cells


@pytest.fixture(scope="session")
def keys() -> KeyRing:
    return KeyRing({"k1": bytes(range(32))})


@pytest.fixture
def run(dsn: str, keys: KeyRing) -> Callable[..., Awaitable[imports.Report]]:
    """Import residents as an operator would today."""

    async def run(path: Path, **options: Any) -> imports.Report:
        given = {"keys": keys, "account": "operator", "today": TODAY, "now": NOW} | options
        return await imports.import_residents(dsn, path, **given)

    return run
