"""What residents do with the console, in a browser: most of it without an account, on a phone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tools.browsers import open_context

from .conftest import TOWN, Town
from .test_browser import find_barriers

PHONE: Any = {"viewport": {"width": 360, "height": 740}}
PLACE = {"longitude": 108.513, "latitude": 32.917}
WORKER, LEADER = {"role": "grid_worker", "grid": TOWN}, {"role": "grid_leader", "grid": TOWN}
OWN_PASSWORD = "a long one of my own"


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """A phone without history, which tells where it is if somebody presses the button."""
    with open_context(browser, address, geolocation=PLACE, permissions=["geolocation"], **PHONE) as opened:
        yield opened.new_page()


def make_photo() -> Any:
    """Make a photo to choose in a page."""
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "green").save(file, "JPEG")
    return {"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


def chinese_day() -> date:
    """Return today's day in China."""
    return datetime.now(timezone(timedelta(hours=8))).date()


def read_storage(page: Page) -> str:
    """Return all that the browser keeps, but cookies, which scripts cannot read."""
    return str(page.evaluate("JSON.stringify([localStorage, sessionStorage, location.href])"))


def check_page(page: Page, axe: str) -> None:
    """Nothing keeps anybody out, and nothing is wider than a phone, in large type either."""
    expect(page.locator(".resident h1")).to_be_visible()
    assert find_barriers(page, axe) == []
    for _ in range(2):
        page.click("#large")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def report_lamp(page: Page) -> tuple[str, str]:
    """Report a lamp in the town with a photo; the network is lost on the way. Return number and code."""
    page.fill("#words", "村口的路灯不亮了。已经三天，晚上出门不方便。")
    page.select_option("#category", "roads.lighting")
    page.select_option("#grid-town", TOWN)
    expect(page.locator("#grid-village")).to_be_visible()
    page.set_input_files("#files", make_photo())
    page.context.set_offline(True)
    page.click("#send")
    expect(page.locator(".wrong")).to_contain_text("还没有交上去。您写的内容还在")
    expect(page.locator("#words")).to_have_value("村口的路灯不亮了。已经三天，晚上出门不方便。")
    page.context.set_offline(False)
    page.click("#send")
    return page.inner_text("#receipt-number"), page.inner_text("#receipt-code")


def open_receipt(page: Page, number: str, code: str) -> None:
    page.fill("#number", number)
    page.fill("#code", code)
    page.get_by_role("button", name="查看", exact=True).click()


def test_stranger_reports_follows_and_rates(phone: Page, town: Town, axe: str) -> None:
    """From a notice board to a rating, without an account: nothing is kept that nobody was told of."""
    phone.goto("/console/resident")
    check_page(phone, axe)
    phone.click("#to-report")
    phone.click("#send")
    expect(phone.locator(".wrong")).to_be_focused()
    expect(phone.locator(".wrong")).to_contain_text("请写几句是什么事")
    check_page(phone, axe)
    number, code = report_lamp(phone)
    expect(phone.locator("#main")).to_be_focused()
    check_page(phone, axe)
    phone.emulate_media(media="print")
    expect(phone.locator("#receipt-code")).to_be_visible()
    expect(phone.locator("#phone-number")).to_be_hidden()
    phone.emulate_media(media="screen")
    assert number not in read_storage(phone)
    phone.check("#remember")
    assert number in read_storage(phone)
    phone.uncheck("#remember")
    assert number not in read_storage(phone) and code not in read_storage(phone)

    phone.reload()
    phone.click("#resident-pages a[href='#/follow']")
    open_receipt(phone, number, "AAAAAAAAAA")
    expect(phone.locator(".wrong")).to_contain_text("对不上")
    open_receipt(phone, number, code.lower())
    expect(phone.locator("#state")).to_contain_text("等待受理")
    expect(phone.locator("#standing")).to_contain_text("受理")  # by when, step by step
    expect(phone.locator("#yours img")).to_have_count(1)
    phone.set_input_files("#add #files", make_photo())
    phone.fill("#note", "灯杆也歪了")
    phone.get_by_role("button", name="补充", exact=True).click()
    expect(phone.locator("#course")).to_contain_text("灯杆也歪了")
    check_page(phone, axe)
    rate_what_is_answered(phone, town, number)
    assert number not in read_storage(phone)


