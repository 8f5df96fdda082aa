"""A server for all tests of this plugin, a browser a file, and a town with a dispatcher."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize

from benchmarks.jepsen.nats import find_binary
from benchmarks.ports import find_free_port
from tools.browsers import open_browser, open_context, serve_county, served_database  # noqa: F401 - fixtures
from tools.frontends import NodeFailed, install_packages

FRONTEND = Path(__file__).parents[1] / "frontend"
TOWN, OTHER = "610921107", "610921100"
SCREEN: ViewportSize = {"width": 1366, "height": 768}
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
        token = self.take_token(place)
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

    def ask(self, document: str, place: dict[str, str] | None = None) -> Any:
        """Ask as anybody, or in a role, and return the data."""
        headers = {"authorization": f"Bearer {self.take_token(place)}"} if place else {}
        return httpx.post(f"{self.address}/graphql", json={"query": document}, headers=headers).json()["data"]

    def take_token(self, place: dict[str, str]) -> str:
        """Return a token of a role."""
        return str(httpx.post(f"{self.address}/auth/development-token", json=place).json()["accessToken"])

    def switch_on(self, *plugins: str) -> None:
        """Switch plugins on in the county."""
        for plugin in plugins:
            given = {"plugin": plugin, "county": "610921", "active": True}
            self.do({"role": "administrator"}, "setPluginActivation", "activation { active }", **given)

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


@pytest.fixture(scope="session")
def nats_port() -> int:
    """Where NATS listens."""
    return find_free_port()


@pytest.fixture(scope="session")
def nats(nats_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    """A NATS server that events are copied to once a test starts it."""
    folder = str(tmp_path_factory.mktemp("nats"))
    command = [str(find_binary()), "-a", "127.0.0.1", "-p", str(nats_port), "-js", "-sd", folder]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        yield server
        server.kill()


@pytest.fixture(scope="session")
def environment(nats_port: int) -> dict[str, str]:
    """Grid leaders need a second factor, webhooks may be sent to this machine, and a test starts NATS."""
    return {
        "GONGZHI_SECOND_FACTOR": "grid_leader",
        "GONGZHI_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "GONGZHI_NATS": f"nats://127.0.0.1:{nats_port}",
        "GONGZHI_NATS_INTEGRATORS": "610921:hotline",
    }


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser without history."""
    with open_context(browser, address, viewport=SCREEN) as opened:
        yield opened


@pytest.fixture(scope="module")
def session(browser: Browser, address: str, town: Town) -> StorageState:
    """The cookies of the dispatcher, who signs in once for all tests that do not sign out."""
    with open_context(browser, address, viewport=SCREEN) as opened:
        page = opened.new_page()
        page.goto("/console/")
        sign_in(page)
        page.wait_for_selector("#found")
        return opened.storage_state()


@pytest.fixture(scope="session")
def town(address: str) -> Town:
    """A town of the demo county, with a dispatcher who signs in by a password."""
    town = Town(address)
    town.add_dispatcher()
    return town


@pytest.fixture
def desk(browser: Browser, address: str, town: Town) -> Iterator[Callable[..., Page]]:
    """Open the desk of a plugin in a role, in a grid, as one does in development."""
    with open_context(browser, address, viewport=SCREEN) as opened:
        page = opened.new_page()

        def enter(plugin: str, role: str, grid: str) -> Page:
            town.switch_on(plugin)
            page.goto("/console/")
            page.select_option("#role", role)
            page.fill("#grid", grid)
            page.get_by_role("button", name="进入").click()
            page.click(f"nav [data-plugin={plugin}]")
            return page

        yield enter


@pytest.fixture
def page(browser: Browser, address: str, session: StorageState) -> Iterator[Page]:
    """The desk, as its dispatcher has it after signing in."""
    with open_context(browser, address, viewport=SCREEN, storage_state=session) as opened:
        page = opened.new_page()
        page.goto("/console/")
        page.wait_for_selector("#found")
        yield page


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which looks for what keeps people out; npm installs it with what builds the page."""
    try:
        install_packages(FRONTEND)
    except NodeFailed as failed:
        reason = f"npm could not install axe-core: {failed}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return (FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
