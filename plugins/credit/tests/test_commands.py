"""Every command of the plugin: who may not give it, what it makes of bad input, and that nothing is done twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations
from gongzhi_server.testing import ServerAnswer, put_ids

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
SHARED = ("submitLoanApplication", "sendLoanApplication", "withdrawLoanApplication")
"""Commands that take `LoanApplicationInput`."""
KEYLESS = {"scoreAppraisal"}
"""Commands that keep no idempotency key, which could be guessed from."""


@dataclass
class Scene:
    """One of everything there is in the plugin, in the state in which its commands can be given."""

    town: Any
    ids: dict[str, str]
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, Any]:
        """What names stand for: ids, and versions of what their names tell after a `#`."""
        return {**self.ids, **{f"#{name}": version for name, version in self.versions.items()}}

    def caller(self, name: str) -> Any:
        """A caller by what they are; `resident 3` is the fourth of the people, `stranger` has not signed in."""
        kind, _, which = name.partition(" ")
        match kind:
            case "stranger":
                return self.town.server
            case "resident":
                return self.town.resident(int(which))
            case "member":
                return self.town.panelist(self.town.key(self.ids["member"]))
            case "officer" | "lender" | "second" | "rival":
                return getattr(self.town, kind)
        return self.town.server.as_(kind, grid=which)

    async def send(self, caller: str, command: str, given: dict[str, Any], key: str) -> Any:
        """Send a command under a key, and give back the whole answer."""
        asked = put_ids(given, self.names) | ({} if command in KEYLESS else {"idempotencyKey": key})
        return await self.caller(caller).give(command, asked, "LoanApplicationInput" if command in SHARED else "")

    async def give(self, caller: str, command: str, given: dict[str, Any]) -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        answer: ServerAnswer = await self.send(caller, command, given, str(uuid4()))
        return answer.problems(command)

    async def rows(self) -> list[Any]:
        """How many rows there are of everything in the plugin, and who wrote the last of them."""
        tables = await self.town.fetch("select table_name from information_schema.tables where table_schema='credit'")
        counted = ", ".join(
            f"(select row(count(*), max(xmin::text::bigint))::text from credit.{one['table_name']})" for one in tables
        )
        return list((await self.town.fetch(f"select {counted}"))[0].values())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(own_county: Any) -> Scene:
    return await set_scene(own_county)


async def set_scene(town: Any) -> Scene:
    ids = {"product": town.product, "model": town.model, "bank": town.bank, "other_bank": town.other_bank}
    found = Scene(town, ids)
    ids |= {f"person{at}": f"Person:{town.people[at]}" for at in range(60)}
    ids["draft"] = (await town.apply(0))["id"]
    await town.hand_in(ids["draft"], 0)
    await town.consent(0)
    ids["empty"] = (await town.apply(1))["id"]
    for at, name in ((2, "sent"), (3, "approved"), (4, "contracted"), (5, "prepared"), (7, "refused")):
        ids[name] = await town.send(at)
    await town.decide(ids["refused"], "REFUSED")
    for name in ("approved", "contracted", "prepared"):
        await town.decide(ids[name])
    for name in ("contracted", "prepared"):
        contract = {"contract": f"HT-{name}", "signedOn": "2026-06-30", "amount": "50000"}
        await town.done(town.lender, "recordLoanContract", "application { id }", application=ids[name], **contract)
    await town.done(
        town.lender, "prepareDisbursement", "application { id }", application=ids["prepared"], reference="FK-prepared"
    )
    ids["loan"] = await town.borrow(6)
    [(ids["paid_out"],)] = await town.fetch("select reference from credit.loan where id=$1", town.key(ids["loan"]))
    await scene_of_appraisals(found)
    await scene_of_offers(found)
    for name, table in (("loan", "loan"), ("product", "product"), ("sent", "application")):
        [(found.versions[name],)] = await town.fetch(
            f"select version from credit.{table} where id=$1", town.key(ids[name])
        )
    return found


async def scene_of_appraisals(scene: Scene) -> None:
    """One that was asked for, one on which a panel sits, one that is concluded; a member, and a member of the pool."""
    town, ids = scene.town, scene.ids
    for at, name in ((8, "asked"), (9, "sitting")):
        ids[name] = (await town.done(town.resident(at), "requestCreditAppraisal", "appraisal { id }"))["id"]
    ids["concluded"] = await town.appraise(10)
    await town.done(town.officer, "drawReviewPanel", "panel { id }", appraisal=ids["sitting"])
    seated = await town.seated(ids["sitting"])
    ids["member"] = f"Person:{seated[0]}"
    [(panelist,)] = await town.fetch(
        "select id from credit.panelist where person_id<>all($1::uuid[]) order by id limit 1", seated
    )
    ids["panelist"] = f"Panelist:{panelist}"


async def scene_of_offers(scene: Scene) -> None:
    town, ids = scene.town, scene.ids
    asked = {"grid": "610921", "lender": town.bank, "name": "风险补偿金", "share": 40}
    ids["pool"] = (await town.done(town.officer, "openRiskPool", "pool { id }", **asked))["id"]
    post = {"pool": ids["pool"], "kind": "DEPOSIT", "amount": "1000", "reference": "CK-000001"}
    await town.done(town.officer, "postToRiskPool", "pool { id }", **post)
    made = await town.done(town.officer, "proposeCreditModel", "model { id }", **SCORECARD)
    ids["proposed"] = made["id"]


WEIGHTS = [
    {"indicator": name, "weight": 20}
    for name in ("deliberation", "volunteering", "rules-kept", "promises-kept", "neighbourly")
]
SCORES = [{"indicator": one["indicator"], "value": 8} for one in WEIGHTS]
BANDS = [{"grade": "A", "least": 85}, {"grade": "B", "least": 70}]
SCORECARD = {"grid": "610921", "code": "next", "title": "下一版", "weights": WEIGHTS, "bands": BANDS,
             "startsOn": "2026-08-01"}  # fmt: skip
PRODUCT = {
    "lender": ":bank", "grid": "610921", "code": "new-one", "name": "贷", "purpose": "生产", "amountFrom": "1000",
    "amountTo": "2000", "termMonths": [12], "repayment": "BULLET", "margin": "4",
}  # fmt: skip
RELEASE = {"kinds": ["APPRAISAL"], "expiresOn": "2027-03-31"}
WISH = {"product": ":product", "amount": "50000", "termMonths": 24, "purpose": "养殖", "release": RELEASE}
DECISION = {"application": ":sent", "outcome": "APPROVED", "reasons": ["经营稳定"], "officer": "0042"}
SIGNED = {"lender": ":bank", "message": "msg_1", "timestamp": 1_782_784_800, "signature": "v1,AAAA", "body": "{}"}
GOOD: dict[str, dict[str, Any]] = {
    "addCreditIndicator": {"code": "recycling", "name": "垃圾分类", "governance": "SELF", "description": "以记录为准"},
    "addLender": {"unit": ":other_bank", "licence": "B0002H261010001"},
    "addLoanPrimeRate": {"since": "2026-06-20", "tenor": "ONE_YEAR", "rate": "2.90", "source": "公告"},
    "addLoanProduct": PRODUCT,
    "addPanelist": {"person": ":person20"},
    "adoptCreditModel": {"model": ":proposed"},
    "applyForLoan": WISH,
    "approveDisbursement": {"application": ":prepared", "reference": "FK-prepared"},
    "closeReviewPanel": {"appraisal": ":sitting", "minutes": "评议。"},
    "createLenderKey": {"label": "核心系统"},
    "decideApplication": DECISION,
    "deliverLoanDecision": SIGNED,
    "drawReviewPanel": {"appraisal": ":asked"},
    "endLoanProduct": {"product": ":product", "on": "2026-07-31", "expectedVersion": ":#product"},
    "endPanelist": {"panelist": ":panelist"},
    "excuseFromPanel": {"appraisal": ":sitting"},
    "handInLoanDocument": {"application": ":empty", "document": "身份证"},
    "objectToAppraisal": {"appraisal": ":concluded", "reason": "记录不全"},
    "openRiskPool": {"grid": "610921", "lender": ":bank", "name": "补偿金", "share": 30},
    "postToRiskPool": {"pool": ":pool", "kind": "DEPOSIT", "amount": "10", "reference": "CK-000002"},
    "prepareDisbursement": {"application": ":contracted", "reference": "FK-000009"},
    "proposeCreditModel": SCORECARD | {"code": "another"},
    "publishAppraisal": {"appraisal": ":concluded", "published": True},
    "recordLoanContract": {"application": ":approved", "contract": "HT-000009", "signedOn": "2026-06-30",
                           "amount": "50000"},
    "recordRepayment": {"loan": ":loan", "reference": "HK-000009", "amount": "100"},
    "requestCreditAppraisal": {},
    "requestLoanSupplement": {"application": ":sent", "documents": ["流水"]},
    "restructureLoan": {"loan": ":loan", "agreement": "CZ-000001", "termMonths": 36, "repayment": "EQUAL_PRINCIPAL",
                        "expectedVersion": ":#loan"},
    "scoreAppraisal": {"appraisal": ":sitting", "scores": SCORES},
    "sendLoanApplication": {"application": ":draft"},
    "submitLoanApplication": {"application": ":draft"},
    "withdrawAppraisal": {"appraisal": ":asked"},
    "withdrawLoanApplication": {"application": ":draft"},
}  # fmt: skip
"""What each command takes, as it is given by whoever may."""
OWNERS = {
    **dict.fromkeys(
        ("addCreditIndicator", "addLender", "addLoanPrimeRate", "addLoanProduct", "addPanelist"), "officer"
    ),
    **dict.fromkeys(("adoptCreditModel", "closeReviewPanel", "drawReviewPanel", "endLoanProduct"), "officer"),
    **dict.fromkeys(("endPanelist", "openRiskPool", "postToRiskPool", "proposeCreditModel"), "officer"),
    **dict.fromkeys(("createLenderKey", "decideApplication", "prepareDisbursement", "recordLoanContract"), "lender"),
    **dict.fromkeys(("recordRepayment", "requestLoanSupplement", "restructureLoan"), "lender"),
    **dict.fromkeys(("sendLoanApplication", "submitLoanApplication", "withdrawLoanApplication"), "resident 0"),
    **dict.fromkeys(("objectToAppraisal", "publishAppraisal"), "resident 10"),
    **dict.fromkeys(("excuseFromPanel", "scoreAppraisal"), "member"),
    "applyForLoan": "resident 11",
    "approveDisbursement": "second",
    "deliverLoanDecision": "stranger",
    "handInLoanDocument": "resident 1",
    "requestCreditAppraisal": "resident 12",
    "withdrawAppraisal": "resident 8",
}
"""Who may give each command."""
OUTSIDERS = ("stranger", "resident 30", "rival", "credit_officer 610921102", "grid_worker 610921")
MORE = {
    "applyForLoan": {"resident 30"},
    "requestCreditAppraisal": {"resident 30"},
    # Whoever keeps a programme anywhere keeps what is the whole country's: indicators, and the published prime rate.
    "addCreditIndicator": {"credit_officer 610921102"},
    "addLoanPrimeRate": {"credit_officer 610921102"},
    # Each lender's people make keys for themselves.
    "createLenderKey": {"rival"},
}
"""Those among the outsiders who may, beside whoever is meant."""


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == OWNERS.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_learn_nothing(scene: Scene, command: str) -> None:
    """It is not for them or not there: never another word that would tell that there is something."""
    before = await scene.rows()
    # Lenders are the outsiders of what is the office's, and the office of what is a lender's or a resident's.
    others = {"officer"} if OWNERS[command] not in ("officer", "stranger") else {"lender", "resident 31"}
    if command in ("applyForLoan", "requestCreditAppraisal"):
        others = {"officer", "lender"}
    if command == "deliverLoanDecision":
        others = {"lender"}
    for caller in (set(OUTSIDERS) | others) - MORE.get(command, set()):
        [(code, path)] = await scene.give(caller, command, GOOD[command])
        assert code in {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED", "BAD_SIGNATURE"} and path, (caller, code)
    assert await scene.rows() == before, "nothing is half-written"


Wrong = tuple[dict[str, Any], str, str]
UNKNOWN: dict[str, tuple[str, str]] = {
    "adoptCreditModel": ("model", "CreditModel"),
    "applyForLoan": ("product", "LoanProduct"),
    "approveDisbursement": ("application", "LoanApplication"),
    "closeReviewPanel": ("appraisal", "CreditAppraisal"),
    "decideApplication": ("application", "LoanApplication"),
    "drawReviewPanel": ("appraisal", "CreditAppraisal"),
    "endLoanProduct": ("product", "LoanProduct"),
    "endPanelist": ("panelist", "Panelist"),
    "excuseFromPanel": ("appraisal", "CreditAppraisal"),
    "handInLoanDocument": ("application", "LoanApplication"),
    "objectToAppraisal": ("appraisal", "CreditAppraisal"),
    "postToRiskPool": ("pool", "RiskPool"),
    "prepareDisbursement": ("application", "LoanApplication"),
    "publishAppraisal": ("appraisal", "CreditAppraisal"),
    "recordLoanContract": ("application", "LoanApplication"),
    "recordRepayment": ("loan", "Loan"),
    "requestCreditAppraisal": ("model", "CreditModel"),
    "requestLoanSupplement": ("application", "LoanApplication"),
    "restructureLoan": ("loan", "Loan"),
    "scoreAppraisal": ("appraisal", "CreditAppraisal"),
    "sendLoanApplication": ("application", "LoanApplication"),
    "submitLoanApplication": ("application", "LoanApplication"),
    "withdrawAppraisal": ("appraisal", "CreditAppraisal"),
    "withdrawLoanApplication": ("application", "LoanApplication"),
}
"""What is named by its id and is not there."""
INPUT, MISSING, TWICE, STALE, MOVED = "BAD_USER_INPUT", "NOT_FOUND", "DUPLICATE", "STALE_VERSION", "ILLEGAL_TRANSITION"
NOWHERE = {"grid": "610921999"}
REFERENCES = ("x", "a b-0001", "A" * 41, "号000001", "")


def weights(*given: int) -> dict[str, Any]:
    return {"weights": [one | {"weight": weight} for one, weight in zip(WEIGHTS, given, strict=False)]}


def bands(*given: tuple[str, int]) -> dict[str, Any]:
    return {"bands": [{"grade": grade, "least": least} for grade, least in given]}


OWN: dict[str, tuple[Wrong, ...]] = {
    "addCreditIndicator": (
        ({"code": "X!"}, INPUT, "code"),
        ({"code": "deliberation"}, TWICE, "code"),
        ({"name": " "}, INPUT, "name"),
        ({"name": "名" * 61}, INPUT, "name"),
        ({"description": ""}, INPUT, "description"),
        ({"description": "看其宗教信仰"}, "BANNED_INPUT", "description"),
    ),
    "addLender": (
        ({"unit": "nowhere"}, MISSING, "unit"),
        ({"unit": ":bank"}, TWICE, "unit"),
        *(({"licence": one}, INPUT, "licence") for one in REFERENCES),
    ),
    "addLoanPrimeRate": (
        ({"since": "2026-07-01"}, INPUT, "since"),
        ({"since": "2025-05-20"}, INPUT, "since"),
        ({"rate": "-0.01"}, INPUT, "rate"),
        ({"rate": "24.01"}, INPUT, "rate"),
        ({"rate": "2.90001"}, INPUT, "rate"),
        ({"source": " "}, INPUT, "source"),
    ),
    "addLoanProduct": (
        ({"code": "New One"}, INPUT, "code"),
        ({"code": "sanzhi"}, TWICE, "code"),
        ({"name": ""}, INPUT, "name"),
        ({"purpose": "用" * 501}, INPUT, "purpose"),
        ({"lender": ":other_bank"}, MISSING, "lender"),
        ({"lender": "nowhere"}, MISSING, "lender"),
        ({"amountFrom": "0"}, INPUT, "amountFrom"),
        ({"amountTo": "999.99"}, INPUT, "amountTo"),
        ({"amountTo": "10000000.01"}, INPUT, "amountTo"),
        ({"amountFrom": "1000.001"}, INPUT, "amountFrom"),
        ({"termMonths": []}, INPUT, "termMonths"),
        ({"termMonths": [12, 361]}, INPUT, "termMonths.1"),
        ({"termMonths": [0]}, INPUT, "termMonths.0"),
        ({"everyMonths": 13}, INPUT, "everyMonths"),
        ({"gracePeriods": -1}, INPUT, "gracePeriods"),
        ({"decideDays": 0}, INPUT, "decideDays"),
        ({"decideDays": 61}, INPUT, "decideDays"),
        ({"margin": "-0.01"}, INPUT, "margin"),
        ({"margin": "24.01"}, INPUT, "margin"),
        ({"primeRate": "ONE_YEAR", "margin": "-2.01"}, INPUT, "margin"),
        ({"overdueSurcharge": 51}, INPUT, "overdueSurcharge"),
        ({"overdueSurcharge": -1}, INPUT, "overdueSurcharge"),
        ({"gradeDiscounts": [{"grade": "A", "basisPoints": 1}] * 2}, INPUT, "gradeDiscounts"),
        ({"gradeDiscounts": [{"grade": "A", "basisPoints": 301}]}, INPUT, "gradeDiscounts.0.basisPoints"),
        ({"documents": ["证", "证"]}, INPUT, "documents"),
        ({"documents": ["证", " "]}, INPUT, "documents.1"),
        ({"documents": [f"证{at}" for at in range(21)]}, INPUT, "documents"),
        ({"endsOn": "2026-06-30"}, INPUT, "endsOn"),
        ({"startsOn": "2026-08-01", "endsOn": "2026-08-01"}, INPUT, "endsOn"),
        (NOWHERE, MISSING, "grid"),
    ),
    "addPanelist": (
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
        ({"person": "x"}, MISSING, "person"),
        ({"person": ":member"}, TWICE, "person"),
    ),
    "adoptCreditModel": (({"model": ":model"}, MOVED, "model"), ({}, "NOT_ADOPTED", "model")),
    "applyForLoan": (
        ({"amount": "4999.99"}, "AMOUNT_OUTSIDE_PRODUCT", "amount"),
        ({"amount": "100000.01"}, "AMOUNT_OUTSIDE_PRODUCT", "amount"),
        ({"amount": "-1"}, INPUT, "amount"),
        ({"amount": "50000.001"}, INPUT, "amount"),
        ({"termMonths": 18}, "TERM_OUTSIDE_PRODUCT", "termMonths"),
        ({"purpose": ""}, INPUT, "purpose"),
        ({"purpose": "用" * 201}, INPUT, "purpose"),
        ({"person": ":person13"}, MISSING, "person"),
    ),
    "approveDisbursement": (
        ({"reference": "FK-another"}, "WRONG_REFERENCE", "reference"),
        ({"application": ":contracted"}, "NOT_PREPARED", "application"),
        ({"application": ":approved"}, MOVED, "application"),
    ),
    "closeReviewPanel": (
        ({}, "NO_QUORUM", "appraisal"),
        ({"appraisal": ":asked"}, MOVED, "appraisal"),
        ({"appraisal": ":concluded"}, MOVED, "appraisal"),
    ),
    "createLenderKey": (({}, MISSING, "label"), ({"expiresAt": "2026-07-01T00:00:00Z"}, MISSING, "label")),
    "decideApplication": (
        ({"reasons": []}, INPUT, "reasons"),
        ({"reasons": ["好"] * 11}, INPUT, "reasons"),
        ({"reasons": ["好", " "]}, INPUT, "reasons.1"),
        ({"reasons": ["长" * 501]}, INPUT, "reasons.0"),
        ({"officer": ""}, INPUT, "officer"),
        ({"amount": "50000.01"}, INPUT, "amount"),
        ({"amount": "4999.99"}, INPUT, "amount"),
        ({"termMonths": 13}, "TERM_OUTSIDE_PRODUCT", "termMonths"),
        ({"annualRate": "9"}, "RATE_ABOVE_OFFER", "annualRate"),
        ({"annualRate": "-1"}, INPUT, "annualRate"),
        ({"offerUntil": "2026-06-29"}, INPUT, "offerUntil"),
        ({"offerUntil": "2026-12-28"}, INPUT, "offerUntil"),
        ({"expectedVersion": 99}, STALE, "expectedVersion"),
        ({"application": ":refused"}, MOVED, "application"),
    ),
    "deliverLoanDecision": (
        ({}, "BAD_SIGNATURE", "signature"),
        ({"lender": "nowhere"}, "BAD_SIGNATURE", "signature"),
        ({"timestamp": -(2**31)}, "BAD_SIGNATURE", "signature"),
        ({"signature": ""}, "BAD_SIGNATURE", "signature"),
        ({"signature": "v1,号"}, "BAD_SIGNATURE", "signature"),
    ),
    "drawReviewPanel": (
        ({"appraisal": ":sitting"}, MOVED, "appraisal"),
        ({"appraisal": ":concluded"}, MOVED, "appraisal"),
    ),
    "endLoanProduct": (
        ({"on": "2026-06-29"}, INPUT, "on"),
        ({"expectedVersion": 99}, STALE, "expectedVersion"),
    ),
    "endPanelist": (),
    "excuseFromPanel": (({"appraisal": ":concluded"}, MISSING, "appraisal"),),
    "handInLoanDocument": (
        ({"document": "别的"}, INPUT, "document"),
        ({"digest": "abc"}, INPUT, "digest"),
        ({"digest": "A" * 64}, INPUT, "digest"),
        ({"application": ":draft"}, MISSING, "application"),
    ),
    "objectToAppraisal": (
        ({"reason": ""}, INPUT, "reason"),
        ({"reason": "长" * 2_001}, INPUT, "reason"),
        ({"appraisal": ":asked"}, MISSING, "appraisal"),
    ),
    "openRiskPool": (
        ({"share": 0}, INPUT, "share"),
        ({"share": 101}, INPUT, "share"),
        ({"name": " "}, INPUT, "name"),
        ({"name": "风险补偿金"}, TWICE, "name"),
        ({"lender": "nowhere"}, MISSING, "lender"),
        ({"lender": ":other_bank"}, INPUT, "lender"),
        (NOWHERE, MISSING, "grid"),
    ),
    "postToRiskPool": (
        ({"amount": "0"}, INPUT, "amount"),
        ({"amount": "-1"}, INPUT, "amount"),
        ({"amount": "0.001"}, INPUT, "amount"),
        ({"amount": "1000000000.01"}, INPUT, "amount"),
        *(({"reference": one}, INPUT, "reference") for one in REFERENCES),
        ({"loan": ":loan"}, INPUT, "loan"),
        ({"kind": "COMPENSATION"}, INPUT, "loan"),
        ({"kind": "COMPENSATION", "loan": f"Loan:{NOBODY}"}, MISSING, "loan"),
        ({"kind": "COMPENSATION", "loan": ":loan"}, "NOT_LOST", "loan"),
        ({"kind": "RECOVERY", "loan": ":loan"}, "ABOVE_SHARE", "amount"),
        ({"kind": "WITHDRAWAL", "amount": "1000.01"}, "POOL_EMPTY", "amount"),
        ({"reference": "CK-000001"}, "WRONG_REFERENCE", "reference"),
    ),
    "prepareDisbursement": (
        *(({"reference": one}, INPUT, "reference") for one in REFERENCES),
        ({"reference": ":paid_out"}, TWICE, "reference"),
        ({"application": ":approved"}, MOVED, "application"),
    ),
    "proposeCreditModel": (
        (weights(20, 20, 20, 20, 19), INPUT, "weights"),
        (weights(41, 20, 20, 10, 9), INPUT, "weights.0.weight"),
        (weights(40, 0, 20, 20, 20), INPUT, "weights.1.weight"),
        (weights(40, 40), INPUT, "weights"),
        ({"weights": [WEIGHTS[0]] * 5}, INPUT, "weights"),
        ({"weights": [*WEIGHTS[:4], {"indicator": "weather", "weight": 20}]}, MISSING, "weights.4.indicator"),
        (bands(), INPUT, "bands"),
        (bands(("A", 70), ("B", 85)), INPUT, "bands"),
        (bands(("A", 101)), INPUT, "bands"),
        (bands(("A", 85), ("B", 0)), INPUT, "bands"),
        (bands(("NONE", 85)), INPUT, "bands"),
        (bands(("A", 85), ("A", 70)), INPUT, "bands"),
        (bands(("优秀", 85)), INPUT, "bands"),
        ({"months": 37}, INPUT, "months"),
        ({"seats": 4, "quorum": 3}, INPUT, "seats"),
        ({"seats": 31}, INPUT, "seats"),
        ({"quorum": 8}, INPUT, "quorum"),
        ({"quorum": 2}, INPUT, "quorum"),
        ({"title": ""}, INPUT, "title"),
        ({"title": "信访户评议"}, "BANNED_INPUT", "title"),
        ({"code": "sanzhi", "grid": "610921100"}, TWICE, "code"),
        (NOWHERE, MISSING, "grid"),
    ),
    "publishAppraisal": (({"appraisal": ":asked"}, MISSING, "appraisal"),),
    "recordLoanContract": (
        *(({"contract": one}, INPUT, "contract") for one in REFERENCES),
        ({"signedOn": "2026-07-01"}, INPUT, "signedOn"),
        ({"signedOn": "2026-06-29"}, INPUT, "signedOn"),
        ({"amount": "49999.99"}, INPUT, "amount"),
        ({"amount": "-50000"}, INPUT, "amount"),
        ({"application": ":contracted"}, MOVED, "application"),
    ),
    "recordRepayment": (
        *(({"reference": one}, INPUT, "reference") for one in REFERENCES),
        ({"amount": "0"}, INPUT, "amount"),
        ({"amount": "50000.01"}, "EXCEEDS_DEBT", "amount"),
        ({"amount": "10000"}, "SAY_WHAT_CHANGES", "amount"),
        ({"paidOn": "2026-07-01"}, INPUT, "paidOn"),
        ({"paidOn": "2026-06-29"}, INPUT, "paidOn"),
    ),
    "requestCreditAppraisal": (
        ({"person": ":person13"}, MISSING, "person"),
        ({"model": ":proposed"}, "MODEL_NOT_IN_FORCE", "model"),
    ),
    "requestLoanSupplement": (
        ({"documents": []}, INPUT, "documents"),
        ({"documents": ["流水", "流水"]}, INPUT, "documents"),
        ({"documents": ["流水", ""]}, INPUT, "documents.1"),
        ({"documents": [f"证{at}" for at in range(11)]}, INPUT, "documents"),
        ({"documents": ["身份证"]}, INPUT, "documents"),
        ({"documents": ["体检健康证明"]}, "BANNED_INPUT", "documents"),
        ({"statements": ["points.honours"]}, "NOT_RELEASED", "statements"),
        ({"application": ":refused"}, MOVED, "application"),
    ),
    "restructureLoan": (
        *(({"agreement": one}, INPUT, "agreement") for one in REFERENCES),
        ({"termMonths": 0}, INPUT, "termMonths"),
        ({"termMonths": 121}, INPUT, "termMonths"),
        ({"annualRate": "9"}, INPUT, "annualRate"),
        ({"annualRate": "-1"}, INPUT, "annualRate"),
        ({"expectedVersion": 99}, STALE, "expectedVersion"),
    ),
    "scoreAppraisal": (
        ({"scores": []}, INPUT, "scores"),
        ({"scores": SCORES[1:]}, INPUT, "scores"),
        ({"scores": [*SCORES, SCORES[0]]}, INPUT, "scores"),
        ({"scores": [*SCORES[:4], {"indicator": "weather", "value": 8}]}, INPUT, "scores"),
        ({"scores": [*SCORES[:4], SCORES[4] | {"value": 11}]}, INPUT, "scores.4.value"),
        ({"scores": [*SCORES[:4], SCORES[4] | {"value": -1}]}, INPUT, "scores.4.value"),
    ),
    "sendLoanApplication": (({"application": ":empty"}, MISSING, "application"),),
    "submitLoanApplication": (({"application": ":empty"}, MISSING, "application"),),
    "withdrawAppraisal": (({"appraisal": ":concluded"}, MISSING, "appraisal"),),
    "withdrawLoanApplication": (({"application": ":refused"}, MISSING, "application"),),
}
BAD: dict[str, tuple[Wrong, ...]] = {
    name: (
        *(({path: f"{kind}:{NOBODY}"}, MISSING, path) for path, kind in [UNKNOWN.get(name, ("", ""))] if path),
        *(({path: "x"}, MISSING, path) for path, _ in [UNKNOWN.get(name, ("", ""))] if path),
        *own,
    )
    for name, own in OWN.items()
}
"""What is wrong with the input of each command, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before = await scene.rows()
    found = [
        (change, await scene.give(OWNERS[command], command, GOOD[command] | change)) for change, _, _ in BAD[command]
    ]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.rows() == before, "no row is another, and none is half-written"


