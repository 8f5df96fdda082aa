"""What those do who look after a deployment, in a browser: see what is wrong, and mend it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tools.browsers import open_context

from .conftest import PASSWORD, SCREEN, TOWN, Town
from .test_browser import find_barriers, send_form

COUNTY, MOST = "610921", 200
HANDLER = "statistics.count"
ADMINISTRATOR, OFFICER = {"role": "administrator"}, {"role": "data_protection_officer", "grid": COUNTY}
PARK = (
    "insert into events.job (id, name, key, event_id, county_id, due_at, state, attempts, arguments, error) "
    "select gen_random_uuid(), $1, o.id::text, o.id, o.county_id, now(), 'PARKED', 9, '{}', "
    "'TimeoutError at handlers.py:12' "
    "from events.outbox o where o.type = $2 and o.position is not null order by o.position limit 1 returning id"
)

Office = Callable[..., Page]


class Receiver(ThreadingHTTPServer):
    """An endpoint that refuses what is sent to it until it is mended."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Endpoint)
        self.mended, self.taken = False, list[dict[str, Any]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events"


class Endpoint(BaseHTTPRequestHandler):
    """Answers a delivery."""

    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.server.mended:
            self.server.taken.append(body)
        self.send_response(200 if self.server.mended else 503)
        self.end_headers()
        self.wfile.write(b"" if self.server.mended else b"the queue is full, call 400-0000")

    def log_message(self, format: str, *given: Any) -> None:
        """Say nothing: the test's output is its own."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def office(browser: Browser, address: str) -> Iterator[Office]:
    """Open an operator's page in a role, as one does in development."""
    with open_context(browser, address, viewport=SCREEN) as opened:

        def enter_page(path: str, role: str = "administrator", grid: str = "", sign_in: str = "") -> Page:
            page = opened.new_page()
            page.goto(f"/console/#/operator/{path}")
            if sign_in:
                enter(page, sign_in)
                return page
            if page.locator("#sign-out, #role").first.get_attribute("id") == "role":
                page.select_option("#role", role)
                page.fill("#grid", grid)
                page.get_by_role("button", name="进入").click()
            return page

        yield enter_page


def run_sql(dsn: str, sql: str, *values: Any) -> list[Any]:
    """Run a statement in a thread: Playwright has this one's event loop."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()


def renew_until(page: Page, panel: str, place: Locator, text: str) -> None:
    """Load a panel anew until it says so, as somebody does who waits for it."""
    for _ in range(MOST):
        if any(text in one for one in place.all_inner_texts()):  # none waits for a row that is gone
            return
        with page.expect_response("**/graphql"):
            page.get_by_role("button", name=f"刷新 {panel}").click()
    pytest.fail(f"{panel} does not say {text}")


def open_account(town: Town, name: str, role: str, **place: str) -> str:
    """Add an account with a password and a role, and return a token of its session."""
    code = town.do(ADMINISTRATOR, "addAccount", "code", name=name, grid=COUNTY)["code"]
    town.do(ADMINISTRATOR, "grantRole", "grant { id }", account=name, role=role, **place)
    given = {"code": code, "password": PASSWORD}
    return str(httpx.post(f"{town.address}/auth/invitation", json=given).raise_for_status().json()["accessToken"])


def give(town: Town, token: str, mutation: str, selection: str, **given: Any) -> Any:
    """Run a mutation with a token, and return its payload, which has no errors."""
    name = mutation[0].upper() + mutation[1:] + "Input"
    document = f"mutation($i: {name}!) {{ {mutation}(input: $i) {{ {selection} errors {{ code message path }} }} }}"
    body = {"query": document, "variables": {"i": {"idempotencyKey": str(uuid4()), **given}}}
    answer = httpx.post(f"{town.address}/graphql", json=body, headers={"authorization": f"Bearer {token}"}).json()
    assert "errors" not in answer and answer["data"][mutation]["errors"] == [], answer
    return answer["data"][mutation]


def test_what_failed_is_seen_and_tried_again(office: Office, town: Town, served_database: str, axe: str) -> None:
    """A handler's event that was given up stands in health and work, and is done once it is redriven."""
    town.accept(town.report("运维路灯"))
    # As soon as the event has its number.
    assert any(run_sql(served_database, PARK, HANDLER, "case.accepted") for _ in range(MOST))
    page = office("health")
    expect(page.locator("#state tr[data-row=parked]")).to_contain_text("被搁置的任务：1")
    expect(page.locator("#state tr[data-row=leader]")).to_contain_text("正常")
    expect(page.locator("#state tr[data-row=versions]")).to_contain_text("gongzhi-server")
    expect(page.locator("#findings tr[data-row=workers]")).to_be_visible()
    page.get_by_role("link", name="后台任务").click()
    row = page.locator("#jobs tbody tr", has_text=HANDLER)
    expect(row).to_contain_text("TimeoutError at handlers.py:12")
    row.get_by_role("button", name="重试").click()
    expect(page.locator("#form-warning")).to_contain_text("请先排除")
    found = find_barriers(page, axe)
    page.keyboard.press("Escape")
    expect(row).to_contain_text("搁置")
    row.get_by_role("button", name="重试").click()
    send_form(page)
    expect(page.locator("#done")).to_contain_text("已完成")
    page.select_option("select[name=state]", "DONE")
    page.fill("input[name=name]", HANDLER)
    page.keyboard.press("Enter")
    renew_until(page, "任务", row.first, "完成")
    page.context.set_offline(True)
    page.get_by_role("button", name="刷新 任务").click()
    expect(page.locator("#trouble")).to_contain_text("连接已断开")
    expect(page.locator("#jobs tbody tr").first).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#trouble")).to_have_count(0)
    assert found == []


def test_copy_in_nats_and_who_fetches_from_it(office: Office, town: Town, nats: subprocess.Popen[bytes]) -> None:
    """How far both are is on the page of work; that NATS is gone is a state there, with what to do."""
    town.report("消息路灯")
    page = office("work", "auditor")
    expect(page.locator("#nats .state")).to_have_text("已连接")
    renew_until(page, "消息总线 NATS", page.locator(f"#nats tr[data-row='GONGZHI_{COUNTY} hotline']"), "hotline")
    fetched = page.locator(f"#nats tr[data-row='GONGZHI_{COUNTY} hotline']")
    assert int(fetched.locator("td").first.inner_text()) > 0
    renew_until(page, "消息总线 NATS", page.locator("#nats .facts div", has_text="未发布事件"), "0")
    nats.send_signal(signal.SIGSTOP)
    try:
        renew_until(page, "消息总线 NATS", page.locator("#nats .state"), "无法连接")
        expect(page.locator("#nats")).to_contain_text("恢复后自动续传")
        expect(page.locator("#nats tbody")).to_have_count(0)
    finally:
        nats.send_signal(signal.SIGCONT)
    renew_until(page, "消息总线 NATS", page.locator("#nats .state"), "已连接")


def test_delivery_that_failed_is_replayed(office: Office, town: Town, receiver: Receiver, axe: str) -> None:
    """What was sent and answered is seen; paused, resumed and replayed from a moment, it arrives."""
    token = open_account(town, "ops.integrator", "integrator", grid=COUNTY)
    given = {"url": receiver.url, "grid": COUNTY, "types": ["case.reported"]}
    give(town, token, "createWebhook", "webhook { id }", **given)
    town.report("回调路灯")
    # Whoever watches over endpoints sees that, and neither what was sent nor a way to have it sent again.
    above = office("webhooks")
    above.get_by_role("link", name=receiver.url).click()
    expect(above.locator("#deliveries tbody tr").first).to_be_visible()
    expect(above.get_by_role("button", name="暂停", exact=True)).to_be_visible()
    expect(above.get_by_role("button", name="重放事件")).to_have_count(0)
    above.click("#sign-out")
    page = above
    enter(page, "ops.integrator")
    row = page.locator("#deliveries tbody tr").first

    renew_until(page, "投递记录", row, "503")
    row.get_by_role("button", name="查看内容").click()
    expect(page.locator("#inspected")).to_contain_text("the queue is full")
    expect(page.locator("#inspected pre").nth(1)).to_contain_text("case.reported")
    assert "回调路灯" not in page.locator("#inspected").inner_text()
    found = find_barriers(page, axe)
    page.get_by_role("button", name="关闭").click()
    page.get_by_role("button", name="暂停", exact=True).click()
    send_form(page)
    expect(page.locator("#webhook .state")).to_have_text("暂停")
    receiver.mended = True
    page.get_by_role("button", name="恢复", exact=True).click()
    send_form(page)
    expect(page.locator("#webhook .state")).to_have_text("启用")
    page.get_by_role("button", name="重放事件").click()
    send_form(page)
    expect(page.locator("#error-since")).to_contain_text("请填写")
    page.fill("#field-since", "2020-01-01T08:00")
    send_form(page)
    expect(page.locator("dialog")).to_have_count(0)
    renew_until(page, "投递记录", page.locator("#deliveries tbody"), "已送达")
    assert receiver.taken and receiver.taken[0]["type"].endswith("case.reported")
    assert found == []


def test_plugin_is_switched_on_and_set(office: Office, town: Town, axe: str) -> None:
    """In a county, with what it chooses: a wrong value is refused where it stands, a right one holds."""
    page = office("plugins")
    page.locator("#plugins").get_by_role("link", name="services", exact=True).click()
    county = page.locator(f"#activations tr[data-row='{COUNTY}']")
    if "停用" not in county.locator(".state").inner_text():
        county.get_by_role("button").click()
        send_form(page)
    expect(county.locator(".state")).to_have_text("停用")
    county.get_by_role("button", name="启用").click()
    expect(page.locator("#form-warning")).to_contain_text("即可使用")
    send_form(page)
    expect(county.locator(".state")).to_have_text("启用")
    expect(page.locator("#activations .history li").first).to_contain_text("启用")
    setting = page.locator("#settings tr[data-row='services.receipt_days']")
    setting.get_by_role("button").click()
    page.fill("#field-value", "90")
    send_form(page)
    expect(page.locator("#error-value")).not_to_be_empty()
    found = find_barriers(page, axe)
    page.fill("#field-value", "3")
    send_form(page)
    expect(page.locator("dialog")).to_have_count(0)
    expect(setting.locator("b")).to_have_text("3")
    setting.get_by_role("button").click()
    send_form(page)
    expect(setting.locator("b")).not_to_have_text("3")
    assert found == []


def test_account_is_added_granted_and_suspended(
    office: Office, town: Town, browser: Browser, address: str, axe: str
) -> None:
    """By forms; the code is shown once, a guarded role waits, a session is ended, and who is suspended is out."""
    page = office("accounts")
    page.get_by_role("button", name="新增账户").click()
    page.fill("#field-name", "!")
    send_form(page)
    expect(page.locator("#error-name")).not_to_be_empty()
    page.fill("#field-name", "ops.newcomer")
    send_form(page)
    code = page.locator("#secret code").inner_text()
    page.get_by_role("button", name="关闭").click()
    expect(page.locator("#secret")).to_have_count(0)
    expect(page.locator("#accounts tbody")).to_contain_text("ops.newcomer")
    page.fill("input[name=name]", "nobody at all")
    page.keyboard.press("Enter")
    expect(page.locator("#accounts .none")).to_be_visible()
    page.fill("input[name=name]", "newcomer")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="ops.newcomer").click()
    expect(page.locator("#grants")).to_contain_text("暂无")
    for role, state in (("auditor", "有效"), ("data_protection_officer", "待第二人复核")):
        page.get_by_role("button", name="授予角色").click()
        page.fill("#field-role", role)
        send_form(page)
        expect(page.locator("#grants tbody")).to_contain_text(state)
    found = find_barriers(page, axe)
    page.get_by_role("button", name="收回 审计员").click()
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    given = {"code": code, "password": PASSWORD}
    httpx.post(f"{address}/auth/invitation", json=given).raise_for_status()
    with open_context(browser, address, viewport=SCREEN) as other:
        theirs = other.new_page()
        theirs.goto("/console/#/operator/audit")
        enter(theirs, "ops.newcomer")
        expect(theirs.locator("#chain")).to_be_visible()
        page.get_by_role("button", name="刷新 会话").click()
        expect(page.locator("#sessions tbody tr")).to_have_count(2)
        page.locator("#sessions tbody tr").first.get_by_role("button").click()
        send_form(page)
        expect(page.locator("#sessions").get_by_role("button", name="结束")).to_have_count(1)
        page.get_by_role("button", name="停用", exact=True).click()
        send_form(page)
        expect(page.locator("#account-page .state")).to_have_text("已停用")
        theirs.get_by_role("button", name="核验").click()
        expect(theirs.locator("#notice")).to_contain_text("登录已过期")
    assert found == []


