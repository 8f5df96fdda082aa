"""What people do about their own account: signing in in two steps, the second factor, password, sessions."""

from __future__ import annotations

import base64
import re
import time

import httpx
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import BrowserContext, Page, expect

from .conftest import PASSWORD, TOWN, Town
from .test_browser import find_barriers

NEW = "another good password"


def add_account(town: Town, name: str, role: str) -> None:
    administrator = {"role": "administrator"}
    made = town.do(administrator, "addAccount", "code", name=name, grid="610921")
    town.do(administrator, "grantRole", "grant { id }", account=name, role=role, grid=TOWN)
    httpx.post(f"{town.address}/auth/invitation", json={"code": made["code"], "password": PASSWORD}).raise_for_status()


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.fill("#name", name)
    page.fill("#password", password)
    page.get_by_role("button", name="登录", exact=True).click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="退出登录").click()
    expect(page.locator("#name")).to_be_visible()


def code_of(secret: str, later: int = 0) -> str:
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(time.time()) + later).decode()


def add_factor(page: Page) -> tuple[str, list[str]]:
    """Add a second factor on the page of one's account, and return its secret and the recovery codes."""
    page.fill("#own", "not the password")
    page.get_by_role("button", name="开始启用").click()
    expect(page.locator("#begin-factor-error")).to_contain_text("密码错误")
    page.fill("#own", PASSWORD)
    page.get_by_role("button", name="开始启用").click()
    expect(page.get_by_role("img", name=re.compile("二维码"))).to_be_visible()
    secret = page.locator("#secret").inner_text().replace(" ", "")
    page.fill("#new-code", "000000")
    page.get_by_role("button", name="确认启用").click()
    expect(page.locator("#confirm-factor-error")).to_contain_text("验证码错误")
    page.fill("#new-code", code_of(secret))
    page.get_by_role("button", name="确认启用").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    return secret, page.locator("#recovery-codes code").all_inner_texts()


def test_signs_in_in_two_steps(context: BrowserContext, town: Town, axe: str) -> None:
    """Added, asked for, wrong, right, by a recovery code, and removed; the password takes a code as well."""
    add_account(town, "two.steps", "town_dispatcher")
    page = context.new_page()
    page.goto("/console/")
    sign_in(page, "two.steps")
    page.get_by_role("link", name="two.steps").click()
    assert find_barriers(page, axe) == []
    secret, codes = add_factor(page)
    assert find_barriers(page, axe) == []
    page.get_by_role("button", name="已保存").click()
    expect(page.locator("#factor-since")).to_contain_text("剩余恢复码 10")
    expect(page.locator("#sessions li")).to_have_count(1)
    expect(page.locator("#sessions li")).to_contain_text("密码 + 动态验证码")
    sign_out(page)

    sign_in(page, "two.steps")
    field = page.get_by_label("验证器应用显示的 6 位验证码")
    expect(field).to_be_focused()
    assert (field.get_attribute("autocomplete"), field.get_attribute("inputmode")) == ("one-time-code", "numeric")
    assert find_barriers(page, axe) == []
    field.fill("000000")
    page.get_by_role("button", name="确认").click()
    expect(page.locator("#second-step-error")).to_contain_text("验证码错误")
    context.set_offline(True)
    page.get_by_role("button", name="确认").click()
    expect(page.locator("#second-step-error")).to_contain_text("连接已断开")
    context.set_offline(False)
    field.fill(code_of(secret, 30))  # that of now was used to add it
    page.get_by_role("button", name="确认").click()
    expect(page.locator("#change-password")).to_be_visible()  # where one was
    sign_out(page)

    sign_in(page, "two.steps")
    page.get_by_role("button", name="没有手机").click()
    page.get_by_label("恢复码", exact=True).fill(codes[0].lower())
    page.get_by_role("button", name="确认").click()
    expect(page.locator("#factor-since")).to_contain_text("剩余恢复码 9")

    for name, text in (("old-password", PASSWORD), ("next-password", NEW), ("again", "something else")):
        page.fill(f"#{name}", text)
    page.get_by_role("button", name="修改密码").click()
    expect(page.locator("#change-password-error")).to_contain_text("不一致")
    page.fill("#again", NEW)
    page.get_by_role("button", name="修改密码").click()
    page.fill("#password-code", codes[0])
    page.get_by_role("button", name="确认", exact=True).click()
    expect(page.locator("#answer-password-error")).to_contain_text("已使用")
    page.fill("#password-code", codes[1])
    page.get_by_role("button", name="确认", exact=True).click()
    expect(page.locator("#said")).to_contain_text("密码已修改")
    page.fill("#factor-code", codes[2])
    page.get_by_role("button", name="解除动态验证码").click()
    expect(page.locator("#said")).to_contain_text("已解除")
    page.get_by_role("button", name="退出全部登录").click()
    sign_in(page, "two.steps", NEW)
    expect(page.locator("#begin-factor")).to_be_visible()


def test_who_may_not_be_without_one_adds_it_first(context: BrowserContext, town: Town) -> None:
    add_account(town, "leader.first", "grid_leader")
    page = context.new_page()
    page.goto("/console/#/desk")
    sign_in(page, "leader.first")
    expect(page.locator("#factor-due")).to_contain_text("必须使用动态验证码")
    expect(page.locator("nav a")).to_have_count(0)
    _, codes = add_factor(page)
    page.get_by_role("button", name="已保存").click()
    expect(page.locator("#found")).to_be_visible()
    page.get_by_role("link", name="leader.first").click()
    page.fill("#factor-code", codes[0])
    page.get_by_role("button", name="解除动态验证码").click()
    expect(page.locator("#change-factor-error")).to_contain_text("不能解除")


def test_identity_providers_are_offered(context: BrowserContext) -> None:
    """A link for each that the server is a client of, and a word for what went wrong there."""
    page = context.new_page()
    found = {"providers": [{"issuer": "https://id.county.example/realm"}]}
    page.route("**/auth/identity-providers", lambda route: route.fulfill(json=found))
    page.goto("/console/?problem=unlinked")
    expect(page.locator("#notice")).to_contain_text("尚未关联账户")
    assert page.url.endswith("/console/")
    link = page.get_by_role("link", name="统一身份认证登录 id.county.example")
    target = "/auth/identity-provider/begin?issuer=https%3A%2F%2Fid.county.example%2Frealm&back=%2Fconsole%2F"
    expect(link).to_have_attribute("href", target)
