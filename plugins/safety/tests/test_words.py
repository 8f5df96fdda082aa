"""What is written and what is said: warnings about texts, refusals in both languages, and who may be named."""

from __future__ import annotations

from typing import Any

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_safety.inspecting import SafetyAnswerInput, match_answers, refuse_days, refuse_twice
from gongzhi_safety.models import Finding, HazardLevel, ItemRow
from gongzhi_safety.photos import PHOTOS, refuse_too_many

from .conftest import ELSEWHERE, OTHER_UNIT, PNG, TOWN, UNIT, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_texts_are_warned_of(ground: Ground) -> None:
    """A telephone number in a note is written all the same, and whoever wrote it is told."""
    site = await ground.register(0)
    answers = ground.answers("wiring", wiring={"note": "老板电话 13912345678"})
    asked = {"site": site, "checklist": ground.lists["workshop"], "at": ground.ago(), "answers": answers}
    payload = await ground.worker.do("recordSafetyInspection", "inspection { id } warnings { field }", **asked)
    assert payload["errors"] == [] and payload["warnings"] == [{"field": "answers.0.note"}]


async def test_refusals_are_in_both_languages(ground: Ground) -> None:
    """With labels, and no names of the schema; what is stale comes with how it is now."""
    id = await ground.hazard("wiring", 1)
    await ground.correct(id, 1)
    firm = ground.firm(1)
    asked = "hazard { id state version }"
    given = {"hazard": id, "text": "已换线。", "photos": [PNG]}
    stale = await firm.do("reportSafetyCorrection", asked, expectedVersion=1, **given)
    assert refused(stale) == [("STALE_VERSION", ["expectedVersion"])]
    assert stale["hazard"] == {"id": id, "state": "CORRECTED", "version": 2}
    messages = {}
    for language in ("en", "zh-CN"):
        caller = ground.firm(1)
        caller.headers["accept-language"] = language
        late = await caller.do("reportSafetyCorrection", asked, expectedVersion=2, **given)
        [messages[language]] = [one["message"] for one in late["errors"]]
    assert "待复查" in messages["zh-CN"] and "CORRECTED" not in str(messages)
    assert "as it is: corrected" in messages["en"]


async def test_units_register_for_themselves(ground: Ground) -> None:
    """People of a unit register what it supervises, in any grid, and nothing for others; workers where they work."""
    asked = {"code": "U-1", "name": "加油站", "trade": "workshop", "address": "国道 3 号"}

    async def register(caller: Any, **given: Any) -> list[tuple[str, list[str]]]:
        return refused(await caller.do("registerSafetySite", "site { id }", **asked | given))

    assert await register(ground.handler, grid=ELSEWHERE, unit=UNIT) == []
    assert await register(ground.handler, grid=ELSEWHERE, unit=OTHER_UNIT) == [("FORBIDDEN", ["grid"])]
    assert await register(ground.worker, grid=ELSEWHERE, unit=UNIT) == [("FORBIDDEN", ["grid"])]
    assert await register(ground.worker, grid=TOWN, unit=UNIT) == [("DUPLICATE", ["code"])]


async def test_whom_a_site_may_name(ground: Ground) -> None:
    """Somebody who lives where one works; of others nobody learns whether they are there. The person is told."""
    [far] = await ground.fetch(
        "select p.id from people.person p join grids.grid t on t.id=p.town_id where t.code<>$1 and p.died_on is null "
        "and p.restricted_at is null and p.erased_at is null order by p.id limit 1",
        TOWN,
    )
    asked = {"grid": TOWN, "name": "小超市", "trade": "workshop", "address": "南街 5 号", "unit": UNIT}
    stranger = await ground.worker.do(
        "registerSafetySite", "site { id }", code="N-1", person=f"Person:{far[0]}", **asked
    )
    assert refused(stranger) == [("NOT_FOUND", ["person"])]
    near = await ground.worker.do("registerSafetySite", "site { id }", code="N-1", person=ground.person(2), **asked)
    assert refused(near) == []
    log = "{ me { actLog(first: 9) { nodes { mutation } } } }"
    acts = (await ground.firm(2).ask(log)).data["me"]["actLog"]["nodes"]
    assert {"mutation": "register_safety_site"} in acts, "they read in their log that they were named"


def answer(code: str, finding: Finding = Finding.MET, **given: Any) -> SafetyAnswerInput:
    return SafetyAnswerInput(code=code, finding=finding, **given)


def items(*codes: str) -> list[ItemRow]:
    return [
        ItemRow(number=number, code=code, text=code, basis="—", level=HazardLevel.ORDINARY, days=5)
        for number, code in enumerate(codes, 1)
    ]


@pytest.mark.parametrize(
    ("given", "path"),
    [(("a", "b"), ("answers",)), (("a", "b", "d"), ("answers", "2", "code")), (("d",), ("answers", "0", "code"))],
)
async def test_each_item_is_answered(given: tuple[str, ...], path: tuple[str, ...]) -> None:
    """What is left out is named by its number, as the list on paper has it."""
    with pytest.raises(Refusal) as refusal:
        match_answers([answer(one) for one in given], items("a", "b", "c"))
    assert tuple(refusal.value.path) == path
    if path == ("answers",):
        assert "第 3 项" in refusal.value.text.zh


async def test_answers_find_their_items() -> None:
    """In whatever order a phone sends them."""
    found = match_answers([answer("b"), answer("a")], items("a", "b"))
    assert [(given.code, item.number) for given, item in found] == [("b", 2), ("a", 1)]
    refuse_twice(["a", "b"])
    refuse_too_many(PHOTOS, "photos")
    refuse_days(answer("a", Finding.NOT_MET, days=3), 0)
    for refuse in (
        lambda: refuse_twice(["a", "a"]),
        lambda: refuse_too_many(PHOTOS + 1, "photos"),
        lambda: refuse_days(answer("a", Finding.NOT_APPLICABLE, days=3), 0),
    ):
        with pytest.raises(Refusal):
            refuse()