def be_appointed_by_console(dsn: str, *names: str) -> None:
    """Have accounts be in office as those are whom the command line appoints: nothing connects them."""
    for sql in (
        "update accounts.holding h set proposed_at = null, waits_until = null, granted_by = 'console', since = now() "
        "from accounts.account a where a.id = h.account_id and a.name = any($1)",
        "update accounts.account set created_by = 'console' where name = any($1)",
        "update accounts.invitation i set created_by = 'console' from accounts.account a "
        "where a.id = i.account_id and a.name = any($1)",
    ):
        run_sql(dsn, sql, names)


def enter(page: Page, name: str) -> None:
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()


def follow_notice(page: Page, title: str) -> None:
    """Read what waits for an office one holds, and go to what it is about."""
    expect(page.locator("#notices-link")).to_contain_text("条未读")
    page.click("#notices-link")
    notice = page.locator("#notices li", has_text=title).first
    expect(notice).to_contain_text("未读")
    notice.get_by_role("button", name=f"查看相关事项 {title}").click()


def test_two_persons_each_do_their_part(
    office: Office, town: Town, browser: Browser, address: str, served_database: str, axe: str
) -> None:
    """A guarded role and open data: who asks cannot decide and reads why; another one is told, finds it and decides."""
    for name in ("ops.first", "ops.second"):
        open_account(town, name, "administrator")
    town.do(ADMINISTRATOR, "addAccount", "code", name="ops.officer", grid=COUNTY)
    be_appointed_by_console(served_database, "ops.first", "ops.second")
    page = office("accounts/ops.officer", sign_in="ops.first")
    page.get_by_role("button", name="授予角色").click()
    page.fill("#field-role", "data_protection_officer")
    send_form(page)
    expect(page.locator("#grants tbody")).to_contain_text("待第二人复核")
    page.get_by_role("button", name="复核").click()
    send_form(page)
    expect(page.locator("#form-errors")).to_contain_text("此事由您经办，须由他人决定")
    page.get_by_role("button", name="取消").click()
    propose_dataset(page)
    with open_context(browser, address, viewport=SCREEN) as opened:
        second = opened.new_page()
        second.goto("/console/")
        enter(second, "ops.second")
        follow_notice(second, "请复核角色授予")
        expect(second.get_by_role("heading", name="ops.officer")).to_be_visible()
        second.get_by_role("button", name="复核").click()
        send_form(second)
        expect(second.locator("#grants tbody")).to_contain_text("叫停期限至")
        decide_dataset(second, axe)
    page.reload()
    expect(page.locator("#values")).to_contain_text("已发布")
    follow_notice(page, "您提议的开放数据已发布")
    page.click("#notices-link")
    page.get_by_role("button", name="全部标为已读").click()
    expect(page.locator("#notices-link")).not_to_contain_text("未读")
    [published] = town.ask("{ openDatasets(first: 5) { nodes { csv } } }")["openDatasets"]["nodes"]
    assert httpx.get(f"{address}{published['csv']}").text.count("\n") > 1


