"""The board's map over an operator's base map, in a browser that draws it by software, over tiles of our own."""

from __future__ import annotations

import math
import re
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import httpx
import pytest
from gongzhi_console.base_map import AttributionMissing, ConsoleSettings, ZoomLevelsSwapped, read_tiles, read_zoom
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, expect

from tools.browsers import open_context, run_server

from .conftest import SCREEN
from .test_browser import BROWSER, find_barriers

COUNTY = "610921"
MIDDLE = (108.53, 32.89)
"""Within the county, of which all is shown at first."""
NO_GRAPHICS = """const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...rest);
};"""
ALL_INSIDE = """() => {
  const { right, bottom } = document.querySelector(".ground-canvas").getBoundingClientRect();
  const boxes = [...document.querySelectorAll(".area-name")].map((name) => name.getBoundingClientRect());
  return right <= 360 && boxes.every((box) => box.left >= 0 && box.right <= right && box.bottom <= bottom);
}"""
KEY = "tk=0123456789abcdef"


def draw_tile() -> bytes:
    """Draw a tile of 256 pixels of one colour as PNG."""
    rows = b"\0" + b"\xdc\xe8\xd0" * 256

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows * 256)) + chunk(b"IEND", b"")


class Tiles(ThreadingHTTPServer):
    """A server of tiles on loopback, which notes what it is asked, and answers 503 while it is away."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []
        self.referred: set[str | None] = set()
        self.away, self.tile = False, draw_tile()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Tiles

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.referred.add(self.headers["referer"] or self.headers["cookie"])
        self.send_response(503 if self.server.away else 200)
        self.send_header("access-control-allow-origin", "*")
        self.send_header("content-type", "image/png")
        self.end_headers()
        if not self.server.away:
            self.wfile.write(self.server.tile)

    def log_message(self, *given: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def tiles() -> Iterator[Tiles]:
    with Tiles() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(name="address", scope="module")
def serve_map(served_database: str, tmp_path_factory: pytest.TempPathFactory, tiles: Tiles) -> Iterator[str]:
    """A server whose operator supplies a base map by the query form of WMTS, with a key."""
    template = f"{tiles.address}/wmts?TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&{KEY}"
    given = {
        "GONGZHI_CONSOLE_BASE_MAP": template,
        "GONGZHI_CONSOLE_ATTRIBUTION": "测试地图 <b>",
        "GONGZHI_CONSOLE_MAP_APPROVAL": "GS（2026）0001号",
        "GONGZHI_CONSOLE_MIN_ZOOM": "3",
        "GONGZHI_CONSOLE_MAX_ZOOM": "16",
    }
    with run_server(served_database, tmp_path_factory.mktemp("data"), **given) as address:
        yield address


@contextmanager
def open_board(browser: Browser, address: str, tiles: Tiles, script: str = "") -> Iterator[Page]:
    """Open the board of the county as its leader."""
    with open_context(browser, address, tiles.address, viewport=SCREEN) as opened:
        if script:
            opened.add_init_script(script)
        page = opened.new_page()
        page.goto("/console/#/board")
        page.select_option("#role", "county_leader")
        page.fill("#grid", COUNTY)
        page.get_by_role("button", name="进入").click()
        expect(page.locator("#places")).to_be_visible()
        yield page


def find_tile(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Return column and row of the tile that a place lies in."""
    wide = 2**zoom
    up = math.asinh(math.tan(math.radians(latitude))) / math.pi
    return int((longitude + 180) / 360 * wide), int((1 - up) / 2 * wide)


def find_on_map(page: Page, code: str) -> tuple[float, float]:
    """Move the pointer over a place on the map, and return where that is once the map says what lies there."""
    box = page.locator(f".area-name[data-code='{code}']").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    chosen = page.locator(f"#places tr[data-code='{code}'][data-chosen]")
    for at in range(100):
        page.mouse.move(x + at % 2, y)
        if chosen.count():
            return x, y
        page.wait_for_timeout(50)
    raise AssertionError("the map does not know what lies there")


def read_labels(page: Page, links: str) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(
        "links => Object.fromEntries([...document.querySelectorAll(links)].map(a => [a.dataset.code, a.ariaLabel]))",
        links,
    )
    return found


