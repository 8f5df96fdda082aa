"""Rules and calendars that several write at once: one is the next edition, and everybody else saw an older one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest
from gongzhi_server.testing import Server, codes_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNTY = "610921"
AT_ONCE = 4
RULE = {"stage": "REPLY", "amount": 5, "unit": "WORKING_DAY", "basis": "县规定"}
RULES = "rules { code edition } recounted"


@pytest.fixture
def admin(shared_server: Server) -> Server:
    return shared_server.as_("administrator")


async def together(*asked: Awaitable[dict[str, Any]]) -> Counter[str]:
    """How many were done, and by code how many were refused."""
    return Counter(code for one in await asyncio.gather(*asked) for code in (codes_of(one["errors"]) or ["done"]))


async def test_editions_have_one_order(admin: Server) -> None:
    for edition in (0, 1):
        given = {"county": COUNTY, "expectedEdition": edition, "name": "本县时限", "rules": [RULE]}
        found = await together(*(admin.do("publishDeadlineRules", RULES, **given) for _ in range(AT_ONCE)))
        assert found == {"done": 1, "STALE_VERSION": AT_ONCE - 1}
    shown = '{ deadlineRules(county: "610921") { code edition } }'
    assert (await admin.ask(shown)).data["deadlineRules"] == {"code": COUNTY, "edition": 2}


async def test_limits_and_town_rules_at_once(admin: Server) -> None:
    """Towns write while the county does: each edition is one more than what its writer saw."""
    limit = {**RULE, "amount": 3}
    limits = {"county": COUNTY, "expectedEdition": 0, "name": "上限", "limits": [limit]}
    said = "rules { edition }"
    found = await together(*(admin.do("limitTownDeadlines", said, **limits) for _ in range(AT_ONCE)))
    assert found == {"done": 1, "STALE_VERSION": AT_ONCE - 1}
    towns = {"town": "610921101", "expectedEdition": 0, "name": "镇时限", "rules": [{**RULE, "amount": 2}]}
    again = {**limits, "expectedEdition": 1}
    found = await together(
        *(admin.do("publishTownDeadlineRules", said, **towns) for _ in range(AT_ONCE)),
        *(admin.do("limitTownDeadlines", said, **again) for _ in range(AT_ONCE)),
    )
    assert found == {"done": 2, "STALE_VERSION": 2 * (AT_ONCE - 1)}


async def test_one_calendar_of_a_county(admin: Server) -> None:
    """That had none: one is made, and the version goes on from the nation's."""
    shown = '{ calendar(county: "610921") { version county { code } days(last: 100) { nodes { day } } } }'
    seen = (await admin.ask(shown)).data["calendar"]
    assert seen["county"] is None
    day = {"day": "2026-07-02", "working": False, "name": "停工", "source": "县政府"}
    given = {"county": COUNTY, "expectedVersion": seen["version"]}
    found = await together(
        *(admin.do("editCalendar", "calendar { version }", **given, days=[day]) for _ in range(AT_ONCE))
    )
    assert found == {"done": 1, "STALE_VERSION": AT_ONCE - 1}
    own = (await admin.ask(shown)).data["calendar"]
    assert own["version"] == seen["version"] + 1 and own["county"] == {"code": COUNTY}
    assert [one["day"] for one in own["days"]["nodes"]] == ["2026-07-02"]


BAD: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("chooseDeadlineRules", {"county": "999999", "code": "fast-lane"}, "NOT_FOUND", ["county"]),
    ("chooseDeadlineRules", {"county": "610921101", "code": "fast-lane"}, "BAD_USER_INPUT", ["county"]),
    ("chooseDeadlineRules", {"county": COUNTY, "code": "nonsense"}, "NOT_FOUND", ["code"]),
    ("chooseDeadlineRules", {"county": COUNTY, "code": "610921-limits"}, "NOT_FOUND", ["code"]),
    ("publishDeadlineRules", {"name": " ", "rules": [RULE]}, "BAD_USER_INPUT", ["name"]),
    ("publishDeadlineRules", {"name": "名", "rules": []}, "BAD_USER_INPUT", ["rules"]),
    ("publishDeadlineRules", {"name": "名", "rules": [RULE] * 201}, "BAD_USER_INPUT", ["rules"]),
    *(
        ("publishDeadlineRules", {"name": "名", "rules": [{**RULE, **change}]}, code, ["rules", "0", field])
        for change, code, field in (
            ({"amount": -1}, "BAD_USER_INPUT", "amount"),
            ({"amount": 551}, "BAD_USER_INPUT", "amount"),
            ({"amount": 10_001, "unit": "MINUTE"}, "BAD_USER_INPUT", "amount"),
            ({"amount": 2_001, "unit": "WORKING_HOUR"}, "BAD_USER_INPUT", "amount"),
            ({"basis": "据" * 301}, "BAD_USER_INPUT", "basis"),
            ({"channel": "NONE_SUCH"}, "NOT_FOUND", "channel"),
        )
    ),
]


async def test_bad_rules(admin: Server) -> None:
    """Nothing of a set is kept that has one fault."""
    shown = '{ deadlineRules(county: "610921") { code edition } }'
    before = (await admin.ask(shown)).data["deadlineRules"]
    edition = before["edition"] if before["code"] == COUNTY else 0
    for mutation, given, code, path in BAD:
        more = {"county": COUNTY, "expectedEdition": edition} if mutation == "publishDeadlineRules" else {}
        payload = await admin.do(mutation, RULES, **{**more, **given})
        assert [(one["code"], one["path"]) for one in payload["errors"]] == [(code, path)], given
    assert (await admin.ask(shown)).data["deadlineRules"] == before


HOURS = [{"opens": "08:30", "closes": "12:00"}]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"weekdays": []}, ["weekdays"]),
        ({"weekdays": [-1]}, ["weekdays"]),
        ({"shifts": [{"since": "02-30", "hours": HOURS}]}, ["shifts", "0", "since"]),
        ({"shifts": [{"since": "01-01", "hours": [{"opens": "8:30", "closes": "12:00"}]}]}, ["shifts", "0", "hours"]),
        ({"shifts": [{"since": "01-01", "hours": [{"opens": "08:30", "closes": "24:01"}]}]}, ["shifts", "0", "hours"]),
        ({"shifts": [{"since": "01-01", "hours": [{"opens": "０8:30", "closes": "12:00"}]}]}, ["shifts", "0", "hours"]),
        ({"shifts": [{"since": "01-01", "hours": [{"opens": "08:30", "closes": "08:60"}]}]}, ["shifts", "0", "hours"]),
        ({"shifts": [{"since": "01-01", "hours": HOURS * 2}]}, ["shifts", "0", "hours"]),
        ({"days": [{"day": "2026-07-03", "working": True, "name": "", "source": "县"}]}, ["days", "0", "name"]),
        ({"days": [{"day": "2026-07-03", "working": True, "name": "补", "source": ""}]}, ["days", "0", "source"]),
    ],
)
async def test_bad_calendars(admin: Server, given: dict[str, Any], path: list[str]) -> None:
    shown = '{ calendar(county: "610921") { version } }'
    version = (await admin.ask(shown)).data["calendar"]["version"]
    payload = await admin.do("editCalendar", "calendar { version }", county=COUNTY, expectedVersion=version, **given)
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("BAD_USER_INPUT", path)]
    assert (await admin.ask(shown)).data["calendar"]["version"] == version