def propose_dataset(page: Page) -> None:
    """Propose a quarter's table; a day within a quarter is refused where it stands."""
    page.click("nav [data-plugin=statistics]")
    page.get_by_role("link", name="开放数据").click()
    page.click("[data-form=proposeOpenDataset]")
    page.fill("#field-county", "汉阴")
    page.locator("dialog").get_by_role("option", name=f"汉阴县 {COUNTY}", exact=True).click()
    page.select_option("#field-kind", "CASES")
    page.fill("#field-since", "2026-01-02")
    send_form(page)
    expect(page.locator("#error-since")).to_contain_text("季度首日")
    page.fill("#field-since", "2026-01-01")
    send_form(page)
    page.locator("#rows tbody a").first.click()
    expect(page.locator("#values")).to_contain_text("待审核")
    page.locator("#refused summary").click()
    expect(page.locator("#refused [data-action=decideOpenDataset]")).to_contain_text("须由他人")


def decide_dataset(page: Page, axe: str) -> None:
    """Refusing needs a reason; publishing needs none."""
    page.click("#notices-link")
    assert find_barriers(page, axe) == []
    follow_notice(page, "请审核拟开放数据")
    page.get_by_role("button", name="审核发布开放数据").click()
    page.select_option("#field-approve", "false")
    send_form(page)
    expect(page.locator("#error-reason")).to_contain_text("请说明不予发布的理由")
    page.select_option("#field-approve", "true")
    send_form(page)
    expect(page.locator("#values")).to_contain_text("已发布")