def count_colours(page: Page, level: str) -> int:
    """Count the colours of a place of a level, below its name; over tiles of one colour."""
    box = page.locator(f".area-name[data-level='{level}']").first.bounding_box()
    assert box
    clip = FloatRect(x=box["x"], y=box["y"] + box["height"] + 2, width=16, height=16)
    return len(set(Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB").get_flattened_data()))


def await_colours(page: Page, level: str, *wanted: int) -> None:
    """Wait until a place of a level has so many colours."""
    for _ in range(50):
        if count_colours(page, level) in wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{level}: {count_colours(page, level)} colours")


@pytest.mark.slow
def test_map_lies_over_tiles(browser: Browser, address: str, tiles: Tiles, axe: str) -> None:
    """Right tiles are asked for, by nobody's name; it says what the drawing says; keys and clicks lead on."""
    with open_board(browser, address, tiles) as page:
        names = page.locator(".area-name")
        expect(names).not_to_have_count(0)
        expect(page.locator("#map")).to_be_hidden()
        expect(page.locator(".ground-source")).to_have_text("底图：测试地图 <b> · 审图号：GS（2026）0001号")
        labels = read_labels(page, "#map a.area")
        assert len(labels) == page.locator("#places tbody tr").count() and labels == read_labels(page, ".area-name")
        town = min(labels)
        find_on_map(page, town)
        asked = [re.search(r"MATRIX=(\d+)&TILEROW=(\d+)&TILECOL=(\d+)&" + KEY, one) for one in tiles.asked]
        assert asked and all(asked) and tiles.referred == {None}, "neither where it was asked from nor a cookie"
        found = {(int(one[1]), int(one[3]), int(one[2])) for one in asked if one}
        [zoom] = {zoom for zoom, *_ in found}
        column, row = find_tile(*MIDDLE, zoom)
        assert (zoom, column, row) in found and all(abs(x - column) + abs(y - row) < 5 for _, x, y in found)
        await_colours(page, "0", 1)
        page.click("[data-measure=satisfactionRate]")
        await_colours(page, "few", *range(3, 257))  # hatched, as what is withheld is
        page.click("[data-measure=overdue]")
        expect(page.locator(f"#map[data-bad] [data-code='{town}']")).to_be_attached()
        assert read_labels(page, "#map a.area") == read_labels(page, ".area-name")
        assert page.evaluate("document.querySelector('canvas').ariaLabel") == "民情数据图：超期未办"
        assert find_barriers(page, axe) == []
        page.get_by_role("button", name="放大").click()
        page.wait_for_function("document.querySelectorAll('.area-name[data-room=both]').length > 3")
        page.get_by_role("button", name="显示全部").click()
        page.set_viewport_size({"width": 360, "height": 740})
        page.wait_for_function(ALL_INSIDE)
        page.set_viewport_size(SCREEN)
        names.last.focus()
        expect(page.locator("#places tr[data-chosen]")).to_have_count(1)
        page.emulate_media(media="print")
        expect(page.locator("#map")).to_be_visible()
        expect(page.locator(".ground")).to_be_hidden()
        page.emulate_media(media="screen")
        page.mouse.click(*find_on_map(page, town))
        expect(page).to_have_url(re.compile(f"#/board/{town}"))
        village = page.locator(".area-name").first
        code = village.get_attribute("data-code")
        village.press("Enter")
        expect(page).to_have_url(re.compile(f"#/board/{code}"))


def test_what_cannot_be_drawn_is_told(browser: Browser, address: str, tiles: Tiles) -> None:
    """Without tiles the map stays, and says so until they come; without WebGL, or once it is lost, the outlines do."""
    tiles.away = True
    trouble = "#map-trouble"
    with open_board(browser, address, tiles) as page:
        expect(page.locator(trouble)).to_contain_text("底图未能加载")
        expect(page.locator(".ground")).to_be_visible()
        tiles.away = False
        page.get_by_role("button", name="放大").click()
        expect(page.locator(trouble)).to_have_count(0)
        page.evaluate(
            "document.querySelector('canvas').getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()"
        )
        expect(page.locator(trouble)).to_contain_text("图形绘制中断")
        expect(page.locator("#map")).to_be_visible()
        expect(page.locator(".ground")).to_have_count(0)
    asked = len(tiles.asked)
    with open_board(browser, address, tiles, NO_GRAPHICS) as page:
        expect(page.locator(trouble)).to_contain_text("没有 WebGL")
        expect(page.locator("#map")).to_be_visible()
        assert not page.evaluate("performance.getEntries().some(({ name }) => name.includes('ground'))")
    assert len(tiles.asked) == asked


def test_policy_allows_that_host_alone(address: str, tiles: Tiles) -> None:
    """The key in its address is not for strangers, and the worker of the field does not keep what draws the map."""
    page = httpx.get(f"{address}/console/", headers=BROWSER)
    policy = page.headers["content-security-policy"]
    assert f"connect-src 'self' {tiles.address};" in policy and policy.count("http") == 1
    assert KEY not in page.text and page.headers["referrer-policy"] == "no-referrer"
    answer = httpx.post(f"{address}/graphql", json={"query": "{ baseMap { tiles } }"})
    assert answer.json() == {"data": {"baseMap": None}}
    assert "ground" not in httpx.get(f"{address}/console/worker.js").text


@pytest.mark.parametrize(
    "text",
    [
        "http://tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}.png",
        "https://tiles.example.org/{z}/{z}/{x}/{y}.png",
        "https://{z}.example.org/{x}/{y}.png",
        "https://somebody:secret@tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org;script-src/{z}/{x}/{y}.png",
        "https://tiles.example.org:99999/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}/{y}/{secret}.png",
        "/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}/{y}.png secret",
    ],
)
def test_wrong_tiles_are_refused(text: str) -> None:
    """Before anything is served, and without a word of what was given: it may hold a key."""
    with pytest.raises(ValueError, match="^is no base map; write") as refused:
        read_tiles(text)
    assert "secret" not in str(refused.value)


def test_settings_are_refused_together() -> None:
    """Tiles without a word of whose they are, and levels the wrong way round."""
    two = read_tiles("https://Tiles.example.org:8443/{z}/{x}/{y}?l=a https://tiles.example.org:8443/{z}/{x}/{y}?l=b")
    with pytest.raises(AttributionMissing):
        ConsoleSettings(base_map=two)
    with pytest.raises(ZoomLevelsSwapped):
        ConsoleSettings(base_map=two, attribution="天地图", min_zoom=9, max_zoom=8)
    assert ConsoleSettings(base_map=two, attribution="天地图").origins == ("https://tiles.example.org:8443",)
    assert ConsoleSettings().origins == ()
    for wrong in ("23", "-1", "ten"):
        with pytest.raises(ValueError, match="is no zoom level"):
            read_zoom(wrong)
