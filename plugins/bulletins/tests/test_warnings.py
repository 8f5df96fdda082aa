"""Warnings: pushed and asked for, told where their areas lie, updated and cancelled; silent until a source is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_bulletins.warnings.cap import UnfitAlert
from gongzhi_bulletins.warnings.receiving import ask_source, take_warnings
from gongzhi_bulletins.warnings.settings import BulletinSettings
from gongzhi_server.testing import Server, serve_application
from standardwebhooks import Webhook

from .conftest import COUNTY, TOWN, VILLAGE, Village, refused
from .messages import alert, feed, info, refer, square

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB3ZWF0aGVyIHNlcnZpY2U="
ACCOUNT = "weather"
PATH = "/x/bulletins/warnings"
CODE = f"<geocode><valueName>行政区划代码</valueName><value>{COUNTY}</value></geocode>"
BULLETINS = """query($grid: String!, $now: Boolean!) {
  bulletins(grid: $grid, filter: { kind: { equals: WARNING }, current: { equals: $now } }, first: 20) {
    nodes { id title text until reaches(first: 20) { grid { code } }
      warning { identifier severity infos { language event headline } } } } }"""
MESSAGES = "{ publicWarnings(first: 50) { nodes { identifier outcome } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server(
    shared_database: str, plugins: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch
) -> AsyncIterator[Server]:
    """The server with a secret for pushed warnings, and an account for which they are taken."""
    connection = await asyncpg.connect(shared_database)
    await connection.execute(MADE, uuid4(), ACCOUNT)
    await connection.close()
    monkeypatch_module.setenv("GONGZHI_BULLETINS_SECRET", SECRET)
    monkeypatch_module.setenv("GONGZHI_BULLETINS_ACCOUNT", ACCOUNT)
    async with serve_application(shared_database, tmp_path_factory.mktemp("data"), plugins=plugins) as server:
        yield server


@pytest.fixture(scope="module")
def monkeypatch_module() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


MADE = """insert into accounts.account (id, name, kind, created_at, created_by, version)
values ($1, $2, 'MACHINE', now(), 'console', 1)"""


async def push(village: Village, text: str, secret: str = SECRET, **more: str) -> Any:
    now, id = village.server.clock(), str(uuid4())
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, now, text),
        "content-type": "application/cap+xml",
    }
    reply = await village.server.client.post(PATH, content=text.encode(), headers=headers | more)
    await village.run_jobs()
    return reply


async def current(village: Village, grid: str = VILLAGE, now: bool = True) -> dict[str, Any]:
    """The warnings that hold in a grid, by the names of their messages."""
    nodes = (await village.server.ask(BULLETINS, grid=grid, now=now)).data["bulletins"]["nodes"]
    return {one["warning"]["identifier"]: one for one in nodes}


async def outcomes(village: Village) -> dict[str, str]:
    nodes = (await village.town.ask(MESSAGES)).data["publicWarnings"]["nodes"]
    return {one["identifier"]: one["outcome"] for one in nodes}


async def place(village: Village, code: str = VILLAGE) -> tuple[float, float]:
    """A place within a grid: latitude and longitude."""
    [row] = await village.fetch(
        "select (point(r.area))[1]/1e6 latitude, (point(r.area))[0]/1e6 longitude from grids.ring r "
        "join grids.grid g on g.id=r.grid_id where g.path<@(select path from grids.grid where code=$1 and "
        "valid_to is null) and g.valid_to is null and not r.hole order by g.code desc limit 1",
        code,
    )
    return row["latitude"], row["longitude"]


async def test_a_warning_reaches_where_its_polygon_lies(village: Village) -> None:
    """The village that it meets and no other; its people are told at once, with what happens and how bad it is."""
    area = f"<polygon>{square(*await place(village))}</polygon>"
    english = info("en", event="Rainstorm", headline="Rainstorm warning", description="Heavy rain.")
    reply = await push(village, alert("polygon", info(area=area), english))
    assert (reply.status_code, reply.json()) == (202, {"new": True})
    found = (await current(village))["polygon"]
    assert found["title"] == "汉阴县气象台发布暴雨橙色预警信号" and found["until"] == "2026-06-30T14:00:00+00:00"
    assert found["reaches"] == [{"grid": {"code": VILLAGE}}]
    assert found["warning"]["severity"] == "SEVERE"
    assert [one["language"] for one in found["warning"]["infos"]] == ["zh-CN", "en"]
    assert "polygon" not in await current(village, TOWN)
    resident, stranger = await village.resident(), await village.stranger()
    assert await village.told(resident, found["id"]) == ["New: a warning: 暴雨 (great danger)"]
    assert await village.told(stranger, found["id"]) == []
    sent = await village.fetch(
        "select bool_and(wakes) w, bool_or(due_at is not null) d from notices.notice where about=$1", found["id"]
    )
    assert (sent[0]["w"], sent[0]["d"]) == (True, False)


async def test_codes_name_a_county(village: Village) -> None:
    await push(village, alert("county", info(area=CODE)))
    assert (await current(village, COUNTY))["county"]["reaches"] == [{"grid": {"code": COUNTY}}]
    assert "county" in await current(village) and "county" in await current(village, TOWN)


async def test_a_wide_polygon_reaches_every_village(village: Village) -> None:
    """Those that are drawn are met; a part that is not drawn goes with what it lies in."""
    drawn = await village.fetch(
        "delete from grids.ring where grid_id=(select id from grids.grid where code=$1 and valid_to is null) "
        "returning grid_id, area::text, hole",
        "610921101221",
    )
    await push(village, alert("wide", info(area=f"<polygon>{square(*await place(village, COUNTY), 2.0)}</polygon>")))
    assert (await current(village))["wide"]["reaches"] == [{"grid": {"code": COUNTY}}]
    for ring in drawn:  # back for the tests beside this one
        await village.fetch(
            "insert into grids.ring (grid_id, area, hole) values ($1, $2::text::polygon, $3)", *ring.values()
        )


async def test_a_message_counts_once(village: Village) -> None:
    """By sender, identifier and moment, however often and from wherever it comes, also at once."""
    text = alert("once", info(area=CODE))
    replies = await asyncio.gather(*(push(village, text) for _ in range(3)))
    assert sorted(one.status_code for one in replies) == [200, 200, 202]
    assert (await push(village, text)).json() == {"new": False}
    rows = await village.fetch(
        "select from bulletins.bulletin b join bulletins.warning w on w.id=b.warning_id where w.identifier='once'"
    )
    assert len(rows) == 1


async def test_an_update_takes_the_place_of_what_it_names(village: Village) -> None:
    await push(village, alert("rain-1", info(area=CODE)))
    first = (await current(village))["rain-1"]
    update = alert("rain-2", info(area=CODE, severity="Extreme"), msgType="Update", references=refer("rain-1"))
    await push(village, update)
    assert {"rain-1", "rain-2"} & {*await current(village)} == {"rain-2"}
    assert "rain-1" in await current(village, now=False)
    assert await village.told(await village.resident(), first["id"], "ended") == []


async def test_a_cancellation_is_told(village: Village) -> None:
    await push(village, alert("hail", info(area=CODE)))
    told = (await current(village))["hail"]["id"]
    await push(village, alert("hail-over", msgType="Cancel", references=refer("hail")))
    assert "hail" not in await current(village)
    assert await village.told(await village.resident(), told, "ended") == ["Lifted: a warning: 暴雨 (great danger)"]
    assert (await outcomes(village))["hail-over"] == "LIFTED"


async def test_nobody_lifts_the_warnings_of_others(village: Village) -> None:
    await push(village, alert("frost", info(area=CODE)))
    await push(village, alert("frost-over", msgType="Cancel", references=refer("frost"), sender="other@example.cn"))
    assert "frost" in await current(village)


async def test_a_message_may_come_after_its_cancellation(village: Village) -> None:
    await push(village, alert("wind-over", msgType="Cancel", references=refer("wind")))
    await push(village, alert("wind", info(area=CODE)))
    assert "wind" not in await current(village)
    assert (await outcomes(village))["wind"] == "RECALLED"


SILENT = {
    "exercise": ({"status": "Exercise"}, {}, "IGNORED"),
    "test": ({"status": "Test"}, {}, "IGNORED"),
    "restricted": ({"scope": "Restricted"}, {}, "IGNORED"),
    "ack": ({"msgType": "Ack"}, {}, "IGNORED"),
    "past": ({}, {"expires": "2026-06-30T09:00:00+08:00"}, "EXPIRED"),
    "far": ({}, {"area": f"<polygon>{square(0.5, 0.5)}</polygon>"}, "ELSEWHERE"),
    "nowhere": ({}, {"area": ""}, "ELSEWHERE"),
}


@pytest.mark.parametrize("name", SILENT)
async def test_what_is_told_to_nobody(village: Village, name: str) -> None:
    """Exercises, what is over, and what lies elsewhere are kept, and their outcome is for whoever may warn."""
    said, within, outcome = SILENT[name]
    await push(village, alert(name, info(**{"area": CODE, **within}), **said))
    assert name not in await current(village) and (await outcomes(village))[name] == outcome
    nodes = (await village.server.ask(MESSAGES)).data["publicWarnings"]["nodes"]
    assert name not in [one["identifier"] for one in nodes]


async def test_nothing_is_taken_unsigned(village: Village) -> None:
    """Nor with another secret, a stale signature, another body, or what is no message."""
    text = alert("forged", info(area=CODE))
    stale = str(int(village.server.clock().timestamp()) - 301)
    for more in ({"webhook-signature": "v1,AAAA"}, {"webhook-timestamp": stale}, {"webhook-timestamp": "soon"}):
        assert (await push(village, text, **more)).status_code == 403, more
    assert (await push(village, text, "whsec_" + "b3RoZXI=")).status_code == 403
    assert (await push(village, "<!DOCTYPE a><alert/>")).status_code == 400
    assert "forged" not in await outcomes(village)


async def test_silent_until_a_source_is_named(village: Village, plugins: Any, tmp_path: Any) -> None:
    """Without a secret the route takes nothing, however it is signed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GONGZHI_BULLETINS_SECRET")
        async with serve_application(village.dsn, tmp_path, plugins=plugins) as server:
            reply = await push(Village(server, village.dsn), alert("early", info(area=CODE)))
    assert reply.status_code == 404 and "early" not in await outcomes(village)


