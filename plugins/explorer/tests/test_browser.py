"""What people do with the explorer, in a browser."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import httpx
from playwright.sync_api import BrowserContext, Page, expect

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-encoding": "gzip"}
MATTER = {
    "kind": "HELP",
    "channel": "WEB",
    "category": "roads.lighting",
    "title": "路灯不亮",
    "description": "路灯不亮了",
}
REPORT = "mutation($input: ReportCaseInput!) { reportCase(input: $input) { case { number } errors { message } } }"


def write(page: Page, text: str, into: str = "query") -> None:
    """Put a text in the place of what an editor has."""
    page.locator(f"[data-text={into}] .cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def read(page: Page, of: str = "result") -> str:
    return page.locator(f"[data-text={of}] .cm-content").inner_text()


def run(page: Page) -> Any:
    """Run what is written and return the answer."""
    page.keyboard.press("Control+Enter")
    expect(page.locator("#status")).to_have_text(re.compile(r"\d{3} · \d+ ms"))
    return json.loads(read(page))


def token_for(address: str, **place: str) -> str:
    return str(httpx.post(f"{address}/auth/development-token", json=place).json()["accessToken"])


def test_pages_load_what_is_ours_and_lasts(address: str) -> None:
    """Everything by an address with its hash, compressed, under a policy without exceptions."""
    for path in ("/", "/graphql"):
        reply = httpx.get(f"{address}{path}", headers=BROWSER)
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy and "http" not in policy
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", reply.text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', reply.text)
        loaded = re.findall(r'(?:src|href)="(/x/[^"]+)"', reply.text)
        assert loaded
        for one in loaded:
            file = httpx.get(f"{address}{one}", headers=BROWSER)
            assert "immutable" in file.headers["cache-control"] and file.headers["content-encoding"] == "gzip"
    query = {"query": "{ me { account } }"}
    assert httpx.get(f"{address}/graphql", params=query, headers=BROWSER).json() == {"data": {"me": None}}


def test_newcomer_has_a_result(context: BrowserContext) -> None:
    """From the start page to a query of one's own, typed with completion, and its result."""
    page = context.new_page()
    page.goto("/")
    page.get_by_text("接口浏览器").click()
    page.wait_for_selector("#schema-state[data-state=loaded]")
    write(page, "x")
    page.keyboard.press("Backspace")
    page.keyboard.type("{ gri")
    completion = page.locator(".cm-tooltip-autocomplete")
    expect(completion.get_by_text("gridAt")).to_be_visible()
    expect(page.locator(".cm-completionInfo")).to_contain_text("按编码查网格")
    page.keyboard.type('d(code: "610921") { nam')
    expect(completion.locator("li[aria-selected]")).to_contain_text("name")
    page.keyboard.press("Enter")
    expect(completion).to_be_hidden()
    found = run(page)
    assert list(found["data"]["grid"]) == ["name"] and found["data"]["grid"]["name"]


def test_variables_and_wrong_input(page: Page) -> None:
    """A mistake is marked while one types and told when one sends it; the cost is there before."""
    write(page, "query Town($code: String!) { grid(code: $code) { nome } }")
    expect(page.locator("[data-text=query] .cm-lintRange-error")).to_have_text("nome")
    write(page, "query Town($code: String!) { grid(code: $code) { name } }")
    assert run(page)["errors"][0]["message"]
    write(page, "code", into="variables")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".answer")).to_contain_text("不是有效的 JSON 对象")
    write(page, '{"code": "610921"}', into="variables")
    expect(page.locator("#cost")).to_have_text(re.compile(r"成本 \d+ / 10000"))
    assert run(page)["data"]["grid"]["name"]
    page.click("#see-plan")
    expect(page.locator("#statement")).to_contain_text('"grids"."grid"')
    expect(page.locator(".steps").first).to_contain_text("Scan")


