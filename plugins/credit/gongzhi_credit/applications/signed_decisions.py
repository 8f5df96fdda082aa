"""Signed decisions: those a lender's system signs, as Standard Webhooks are, in place of signing in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import orjson
import strawberry
import typer
from gongzhi.declare.bounds import read_input
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.plugin.hooks import Errand
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import KEY, Call, command, input_field
from gongzhi.values.errors import Refusal
from standardwebhooks import Webhook
from strawberry import UNSET

from ..models import ApplicationRow, LenderRow, Outcome
from .commands import LoanApplicationPayload
from .decisions import DecideApplicationInput, apply_decision
from .types import LoanApplication

TOLERANCE = timedelta(minutes=5)
FIELDS = {"number", "outcome", "reasons", "officer"}
MORE: dict[str, Callable[[Any], Any]] = {
    "amount": Decimal,
    "termMonths": int,
    "annualRate": Decimal,
    "offerUntil": date.fromisoformat,
}


# No secret is stored: it is derived, and renewing counts up the number it is derived from.
def secret_of_lender(receipts: bytes, lender: LenderRow) -> bytes:
    """Return the secret of a lender's system, derived from the deployment's; `secret_no` makes another one."""
    return hmac.digest(receipts, b"credit lender %d " % lender.secret_no + lender.id.bytes, hashlib.sha256)


@strawberry.input(description="A decision that a lender's system signed, as Standard Webhooks are (签名审批结果).")
class DeliverLoanDecisionInput:
    idempotency_key: str = input_field(KEY)
    lender: str = input_field("The lender's unit, by code (贷款机构编码).")
    message: str = input_field("The message's id, `webhook-id` (消息标识).")
    timestamp: int = input_field(
        "When it was signed, in seconds since 1970, `webhook-timestamp`; 5 minutes count (时间戳)."
    )
    signature: str = input_field(
        "`webhook-signature`: `v1,` and HMAC-SHA-256 in base64; several with blanks between (签名)."
    )
    body: str = input_field(
        "JSON: number, outcome, reasons, officer; and amount, termMonths, annualRate, offerUntil as in "
        "`decideApplication`, amounts as texts (审批结果 JSON)."
    )


@command(
    "Take a lender's decision that its system signed; nobody has to sign in for it (接收签名审批结果).", requires=None
)
async def deliver_loan_decision(call: Call, input: DeliverLoanDecisionInput) -> LoanApplicationPayload:
    lender = await LenderRow.get_or_none(unit__code=input.lender, left_on=None)
    # Before anything is looked up by the body: what is not signed learns nothing of applications.
    verify_signature(call, lender, input)
    assert lender is not None
    number, decision = read_signed_decision(input.body)
    # Read without sight, for nobody is signed in: the signature is the right, and the lender's unit limits it.
    row = await ApplicationRow.filter(number=number, lender_id=lender.unit_id).select_for_update().first()
    if row is None:
        raise not_found("No application with this number was sent to you.", "没有送达贵机构的该编号申请。", "body")
    # What was signed came as a text: it is held to the limits of the input that it stands for.
    await apply_decision(call, row, read_input(decision))
    return LoanApplicationPayload(application=ref(LoanApplication, row.id))


def verify_signature(call: Call, lender: LenderRow | None, input: DeliverLoanDecisionInput) -> None:
    """Refuse what was not just signed with the lender's secret; an unknown lender is refused in the same way."""
    # A key nobody has, so that an unknown lender takes as long to refuse as a wrong signature.
    key = secret_of_lender(call.context.receipts, lender) if lender else hashlib.sha256(b"nobody").digest()
    try:
        signed = datetime.fromtimestamp(input.timestamp, UTC)
    except (OverflowError, ValueError, OSError):
        signed = datetime.min.replace(tzinfo=UTC)
    expected = Webhook(key).sign(input.message, signed, input.body).encode() if signed.year > 1970 else b""
    # Standard Webhooks allow several signatures while a secret is renewed. All are compared, in constant time.
    matches = [hmac.compare_digest(expected, one.encode()) for one in input.signature.split(" ")]
    # The tolerance bounds how long a message that was overheard can be sent again; the state of the application does
    # the rest.
    if lender is None or not any(matches) or abs(call.now - signed) > TOLERANCE:
        raise Refusal(
            "BAD_SIGNATURE",
            "The signature is not this lender's, or is more than 5 minutes old.",
            "签名无效或已超过五分钟。",
            ("signature",),
        )


def read_signed_decision(body: str) -> tuple[str, DecideApplicationInput]:
    """Return the application's number and the decision. Raises Refusal for any other body."""
    try:
        said: Any = orjson.loads(body)
        more = {snake_case(name): convert(said[name]) for name, convert in MORE.items() if said.get(name) is not None}
        # Unknown fields are refused: a misspelt `amount` would otherwise decide on the full sum.
        strange = set(said) - FIELDS - set(MORE)
        if strange or not isinstance(said["reasons"], list) or not all(isinstance(one, str) for one in said["reasons"]):
            raise ValueError("something else")
        decision = DecideApplicationInput(
            idempotency_key="",
            application=strawberry.ID(""),
            outcome=Outcome(said["outcome"]),
            reasons=list(said["reasons"]),
            officer=str(said["officer"]),
            **{"amount": UNSET, "term_months": UNSET, "annual_rate": UNSET, "offer_until": UNSET} | more,
        )
        return str(said["number"]), decision
    except (AttributeError, InvalidOperation, KeyError, TypeError, ValueError):
        raise invalid_input(
            "body is JSON with number, outcome, reasons and officer.",
            "body 应为含 number、outcome、reasons、officer 的 JSON。",
            "body",
        ) from None


def snake_case(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)


async def lender_secret(
    call: Call,
    unit: Annotated[str, typer.Argument(help="The lender's unit, by code (单位编码).")],
    renew: Annotated[bool, typer.Option("--renew", help="Make another one; the old one ends (更换).")] = False,
) -> None:
    """Print the secret that a lender's system signs decisions with; keep it like a password (贷款机构签名密钥)."""
    lender = await LenderRow.get_or_none(unit__code=unit, left_on=None)
    if lender is None:
        raise not_found("This unit does not lend here.", "该单位不是本地贷款机构。", "unit")
    if renew:
        lender.secret_no += 1
        await lender.save()
    print(f"whsec_{base64.b64encode(secret_of_lender(call.context.receipts, lender)).decode()}")


EXTENSIONS = (extend(Mutation, deliver_loan_decision=deliver_loan_decision),)
ERRANDS = (Errand("lender-secret", lender_secret),)
