"""What grid workers do on a phone, with a network and without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from gongzhi_console import fill_worker
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route, ViewportSize, expect

from tools.browsers import open_context, open_profile

from .conftest import PASSWORD, TOWN, Town
from .test_browser import find_barriers

PHONE: ViewportSize = {"width": 390, "height": 844}
FIRST, SECOND = "field.first", "field.second"
COUNTY = {"role": "county_dispatcher", "grid": "610921"}
SOUND = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
# All that lies in the databases of the page, as text: what could be read there by whoever takes the phone.
STORED = """async () => {
  const opening = indexedDB.open("gongzhi-field");
  const database = await new Promise((done) => (opening.onsuccess = () => done(opening.result)));
  const all = [];
  for (const name of ["entries", "files"]) {
    const asked = database.transaction(name).objectStore(name).getAll();
    for (const row of await new Promise((done) => (asked.onsuccess = () => done(asked.result))))
      all.push(`${name} ${row.account} ${new TextDecoder().decode(row.data)}`);
  }
  database.close();
  return all;
}"""
# Make a stored file two days old, with two copies that no entry names, as a page leaves them that was killed.
LEAVE = """async () => {
  const opening = indexedDB.open("gongzhi-field");
  const database = await new Promise((done) => (opening.onsuccess = () => done(opening.result)));
  const asked = database.transaction("files").objectStore("files").getAll();
  const [file] = await new Promise((done) => (asked.onsuccess = () => done(asked.result)));
  const writing = database.transaction("files", "readwrite");
  const at = file.at - 2 * 86400000;
  writing.objectStore("files").put({ ...file, at });
  writing.objectStore("files").put({ ...file, id: "old", at });
  writing.objectStore("files").put({ ...file, id: "new" });
  await new Promise((done) => (writing.oncomplete = done));
  database.close();
  return file.id;
}"""
FILES = """async () => {
  const opening = indexedDB.open("gongzhi-field");
  const database = await new Promise((done) => (opening.onsuccess = () => done(opening.result)));
  const asked = database.transaction("files").objectStore("files").getAllKeys();
  const keys = await new Promise((done) => (asked.onsuccess = () => done(asked.result)));
  database.close();
  return keys.map(([, id]) => id).sort();
}"""
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname);
  return found;
}"""

LOOKS = """async () => {
  const headers = {"content-type": "application/json", "x-gongzhi-session": "cookie"};
  const body = JSON.stringify({query: "{ me { looks(first: 9) { nodes { purpose } } } }"});
  const reply = await (await fetch("/graphql", {method: "POST", headers, body})).json();
  return reply.data.me.looks.nodes.map(({purpose}) => purpose);
}"""
# Whether the worker that keeps a file is at work, and beside its files are those of the version before alone.
ACTIVE = """async (file) => {
  for (let left = 200; left > 0; left--) {
    const {active, waiting, installing} = (await navigator.serviceWorker.getRegistration()) ?? {};
    const kept = await caches.keys();
    const done = active?.state === "activated" && navigator.serviceWorker.controller && !waiting && !installing;
    if (done && kept.at(-1).endsWith(file) && kept.length < 3) return true;
    await new Promise((go) => setTimeout(go, 100));
  }
}"""


@pytest.fixture(scope="module")
def town(address: str) -> Town:
    """A town with two grid workers who sign in by a password."""
    town = Town(address)
    for name in (FIRST, SECOND):
        made = town.do({"role": "administrator"}, "addAccount", "code", name=name, grid="610921")
        town.do({"role": "administrator"}, "grantRole", "grant { id }", account=name, role="grid_worker", grid=TOWN)
        invited = {"code": made["code"], "password": PASSWORD}
        httpx.post(f"{address}/auth/invitation", json=invited).raise_for_status()
    return town


@contextmanager
def open_phone(browser: Browser, address: str, folder: Path) -> Iterator[BrowserContext]:
    place: Any = {"longitude": 108.51, "latitude": 32.89}
    given = {"viewport": PHONE, "geolocation": place, "permissions": ["geolocation", "microphone"]}
    with open_profile(browser, address, folder, *SOUND, **given) as opened:
        yield opened


@pytest.fixture
def phone(browser: Browser, address: str, town: Town) -> Iterator[BrowserContext]:
    with open_context(browser, address, viewport=PHONE) as opened:
        yield opened


def enter(page: Page, name: str = FIRST) -> None:
    """Sign in, which leads grid workers to their own page."""
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.locator(".tabs")).to_be_visible()


def go(page: Page, tab: str) -> None:
    page.click(f".tabs [data-tab={tab}]")