def test_events_are_followed(page: Page, address: str) -> None:
    page.click("#open-examples")
    page.get_by_role("button", name="FollowCases").click()
    expect(page.locator(".tab[data-chosen=true]")).to_contain_text("FollowCases")
    with page.expect_response(lambda reply: "event-stream" in reply.headers.get("content-type", "")):
        page.click("#run")
    headers = {"authorization": f"Bearer {token_for(address, role='grid_worker', grid='610921')}"}
    given = {**MATTER, "channel": "GRID_WORKER", "grid": "610921", "idempotencyKey": str(uuid4())}
    done = httpx.post(f"{address}/graphql", json={"query": REPORT, "variables": {"input": given}}, headers=headers)
    number = done.json()["data"]["reportCase"]["case"]["number"]
    expect(page.locator("[data-text=result] .cm-content")).to_contain_text(number)
    page.click("#run")
    expect(page.locator("#run")).to_have_text("运行")


def test_role_is_switched(page: Page) -> None:
    """What one asks is answered to the role one has taken, and a place that is not there is told."""
    write(page, "{ me { account } }")
    assert run(page)["data"]["me"]["account"] == "demo-county_dispatcher-610921"
    page.click("#open-who")
    page.select_option("#role", "auditor")
    page.fill("#grid", "999999")
    page.click("#apply")
    expect(page.locator("#panel-who .warning")).to_be_visible()
    page.fill("#grid", "610921")
    page.click("#apply")
    expect(page.locator("#open-who")).to_have_text("审计员 · 610921")
    write(page, "{ me { account } }")
    assert run(page)["data"]["me"]["account"] == "demo-auditor-610921"


def test_documentation_is_searched(page: Page) -> None:
    """By Chinese terms and by plugin; a field at the root becomes a query."""
    page.fill("#docs-search", "镇级时限规则")
    expect(page.locator(".docs-page .entries li").first).to_contain_text("deadlines")
    page.fill("#docs-search", "")
    page.select_option(".docs-search select", "points")
    page.locator(".docs-page .entries .link", has_text="pointsProgrammes").click()
    page.click("#insert")
    expect(page.locator("[data-text=query] .cm-content")).to_contain_text("query PointsProgrammes")
    page.locator("[data-text=query] .cm-content").click()
    assert "errors" not in run(page)


def test_operation_is_taken_along(page: Page, address: str) -> None:
    """As a command or a program; the token is neither in it nor kept by the browser."""
    write(page, "query Mine { me { account } }")
    copied = {}
    page.click("#open-copy")
    for form in ("curl", "TypeScript", "Python"):
        page.get_by_role("button", name=form, exact=True).click()
        expect(page.get_by_text(f"已复制: {form}")).to_be_visible()
        copied[form] = str(page.evaluate("navigator.clipboard.readText()"))
    assert all("TOKEN" in text and "eyJ" not in text and address in text for text in copied.values())
    compile(copied["Python"], "copied", "exec")
    page.keyboard.press("Escape")
    page.locator("[data-text=query] .cm-content").click()
    run(page)
    page.reload()
    expect(page.locator(".tab[data-chosen=true]")).to_contain_text("Mine")
    page.click("#open-history")
    expect(page.locator("#panel-history")).to_contain_text("Mine")
    assert "eyJ" not in page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")


def test_token_of_ones_own(context: BrowserContext, address: str) -> None:
    """Where the server gives out none, as in production, one pastes it."""
    context.route("**/auth/development-roles", lambda route: route.fulfill(status=404, body=""))
    page = context.new_page()
    page.goto("/graphql")
    page.wait_for_selector("#schema-state[data-state=loaded]")
    page.click("#open-who")
    page.fill("[name=token]", token_for(address, role="administrator"))
    page.get_by_role("button", name="使用令牌").click()
    write(page, "{ me { account } }")
    assert run(page)["data"]["me"]["account"] == "demo-administrator"


def test_narrow_screens_and_english(page: Page) -> None:
    """One part at a time, and the other language, which is remembered."""
    page.set_viewport_size({"width": 390, "height": 780})
    page.click("#language")
    expect(page.locator("#run")).to_have_text("Run")
    page.click("#run")
    expect(page.locator("[data-text=result]")).to_be_visible()
    expect(page.locator("[data-text=query]")).to_be_hidden()
    page.locator(".parts").get_by_text("Docs").click()
    expect(page.locator("#docs-search")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.reload()
    expect(page.locator("#run")).to_have_text("Run")
