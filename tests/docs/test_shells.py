"""What the pages tell readers to type: curl is run against a server on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from gongzhi_server.app import create_app
from gongzhi_server.serve import bind_socket, server_url
from gongzhi_server.settings import Settings
from gongzhi_server.testing import SECRET

from .pages import PAGES, ROOT, Block, shells
from .test_examples import found, holes

CURLS = [block for page in PAGES for block in shells(page) if "curl " in block.text]


class Loopback(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup(sockets)  # type: ignore[arg-type]
        self.listening.set()


@contextmanager
def listening(settings: Settings) -> Iterator[str]:
    """The URL of an application that runs in a thread."""
    assert settings.database
    app = create_app(settings, settings.database)
    server = Loopback(uvicorn.Config(app, loop="asyncio", lifespan="on", log_level="warning"))
    with bind_socket(settings.host, settings.port) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        try:
            assert server.listening.wait(30)
            yield server_url(listener)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def url(filled: str, tmp_path: Path) -> Iterator[str]:
    settings = Settings(port=0, data=tmp_path, database=filled, mode="development", secret=SECRET, pool=2)
    with listening(settings) as found:
        yield found


def run(block: Block, url: str, dsn: str) -> str:
    """What the block prints, with this server in place of the one that `make run` starts."""
    text = block.text.replace("http://127.0.0.1:8000", url)
    text = text.replace(".venv/bin/gongzhi", shlex.join([sys.executable, "-m", "gongzhi_server"]))
    env = os.environ | {"DATABASE_URL": dsn, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], env=env, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), f"{block}: {done.stderr}"
    return done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
@pytest.mark.parametrize("block", CURLS, ids=str)
def test_curl(block: Block, url: str, filled: str) -> None:
    printed = run(block, url, filled)
    answer = json.loads(printed)
    assert "errors" not in answer, f"{block}: {answer}"
    assert [*found("errors", answer["data"]), *holes(answer["data"])] == [], block
    assert run(block, url, filled) == printed, f"{block}: sent again, it answers something else"


def test_readme_shows_ten_towns(url: str, filled: str) -> None:
    for page in ("README.md", "README.zh-CN.md"):
        first = next(block for block in CURLS if block.page == page)
        answer = json.loads(run(first, url, filled))
        assert answer["data"]["grid"]["children"]["totalCount"] == 10
