"""Events of plugins on the timeline of a case: in their own words, to those who may see them."""

from __future__ import annotations

from typing import Any

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import Server

from .conftest import Market
from .test_reference import PAGE

DEPOSITS = """
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.declare.events import Code, Event, event
from gongzhi.runtime.reactions import reaction
from gongzhi.values.errors import Text

{example}
@event("deposits.checked", "The deposit was checked (核对押金).", timeline=True, internal=True)
class Checked(Event):
    number: Code

@event("deposits.silent", "Nothing that stands anywhere (不上时间线).")
class Silent(Event):
    number: Code

@reaction("deposits.check", "case.accepted", after=("deposits.keep",))
async def check(call, happening):
    await record_on_timeline(call, happening.row, Checked(number=happening.row.number))

@reaction("deposits.wrong", "case.declined")
async def wrong(call, happening):
    await record_on_timeline(call, happening.row, Silent(number=happening.row.number))

@hookimpl
def events():
    return [Kept, Checked, Silent]

@hookimpl
def handlers():
    return [keep, check, wrong]
""".replace("{example}", PAGE.split("```python timeline\n")[1].split("```")[0])
ASKED = "query($n: String!) { case(number: $n) { timeline { type title text note data } } }"


pytestmark = pytest.mark.together


@pytest.fixture(scope="module")
def served_plugins(common_market: Market) -> Plugins:
    common_market.ship("deposits", DEPOSITS)
    return common_market.load(essential=True)


async def report_case(server: Server) -> tuple[Any, Any, str]:
    """A resident, a dispatcher, and the number of the resident's case."""
    dispatcher = server.as_("county_dispatcher", grid="610921")
    found = await dispatcher.ask("{ people(first: 1) { nodes { id grid { code } } } }")
    [person] = found.data["people"]["nodes"]
    resident = server.as_("resident", person=person["id"].partition(":")[2])
    matter = {
        "kind": "HELP", "channel": "MINI_APP", "category": "utilities.electricity", "title": "路灯不亮",
        "description": "村口路灯不亮", "grid": person["grid"]["code"],
    }  # fmt: skip
    payload = await resident.do("reportCase", "case { number }", **matter)
    assert payload["errors"] == [], payload
    return resident, dispatcher, payload["case"]["number"]


async def test_a_plugin_writes_on_the_timeline(server: Server) -> None:
    resident, dispatcher, number = await report_case(server)
    done = await dispatcher.do("acceptCase", "case { status }", number=number, expectedVersion=1)
    assert done["errors"] == [], done
    kept = {
        "type": "deposits.kept",
        "title": "A deposit was taken",
        "text": "You get it back.",
        "note": "已收",
        "data": {"amount": 50},
    }
    seen = (await resident.ask(ASKED, n=number)).data["case"]["timeline"]
    assert [one["type"] for one in seen] == ["case.reported", "case.accepted", "deposits.kept"] and seen[2] == kept
    staff = (await dispatcher.ask(ASKED, n=number)).data["case"]["timeline"]
    assert [one["type"] for one in staff][-1] == "deposits.checked" and staff[-1]["title"] == "The deposit was checked"


async def test_titles_are_in_the_readers_language(server: Server) -> None:
    resident, dispatcher, number = await report_case(server)
    await dispatcher.do("acceptCase", "case { status }", number=number, expectedVersion=1)
    resident.headers["accept-language"] = "zh"
    line = (await resident.ask(ASKED, n=number)).data["case"]["timeline"][-1]
    assert (line["title"], line["text"]) == ("收取押金", "办结后退还。")


async def test_what_is_not_for_timelines_is_our_fault(server: Server) -> None:
    _, dispatcher, number = await report_case(server)
    answer = await dispatcher.ask(
        "mutation($input: ReasonedCaseInput!) { declineCase(input: $input) { case { status } } }",
        input={"idempotencyKey": "k" * 20, "number": number, "expectedVersion": 1, "reason": "不属受理范围"},
    )
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]


def test_a_title_has_both_languages(market: Market) -> None:
    market.ship("deposits", DEPOSITS.replace(" (收取押金)", ""))
    with pytest.raises(Problem, match="the timeline needs a Chinese label"):
        market.load()