RELEASES: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"expiresOn": "2026-06-29"}, INPUT, "expiresOn"),
    ({"expiresOn": "2027-07-02"}, INPUT, "expiresOn"),
    ({"kinds": ["everything"]}, INPUT, "kinds"),
)


@pytest.mark.parametrize(("change", "code", "field"), RELEASES)
async def test_releases_have_bounds(scene: Scene, change: dict[str, Any], code: str, field: str) -> None:
    """Nothing is released for longer than a year, nor of a kind there is not."""
    before = await scene.rows()
    [(said, path)] = await scene.give("resident 11", "applyForLoan", WISH | {"release": RELEASE | change})
    assert said == code and path[-1] == field or field in path, path
    assert await scene.rows() == before


LAST = ("endLoanProduct", "withdrawLoanApplication", "withdrawAppraisal", "restructureLoan", "objectToAppraisal")
"""Commands after which others can no longer be given."""


@pytest.mark.asyncio(loop_scope="function")
async def test_sent_again_is_done_once(new_county: Any) -> None:
    """Under the same key each command answers as it did, to the byte, and no row of the plugin is another for it."""
    scene, done = await set_scene(new_county), []
    for command in sorted(GOOD.keys() - KEYLESS, key=lambda one: (one in LAST, one)):
        key, caller = str(uuid4()), OWNERS[command]
        first = await scene.send(caller, command, GOOD[command], key)
        before = await scene.rows()
        again = await scene.send(caller, command, GOOD[command], key)
        assert again.body == first.body, command
        assert await scene.rows() == before, f"{command} did something the second time"
        done += [command] if "errors" not in first.body and not first.data[command]["errors"] else []
    assert len(done) > 15, done