def test_export_is_released_by_a_second_person(office: Office, town: Town, served_database: str) -> None:
    """Who asked has no such page; the officer reads what for and how many, refuses with grounds and releases."""
    token = open_account(town, "ops.asker", "county_dispatcher", grid=COUNTY)
    # As if the two others had agreed to the role long ago.
    run_sql(served_database, "update accounts.holding set proposed_at = null, waits_until = null")
    given = {"grid": COUNTY, "document": "{ people { nodes { name } } }"}
    for purpose in ("核对名册", "抄送他人"):
        give(town, token, "requestBulkExport", "export { id }", purpose=purpose, **given)
    page = office("exports", "data_protection_officer", COUNTY)
    refused, released = (page.locator("#exports tbody tr", has_text=text) for text in ("抄送他人", "核对名册"))
    expect(released).to_contain_text("ops.asker")
    refused.get_by_role("button", name="不予放行").click()
    send_form(page)
    expect(page.locator("#error-grounds")).to_contain_text("请填写")
    page.fill("#field-grounds", "用途不明")
    send_form(page)
    expect(refused).to_contain_text("用途不明")
    released.get_by_role("button", name="放行", exact=False).first.click()
    expect(page.locator("#form-warning")).to_contain_text("第二人")
    send_form(page)
    expect(released.locator(".state")).to_have_text("可下载")