def wait_for_worker(page: Page) -> None:
    """Wait until the page would open without a network."""
    assert page.evaluate(ACTIVE, ".js")
    go(page, "report")
    expect(page.locator("#report-category")).to_be_visible()


def write_report(page: Page, title: str) -> None:
    go(page, "report")
    page.select_option("#report-category", "roads.lighting")
    page.fill("#report-title", title)
    page.fill("#report-description", f"{title}，晚上看不清路。")


def submit(page: Page) -> None:
    page.locator("#report").get_by_role("button", name="提交").click()
    expect(page.locator("#report-said")).to_contain_text("已保存")


def make_photo() -> bytes:
    """Return a photo that says where it was taken."""
    made, tags = BytesIO(), Image.Exif()
    tags[0x010E] = "taken at home"
    Image.effect_noise((3000, 1500), 60).convert("RGB").save(made, "JPEG", exif=tags)
    return made.getvalue()


def find_cases(town: Town, title: str) -> list[dict[str, Any]]:
    """Return the cases with a title."""
    token = httpx.post(f"{town.address}/auth/development-token", json=COUNTY).json()["accessToken"]
    document = """query($t: String!) { cases(filter: { title: { contains: $t } }, first: 10) {
        nodes { number title status place { longitude } attachments { kind } reply { text }
        conflicts(filter: { open: { equals: true } }, first: 9) { nodes { id } } } } }"""
    body = {"query": document, "variables": {"t": title}}
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx.post(f"{town.address}/graphql", json=body, headers=headers).json()
    found: list[dict[str, Any]] = answer["data"]["cases"]["nodes"]
    return found