async def test_a_circle_reaches_what_it_meets(village: Village) -> None:
    """A village around its middle, and not the county; without a Chinese text the first one is taken."""
    latitude, longitude = await place(village)
    english = info(
        "en", f"<circle>{latitude},{longitude} 0.05</circle>", event="Hail", headline="Hail warning", instruction=""
    )
    await push(village, alert("circle", english))
    found = (await current(village))["circle"]
    assert (found["title"], found["text"]) == ("Hail warning", "预计未来 3 小时降雨量将达 50 毫米以上。")
    assert {"grid": {"code": VILLAGE}} in found["reaches"] and {"grid": {"code": COUNTY}} not in found["reaches"]


async def test_an_office_may_take_a_warning_back_and_not_rewrite_it(village: Village) -> None:
    """Its words are the service's. Taken back here, an update of the service lifts nothing, and is published itself."""
    await push(village, alert("fog", info(area=CODE)))
    fog = (await current(village))["fog"]["id"]
    county = village.server.as_("county_dispatcher", grid=COUNTY)
    changed = {"bulletin": fog, "expectedVersion": 1, "text": "没有雾。", "reason": "误报"}
    payload = await county.do("correctBulletin", "bulletin { id }", **changed)
    assert refused(payload) == [("ILLEGAL_TRANSITION", ["bulletin"])]
    del changed["text"]
    payload = await village.town.do("withdrawBulletin", "bulletin { id }", **changed)
    assert refused(payload) == [("FORBIDDEN", ["bulletin"])]
    await village.done(county, "withdrawBulletin", "bulletin { id }", **changed)
    assert "fog" not in await current(village)
    await push(village, alert("fog-2", info(area=CODE), msgType="Update", references=refer("fog")))
    assert "fog-2" in await current(village)
    rows = await village.fetch("select reason from bulletins.bulletin where id=$1", fog.partition(":")[2])
    assert rows[0]["reason"] == "误报"


