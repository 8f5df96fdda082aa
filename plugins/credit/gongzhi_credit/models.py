"""Tables of lending: amounts are fen, rates millionths a year; those of appraisals are in `appraisal_models`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from .appraisal_models import (
    AppraisalRow,
    IndicatorRow,
    ModelRow,
    ObjectionRow,
    PanelistRow,
    PanelRow,
    SeatRow,
    SheetRow,
)
from .loans.book import Prepayment
from .loans.daycount import DayCount
from .loans.schedules import Method

# Tortoise finds models in one module, so those of appraisals are named here as well.
__all__ = [
    "AppraisalRow",
    "IndicatorRow",
    "ModelRow",
    "ObjectionRow",
    "PanelRow",
    "PanelistRow",
    "SeatRow",
    "SheetRow",
]

FOREVER: Any = {"related_name": False, "on_delete": fields.RESTRICT}
"""Keys to what is never deleted."""
PERSONAL: Any = {"related_name": False, "on_delete": fields.SET_NULL, "null": True, "db_index": True}
"""Keys to people and households: where they are forgotten, the books keep the sums and not whose they were."""
OWNED: Any = {"related_name": False, "on_delete": fields.CASCADE, "db_index": True}
"""Keys to what a row is a part of."""


class Tenor(StrEnum):
    """For how long the loan prime rate is quoted."""

    ONE_YEAR = "ONE_YEAR"
    FIVE_YEARS = "FIVE_YEARS"


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPRAISED = "APPRAISED"
    SENT = "SENT"
    SUPPLEMENT = "SUPPLEMENT"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    CONTRACTED = "CONTRACTED"
    DISBURSED = "DISBURSED"
    REPAYING = "REPAYING"
    SETTLED = "SETTLED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


class Outcome(StrEnum):
    """What a lender decided."""

    APPROVED = "APPROVED"
    REFUSED = "REFUSED"


class PoolEntryKind(StrEnum):
    """Why money of a risk pool moved."""

    DEPOSIT = "DEPOSIT"
    COMPENSATION = "COMPENSATION"
    RECOVERY = "RECOVERY"
    WITHDRAWAL = "WITHDRAWAL"


class LenderRow(Model):
    """A unit that may lend here, with its licence."""

    id = primary_key()
    unit: Any = fields.ForeignKeyField("units.UnitRow", unique=True, **FOREVER)
    unit_id: int
    licence = fields.CharField(max_length=40)
    joined_on = fields.DateField()
    left_on = fields.DateField(null=True)
    secret_no = fields.SmallIntField(default=1)

    class Meta:
        schema = "credit"
        table = "lender"


class PrimeRateRow(Model):
    """The loan prime rate (LPR) from a day on, with the notice that says so."""

    id = fields.IntField(primary_key=True)
    since = fields.DateField()
    tenor = fields.CharEnumField(Tenor, max_length=10)
    rate = fields.IntField()
    source = fields.CharField(max_length=200)

    class Meta:
        schema = "credit"
        table = "prime_rate"
        unique_together = (("since", "tenor"),)


class ProductRow(Located):
    """What a lender offers in a grid and all that lies in it: at a fixed rate, or so much above the prime rate."""

    id = primary_key()
    lender: Any = fields.ForeignKeyField("units.UnitRow", db_index=True, **FOREVER)
    lender_id: int
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=100)
    purpose = fields.CharField(max_length=500)
    amount_from = fields.BigIntField()
    amount_to = fields.BigIntField()
    terms: Any = ArrayField("int")
    method = fields.CharEnumField(Method, max_length=16)
    count = fields.CharEnumField(DayCount, max_length=10, default=DayCount.ACT_360)
    every = fields.SmallIntField(default=1)
    grace = fields.SmallIntField(default=0)
    tenor = fields.CharEnumField(Tenor, max_length=10, null=True)
    rate = fields.IntField()
    surcharge = fields.SmallIntField(default=50)
    discounts: Any = fields.JSONField(default=list)
    documents: Any = ArrayField("text", default=list)
    appraised = fields.BooleanField(default=True)
    decide_days = fields.SmallIntField(default=5)
    starts_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "credit"
        table = "product"


class ApplicationRow(Located):
    """Somebody asks a lender for a loan. `due_at` is by when the lender decides, infinity while nobody waits."""

    id = primary_key()
    number = fields.CharField(max_length=20, unique=True)
    person: Any = fields.ForeignKeyField("people.PersonRow", **PERSONAL)
    person_id: Any
    household: Any = fields.ForeignKeyField("people.HouseholdRow", **PERSONAL)
    household_id: Any
    product: Any = fields.ForeignKeyField("credit.ProductRow", **FOREVER)
    product_id: Any
    lender: Any = fields.ForeignKeyField("units.UnitRow", **FOREVER)
    lender_id: int
    release: Any = fields.ForeignKeyField("rights.ReleaseRow", null=True, related_name=False, on_delete=fields.SET_NULL)
    release_id: Any
    appraisal: Any = fields.ForeignKeyField("credit.AppraisalRow", null=True, **FOREVER)
    appraisal_id: Any
    state = fields.CharEnumField(State, max_length=10, default=State.DRAFT)
    amount = fields.BigIntField()
    months = fields.SmallIntField()
    purpose = fields.CharField(max_length=200)
    kinds: Any = ArrayField("text", default=list)
    expires_on = fields.DateField()
    rate = fields.IntField()
    annualised = fields.IntField()
    base: Any = fields.JSONField(default=dict)
    preview: Any = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField()
    pauses: Any = fields.JSONField(default=list)
    outcome = fields.CharEnumField(Outcome, max_length=8, null=True)
    reasons: Any = ArrayField("text", default=list)
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=100, null=True)
    offer_until = fields.DateField(null=True)
    contract = fields.CharField(max_length=40, null=True)
    contracted_on = fields.DateField(null=True)
    disbursing_by = fields.CharField(max_length=100, null=True)
    reference = fields.CharField(max_length=40, null=True)
    account = fields.CharField(max_length=100)
    version = fields.IntField(default=1)

    class Meta:
        schema = "credit"
        table = "application"


class DocumentRow(Model):
    """A paper the lender wants to see. It goes to the lender itself; here is only that it did, and its digest."""

    id = primary_key()
    application: Any = fields.ForeignKeyField("credit.ApplicationRow", **OWNED)
    application_id: Any
    document = fields.CharField(max_length=40)
    asked_at = fields.DatetimeField(null=True)
    given_at = fields.DatetimeField(null=True)
    digest = fields.CharField(max_length=64, null=True)

    class Meta:
        schema = "credit"
        table = "document"
        unique_together = (("application", "document"),)


class LoanRow(Located):
    """A loan that was paid out. `outstanding` and `next_due_on` follow from its instalments."""

    id = primary_key()
    application: Any = fields.ForeignKeyField("credit.ApplicationRow", unique=True, **FOREVER)
    application_id: Any
    product: Any = fields.ForeignKeyField("credit.ProductRow", **FOREVER)
    product_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", **PERSONAL)
    person_id: Any
    household: Any = fields.ForeignKeyField("people.HouseholdRow", **PERSONAL)
    household_id: Any
    lender: Any = fields.ForeignKeyField("units.UnitRow", db_index=True, **FOREVER)
    lender_id: int
    principal = fields.BigIntField()
    outstanding = fields.BigIntField()
    rate = fields.IntField()
    surcharge = fields.SmallIntField()
    method = fields.CharEnumField(Method, max_length=16)
    count = fields.CharEnumField(DayCount, max_length=10)
    every = fields.SmallIntField()
    starts_on = fields.DateField()
    penalty = fields.BigIntField(default=0)
    reckoned_on = fields.DateField()
    planned_on = fields.DateField()
    next_due_on = fields.DateField()
    disbursed_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)
    reference = fields.CharField(max_length=40)
    prepared_by = fields.CharField(max_length=100)
    approved_by = fields.CharField(max_length=100)
    version = fields.IntField(default=1)

    class Meta:
        schema = "credit"
        table = "loan"
        unique_together = (("lender", "reference"),)


class InstalmentRow(Model):
    """What falls due on a day, and what was paid of it. A new plan takes the place of what is still to come."""

    id = primary_key()
    loan: Any = fields.ForeignKeyField("credit.LoanRow", **OWNED)
    loan_id: Any
    no = fields.SmallIntField()
    due_on = fields.DateField()
    principal = fields.BigIntField()
    interest = fields.BigIntField()
    days = fields.SmallIntField()
    paid_principal = fields.BigIntField(default=0)
    paid_interest = fields.BigIntField(default=0)

    class Meta:
        schema = "credit"
        table = "instalment"
        unique_together = (("loan", "no"),)


class RepaymentRow(Model):
    """A payment, once for each reference of the lender's; never changed."""

    id = primary_key()
    loan: Any = fields.ForeignKeyField("credit.LoanRow", db_index=True, **FOREVER)
    loan_id: Any
    lender: Any = fields.ForeignKeyField("units.UnitRow", **FOREVER)
    lender_id: int
    reference = fields.CharField(max_length=40)
    amount = fields.BigIntField()
    principal = fields.BigIntField()
    interest = fields.BigIntField()
    penalty = fields.BigIntField()
    ahead = fields.CharEnumField(Prepayment, max_length=17, null=True)
    paid_on = fields.DateField()
    recorded_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "credit"
        table = "repayment"
        unique_together = (("lender", "reference"),)


