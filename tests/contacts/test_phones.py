"""Leaving a number with a case without an account, over HTTP: proved by its code, shown to whoever calls back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.channels import Addressee, Channel, Consent, Outbound
from gongzhi.contacts.codes import GOOD, TRIES
from gongzhi.contacts.commands import OF_CASE, OF_NUMBER
from gongzhi.hooks import hookimpl
from gongzhi_server.plugins import Plugin, Plugins, checked, empty
from gongzhi_server.testing import Server, codes_of, serving

PHONE, OTHER, TOWN = "13800009999", "13900008888", "610921101"
MATTER = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": "路灯", "description": "不亮"}


class Sms:
    """A channel that reaches telephones, and the plugin that brings it."""

    name = "sms"
    consent: Consent | None = None
    phone = True

    def __init__(self) -> None:
        self.sent: list[tuple[Outbound, Addressee]] = []

    async def send(self, notice: Outbound, addressee: Addressee) -> None:
        self.sent.append((notice, addressee))

    @hookimpl
    def channels(self) -> Sequence[Channel]:
        return [self]

    def codes(self, phone: str) -> list[str]:
        found = (re.search(r"\d{6}", notice.body.en) for notice, whom in self.sent if whom.phone == phone)
        return [one.group() for one in found if one]


@pytest.fixture
def sms() -> Sms:
    return Sms()


@pytest_asyncio.fixture
async def server(filled: str, tmp_path: Path, sms: Sms) -> AsyncIterator[Server]:
    manager = empty()
    manager.register(sms, name="sms")
    plugins = checked(Plugins((Plugin("sms", "sms", "1"),), manager))
    async with serving(filled, tmp_path, plugins=plugins, channels=("sms",)) as made:
        yield made


async def reported(server: Server) -> dict[str, str]:
    """The receipt of a case that a stranger reports."""
    payload = await server.do("reportCase", "case { number } receiptCode", grid="610921101222", **MATTER)
    assert payload["errors"] == [], payload
    return {"number": payload["case"]["number"], "receiptCode": payload["receiptCode"]}


async def leave(server: Server, phone: str = PHONE, **receipt: str) -> list[str]:
    payload = await server.do("leavePhone", "__typename", phone=phone, **receipt)
    await server.worker.drain()
    return codes_of(payload["errors"])


async def confirm(server: Server, code: str, **receipt: str) -> list[str]:
    return codes_of((await server.do("confirmPhone", "__typename", code=code, **receipt))["errors"])


async def test_number_is_proved_and_shown(server: Server, sms: Sms, filled: str) -> None:
    receipt = await reported(server)
    assert await leave(server, **receipt) == []
    [sent] = sms.codes(PHONE)
    worker = server.as_("grid_worker", grid=TOWN)
    shown = {"number": receipt["number"], "purpose": "回电核实"}
    assert (await worker.do("revealPhone", "phone", **shown))["phone"] is None, "nobody has proved it yet"
    assert await confirm(server, sent, **receipt) == []
    assert await confirm(server, sent, **receipt) == ["BAD_USER_INPUT"], "a code is good once"
    assert (await worker.do("revealPhone", "phone", **shown))["phone"] == PHONE
    asked = "query($n: String!) { case(number: $n) { timeline { type note } } }"
    events = (await worker.ask(asked, n=receipt["number"])).data["case"]["timeline"]
    assert {"type": "case.phone_shown", "note": "回电核实"} in events
    far = server.as_("grid_worker", grid="610921102")
    assert codes_of((await far.do("revealPhone", "phone", **shown))["errors"]) == ["NOT_FOUND"]
    connection = await asyncpg.connect(filled)
    try:
        text = await connection.fetchval("select string_agg(t::text, ' ') from contacts.contact t")
        jobs = await connection.fetchval("select string_agg(t::text, ' ') from events.job t")
    finally:
        await connection.close()
    assert PHONE not in text + jobs and sent not in text + jobs


async def test_guessing_ends(server: Server, sms: Sms) -> None:
    """After some guesses the right code is wrong as well, and so it is when its time is over."""
    receipt = await reported(server)
    await leave(server, **receipt)
    [right] = sms.codes(PHONE)
    for at in range(TRIES):
        assert await confirm(server, f"{(int(right) + 1 + at) % 10**6:06}", **receipt) == ["BAD_USER_INPUT"]
    assert await confirm(server, right, **receipt) == ["BAD_USER_INPUT"]
    await leave(server, **receipt)
    server.clock.move(seconds=GOOD.total_seconds())
    assert await confirm(server, sms.codes(PHONE)[-1], **receipt) == ["BAD_USER_INPUT"]


async def test_nobody_is_flooded(server: Server, sms: Sms, filled: str) -> None:
    """A number gets some codes an hour, whoever asks, and whoever asks is not told; a case asks for some a day.

    What nobody proved is forgotten after that day.
    """
    for _ in range(OF_NUMBER + 2):
        assert await leave(server, **await reported(server)) == []
    assert len(sms.codes(PHONE)) == OF_NUMBER
    receipt = await reported(server)
    for at in range(OF_CASE):
        assert await leave(server, f"1391111000{at}", **receipt) == []
    assert await leave(server, OTHER, **receipt) == ["QUOTA_EXCEEDED"] and sms.codes(OTHER) == []
    server.clock.move(hours=25)
    assert await leave(server, OTHER, **receipt) == []
    connection = await asyncpg.connect(filled)
    try:
        assert await connection.fetchval("select count(*) from contacts.contact") == 1
    finally:
        await connection.close()


async def test_only_with_receipt(server: Server, sms: Sms) -> None:
    receipt = await reported(server)
    wrong = {**receipt, "receiptCode": "2222222222"}
    assert await leave(server, **wrong) == await confirm(server, "123456", **wrong) == ["NOT_FOUND"]
    assert await leave(server.as_("grid_worker", grid=TOWN), number=receipt["number"]) == ["FORBIDDEN"]
    assert await leave(server, "12345", **receipt) == ["BAD_USER_INPUT"]
    assert sms.sent == []
