"""What dispatchers do with the console, in a browser."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .conftest import FRONTEND, OTHER, Town, sign_in

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-encoding": "gzip"}
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
    """Return what axe finds on the page as it is, but what is minor."""
    page.evaluate(axe)
    found: Any = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
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
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", reply.text)
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', reply.text)
    assert len(loaded) == 2
    for one in loaded:
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
    page.locator(".units li button").first.click()
    expect(page.locator("dialog .chosen")).to_have_count(2)
    send_form(page)
    expect(page.locator(".case header")).to_contain_text("已派单")
    expect(page.locator("#orders li")).to_have_count(2)
    page.click("#refused summary")
    expect(page.locator("#refused [data-action=acceptCase]")).to_contain_text("当前状态不可执行")
    told: Any = page.evaluate("[...document.querySelectorAll('.actions [data-action]')].map(e => e.dataset.action)")
    forms = json.loads((FRONTEND / "src" / "forms" / "inputs.json").read_text(encoding="utf-8"))["mutations"]
    assert len(told) > 20 and not set(told) - set(forms), "an action that no form is made for"


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
    expect(page.locator("#no-rights")).to_contain_text("请联系本级管理员")
    context.set_offline(True)
    expect(page.locator("#trouble")).to_contain_text("连接已断开")
    context.set_offline(False)
    expect(page.locator("#trouble")).to_have_count(0)


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
