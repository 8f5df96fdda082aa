"""Files of one copy of the demo county, and the hands that send them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from gongzhi_server.testing import Server, create_database, drop_database, serve_application

MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜",
    "place": {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"},
}
SHOWN = "attachments { id kind mediaType size at url thumbnailUrl }"


class Phone:
    """Somebody's phone: sends files and reports cases."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.headers = server.headers or {"x-client-id": str(uuid4())}

    async def send(self, content: bytes, **headers: str) -> httpx.Response:
        return await self.server.client.post("/attachments", content=content, headers={**self.headers, **headers})

    async def sent(self, content: bytes) -> str:
        reply = await self.send(content)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    async def report(self, *ids: str, **more: Any) -> dict[str, Any]:
        selection = f"case {{ number version grid {{ code }} {SHOWN} }} receiptCode"
        return await self.server.do("reportCase", selection, **{**MATTER, "attachments": ids, **more})


@pytest.fixture(scope="package")
def filled(postgres: str, county: str) -> Iterator[str]:
    """The address of the copy."""
    name = f"test_{uuid4().hex}"
    yield asyncio.run(create_database(postgres, name, county))
    asyncio.run(drop_database(postgres, name))


@pytest_asyncio.fixture
async def server(filled: str, tmp_path: Path) -> AsyncIterator[Server]:
    """The application over it, with no files yet."""
    connection = await asyncpg.connect(filled)
    await connection.execute("truncate attachments.attachment")
    await connection.close()
    async with serve_application(filled, tmp_path) as made:
        yield made


@pytest.fixture
def resident(server: Server) -> Phone:
    return Phone(server.as_("resident"))


@pytest.fixture
def stranger(server: Server) -> Phone:
    return Phone(server)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the server keeps its files."""
    return tmp_path / "files"
