"""What county leaders, dispatchers and the staff of towns see of their county on the board, in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tools.browsers import open_context

from .conftest import OTHER, SCREEN, TOWN, Town
from .test_browser import find_barriers

COUNTY = "610921"
Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, address: str, town: Town) -> Iterator[Enter]:
    """Enter in a role, in a grid, as one does in development."""
    with open_context(browser, address, viewport=SCREEN) as opened:
        page = opened.new_page()

        def begin(role: str, grid: str, way: str = "") -> Page:
            page.goto(f"/console/#/{way}")
            page.select_option("#role", role)
            page.fill("#grid", grid)
            page.get_by_role("button", name="进入").click()
            return page

        yield begin


def counter(page: Page, name: str) -> Any:
    return page.locator(f"[data-counter={name}] .figure")


def read_count(page: Page, name: str) -> int:
    """Read a counter; 0 for one that is withheld."""
    shown = str(counter(page, name).inner_text())
    return 0 if shown == "<3" else int(shown.replace(",", ""))


def read_rows(page: Page, table: str) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(
        "table => [...document.querySelectorAll(`${table} tbody tr`)].map(r => [...r.cells].map(c => c.innerText))",
        table,
    )
    return found


def show_board(page: Page, place: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(place)
    expect(page.locator("#digest-title")).to_be_visible()


def test_leader_goes_down_by_keys(enter: Enter, axe: str) -> None:
    """Who may see figures and no case begins at the board; map and table say the same, and lead to a village."""
    page = enter("county_leader", COUNTY)
    show_board(page, "汉阴县")
    expect(page.locator("nav a[aria-current=page]").first).to_have_text("大数据中心")
    expect(page.get_by_role("link", name="在调度台查看诉求")).to_have_count(0)
    rows = read_rows(page, "#places")
    assert len(rows) > 5 and page.locator("#map a.area").count() == len(rows)
    codes = page.evaluate("[...document.querySelectorAll('#places tbody tr')].map(row => row.dataset.code)")
    assert codes == sorted(codes), "no ranking"
    page.select_option("#layer", label="民情数据图：上报件数")  # which the plugin of statistics declares
    expect(page.locator("#places thead th").last).to_have_text("民情数据图：上报件数")
    expect(page.locator("#places td:last-child [data-why=nothing]")).to_have_count(0)
    for code, row in zip(codes, read_rows(page, "#places"), strict=True):
        assert (page.locator(f"#map [data-code='{code}']").get_attribute("aria-label") or "").startswith(
            f"{row[0]}：{row[-1]}"
        )
    for at, by in enumerate(("underWay", "overdue", "satisfactionRate", "answerCoverage", "levelShare"), 1):
        page.click(f"[data-measure={by}]")
        expect(page.locator(f"[data-measure={by}]")).to_have_attribute("aria-pressed", "true")
        for code, row in zip(codes, rows, strict=True):
            said = page.locator(f"#map [data-code='{code}']").get_attribute("aria-label") or ""
            assert said.startswith(f"{row[0]}：{row[at]}"), "what the map says, the table says"
            assert ("评价覆盖率" in said) == (by == "satisfactionRate"), "never one without the other"
    found = find_barriers(page, axe)
    area = page.locator(f"#map [data-code='{TOWN}']")
    area.focus()
    expect(page.locator(f"#places tr[data-code='{TOWN}'][data-chosen]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"#/board/{TOWN}\?by=levelShare$"))
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("汉阴县")
    page.locator("#places tbody a").first.click()
    expect(page.locator("#no-places")).to_contain_text("村以下不公布统计数字")
    expect(page.locator("#levels")).to_be_visible()
    page.get_by_role("link", name="汉阴县").click()
    show_board(page, "汉阴县")
    page.go_back()
    expect(page.locator("#no-places")).to_be_visible()
    assert found + find_barriers(page, axe) == []


def test_figures_open_their_formulas_and_periods(enter: Enter, axe: str) -> None:
    """The published formula with its version, in both languages; a digest beside the period before, and its chart."""
    page = enter("county_dispatcher", COUNTY, "board")
    show_board(page, "汉阴县")
    button = page.locator("[data-counter=overdue] button")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#formula")
    expect(dialog).to_contain_text("到期 − 到期已办结")
    expect(dialog).to_contain_text("口径版本")
    found = find_barriers(page, axe)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()
    for name in page.evaluate(
        "[...new Set([...document.querySelectorAll('[data-formula]')].map(b => b.dataset.formula))]"
    ):
        page.locator(f"[data-formula={name}]").first.click()
        expect(dialog.locator("dl")).to_be_visible()
        expect(dialog.locator("h2")).not_to_contain_text(re.compile("[a-z]"))
        dialog.get_by_role("button", name="关闭").click()
    page.click("[data-period=QUARTER]")
    title = page.locator("#digest-title")
    expect(title).to_contain_text("季评估")
    expect(page.locator("#compared [data-figure=medianHandling]")).to_be_visible()
    page.click("[data-period=WEEK]")
    expect(title).to_contain_text("周汇总")
    week = title.inner_text()
    now = page.locator("#compared [data-figure=reported] td").first.inner_text()
    page.click("#later")
    expect(page.get_by_text("本期尚未结束")).to_be_visible()
    expect(page.locator("#later")).to_be_disabled()
    expect(page.locator("#compared [data-figure=reported] td").nth(1)).to_have_text(now)  # what was now is before
    page.click("#earlier")
    expect(title).to_have_text(week)
    page.locator(".chart summary").click()
    bars = read_rows(page, ".chart")
    assert len(bars) == 12 and bars[-1][1].replace(",", "") == now.replace(",", "")
    page.goto(f"/console/#/board/{COUNTY}?period=DECADE&at=2026-99-99&by=nothing")
    expect(title).to_contain_text("月分析")
    page.click("#language")
    expect(title).to_contain_text("the month from")
    page.locator("[data-counter=underWay] button").click()
    expect(dialog).to_contain_text("reported − completed − declined")
    page.keyboard.press("Escape")
    page.click("#language")
    page.emulate_media(media="print")
    expect(page.locator("#map")).to_be_visible()
    for hidden in ("#print", ".head", "[data-period=DAY]", "[data-measure=overdue]"):
        expect(page.locator(hidden)).to_be_hidden()
    assert found == []


def test_counters_follow_what_happens(enter: Enter, town: Town) -> None:
    """What others report is counted by itself, without a question for each; one or two are withheld."""
    page = enter("town_dispatcher", OTHER, "board")
    show_board(page, "城关镇")
    expect(page.locator("#live")).to_contain_text("实时更新")
    before = str(counter(page, "reported").inner_text())
    asked: list[str] = []
    page.on("request", lambda sent: asked.append("now") if "BoardNow" in (sent.post_data or "") else None)
    for at in range(3):
        town.report(f"河堤路灯{at}", OTHER)
    after = str(int(before) + 3) if before.isdecimal() else re.compile(r"^\d+$")
    expect(counter(page, "reported")).to_have_text(after, timeout=20_000)
    assert 1 <= len(asked) <= 3, "several cases are one question"


def test_whoever_sees_no_cases_is_told_in_time(enter: Enter, town: Town) -> None:
    """Nothing is told of cases to whoever may see figures alone; the figures are asked for twice a minute."""
    page = enter("county_leader", OTHER)
    page.clock.install()
    page.reload()
    show_board(page, "城关镇")
    expect(page.locator("#live")).to_contain_text("每半分钟更新")
    before = read_count(page, "reported")
    for at in range(3):
        town.report(f"巷口路灯{at}", OTHER)
    for _ in range(40):  # until the figures have counted them
        if read_count(page, "reported") >= before + 3:
            return
        page.clock.fast_forward(31_000)
        page.wait_for_timeout(500)
    raise AssertionError(f"{before} reported, and still {read_count(page, 'reported')}")


def test_what_is_wrong_says_what_to_do(enter: Enter, town: Town) -> None:
    """A wrong code, a place that is not theirs, a lost network; grids of a village lead to their cases at the desk."""
    page = enter("town_dispatcher", TOWN, "desk")
    expect(page.locator("#found")).to_be_visible()
    page.route("**/board_board.*.js", lambda route: route.abort())
    page.click("nav a[href='#/board']")
    expect(page.get_by_text("请检查网络后重试")).to_be_visible()
    page.unroute("**/board_board.*.js")
    page.get_by_role("button", name="重试").click()
    expect(page.locator("#digest-title")).to_be_visible()
    expect(page.locator(".trail a")).to_have_count(0)  # what lies above is not theirs
    page.goto("/console/#/board/610921999")
    expect(page.locator("#no-figures")).to_contain_text("请检查地址中的编码")
    page.goto(f"/console/#/board/{COUNTY}")
    expect(page.locator("#no-figures")).to_contain_text("没有查看此地统计数字的权限")
    page.get_by_role("link", name="返回本级").click()
    expect(page.locator("#digest-title")).to_be_visible()
    page.locator("#places tbody a").first.click()
    expect(page.locator("#places tbody a").first).to_have_attribute("href", re.compile(r"#/desk\?town=\d{12}-"))
    page.get_by_role("link", name="在调度台查看诉求").click()
    expect(page.locator("#found")).to_be_visible()
    page.go_back()
    expect(page.locator("#digest-title")).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("#trouble")).to_contain_text("连接已断开")
    page.click("[data-period=DAY]")
    expect(page.locator("#digest [role=alert]")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#trouble")).to_have_count(0)
    page.locator("#digest").get_by_role("button", name="重试").click()
    expect(page.locator("#digest-title")).to_contain_text("日处理")


def test_board_fits_and_is_small(enter: Enter, browser: Browser, address: str, axe: str) -> None:
    """In large type on a phone, in the dark; how much a first visit loads, and how long it takes, is printed."""
    page = enter("county_leader", COUNTY)
    show_board(page, "汉阴县")
    kept = page.context.storage_state()
    page.click("#large")
    page.select_option("#theme", "dark")
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator("#map")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert find_barriers(page, axe) == []
    loaded: list[Response] = []
    with open_context(browser, address, viewport=SCREEN, storage_state=kept) as fresh:
        first = fresh.new_page()
        first.on("response", lambda one: loaded.append(one))
        began = time.perf_counter()
        first.goto("/console/#/board")
        first.wait_for_selector("#map")
        drawn = time.perf_counter() - began
        first.wait_for_selector("#digest-title")
        sizes = [one.request.sizes()["responseBodySize"] for one in loaded if "event-stream" not in str(one.headers)]
    print(f"\nfirst board: {sum(sizes)} bytes in {len(sizes)} answers, drawn after {drawn * 1000:.0f} ms")
    assert sum(sizes) < 300_000
