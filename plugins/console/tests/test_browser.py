"""What dispatchers do with the console, in a browser."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .conftest import OTHER, TOWN, Town, sign_in

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-encoding": "gzip"}
REVIEW = str(date.today() + timedelta(days=30))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def open_case(page: Page, number: str) -> None:
    page.locator(f"tr[data-number='{number}'] a").click()
    expect(page.locator("#timeline li").first).to_be_visible()


def choose_action(page: Page, name: str) -> None:
    page.locator(f"button[data-action={name}]").click()
    expect(page.locator("dialog form")).to_be_visible()


def send_form(page: Page) -> None:
    page.locator("dialog").get_by_role("button", name="提交").click()


def find_barriers(page: Page, axe: str) -> list[str]:
    """Return what axe finds on the page as it is, but what is minor; how many of its rules are kept is printed."""
    page.evaluate(axe)
    found: Any = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
    kept, broken, unsure = (len(found[name]) for name in ("passes", "violations", "incomplete"))
    path = page.url[page.url.index("/", len("https://")) :]
    print(f"\naxe at {path}: {kept} rules kept, {broken} broken, {unsure} undecided")
    return [
        f"{one['id']}: {node['html']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical", "moderate")
        for node in one["nodes"]
    ]


def test_page_loads_what_is_ours_and_lasts(address: str) -> None:
    """Everything by an address with its hash, compressed, under a policy without exceptions; small in all."""
    reply = httpx.get(f"{address}/console", headers=BROWSER, follow_redirects=True)
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy and "http" not in policy
    assert reply.headers["permissions-policy"] == "camera=(), geolocation=(self), microphone=(self)"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", reply.text)
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', reply.text)
    assert len(loaded) == len(set(loaded)) > 2
    [script] = [one for one in loaded if "/console." in one and one.endswith(".js")]
    parts = re.findall(r'"\./([^"/]+\.js)"', httpx.get(f"{address}{script}").text)
    pages = {f"/console/static/{one}" for one in parts} - set(loaded)
    assert len(parts) > len(pages) > 3  # what it begins with is asked for by the page, and pages when they are opened
    for one in [*loaded, *pages]:
        file = httpx.get(f"{address}{one}", headers=BROWSER)
        assert "immutable" in file.headers["cache-control"] and file.headers["content-encoding"] == "gzip"
        assert int(file.headers["content-length"]) < 150_000


def test_case_is_accepted_and_dispatched(context: BrowserContext, town: Town) -> None:
    """From a wrong password to a case that a unit has: what is wrong is told where it is."""
    number, far = town.report("老街路灯不亮"), town.report("别处的路灯", OTHER)
    page = context.new_page()
    page.goto("/console/")
    sign_in(page, "not the password")
    expect(page.locator("#sign-in-error")).to_contain_text("账户名或密码不正确")
    sign_in(page)
    expect(page.locator(f"tr[data-number='{number}']")).to_contain_text("已上报")
    expect(page.locator(f"tr[data-number='{far}']")).to_have_count(0)
    page.click("button[data-status=REPORTED]")
    expect(page.locator("#cases .state:not([data-value=REPORTED])")).to_have_count(0)
    reported = page.locator("#cases tbody tr").count()
    expect(page.locator("button[data-status=REPORTED] .badge")).to_have_text(str(reported))
    open_case(page, number)

    choose_action(page, "acceptCase")
    page.fill("#field-note", "长" * 10_001)
    send_form(page)
    expect(page.locator("#error-note")).to_contain_text("10000")
    expect(page.locator("#field-note")).to_be_focused()
    page.fill("#field-note", "已电话核实")
    send_form(page)
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".case header")).to_contain_text("已受理")
    expect(page.locator("#timeline")).to_contain_text("已电话核实")

    choose_action(page, "dispatchCase")
    expect(page.locator("dialog .chosen")).to_have_count(1)
    page.fill("#field-supportUnits", "水利")
    page.locator("dialog [role=listbox] [role=option]").first.click()
    expect(page.locator("dialog .chosen")).to_have_count(2)
    send_form(page)
    expect(page.locator(".case header")).to_contain_text("已派单")
    expect(page.locator("#orders li")).to_have_count(2)
    page.click("#refused summary")
    expect(page.locator("#refused [data-action=acceptCase]")).to_contain_text("当前状态不可执行")
    told: Any = page.evaluate("[...document.querySelectorAll('.actions [data-action]')].map(e => e.dataset.action)")
    assert len(told) > 20


def test_refusals_are_told_at_their_fields(page: Page, town: Town) -> None:
    """What is missing, what is wrong, and what somebody else did since the form was opened; the text stays."""
    number = town.report("桥头路灯")
    open_case(page, number)
    choose_action(page, "mergeCases")
    page.fill("#field-merge", "610921202601010000000")
    send_form(page)
    expect(page.locator("#error-merge")).not_to_be_empty()
    page.keyboard.press("Escape")
    choose_action(page, "declineCase")
    send_form(page)
    expect(page.locator("#error-reason")).to_contain_text("请填写")
    page.fill("#field-reason", "不属于受理范围")
    town.accept(number)
    expect(page.locator(".case header")).to_contain_text("已受理")
    send_form(page)
    expect(page.locator("#form-errors")).to_contain_text("版本")
    expect(page.locator("#field-reason")).to_have_value("不属于受理范围")


def test_desk_changes_while_one_looks(page: Page, town: Town) -> None:
    """A case that others file comes by itself, one they accept changes, on the page of the case, too."""
    number, second = town.report("校门口路灯"), town.report("路口路灯")
    row = page.locator(f"tr[data-number='{number}']")
    expect(row).to_contain_text("已上报")
    town.accept(number)
    expect(row).to_contain_text("已受理")
    expect(page.locator("#found")).to_contain_text(f"{number} 已更新")
    page.click("button[data-status=REPORTED]")
    expect(row).to_have_count(0)
    open_case(page, second)
    town.accept(second)
    expect(page.locator(".case header")).to_contain_text("已受理")
    expect(page.locator("button[data-action=dispatchCase]")).to_be_visible()


def test_session_ends_and_goes_on(context: BrowserContext, town: Town) -> None:
    """Who signs in again is where they were; who signs out leaves nothing in the browser."""
    number = town.report("河边路灯")
    town.switch_on("legal")
    page = context.new_page()
    page.goto("/console/")
    sign_in(page)
    open_case(page, number)
    context.clear_cookies()
    choose_action(page, "acceptCase")
    send_form(page)
    expect(page.locator("#notice")).to_contain_text("登录已过期")
    sign_in(page)
    expect(page.locator(".case header")).to_contain_text("河边路灯")
    page.reload()
    expect(page.locator(".case header")).to_contain_text("已上报")
    page.click("nav [data-plugin=legal]")
    open_list(page, "legal.clues")
    context.clear_cookies()
    page.select_option("select[name=state]", "")
    expect(page.locator("#notice")).to_contain_text("登录已过期")
    sign_in(page)
    expect(page.locator("h1")).to_have_text("执法线索")
    page.click("#sign-out")
    expect(page.locator("#password")).to_be_visible()
    page.reload()
    expect(page.locator("#password")).to_be_visible()
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert "eyJ" not in kept and "gz" not in kept.replace("gongzhi-console", "") and number not in kept


def test_newcomer_sets_a_password(context: BrowserContext, town: Town) -> None:
    """By the code of an invitation, which is good once; an easy password is refused in words."""
    code = town.invite("desk.newcomer")
    page = context.new_page()
    page.goto("/console/")
    page.click("#invitation summary")
    page.fill("#code", code)
    page.fill("#new-password", "short")
    page.get_by_role("button", name="设置并登录").click()
    expect(page.locator("#accept-error")).to_contain_text("密码")
    page.fill("#new-password", "another long one of mine")
    page.get_by_role("button", name="设置并登录").click()
    expect(page.locator("#account")).to_have_text("desk.newcomer")
    page.click("#sign-out")
    page.click("#invitation summary")
    page.fill("#code", code)
    page.fill("#new-password", "another long one of mine")
    page.get_by_role("button", name="设置并登录").click()
    expect(page.locator("#accept-error")).to_contain_text("已失效")


def test_lost_connection_and_missing_rights(context: BrowserContext, town: Town) -> None:
    """Each says what to do; in development one enters in a role."""
    page = context.new_page()
    page.goto("/console/")
    page.select_option("#role", "data_protection_officer")
    page.fill("#grid", "999999")
    page.get_by_role("button", name="进入").click()
    expect(page.get_by_text("没有这个角色、网格或单位")).to_be_visible()
    page.fill("#grid", "610921")
    page.get_by_role("button", name="进入").click()
    # Who answers requests about data begins at that desk, and finds no cases by the address of theirs either.
    expect(page.get_by_role("heading", level=1)).to_have_text("个人信息权利")
    page.goto("/console/#/desk")
    expect(page.locator("#no-rights")).to_contain_text("请联系本级管理员")
    context.set_offline(True)
    expect(page.locator("#trouble")).to_contain_text("连接已断开")
    context.set_offline(False)
    expect(page.locator("#trouble")).to_have_count(0)


Desk = Callable[..., Page]


def open_list(page: Page, name: str) -> None:
    page.click(f"#lists a[href$='{name}']")
    expect(page.locator("#found")).to_be_visible()


def open_form(page: Page, mutation: str) -> None:
    page.locator(f"[data-form={mutation}], button[data-action={mutation}]").click()
    expect(page.locator("dialog form")).to_be_visible()


def pick(page: Page, field: str, name: str) -> None:
    """Find a unit or a grid by its name."""
    page.fill(f"#field-{field}", name)
    page.locator("dialog [role=listbox] [role=option]").first.click()


def test_desk_of_points(desk: Desk, axe: str) -> None:
    """The office sets up a programme and lets a shop join: forms of a plugin know which object they are about."""
    page = desk("points", "points_manager", "610921")
    expect(page.locator("#counters [data-counter='points.waiting'] .figure")).to_have_text("0")
    open_list(page, "points.claims")
    expect(page.locator("select[name=state]")).to_have_value("CLAIMED")
    expect(page.locator("#nothing")).to_contain_text("没有符合条件")
    page.click(".lists a[href$='points.programmes']")
    open_form(page, "addPointsProgramme")
    send_form(page)
    expect(page.locator("#error-code")).to_contain_text("请填写")
    page.fill("#field-code", "tidy")
    page.fill("#field-name", "清洁积分")
    page.click("dialog .chosen button")  # that of the role, which stands there at first
    pick(page, "grid", "汉阴县")
    expect(page.locator("#field-warnDays")).to_have_value("30")
    send_form(page)
    page.click("#rows th a")
    expect(page.locator("h1")).to_have_text("清洁积分")
    open_form(page, "addPointsMerchant")
    expect(page.locator("#field-programme")).to_have_count(0)
    page.fill("#field-name", "便民超市")
    page.fill("#field-address", "一楼")
    pick(page, "unit", "水利")
    send_form(page)
    page.click("#table-merchants-nodes th a")
    expect(page.locator("h1")).to_have_text("便民超市")
    page.click("#values a")  # back to the programme, which is of another view
    expect(page.locator("h1")).to_have_text("清洁积分")
    assert find_barriers(page, axe) == []


def test_desk_of_credit(desk: Desk, town: Town, axe: str) -> None:
    """The office opens a risk pool and books into it; what is wrong is told at its field."""
    town.switch_on("credit")
    officer = {"role": "credit_officer", "grid": "610921"}
    found = town.ask('{ units(first: 1, filter: { name: { contains: "水利局" } }) { nodes { code } } }')
    [unit] = found["units"]["nodes"]
    town.do(officer, "addLender", "lender { id }", unit=unit["code"], licence="B0001H261000001")
    page = desk("credit", "credit_officer", "610921")
    open_list(page, "credit.pools")
    open_form(page, "openRiskPool")
    page.fill("#field-lender", unit["code"])
    page.fill("#field-name", "风险补偿金一号")
    page.fill("#field-share", "140")
    send_form(page)
    expect(page.locator("#error-share")).not_to_be_empty()
    page.fill("#field-share", "40")
    send_form(page)
    page.click("#rows th a")
    open_form(page, "postToRiskPool")
    page.select_option("#field-kind", "DEPOSIT")
    page.fill("#field-amount", "500000")
    page.fill("#field-reference", "2026-001")
    send_form(page)
    expect(page.locator("#table-entries-nodes")).to_contain_text("500000.00")
    expect(page.locator("#values")).to_contain_text("40")
    assert find_barriers(page, axe) == []


def test_person_is_found_by_name(desk: Desk, town: Town, axe: str) -> None:
    """With keys alone; who is not there is told what to do, and what was typed and not chosen is not left out."""
    office = {"role": "county_dispatcher", "grid": "610921"}
    people = town.ask("{ people(first: 100) { nodes { name } } }", office)["people"]["nodes"]
    [(surname, _)] = Counter(one["name"][0] for one in people).most_common(1)
    page = desk("ties", **office)
    open_list(page, "ties.deputies")
    open_form(page, "registerDeputy")
    box = page.get_by_role("combobox", name="代表本人")
    box.fill("查无此人")
    expect(page.locator("dialog [role=status]").filter(has_text="没有找到：请核对姓名")).to_be_visible()
    send_form(page)
    expect(page.locator("#error-person")).to_contain_text("请从查到的列表中选择")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")  # which empties the box, and leaves the form
    expect(box).to_have_value("")
    box.press_sequentially(surname)
    options = page.locator("dialog [role=listbox]").get_by_role("option")
    expect(options.nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    second = options.nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", str(second.get_attribute("id")))
    found, wanted = find_barriers(page, axe), second.inner_text().split()[0]
    page.keyboard.press("Enter")
    expect(page.locator("dialog .chosen[data-code^='Person:']")).to_contain_text(wanted)
    page.select_option("#field-level", index=1)
    page.fill("#field-constituency", "第一选区")
    page.fill("#field-since", str(date.today()))
    page.fill("#field-endsOn", REVIEW)
    send_form(page)
    expect(page.locator("#rows")).to_contain_text(wanted)
    assert found == []


def test_desk_of_legal(desk: Desk, axe: str) -> None:
    """Whoever looks after a town notes a situation and looks again, on a phone; what is resolved leaves the list."""
    page = desk("legal", "grid_leader", TOWN)
    page.set_viewport_size({"width": 390, "height": 768})
    open_list(page, "legal.screenings")
    open_form(page, "recordDisputeScreening")
    page.fill("#field-disputeType", "NEIGHBOR")
    page.fill("#field-situation", "两组争用林地，界线不清")
    page.select_option("#field-tension", "TENSE")
    page.fill("#field-reviewOn", REVIEW)
    send_form(page)
    expect(page.locator("#rows")).to_contain_text("两组争用林地")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = find_barriers(page, axe)
    page.click("#rows th a")
    open_form(page, "reviewDisputeScreening")
    page.fill("#field-note", "已现场勘界，双方认可")
    page.select_option("#field-resolved", "true")
    page.select_option("#field-tension", "CALM")
    send_form(page)
    expect(page.locator("#table-reviews")).to_contain_text("已现场勘界")
    expect(page.locator("#refused")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert found + find_barriers(page, axe) == []
    page.click(".lists a[href$='legal.screenings']")
    expect(page.locator("#nothing")).to_be_visible()
    page.select_option("select[name=state]", "")
    expect(page.locator("#rows")).to_contain_text("已化解")


def test_desk_of_party(desk: Desk, axe: str) -> None:
    """A secretary arranges an activity by a form within a form; what is not there, or not theirs, is said."""
    page = desk("party", "party_secretary", TOWN)
    open_list(page, "party.activities")
    open_form(page, "arrangeActivity")
    page.fill("#field-activity-title", "主题党日")
    page.select_option("#field-activity-form", "PARTY_DAY")
    page.select_option("#field-activity-audience", "PUBLIC")
    page.fill("#field-activity-place", "村委会")
    page.fill("#field-activity-startsAt", "2020-01-01T09:00")
    send_form(page)
    expect(page.locator("#error-activity-startsAt")).not_to_be_empty()
    found = find_barriers(page, axe)
    page.fill("#field-activity-startsAt", f"{REVIEW}T09:00")
    send_form(page)
    expect(page.locator("#rows")).to_contain_text("主题党日")
    page.click("#rows th a")
    expect(page.locator("button[data-action=cancelActivity]")).to_be_visible()
    page.click("#language")
    expect(page.locator("#values")).to_contain_text("To come")
    page.click("#language")
    page.goto("/console/#/views/party.activity/PartyActivity:00000000-0000-4000-8000-000000000000")
    expect(page.locator("#no-object")).to_contain_text("没有这条记录")
    page.goto("/console/#/views/credit.pools")
    expect(page.locator("#no-rights")).to_contain_text("请联系本级管理员")
    page.context.set_offline(True)
    expect(page.locator("#trouble")).to_contain_text("连接已断开")
    page.context.set_offline(False)
    assert found == []


@pytest.mark.parametrize("width", [1366, 390])
def test_nobody_is_kept_out(page: Page, town: Town, axe: str, width: int) -> None:
    """axe finds nothing on any page, in either look; nothing is wider than the screen, in large type either."""
    number = town.report("广场路灯")
    page.set_viewport_size({"width": width, "height": 768})
    page.click("#large")
    page.select_option("#theme", "dark" if width == 390 else "light")
    expect(page.locator(f"tr[data-number='{number}']")).to_be_visible()
    found = find_barriers(page, axe)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    open_case(page, number)
    page.click("#refused summary")
    found += find_barriers(page, axe)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    choose_action(page, "declineCase")
    send_form(page)
    expect(page.locator("#field-reason")).to_be_focused()
    found += find_barriers(page, axe)
    page.context.clear_cookies()
    page.reload()
    expect(page.locator("#password")).to_be_visible()
    assert found + find_barriers(page, axe) == []


def test_keyboard_language_and_paper(page: Page, town: Town) -> None:
    """All by keys; the other language is remembered; what is printed is the case without its buttons."""
    number = town.report("渡口路灯")
    link = page.locator(f"tr[data-number='{number}'] a")
    expect(link).to_be_visible()
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".case header")).to_contain_text("渡口路灯")
    expect(page.locator("#main")).to_be_focused()
    page.locator("button[data-action=acceptCase]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog form")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("button[data-action=acceptCase]")).to_be_focused()
    page.click("#language")
    expect(page.locator("button[data-action=acceptCase]")).to_have_text("Accept case")
    page.reload()
    expect(page.locator("#sign-out")).to_have_text("Sign out")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.emulate_media(media="print")
    expect(page.locator("#timeline")).to_be_visible()
    expect(page.locator(".actions")).to_be_hidden()
    expect(page.locator(".head")).to_be_hidden()
