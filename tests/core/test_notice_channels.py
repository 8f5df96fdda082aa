"""Notices on their way out: whom a channel reaches, what it is given, and what becomes of what fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from gongzhi.declare.register_entries import PrivacyNotice
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import hookimpl
from gongzhi.runtime.channels import Addressee, ChannelConsent, NoticeChannel, Outbound
from gongzhi.runtime.checks import CHINA
from gongzhi.values.errors import Text
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import Server, essential_with, serve_application, settings_for_tests

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE, POWER = "13800138000", "610921-GDGS"
GATE = ChannelConsent("sms.notices", "gateway")
ASKED = PrivacyNotice(
    GATE.purpose, GATE.recipient, 1, Text("Messages", "短信通知"), Text("You agree to be told.", "您同意接收短信。"),
    Text("PIPL 23", "《个人信息保护法》第二十三条"), date(2026, 1, 1),
)  # fmt: skip


class Gate:
    """A gateway that keeps what it is given, and refuses when it is told to."""

    def __init__(self, name: str, consent: ChannelConsent | None) -> None:
        self.name, self.consent, self.phone = name, consent, consent is not None
        self.sent: list[tuple[Outbound, Addressee]] = []
        self.down = False

    async def send(self, notice: Outbound, addressee: Addressee) -> None:
        if self.down:
            raise ConnectionError("no gateway")
        self.sent.append((notice, addressee))


class Sms:
    """The plugin that brings them."""

    def __init__(self, channels: Sequence[NoticeChannel], notices: Sequence[PrivacyNotice] = (ASKED,)) -> None:
        self.given, self.texts = channels, notices

    @hookimpl
    def channels(self) -> Sequence[NoticeChannel]:
        return self.given

    @hookimpl
    def registers(self) -> Sequence[Registers]:
        return [Registers(notices=tuple(self.texts))]


def plugged(*channels: NoticeChannel, notices: Sequence[PrivacyNotice] = (ASKED,)) -> Plugins:
    return essential_with("sms", Sms(channels, notices))


@pytest.fixture(scope="module")
def gates() -> tuple[Gate, Gate]:
    return Gate("sms", GATE), Gate("push", None)


@pytest.fixture(autouse=True)
def emptied(gates: tuple[Gate, Gate]) -> None:
    """What was sent for another test is not looked at."""
    for gate in gates:
        gate.sent.clear()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gated(
    shared_database: str, gates: tuple[Gate, Gate], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """The server with both gateways."""
    path: Path = tmp_path_factory.mktemp("data")
    async with serve_application(shared_database, path, plugins=plugged(*gates), channels=("sms", "push")) as made:
        yield made


async def resident(server: Server) -> Server:
    """Somebody with a telephone."""
    worker = server.as_("grid_worker", grid="610921101222")
    payload = await worker.do(
        "registerPerson",
        "person { id }",
        name="测试居民",
        grid="610921101222-020202",
        phones=[PHONE],
        residence="RESIDENT",
    )
    assert payload["errors"] == [], payload
    return server.as_("resident", person=payload["person"]["id"].partition(":")[2])


async def dispatch(server: Server, by: Server) -> str:
    """Report a case, which the power company has then: its number."""
    matter = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": "路灯", "description": "不亮"}
    payload = await by.do("reportCase", "case { number }", grid="610921101222-020202", **matter)
    assert payload["errors"] == [], payload
    number: str = payload["case"]["number"]
    county = server.as_("county_dispatcher", grid="610921")
    for version, (mutation, more) in enumerate([("acceptCase", {}), ("dispatchCase", {"leadUnit": POWER})], 1):
        payload = await county.do(mutation, "case { status }", number=number, expectedVersion=version, **more)
        assert payload["errors"] == [], payload
    return number


async def answered(server: Server, who: Server) -> None:
    """A case of theirs is reported, handled and replied to."""
    number, handler = await dispatch(server, who), server.as_("department_handler", unit=POWER)
    for version, (mutation, more) in enumerate([("handleCase", {}), ("replyToCase", {"text": "已修。"})], 3):
        payload = await handler.do(mutation, "case { status }", number=number, expectedVersion=version, **more)
        assert payload["errors"] == [], payload


async def test_only_who_agreed_is_written_to(gated: Server, gates: tuple[Gate, Gate]) -> None:
    sms, push = gates
    who = await resident(gated)
    await answered(gated, who)
    gated.clock.move(minutes=1)
    await gated.worker.drain()
    assert sms.sent == []
    assert {one.unit is not None for notice, one in push.sent if notice.kind == "case.assigned"} == {True}
    agreed = await who.do("giveConsent", "consent { id }", purpose=GATE.purpose, noticeVersion=1)
    assert agreed["errors"] == [], agreed
    await answered(gated, who)
    gated.clock.move(minutes=1)
    await gated.worker.drain()
    [(notice, addressee)] = [one for one in sms.sent if one[0].kind == "case.replied"]
    assert addressee.phone == PHONE and "13800" not in repr(addressee)
    assert "测试居民" not in notice.body.zh and notice.about is not None
    seen = (await who.ask("{ me { accessLog(first: 9) { nodes { purpose fields } } } }")).data["me"]["accessLog"]
    assert {"purpose": GATE.purpose, "fields": ["Person.phone"]} in seen["nodes"]
    await gated.worker.drain()
    kinds = sorted(notice.kind for notice, _ in sms.sent)
    assert kinds == ["case.accepted", "case.dispatched", "case.replied"]  # each once, while nothing fails
    await who.do("withdrawConsent", "consent { id }", purpose=GATE.purpose)
    await answered(gated, who)
    gated.clock.move(minutes=1)
    await gated.worker.drain()
    assert len(sms.sent) == len(kinds)


async def test_what_fails_is_tried_again(gated: Server, gates: tuple[Gate, Gate]) -> None:
    _, push = gates
    await dispatch(gated, gated)
    push.down = True
    push.sent.clear()
    gated.clock.move(minutes=1)
    failed = (await gated.worker.drain()).failed
    assert "notices.send" in failed and push.sent == []
    push.down = False
    gated.clock.move(minutes=5)
    await gated.worker.drain()
    kinds = [notice.kind for notice, _ in push.sent]
    assert "case.assigned" in kinds
    assert len({notice.id for notice, _ in push.sent}) == len(push.sent)


async def test_consent_needs_a_text() -> None:
    with pytest.raises(Problem, match=r"plugin 'sms'.*channel 'sms' needs consent"):
        plugged(Gate("sms", GATE), notices=())
    with pytest.raises(Problem, match="GONGZHI_CHANNELS: there is no channel pigeon; there are log, sms"):
        plugged(Gate("sms", GATE)).choose_channels(("pigeon",))


async def test_log_is_there_by_itself(tmp_path: Path) -> None:
    assert [
        one.name for one in Plugins().choose_channels(settings_for_tests("postgresql:///x", tmp_path).channels)
    ] == ["log"]
    assert settings_for_tests("postgresql:///x", tmp_path).channels == ("log",)


async def test_emergency_wakes_people_on_duty(gated: Server, gates: tuple[Gate, Gate]) -> None:
    """At night the worker's telephone of duty rings, without their consent; what can wait is sent in the morning."""
    sms, push = gates
    gated.clock.time = datetime(2026, 7, 1, 23, 0, tzinfo=CHINA)
    sms.sent.clear()
    push.sent.clear()
    matter = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": "路灯", "description": "不亮"}
    for urgency in ("EMERGENCY", "ROUTINE"):
        payload = await gated.do("reportCase", "case { number }", grid="610921101222-020202", urgency=urgency, **matter)
        assert payload["errors"] == []
    gated.clock.move(minutes=1)
    await gated.worker.drain()
    [(notice, addressee)] = sms.sent
    assert notice.wakes and notice.title.zh == "特急诉求" and addressee.person and addressee.phone
    told = [notice.wakes for notice, _ in push.sent if notice.kind == "case.reported"]
    assert told == [True, True]  # the worker, and the town's dispatchers
    gated.clock.time = datetime(2026, 7, 2, 8, 31, tzinfo=CHINA)
    await gated.worker.drain()
    assert sms.sent == [(notice, addressee)]
    told = [notice.wakes for notice, _ in push.sent if notice.kind == "case.reported"]
    assert told == [True, True, False]