async def test_what_comes_while_the_server_stops_is_handled_later(village: Village) -> None:
    """A message is kept before it is handled: the next run of the job finds it, and the one after nothing."""
    await push(village, alert("kept", info(area=CODE)))
    await village.fetch(
        "delete from bulletins.reach where bulletin_id in (select b.id from bulletins.bulletin b "
        "join bulletins.warning w on w.id=b.warning_id where w.identifier='kept')"
    )
    await village.fetch("update bulletins.warning set handled_at=null, outcome=null where identifier='kept'")
    village.server.clock.move(minutes=6)
    for _ in range(2):
        await village.run_jobs()
        assert (await outcomes(village))["kept"] == "PUBLISHED"
    assert "kept" in await current(village)


@dataclass
class Source:
    """A weather service: what lies at which path, and what was asked for."""

    port: int = 0
    pages: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        self.asked.append(path)
        body = self.pages.get(path, "").encode()
        status = "200 OK" if body else "404 Not Found"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        writer.close()


@pytest_asyncio.fixture(loop_scope="module")
async def source() -> AsyncIterator[Source]:
    made = Source()
    listening = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


async def take(village: Village, url: str) -> int:
    """Ask a source once, as the service does each minute."""
    connection = await asyncpg.connect(village.dsn)
    asked: list[str] = []

    async def enqueue(job: Any, key: str) -> None:
        asked.append(key)

    run: Any = SimpleNamespace(connection=connection, context=lambda: SimpleNamespace(enqueue=enqueue))
    try:
        kept = await take_warnings(run, url, village.server.clock())
    finally:
        await connection.close()
    assert len(asked) == bool(kept)
    village.server.clock.move(minutes=5)
    await village.run_jobs()
    return kept


