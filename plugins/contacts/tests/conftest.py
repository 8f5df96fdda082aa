"""A server with a channel that reaches telephones, which keeps what it was given."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from gongzhi.plugin.hooks import hookimpl
from gongzhi.runtime.channels import Addressee, ChannelConsent, NoticeChannel, Outbound
from gongzhi_server.testing import Server, essential_with, serve_application


class Sms:
    """A channel that reaches telephones, and the plugin that brings it."""

    name = "sms"
    consent: ChannelConsent | None = None
    phone = True

    def __init__(self) -> None:
        self.sent: list[tuple[Outbound, Addressee]] = []

    async def send(self, notice: Outbound, addressee: Addressee) -> None:
        self.sent.append((notice, addressee))

    @hookimpl
    def channels(self) -> Sequence[NoticeChannel]:
        return [self]

    def codes(self, phone: str) -> list[str]:
        found = (re.search(r"\d{6}", notice.body.en) for notice, whom in self.sent if whom.phone == phone)
        return [one.group() for one in found if one]


@pytest.fixture
def sms() -> Sms:
    return Sms()


@pytest_asyncio.fixture
async def server(database: str, tmp_path: Path, sms: Sms) -> AsyncIterator[Server]:
    async with serve_application(database, tmp_path, plugins=essential_with("sms", sms), channels=("sms",)) as made:
        yield made
