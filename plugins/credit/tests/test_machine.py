"""The state machines walked: each command in each state of an application and an appraisal, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from gongzhi_credit.applications.states import NEXT
from gongzhi_credit.appraisal_models import AppraisalState
from gongzhi_credit.models import State

pytestmark = pytest.mark.asyncio(loop_scope="module")
REFERENCES = count(1)
"""Numbers of bank references: none is used twice."""


@dataclass
class Case:
    """An application or an appraisal, whose it is, and what it was prepared with."""

    town: Any
    at: int
    id: str = ""
    reference: str = ""

    @property
    def person(self) -> Any:
        return self.town.resident(self.at)

    async def row(self, table: str) -> Any:
        """The row as it is stored, and which transaction wrote it."""
        [found] = await self.town.fetch(f"select xmin::text, * from credit.{table} where id=$1", self.town.key(self.id))
        return found

    async def give(self, caller: Any, command: str, **given: Any) -> list[dict[str, Any]]:
        payload = await self.town.tried(caller, command, "", **given)
        return list(payload["errors"])


async def submit(case: Case) -> Any:
    return await case.give(case.person, "submitLoanApplication", application=case.id)


async def send(case: Case) -> Any:
    return await case.give(case.person, "sendLoanApplication", application=case.id)


async def withdraw(case: Case) -> Any:
    return await case.give(case.person, "withdrawLoanApplication", application=case.id)


async def hand_in(case: Case) -> Any:
    rows = await case.town.fetch(
        "select document from credit.document where application_id=$1 and given_at is null", case.town.key(case.id)
    )
    paper = rows[0]["document"] if rows else "身份证"
    return await case.give(case.person, "handInLoanDocument", application=case.id, document=paper)


async def supplement(case: Case) -> Any:
    asked = {"application": case.id, "documents": [f"流水{next(REFERENCES)}"]}
    return await case.give(case.town.lender, "requestLoanSupplement", **asked)


async def approve(case: Case) -> Any:
    asked = {"application": case.id, "outcome": "APPROVED", "reasons": ["可"], "officer": "1"}
    return await case.give(case.town.lender, "decideApplication", **asked)


async def refuse(case: Case) -> Any:
    asked = {"application": case.id, "outcome": "REFUSED", "reasons": ["负债偏高"], "officer": "1"}
    return await case.give(case.town.lender, "decideApplication", **asked)


async def contract(case: Case) -> Any:
    asked = {"application": case.id, "contract": f"HT-{next(REFERENCES):06}", "signedOn": "2026-06-30"}
    return await case.give(case.town.lender, "recordLoanContract", amount="50000", **asked)


async def prepare(case: Case) -> Any:
    case.reference = f"FK-{next(REFERENCES):06}"
    return await case.give(case.town.lender, "prepareDisbursement", application=case.id, reference=case.reference)


async def pay_out(case: Case) -> Any:
    return await case.give(
        case.town.second, "approveDisbursement", application=case.id, reference=case.reference or "FK-000000"
    )


async def repay(case: Case, amount: str = "100") -> Any:
    rows = await case.town.fetch("select id from credit.loan where application_id=$1", case.town.key(case.id))
    loan = f"Loan:{rows[0]['id']}" if rows else f"Loan:{case.town.key(case.id)}"
    given = {"loan": loan, "amount": amount, "reference": f"HK-{next(REFERENCES):06}"}
    return await case.give(case.town.lender, "recordRepayment", **given)


async def settle(case: Case) -> Any:
    [row] = await case.town.fetch(
        "select outstanding from credit.loan where application_id=$1", case.town.key(case.id)
    ) or [{"outstanding": 100}]
    return await repay(case, str(row["outstanding"] / 100))


STEPS = {
    one.__name__: one
    for one in (submit, send, withdraw, hand_in, supplement, approve, refuse, contract, prepare, pay_out, repay, settle)
}
TO_LENDER = ("submit", "send")
REACH: dict[str, tuple[str, ...]] = {
    "DRAFT": (),
    "SUBMITTED": ("submit",),
    "SENT": TO_LENDER,
    "SUPPLEMENT": (*TO_LENDER, "supplement"),
    "APPROVED": (*TO_LENDER, "approve"),
    "REFUSED": (*TO_LENDER, "refuse"),
    "CONTRACTED": (*TO_LENDER, "approve", "contract"),
    "DISBURSED": (*TO_LENDER, "approve", "contract", "prepare", "pay_out"),
    "REPAYING": (*TO_LENDER, "approve", "contract", "prepare", "pay_out", "repay"),
    "SETTLED": (*TO_LENDER, "approve", "contract", "prepare", "pay_out", "settle"),
    "WITHDRAWN": ("withdraw",),
}
"""By which steps an application comes into a state; the others come by time, or with an appraisal."""
BY_OTHERS = {"APPRAISED": "the panel's conclusion", "EXPIRED": "the nightly job"}
LEADS: Mapping[str, Mapping[str, str]] = {
    "DRAFT": {"submit": "SUBMITTED", "withdraw": "WITHDRAWN"},
    "SUBMITTED": {"send": "SENT", "withdraw": "WITHDRAWN"},
    "SENT": {
        "supplement": "SUPPLEMENT", "approve": "APPROVED", "refuse": "REFUSED", "withdraw": "WITHDRAWN",
    },
    "SUPPLEMENT": {"hand_in": "SENT", "approve": "APPROVED", "refuse": "REFUSED", "withdraw": "WITHDRAWN"},
    "APPROVED": {"contract": "CONTRACTED", "withdraw": "WITHDRAWN"},
    "CONTRACTED": {"prepare": "CONTRACTED", "withdraw": "WITHDRAWN"},
    "DISBURSED": {"repay": "REPAYING", "settle": "SETTLED"},
    "REPAYING": {"repay": "REPAYING", "settle": "SETTLED"},
}  # fmt: skip
REFUSALS = {
    "ILLEGAL_TRANSITION", "NOT_FOUND", "BAD_USER_INPUT", "NOT_PREPARED", "EXCEEDS_DEBT", "DOCUMENTS_MISSING",
    "RELEASE_REVOKED", "CONSENT_REQUIRED",
}  # fmt: skip
"""What somebody whose turn it is not is told: the state, that they do not see it, or what there is to be done first."""


async def bring(town: Any, at: int, state: str) -> Case:
    """Bring a new application of somebody into a state by its steps."""
    case = Case(town, at)
    case.id = (await town.apply(at))["id"]
    await town.hand_in(case.id, at)
    await town.consent(at)
    for name in REACH[state]:
        assert await STEPS[name](case) == [], (state, name, town.errors)
    assert (await case.row("application"))["state"] == state
    return case


async def free(town: Any, case: Case) -> None:
    """Make room for the next application of the same person: one for a product is under way at a time."""
    await town.fetch("update credit.application set state='EXPIRED' where id=$1", town.key(case.id))


@pytest.mark.parametrize("state", REACH)
async def test_each_command_in_each_state(own_county: Any, state: str) -> None:
    """It leads where the table says; or it is refused, and not a byte of the row is another."""
    town, at, leads = own_county, list(REACH).index(state), LEADS.get(state, {})
    still = await bring(town, at, state)
    before = await still.row("application")
    for name in STEPS.keys() - leads.keys():
        errors = await STEPS[name](still)
        assert errors and {one["code"] for one in errors} <= REFUSALS, (name, errors)
        assert await still.row("application") == before, name
    await free(town, still)
    for name, after in leads.items():
        moved = await bring(town, at, state)
        assert await STEPS[name](moved) == [], (name, town.errors)
        assert (await moved.row("application"))["state"] == after, name
        await free(town, moved)


async def test_table_is_that_of_the_code() -> None:
    """Each transition there is, is walked here or comes by others; a state that is added is named by this."""
    assert REACH.keys() | BY_OTHERS.keys() == {one.value for one in State}
    walked = {(state, after) for state, leads in LEADS.items() for after in leads.values() if after != state}
    known = {(state.value, after.value) for state, afters in NEXT.items() for after in afters}
    others = {(state, after) for state, after in known if {state, after} & BY_OTHERS.keys()}
    assert known - others - {("CONTRACTED", "DISBURSED")} == walked
    assert not NEXT.keys() & {State.REFUSED, State.SETTLED, State.WITHDRAWN, State.EXPIRED}, "these are ends"


async def test_paid_out_once_by_two(own_county: Any) -> None:
    """The one transition that takes two people: prepared by one, approved by another, and by nobody again."""
    case = await bring(own_county, 20, "CONTRACTED")
    assert await prepare(case) == []
    own = await case.give(case.town.lender, "approveDisbursement", application=case.id, reference=case.reference)
    assert [one["code"] for one in own] == ["FOUR_EYES"]
    assert await pay_out(case) == []
    assert (await case.row("application"))["state"] == "DISBURSED"
    assert [one["code"] for one in await pay_out(case)] == ["ILLEGAL_TRANSITION"]


async def ask(case: Case) -> Any:
    return await case.give(case.person, "requestCreditAppraisal")


async def draw(case: Case) -> Any:
    return await case.give(case.town.officer, "drawReviewPanel", appraisal=case.id)


async def close(case: Case) -> Any:
    return await case.give(case.town.officer, "closeReviewPanel", appraisal=case.id, minutes="评议。")


async def score(case: Case) -> Any:
    """The scores of those who sit there, as many as are needed; one of them where nobody sits."""
    await case.town.score(case.id, 9)
    return []


async def take_back(case: Case) -> Any:
    return await case.give(case.person, "withdrawAppraisal", appraisal=case.id)


async def object_to(case: Case) -> Any:
    return await case.give(case.person, "objectToAppraisal", appraisal=case.id, reason="记录不全")


async def publish(case: Case) -> Any:
    return await case.give(case.person, "publishAppraisal", appraisal=case.id, published=True)


APPRAISAL = {one.__name__: one for one in (draw, close, take_back, object_to, publish)}
APPRAISED: dict[str, tuple[Any, ...]] = {
    "REQUESTED": (),
    "SITTING": (draw,),
    "CONCLUDED": (draw, score, close),
    "DISPUTED": (draw, score, close, object_to),
    "WITHDRAWN": (take_back,),
}
ON_REVIEW = {"IN_REVIEW"}
"""What a finding of no grade leads to, which a person looks at: `test_appraising.py`."""
AFTER: Mapping[str, Mapping[str, str]] = {
    "REQUESTED": {"draw": "SITTING", "take_back": "WITHDRAWN"},
    "SITTING": {"take_back": "WITHDRAWN"},
    "CONCLUDED": {"object_to": "DISPUTED", "publish": "CONCLUDED"},
    "DISPUTED": {"draw": "DISPUTED"},
}


async def appraised(town: Any, at: int, state: str) -> Case:
    case = Case(town, at)
    made = await town.done(case.person, "requestCreditAppraisal", "appraisal { id }")
    case.id = made["id"]
    for step in APPRAISED[state]:
        assert await step(case) == [], (state, step.__name__, town.errors)
    assert (await case.row("appraisal"))["state"] == state
    return case


@pytest.mark.parametrize("state", APPRAISED)
async def test_each_command_in_each_state_of_an_appraisal(own_county: Any, state: str) -> None:
    assert APPRAISED.keys() | ON_REVIEW == {one.value for one in AppraisalState}
    town, at, leads = own_county, 22 + list(APPRAISED).index(state), AFTER.get(state, {})
    still = await appraised(town, at, state)
    before = await still.row("appraisal")
    for name in APPRAISAL.keys() - leads.keys():
        errors = await APPRAISAL[name](still)
        assert errors and {one["path"][0] for one in errors} == {"appraisal"}, (name, errors)
        assert await still.row("appraisal") == before, name
    done = "update credit.appraisal set state='WITHDRAWN' where id=$1"
    await town.fetch(done, town.key(still.id))
    for name, after in leads.items():
        moved = await appraised(town, at, state)
        assert await APPRAISAL[name](moved) == [], (name, town.errors)
        assert (await moved.row("appraisal"))["state"] == after, name
        await town.fetch(done, town.key(moved.id))