async def test_a_feed_is_asked_for_what_is_new(village: Village, source: Source) -> None:
    """Each message once; one that is unfit, and one that lies inside another network, hold up none of the others."""
    inner = Source()
    async with await asyncio.start_server(inner.answer, "127.0.0.1", 0) as listening:
        inner.port = listening.sockets[0].getsockname()[1]
        source.pages = {
            "/feed": feed("/bad", inner.url("/inner"), "/gone", "/good"),
            "/bad": "<!DOCTYPE a><alert/>",
            "/good": alert("fed", info(area=CODE)),
        }
        assert await take(village, source.url("/feed")) == 1
    # The operator named the source; where a feed leads to is looked at as what others name.
    assert inner.asked == [] and "fed" in await current(village)
    source.pages["/feed"] = feed("/bad", "/good")
    source.asked.clear()
    assert await take(village, source.url("/feed")) == 0
    assert source.asked == ["/feed", "/bad"]


async def test_a_single_message_is_a_source(village: Village, source: Source) -> None:
    source.pages = {"/now.xml": alert("single", info(area=CODE))}
    assert [await take(village, source.url("/now.xml")) for _ in range(2)] == [1, 0]
    assert "single" in await current(village)


async def test_the_source_is_asked_each_minute(
    village: Village, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    """However often something wakes the service; what fails is told in a line of the log, and asked for again."""
    source.pages = {"/feed": feed()}
    now, seconds = village.server.clock(), 0
    settings = {BulletinSettings: BulletinSettings(source=source.url("/feed"))}

    async def wait(longest: float) -> None:
        nonlocal seconds
        seconds += 20
        if seconds == 60:
            source.pages = {"/feed": "<!DOCTYPE a><feed/>"}
        if seconds > 120:
            raise asyncio.CancelledError

    def context() -> Any:
        return SimpleNamespace(viewer=SimpleNamespace(now=now + timedelta(seconds=seconds)), settings=settings)

    connection = await asyncpg.connect(village.dsn)
    run: Any = SimpleNamespace(connection=connection, context=context, wait=wait)
    try:
        with pytest.raises(asyncio.CancelledError):
            await ask_source(run)
    finally:
        await connection.close()
    assert source.asked == ["/feed"] * 3
    lines = [one.getMessage() for one in caplog.records if one.name == "gongzhi.bulletins"]
    assert (
        lines
        == [
            "no warnings are heard from the source: it has a document type or entities; "
            "look at GONGZHI_BULLETINS_SOURCE"
        ]
        * 2
    )
    assert source.url("") not in caplog.text


async def test_a_source_that_is_gone_is_named_in_one_word(village: Village, source: Source) -> None:
    """And says nothing of its address, which may hold a password."""
    with pytest.raises(UnfitAlert, match="^status 404"):
        await take(village, source.url("/gone?password=secret"))
    source.pages = {"/long": "<a>" + "x" * 500_001}
    with pytest.raises(UnfitAlert, match="^it is too long$"):
        await take(village, source.url("/long"))
    source.pages = {"/page": "<html/>"}
    with pytest.raises(UnfitAlert, match="neither a message nor a feed"):
        await take(village, source.url("/page"))
