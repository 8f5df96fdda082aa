"""Quotas hold for requests that are sent at the same time, too."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import gongzhi
import pytest
from gongzhi.core.access import quota
from gongzhi.runtime.locks import LOCK_NAME
from gongzhi_server.testing import Server, codes_of

from .conftest import Log, People

AT_ONCE = 8
COUNTED = re.compile(r"\.count\(\)[^\n]*(>=|>|<=|<)")
HELD = {
    "core/attachments/uploads.py": "the case is locked when it is found",
    "contacts/gongzhi_contacts/commands.py": "the case is locked; `lock_quota` over a number and its reader",
    "devices/gongzhi_devices/attending.py": "an advisory lock of the grid and the kind",
    "integrations/gongzhi_integrations/webhooks/commands.py": "the account is locked",
    "core/accounts/credential_commands.py": "the account is locked when it is found",
    "core/people/household_commands.py": "the household is locked when it is found",
    "credit/gongzhi_credit/applications/api_keys.py": "the account is locked",
    "legal/gongzhi_legal/matters/commands.py": "the matter is locked when it is found",
    "party/gongzhi_party/deliberations/voting.py": "the deliberation is locked when it is found",
    "party/gongzhi_party/activities/attendance.py": "the activity is locked when it is found",
    "party/gongzhi_party/activities/calendar_feeds.py": "the person is locked",
    "party/gongzhi_party/deliberations/decisions.py": "the deliberation is locked when it is found",
    "points/gongzhi_points/claims/commands.py": "the claim is locked when it is found",
}
"""Where something is counted against a bound, and what keeps two from counting the same."""


@pytest.mark.parametrize("left", [0, 1, 3])
async def test_reveals_at_once(people: People, server: Server, log: Log, monkeypatch: Any, left: int) -> None:
    """Of many requests at the same time as many are answered as are left, and no more are in the log."""
    spent = f"{100 - left}+count(distinct one)"
    monkeypatch.setattr(quota, "SPENT", quota.SPENT.replace("count(distinct one)", spent))
    rows = await log.connection.fetch(
        "select p.id from people.person p join people.person me on me.town_id=p.town_id where me.id=$1 "
        "and p.restricted_at is null order by p.id limit $2",
        people.keys[0],
        AT_ONCE,
    )
    town = server.as_("town_dispatcher", grid=people.grid[:9])
    asked = [
        town.do("reveal", "values { id }", ids=[f"Person:{row['id']}"], fields=["phone"], purpose="回访")
        for row in rows
    ]
    answers = await asyncio.gather(*asked)
    refused = [one for one in answers if codes_of(one["errors"]) == ["QUOTA_EXCEEDED"]]
    assert len(answers) == AT_ONCE and len(refused) == AT_ONCE - left
    assert len(await log.all()) == left


def test_every_bound_is_held() -> None:
    """Whoever counts against a bound says here what keeps others from counting the same at that moment."""
    root = Path(gongzhi.__file__).parent
    plugins = root.parents[1] / "plugins"
    files = [*root.rglob("*.py"), *plugins.glob("*/gongzhi_*/**/*.py")]
    found = {
        str(one.relative_to(root if one.is_relative_to(root) else plugins))
        for one in files
        if COUNTED.search(one.read_text())
    }
    assert found == set(HELD)


BY_NAME = re.compile(r"pg_advisory_xact_lock\(hashtext")
OLDER = "select pg_advisory_xact_lock(hashtextextended($1, 12345))"
"""As servers before `lock_name` took the lock of an order's number."""


def test_names_are_locked_by_one_word() -> None:
    """Who writes the statement anew takes a seed that another may have, and says to nobody why."""
    root = Path(gongzhi.__file__).parents[2]
    files = [one for folder in ("schema", "server", "plugins") for one in (root / folder).rglob("*.py")]
    assert {one.name for one in files if BY_NAME.search(one.read_text())} == {"locks.py"}


async def test_older_servers_take_the_same_lock(log: Log) -> None:
    """While a deployment is upgraded, two versions keep each other out."""
    held = "select distinct objid, classid from pg_locks where locktype='advisory' and pid=pg_backend_pid()"
    taken = []
    for sql, values in ((OLDER, ("hotline 7",)), (LOCK_NAME, ("hotline 7", 12345))):
        async with log.connection.transaction():
            await log.connection.execute("set local statement_timeout = 5000")
            await log.connection.fetch(sql, *values)
            taken.append(await log.connection.fetch(held))
    assert taken[0] == taken[1] and len(taken[0]) == 1
