"""Browsers: what tests of pages share: a server of its own, one browser, and a look at all that goes wrong there."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from gongzhi_server.testing import create_database, drop_database
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, sync_playwright

# The headless shell is Chromium without its windows, and takes a third less processor time for the same pages.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As root Chromium starts without its sandbox only; the pages are our own. Where no graphics card is, a process that
# imitates one takes as long as all the rest.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
SECRET = "a secret for tests, as long as it must be"
REPORTED = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error("policy", event.violatedDirective, event.blockedURI))"""


@dataclass
class Watch:
    """What went wrong on the pages of a test: whatever a page complains of, and requests to anybody else."""

    hosts: Collection[str]
    wrong: list[str] = field(default_factory=list)

    def log(self, message: ConsoleMessage) -> None:
        # An answer that is no success is told of in the console, too; what is refused is for the page to show.
        # What a driver says of its speed, where graphics are drawn by software, is about no page.
        if message.type in ("error", "warning") and not re.match("Failed to load resource|.*GL Driver", message.text):
            self.wrong.append(message.text)

    def fetch(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.netloc not in self.hosts and parts.scheme not in ("data", "blob"):
            self.wrong.append(f"asked {parts.netloc}")


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Settings of the server beside those of development: a folder's conftest may say others."""
    return {}


@pytest.fixture(scope="session")
def served_database(postgres: str, small_county: str) -> Iterator[str]:
    """The address of the database that the server has for itself, with a small county."""
    name = f"test_{uuid4().hex}"
    yield asyncio.run(create_database(postgres, name, small_county))
    asyncio.run(drop_database(postgres, name))


@pytest.fixture(name="address", scope="session")
def serve_county(
    served_database: str, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of `gongzhi serve` in development, for all files of a folder."""
    with run_server(served_database, tmp_path_factory.mktemp("data"), **environment) as address:
        yield address


@contextmanager
def run_server(dsn: str, data: Path, **settings: str) -> Iterator[str]:
    """Run `gongzhi serve`, in development unless the settings say otherwise, and yield the address it listens on."""
    chosen = {"GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET, **settings}
    environ = {**os.environ, **chosen, "DATABASE_URL": dsn, "GONGZHI_DATA": str(data), "PORT": "0"}
    command = [str(Path(sys.executable).with_name("gongzhi")), "serve"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield next(found[0] for line in server.stdout if (found := re.search(r"http://[\d.]+:\d+", line)))
        finally:
            server.terminate()


@pytest.fixture(name="browser", scope="module")
def open_browser(address: str) -> Iterator[Browser]:
    """Chromium as the system has it; `make test` installs it where it may.

    Started after the server: while Playwright runs, no fixture can run an event loop of its own.
    """
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        yield opened
        opened.close()


def find_browser() -> str:
    """Return the path of Chromium; without one the test is skipped, or fails where all must run."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"no browser is installed, none of {', '.join(NAMES)}: `apt-get install {NAMES[0]}`"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return found


@contextmanager
def open_context(browser: Browser, address: str, *others: str, **options: Any) -> Iterator[BrowserContext]:
    """Open a context, and fail for a violated policy, an error in the console or a request to any but the `others`."""
    made = browser.new_context(base_url=address, locale="zh-CN", **options)
    with watch_context(made, address, *others) as opened:
        yield opened


@contextmanager
def open_profile(
    browser: Browser, address: str, folder: Path, *arguments: str, **options: Any
) -> Iterator[BrowserContext]:
    """Open a browser that keeps in a folder what it has, as `open_context` does one that forgets it."""
    opened = browser.browser_type.launch_persistent_context(
        folder,
        executable_path=find_browser(),
        args=[*ARGUMENTS, *arguments],
        base_url=address,
        locale="zh-CN",
        **options,
    )
    with watch_context(opened, address):
        yield opened


@contextmanager
def watch_context(opened: BrowserContext, *addresses: str) -> Iterator[BrowserContext]:
    """Watch over a context until it is closed."""
    watch = Watch([urlsplit(one).netloc for one in addresses])
    opened.add_init_script(REPORTED)
    opened.on("console", watch.log)
    opened.on("weberror", lambda error: watch.wrong.append(str(error.error)))
    opened.on("request", watch.fetch)
    yield opened
    opened.close()
    assert watch.wrong == []
