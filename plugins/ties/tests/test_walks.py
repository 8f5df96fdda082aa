"""Links of households by chance: whatever both sides and the keeper do, the register and the core say the same."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from gongzhi.values import codes
from gongzhi_ties.demo import LETTERS, add_check_digit
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Ground

STEPS = ("Helper", "Helped", "no from the helper", "no from the home", "end", "days")
LEFT = """
select t.state, t.since, t.until, t.ends_on, t.helper_agreed_at is not null and t.helped_agreed_at is not null as both,
 l.until is null and l.id is not null as helps
from ties.tie t left join people.liaison l on l.id=t.liaison_id where t.id=$1
"""


async def take_step(ground: Ground, id: str, step: str, cadre: int, home: int) -> list[Any]:
    """Have somebody do something to a link; what is wrong."""
    helper, helped = ground.resident(cadre), ground.resident(home)
    match step:
        case "Helper" | "no from the helper":
            return await ground.answer(helper, id, "Helper", agreed=step == "Helper")
        case "Helped" | "no from the home":
            return await ground.answer(helped, id, "Helped", agreed=step == "Helped")
        case "end":
            return await ground.give(ground.grid_leader(home), "endTie", id)
    ground.server.clock.move(days=4)
    await ground.run_jobs()
    return []


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.asyncio(loop_scope="module")
async def test_the_register_and_the_core_agree(ground: Ground, seed: int) -> None:
    """A helper sees a household as long as their link is active, and it is active only once both have agreed."""
    random, (cadre, home) = Random(seed), (2 * seed, 2 * seed + 1)
    given_ = {"household": ground.home(home), "person": ground.person(cadre), "office": "农技员", "unit": "610921-NYJ"}
    id = await ground.propose("CADRE_HOUSEHOLD", ground.grid_leader(home), endsOn=ground.day(10), **given_)
    over = False
    for step in ["Helper", *random.choices(STEPS, k=5)]:
        found = await take_step(ground, id, step, cadre, home)
        [row] = await ground.fetch(LEFT, id.partition(":")[2])
        assert not found or found[0][0] in ("ILLEGAL_TRANSITION", "NOT_FOUND"), (step, found)
        assert row["helps"] is (row["state"] == "ACTIVE"), step
        assert (row["since"] is not None) <= row["both"], "no first day lies before both consents"
        assert (row["until"] is None) or row["since"] <= row["until"] <= max(row["ends_on"], row["since"])
        # What is over stays over, whatever is tried.
        assert not over or row["state"] in ("DECLINED", "ENDED")
        over = row["state"] in ("DECLINED", "ENDED")


@given(st.text(LETTERS, min_size=8, max_size=8))
def test_a_slip_of_the_pen_is_found(tail: str) -> None:
    """A credit code with its digit is read; with one letter or digit changed it is refused."""
    code = add_check_digit("52610921M" + tail)
    assert codes.check_uscc(code) == code
    wrong = code[:12] + ("A" if code[12] != "A" else "B") + code[13:]
    with pytest.raises(codes.CodeError):
        codes.check_uscc(wrong)