def test_report_outlives_the_browser(browser: Browser, address: str, town: Town, tmp_path: Path) -> None:
    """Written without a network, with photo, recording and place; the browser is closed; later it is sent once."""
    with open_phone(browser, address, tmp_path) as context:
        page = context.pages[0]
        page.goto("/console/")
        enter(page)
        wait_for_worker(page)
        context.set_offline(True)
        expect(page.locator("#trouble")).to_be_visible()
        page.locator("#report").get_by_role("button", name="提交").click()
        expect(page.locator("#report-category-error")).to_contain_text("请填写")
        write_report(page, "渡口路灯不亮")
        page.set_input_files("#photos", [{"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}])
        expect(page.locator("#photos-error")).to_contain_text("notes.txt")
        page.set_input_files("#photos", [{"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": make_photo()}])
        expect(page.locator(".attached img")).to_be_visible()
        page.click("#record")
        expect(page.get_by_text("正在录音 1 s")).to_be_visible()
        page.click("#record")
        expect(page.locator(".attached [data-kind=VOICE]")).to_be_visible()
        page.click("#locate")
        expect(page.locator("#location")).to_contain_text("32.89")
        go(page, "today")
        expect(page.locator("#report")).to_have_count(0)
        page.reload()
        go(page, "report")
        expect(page.locator("#report-said")).to_contain_text("已恢复")
        expect(page.locator("#report-title")).to_have_value("渡口路灯不亮")
        submit(page)
        stored = page.evaluate(STORED)
        assert len(stored) == 3 and not any("渡口" in one or "JFIF" in one for one in stored)
    with open_phone(browser, address, tmp_path) as context:
        context.set_offline(True)
        page = context.pages[0]
        page.goto("/console/#/field/queue")
        expect(page.locator("#waiting li[data-state=WAITING]")).to_contain_text("渡口路灯不亮")
        go(page, "homes")
        expect(page.locator("#needs-network")).to_contain_text("需要网络")
        go(page, "queue")
        kept = page.evaluate(KEPT)
        assert kept and all(one == "/console/" or one.startswith("/console/static/") for one in kept)
        assert find_cases(town, "渡口路灯不亮") == []
        context.set_offline(False)
        expect(page.locator("#sent")).to_contain_text("渡口路灯不亮", timeout=30_000)
        expect(page.locator("#nothing-waits")).to_be_visible()
        assert page.evaluate(STORED) == []
        [case] = find_cases(town, "渡口路灯不亮")
        assert sorted(one["kind"] for one in case["attachments"]) == ["PHOTO", "VOICE"]
        assert round(case["place"]["longitude"]) == 109


def test_files_that_no_entry_names_are_removed(phone: BrowserContext, town: Town) -> None:
    """Once a day has gone by: until then another tab may be about to name them."""
    page = phone.new_page()
    page.goto("/console/")
    enter(page)
    go(page, "report")
    page.set_input_files("#photos", [{"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": make_photo()}])
    wait_until(page, STORED, "(found) => found.length === 2")  # the photo, and a draft that names it
    photo = page.evaluate(LEAVE)
    page.reload()
    wait_until(page, FILES, "(found) => !found.includes('old')")
    assert page.evaluate(FILES) == sorted(["new", photo])


def wait_until(page: Page, script: str, holds: str) -> None:
    """Wait until what a script finds fits; `wait_for_function` takes a promise for a yes."""
    page.evaluate(f"""async () => {{
        for (let left = 200; left > 0; left--) {{
            if (({holds})(await ({script})())) return;
            await new Promise((go) => setTimeout(go, 50));
        }}
        throw new Error("not within ten seconds");
    }}""")


def cut_sync(page: Page, reaches: bool = True) -> list[int]:
    """Lose the connection whenever entries are sent; the first may reach the server. Return the statuses it gave."""
    seen: list[int] = []

    def lose(route: Route) -> None:
        if "mutation Sync" not in (route.request.post_data or ""):
            return route.fallback()
        if reaches and not seen:
            seen.append(route.fetch().status)
        return route.abort("connectionreset")

    page.route("**/graphql", lose)
    return seen


def test_lost_answers_and_others_changes(phone: BrowserContext, town: Town, axe: str) -> None:
    """A connection lost in the middle makes no second case; where somebody else was first, both are shown."""
    page = phone.new_page()
    page.goto("/console/")
    enter(page)
    wait_for_worker(page)
    seen = cut_sync(page)
    write_report(page, "桥头护栏松动")
    submit(page)
    expect(page.locator("#trouble")).to_be_visible(timeout=20_000)
    assert seen == [200]
    go(page, "queue")
    expect(page.locator("#waiting li")).to_contain_text("桥头护栏松动")
    page.unroute("**/graphql")
    page.get_by_role("button", name="重试").click()
    expect(page.locator("#sent")).to_contain_text("桥头护栏松动")
    [case] = find_cases(town, "桥头护栏松动")

    # A file that the server does not take is taken out, and the rest is sent.
    refusal = '{"errors": [{"message": "文件已损坏。", "extensions": {"code": "BAD_USER_INPUT"}}]}'
    page.route("**/attachments", lambda route: route.fulfill(status=415, body=refusal))
    write_report(page, "河边台阶破损")
    page.set_input_files("#photos", [{"name": "steps.jpg", "mimeType": "image/jpeg", "buffer": make_photo()}])
    expect(page.locator(".attached img")).to_be_visible()
    submit(page)
    go(page, "queue")
    refused = page.locator("#waiting li[data-state=REFUSED]")
    expect(refused).to_contain_text("文件已损坏")
    refused.get_by_role("button", name="移除").click()
    refused.get_by_label("标题").fill("河边台阶破损两级")
    refused.locator("[data-again]").click()
    expect(page.locator("#sent li")).to_have_count(2)
    assert [one["attachments"] for one in find_cases(town, "河边台阶破损两级")] == [[]]

    go(page, "cases")
    card = page.locator(f"#mine li[data-number='{case['number']}']")
    card.locator("[data-step=handleInGrid]").click()
    phone.set_offline(True)
    card.get_by_role("button", name="提交").click()
    expect(card.locator(".error")).to_contain_text("请填写")
    card.get_by_label("处理情况").fill("已重新固定。")
    card.get_by_role("button", name="提交").click()
    expect(card).to_contain_text("已记录，待发送")
    town.accept(case["number"])
    phone.set_offline(False)
    go(page, "queue")
    entry = page.locator("#waiting li[data-state=CONFLICT]")
    expect(entry.locator("[data-field=status]")).to_contain_text("已受理", timeout=30_000)
    expect(entry.locator("[data-field=status]")).to_contain_text("镇级调度员")
    expect(entry.locator("[data-field=reply]")).to_contain_text("已重新固定。")
    assert find_barriers(page, axe) == []
    entry.locator("textarea").fill("已重新固定，并加了警示牌。")
    entry.locator("[data-again]").click()
    expect(page.locator("#sent li")).to_have_count(3)
    [case] = find_cases(town, "桥头护栏松动")
    assert case["conflicts"]["nodes"] == [], "whoever sends again has let the other's stand"
    assert (case["status"], case["reply"]["text"]) == ("REPLIED", "已重新固定，并加了警示牌。")


def test_entries_are_their_writers_alone(phone: BrowserContext, town: Town) -> None:
    """A session that ends keeps them for whoever wrote them; signing out asks before it deletes them."""
    page = phone.new_page()
    page.goto("/console/")
    enter(page)
    wait_for_worker(page)
    phone.set_offline(True)
    write_report(page, "井盖松动")
    submit(page)
    phone.clear_cookies()
    phone.set_offline(False)
    expect(page.locator("#password")).to_be_visible(timeout=30_000)
    enter(page, SECOND)
    expect(page.locator("#foreign")).to_contain_text("1")
    go(page, "queue")
    expect(page.locator("#nothing-waits")).to_be_visible()
    page.click("#sign-out")
    enter(page)
    expect(page.locator(".tabs .badge")).to_have_count(0)
    go(page, "queue")
    expect(page.locator("#nothing-waits")).to_be_visible()
    [_] = find_cases(town, "井盖松动")

    cut_sync(page, reaches=False)
    write_report(page, "不想发送的内容")
    submit(page)
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss() if len(asked) == 1 else dialog.accept()

    page.on("dialog", answer)
    page.click("#sign-out")
    expect(page.locator(".tabs .badge")).to_have_text(" 1")
    page.click("#sign-out")
    expect(page.locator("#password")).to_be_visible()
    assert len(asked) == 2 and "1条记录未发送" in asked[0]
    assert page.evaluate(STORED) == [] and find_cases(town, "不想发送") == []


def test_a_day_with_people(phone: BrowserContext, town: Town, axe: str) -> None:
    """A file is opened for a purpose that its people can read; visit and patrol are recorded; nobody is kept out."""
    page = phone.new_page()
    page.goto("/console/")
    enter(page)
    expect(page.locator(f"[data-grid='{TOWN}'] .figure").first).to_be_visible()
    found = find_barriers(page, axe)
    go(page, "homes")
    home = page.locator("#homes li").first
    number = home.get_attribute("data-number")
    home.locator("a").click()
    expect(page.locator("#members")).to_have_count(0)
    found += find_barriers(page, axe)
    page.get_by_label("核对信息").check()
    page.get_by_role("button", name="查看户档案").click()
    expect(page.locator("#members li").first).to_be_visible()
    page.get_by_role("button", name="显示电话").first.click()
    expect(page.locator("#members a[href^='tel:']")).to_be_visible()
    page.locator("#visit").get_by_role("button", name="提交").click()
    expect(page.locator("#visit-error")).to_contain_text("请填写")
    page.get_by_label("走访情况").fill("家中平安，提醒用火安全。")
    page.locator("#visit").get_by_role("button", name="提交").click()
    expect(page.locator("#visits")).to_contain_text("提醒用火安全")
    found += find_barriers(page, axe)
    page.goto("/console/#/field/homes/000000")
    page.get_by_role("button", name="查看户档案").click()
    expect(page.locator("#no-home")).to_be_visible()
    go(page, "report")
    page.get_by_label("巡查记录").check()
    page.locator("#report").get_by_role("button", name="提交").click()
    expect(page.locator("#report-found")).to_be_focused()
    page.fill("#report-found", "河堤正常。")
    submit(page)
    go(page, "queue")
    expect(page.locator("#sent")).to_contain_text("河堤正常")
    page.set_viewport_size({"width": 360, "height": 740})
    page.click("#large")
    page.select_option("#theme", "dark")
    for tab in ("today", "report", "homes", "cases", "queue"):
        go(page, tab)
        expect(page.locator(".field-work h1")).to_be_visible()
        found += find_barriers(page, axe)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, tab
    assert found == [] and number
    looks = page.evaluate(LOOKS)
    assert looks.count("核对信息") == 2 + 1, "the file twice, since a visit went up, and a number"
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#remove-page")
    expect(page.locator("#password")).to_be_visible()
    assert page.evaluate(KEPT) == page.evaluate(STORED) == []
    assert page.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).length") == 0


def test_new_version_takes_the_place_of_the_old(browser: Browser) -> None:
    """With a network the newest page is shown; without one the newest that was seen, and never an old one again."""
    version = ["one"]

    class Shipped(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, now = self.path.rsplit("/", 1)[1], version[0]
            media = "text/html" if name == "" else "text/javascript"
            script = f"/console/static/{now}.js"
            page = f'<!doctype html><h1></h1><script src="{script}"></script>'
            files = {"": page, "worker.js": fill_worker([script]).decode(), f"{now}.js": f"document.title = '{now}'"}
            body = files.get(name)
            self.send_response(200 if body else 404)
            self.send_header("content-type", media)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Shipped) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/console/")
        page.evaluate("navigator.serviceWorker.register('worker.js')")
        assert page.evaluate(ACTIVE, "/one.js")
        for now in ("two", "three"):
            version[0] = now
            page.reload()
            assert page.title() == now
            assert page.evaluate(ACTIVE, f"/{now}.js")
        page.context.set_offline(True)
        page.reload()
        assert page.title() == "three"
        version[0] = "gone"  # as of a server that has no such page any more
        page.context.set_offline(False)
        page.reload()
        assert page.title() == "gone"
        page.close()
        server.shutdown()