def test_audit_is_proved_and_searched(office: Office, town: Town, served_database: str, axe: str) -> None:
    """An auditor proves the chain, from an anchor too, and finds who did what; what was changed is told at once."""
    town.report("审计路灯")
    page = office("audit", "auditor", COUNTY)
    page.fill("#anchor", "不是锚点")
    page.get_by_role("button", name="核验").click()
    expect(page.locator("#anchor-error")).to_contain_text("这不是审计锚点")
    page.fill("#anchor", "")
    page.get_by_role("button", name="核验").click()
    expect(page.locator("#chain-state .state")).to_have_text("完整")
    page.fill("#anchor", page.locator("#new-anchor").inner_text())
    page.get_by_role("button", name="核验").click()
    expect(page.locator("#chain-state .state")).to_have_text("完整")
    page.fill("input[name=mutation]", "reportCase")
    page.keyboard.press("Enter")
    expect(page.locator("#acts tbody tr").first).to_contain_text("上报")
    expect(page.locator("#acts tbody tr").first).to_contain_text("网格员")
    page.fill("input[name=account]", "nobody.at.all")
    page.keyboard.press("Enter")
    expect(page.locator("#acts .none")).to_be_visible()
    run_sql(served_database, "update access.act set codes = '{X}' where id = (select id from access.act limit 1)")
    page.fill("#anchor", "")
    page.get_by_role("button", name="核验").click()
    expect(page.locator("#chain-state .state")).to_have_text("被改动")
    expect(page.locator("#chain-state")).to_contain_text("请勿改动数据")
    assert find_barriers(page, axe) == []


@pytest.mark.parametrize(("role", "grid", "areas"), [
    ("auditor", COUNTY, ["运行状况", "后台任务", "事件回调", "插件", "账户与授权", "审计", "保存期限", "操作耗时"]),
    ("data_protection_officer", COUNTY, ["账户与授权", "审计", "批量导出"]),
    ("town_dispatcher", TOWN, None),
])  # fmt: skip
def test_each_has_what_they_may(office: Office, axe: str, role: str, grid: str, areas: list[str] | None) -> None:
    """The menu has pages for whoever may open them, and no button that is not theirs; on a phone nothing is cut."""
    page = office("work", role, grid)
    if areas is None:
        expect(page.locator("#no-rights")).to_contain_text("请联系本级管理员")
        expect(page.locator("header nav")).not_to_contain_text("运维")
        return
    expect(page.locator(".operator > nav a").first).to_be_visible()
    assert page.locator(".operator > nav a").all_inner_texts() == areas
    page.set_viewport_size({"width": 360, "height": 768})
    page.click("#large")
    found = []
    for name in areas:
        page.locator(".operator > nav").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.locator(".panel[aria-busy=true]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        assert page.get_by_role("button", name="重试").count() == 0, name
        found += find_barriers(page, axe) if role == "auditor" else []
    assert found == []