def rate_what_is_answered(phone: Page, town: Town, number: str) -> None:
    """The grid answers, and whoever asked says that it is solved; what is closed is reported anew."""
    settled = {"number": number, "expectedVersion": 2, "text": "路灯已修好。"}
    town.do(WORKER, "handleInGrid", "case { status }", **settled)
    phone.get_by_role("button", name="刷新").click()
    expect(phone.locator("#answer")).to_contain_text("路灯已修好")
    phone.get_by_role("button", name="交评价").click()
    expect(phone.locator("#rate .wrong")).to_contain_text("请打分")
    phone.get_by_label("5 分，很满意").check()
    phone.get_by_label("解决了", exact=True).check()
    phone.get_by_role("button", name="交评价").click()
    expect(phone.locator("#state")).to_contain_text("已经办结")
    expect(phone.locator("#standing")).to_contain_text("5 分，很满意 · 解决了")
    phone.get_by_role("link", name="重新反映").click()
    expect(phone.locator("#words")).to_have_value(f"关于编号 {number}：")


def test_stranger_has_to_wait_and_is_late(phone: Page) -> None:
    """A position is taken when one presses; a limit is told with the time, and what is late with what one can do."""
    phone.goto("/console/resident#/report")
    expect(phone.locator("#grid-town")).to_be_visible()
    phone.click("#locate")
    expect(phone.locator("#located")).to_contain_text("已定位到 汉阴县")
    phone.fill("#words", "桥头的路灯不亮")
    message = {"message": "Too many requests.", "extensions": {"code": "RATE_LIMITED", "retryAfter": 42}}

    def refuse(route: Route) -> None:
        route.fulfill(status=429, headers={"retry-after": "42"}, json={"errors": [message]})

    phone.route("**/graphql", refuse)
    phone.click("#send")
    expect(phone.locator(".wrong")).to_contain_text("请等 42 秒后再按一次")
    expect(phone.locator(".wrong")).to_contain_text("您写的内容还在")
    phone.unroute("**/graphql")
    phone.click("#send")
    number = phone.inner_text("#receipt-number")

    def let_time_pass(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"overdue":false', '"overdue":true'))

    phone.route("**/graphql", let_time_pass)
    phone.get_by_role("link", name="现在看进度").click()
    expect(phone.locator("#standing")).to_contain_text("已经超过时限")
    expect(phone.locator("#late")).to_contain_text("行政复议")
    phone.get_by_role("link", name="就超时投诉").click()
    expect(phone.get_by_label("投诉", exact=True)).to_be_checked()
    expect(phone.locator("#words")).to_have_value(f"关于编号 {number}：")
    phone.unroute_all(behavior="wait")


def test_what_is_published_is_for_everybody(phone: Page, town: Town, axe: str) -> None:
    """Notices, rules and promises without an account; where a plugin is off, it says so."""
    phone.goto("/console/resident#/public")
    expect(phone.locator("#main")).to_contain_text("没有开通")
    town.switch_on("bulletins")
    bulletin = {
        "grid": TOWN,
        "kind": "NOTICE",
        "title": "停水通知",
        "text": "周三检修管网，停水半天。",
        "audience": "PUBLIC",
    }
    town.do(LEADER, "publishBulletin", "bulletin { id }", **bulletin)
    phone.reload()
    expect(phone.get_by_role("heading", name="停水通知")).to_be_visible()
    check_page(phone, axe)
    phone.click("a[href='#/public/rules']")
    phone.locator("#automatic summary").first.click()
    expect(phone.locator("#automatic")).to_contain_text("已知的不足")
    check_page(phone, axe)
    phone.click("a[href='#/public/affairs']")
    expect(phone.get_by_text("现在没有公开的内容。")).to_be_visible()
    phone.goto("/console/resident#/me")
    expect(phone.locator("#password")).to_be_visible()
    phone.click("#to-residents")
    expect(phone.locator("#to-report")).to_be_visible()


def earn_points(town: Town, person: str) -> None:
    """Have somebody earn points in a programme of the town, by a rule that its people adopted."""
    manager, there = {"role": "points_manager", "grid": TOWN}, {"role": "resident", "person": person}
    made = town.do(manager, "addPointsProgramme", "programme { id }", code="lights", name="照明积分", grid=TOWN)
    rule = {"code": "sweep", "title": "清扫", "text": "清扫院落，每次记五分。", "act": "courtyard.tidy", "amount": 5}
    rule |= {"programme": made["programme"]["id"], "startsOn": "2026-06-01"}
    rule = town.do(manager, "proposePointsRule", "rule { id name }", **rule)["rule"]
    adopted = {"body": "REPRESENTATIVES", "title": "村民代表会议决议", "text": "通过。", "decidedOn": "2026-06-02"}
    town.do(LEADER, "recordResolution", "resolution { id }", grid=TOWN, adopts=[rule["name"]], **adopted)
    town.do(manager, "adoptPointsRule", "rule { id }", rule=rule["id"])
    claim = town.do(
        there, "claimPoints", "claim { id version }", rule=rule["id"], actedOn=str(chinese_day()), text="扫了院子"
    )["claim"]
    decided = {"claim": claim["id"], "expectedVersion": claim["version"], "approve": True}
    town.do(WORKER, "decidePointsClaim", "claim { state }", **decided)


def object_to_points(phone: Page, axe: str) -> None:
    """Read the balance and how an entry came about, also after the network was gone, and object to it once."""
    phone.goto("/console/#/me/points")
    card = phone.locator(".card", has_text="照明积分")
    expect(card).to_contain_text("现有 5")
    phone.context.set_offline(True)
    card.locator("summary").click()
    expect(card.locator(".wrong")).to_contain_text("网络断了")
    phone.context.set_offline(False)
    card.locator("summary").click()
    card.locator("summary").click()
    expect(card).to_contain_text("清扫院落，每次记五分。")
    expect(card).to_contain_text("村民代表会议决议")
    check_page(phone, axe)
    card.get_by_role("button", name="对这笔积分有异议").click()
    phone.get_by_role("button", name="提交").click()
    expect(phone.locator("#error-reason")).to_contain_text("请填写")
    phone.fill("#field-reason", "扫了两次，只记了一次")
    phone.get_by_role("button", name="提交").click()
    expect(phone.locator("#done")).to_contain_text("异议已提出")
    expect(card.get_by_role("button", name="对这笔积分有异议")).to_have_count(0)
    phone.reload()
    card.get_by_role("button", name="对这笔积分有异议").click()
    phone.fill("#field-reason", "再说一次")
    phone.get_by_role("button", name="提交").click()
    expect(phone.locator("#form-errors")).to_contain_text("已有待处理的异议")
    phone.get_by_role("button", name="取消").click()


@pytest.fixture(scope="module")
def resident(town: Town) -> str:
    """Somebody on file, at whose number a worker looked; return the code of their invitation."""
    below = f'{{ grid(code: "{TOWN}") {{ children(first: 1) {{ nodes {{ code }} }} }} }}'
    grid = town.ask(below)["grid"]["children"]["nodes"][0]["code"]
    given = {"name": "测试居民", "residence": "RESIDENT", "grid": grid, "phones": ["13912345678"]}
    person = town.do(WORKER, "registerPerson", "person { id }", **given)["person"]["id"]
    town.do(WORKER, "reveal", "values { id }", ids=[person], fields=["phone"], purpose="核对号码")
    town.switch_on("points")
    earn_points(town, person)
    asked = town.do(WORKER, "inviteResident", "invitation { id }", person=person)
    return str(town.do(LEADER, "printInvitation", "code", invitation=asked["invitation"]["id"])["code"])


def enter(page: Page, code: str) -> None:
    """Open an account by an invitation, as a resident does the first time."""
    page.goto("/console/#/me")
    page.click("#invitation summary")
    page.locator("#code").fill(code)
    page.fill("#new-name", "zhang.san")
    page.fill("#new-password", OWN_PASSWORD)
    page.get_by_role("button", name="设置并登录").click()
    expect(page.locator("#mine")).to_have_text("测试居民")


def test_resident_sees_who_looked_and_contests_it(
    phone: Page, town: Town, resident: str, address: str, axe: str
) -> None:
    """One's own file, looks and consents; what is contested reaches whoever watches over personal data."""
    town.switch_on("services")
    enter(phone, resident)
    check_page(phone, axe)
    phone.locator("#services").get_by_role("link", name="服务事项").click()  # what plugins offer everybody
    expect(phone.locator("h1")).to_have_text("服务事项")
    expect(phone.locator("[data-plugin]")).to_have_count(0)  # no desks: those are the offices'
    phone.click("#account")  # and from the page of the account, too, there is a way back
    phone.get_by_role("link", name="居民服务").click()
    phone.click("#to-looks")
    look = phone.locator("#looks > li").filter(has_text="核对号码")
    expect(look).to_contain_text("查看明文")
    expect(look).to_contain_text("网格员")
    look.get_by_role("button").click()
    phone.fill("#field-text", "长" * 2001)
    phone.get_by_role("button", name="提交").click()
    expect(phone.locator("#error-text")).to_contain_text("2000")
    phone.fill("#field-text", "没有人联系过我")
    phone.get_by_role("button", name="提交").click()
    expect(look).to_contain_text("15 天内答复")
    check_page(phone, axe)
    officer = {"role": "data_protection_officer", "grid": "610921"}
    token = httpx.post(f"{address}/auth/development-token", json=officer).json()["accessToken"]
    document = "{ dataRequests { nodes { id version text look { purpose } } } }"
    headers = {"authorization": f"Bearer {token}"}
    asked = httpx.post(f"{address}/graphql", json={"query": document}, headers=headers).json()["data"]
    [request] = [one for one in asked["dataRequests"]["nodes"] if one["text"] == "没有人联系过我"]
    assert request["look"] == {"purpose": "核对号码"}
    answer = {"request": request["id"], "expectedVersion": 1, "grant": True, "grounds": "确为误查，已提醒"}
    town.do(officer, "decideDataRequest", "request { id }", **answer)
    phone.goto("/console/#/me/file")
    expect(phone.locator("#file")).to_contain_text("13912345678")
    expect(phone.locator("#requests")).to_contain_text("确为误查，已提醒")
    phone.click("#copy-all")
    copy = phone.locator("#copy-link").get_attribute("href") or ""
    assert "测试居民" in httpx.get(f"{address}{copy}").text
    check_page(phone, axe)
    manage_own_things(phone, axe)


def manage_own_things(phone: Page, axe: str) -> None:
    """Agree and take it back, report under one's name, read notices; a lost session says so."""
    expect(phone.locator("#account")).to_have_text("测试居民")
    phone.goto("/console/#/me/consents")
    expect(phone.get_by_text("还没有。")).to_be_visible()
    phone.locator("[data-agree='people.income_band'] summary").click()
    phone.locator("[data-agree='people.income_band'] button").click()
    phone.locator("#consents").get_by_role("button", name="撤回同意").click()
    phone.get_by_role("button", name="不撤回").click()
    phone.locator("#consents").get_by_role("button", name="撤回同意").click()
    phone.get_by_role("button", name="确定撤回").click()
    expect(phone.locator("#consents")).to_contain_text("已失效")
    phone.goto("/console/resident#/report")
    phone.fill("#words", "请帮忙修路灯")
    phone.select_option("#grid-town", TOWN)
    phone.click("#send")
    number = phone.inner_text("#receipt-number")
    phone.goto("/console/#/me/cases")
    phone.get_by_role("link", name="请帮忙修路灯").click()
    expect(phone.locator("#standing")).to_contain_text(number)
    phone.get_by_role("button", name="撤回这件事").click()
    phone.get_by_role("button", name="提交").click()
    expect(phone.locator("#state")).to_contain_text("已经撤回")
    object_to_points(phone, axe)
    phone.goto("/console/#/me/notices")
    phone.get_by_role("button", name="全部标为已读").click()
    expect(phone.locator("[data-unread=true]")).to_have_count(0)
    phone.context.clear_cookies()
    phone.goto("/console/#/me/points")
    expect(phone.locator("#notice")).to_contain_text("登录已过期")