class ReminderRow(Model):
    """That a borrower or lender was told of an instalment: so many days after it was due, below zero before."""

    id = primary_key()
    loan: Any = fields.ForeignKeyField("credit.LoanRow", **OWNED)
    loan_id: Any
    due_on = fields.DateField()
    days = fields.SmallIntField()
    at = fields.DatetimeField()

    class Meta:
        schema = "credit"
        table = "reminder"
        unique_together = (("loan", "due_on", "days"),)


class PoolRow(Located):
    """Money set aside for a lender's losses in a grid (风险补偿金); it bears `share` per cent of a loss."""

    id = primary_key()
    lender: Any = fields.ForeignKeyField("units.UnitRow", **FOREVER)
    lender_id: int
    name = fields.CharField(max_length=100)
    share = fields.SmallIntField()
    balance = fields.BigIntField(default=0)
    opened_at = fields.DatetimeField()

    class Meta:
        schema = "credit"
        table = "pool"


class PoolEntryRow(Model):
    """What came into a pool, or went below zero; never changed."""

    id = primary_key()
    pool: Any = fields.ForeignKeyField("credit.PoolRow", db_index=True, **FOREVER)
    pool_id: Any
    kind = fields.CharEnumField(PoolEntryKind, max_length=12)
    amount = fields.BigIntField()
    loan: Any = fields.ForeignKeyField("credit.LoanRow", null=True, **FOREVER)
    loan_id: Any
    reference = fields.CharField(max_length=40)
    at = fields.DatetimeField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "credit"
        table = "pool_entry"
        unique_together = (("pool", "reference"),)
