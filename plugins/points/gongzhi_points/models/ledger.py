"""Tables of the ledger of points: accounts, postings and their chain."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import FOREVER, PERSONAL


class AccountKind(StrEnum):
    """Whose an account is."""

    ISSUER = "ISSUER"
    PERSON = "PERSON"
    HOUSEHOLD = "HOUSEHOLD"
    GROUP = "GROUP"
    MERCHANT = "MERCHANT"


class PostingKind(StrEnum):
    """Why points moved."""

    EARNED = "EARNED"
    SPENT = "SPENT"
    EXPIRED = "EXPIRED"
    REVERSED = "REVERSED"
    IMPORTED = "IMPORTED"


class ChainRow(Model):
    """The last link of a programme's hash chain. Whoever posts holds its lock, so links have one order."""

    id = primary_key()
    programme: Any = fields.OneToOneField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    no = fields.BigIntField(default=0)
    hash = BytesField()

    class Meta:
        schema = "points"
        table = "chain"


class AccountRow(Located):
    """An account. Triggers keep `balance` the sum of its entries and `held` the sum of what is being redeemed.

    A group's `person` is its leader. The issuer's balance is what it gave, below zero.
    """

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    kind = fields.CharEnumField(AccountKind, max_length=9)
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any
    household: Any = fields.ForeignKeyField("people.HouseholdRow", db_index=True, **PERSONAL)
    household_id: Any
    merchant: Any = fields.ForeignKeyField("points.MerchantRow", null=True, **FOREVER)
    merchant_id: Any
    name = fields.CharField(max_length=100, null=True)
    balance = fields.BigIntField(default=0)
    held = fields.BigIntField(default=0)
    opened_at = fields.DatetimeField()

    class Meta:
        schema = "points"
        table = "account"


class PostingRow(Model):
    """One movement of points: its legs in `entry` sum to zero. Facts are codes and numbers, frozen."""

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    no = fields.BigIntField()
    kind = fields.CharEnumField(PostingKind, max_length=8)
    key = fields.CharField(max_length=120)
    posted_at = fields.DatetimeField()
    occurred_on = fields.DateField()
    reason_en = fields.CharField(max_length=200)
    reason_zh = fields.CharField(max_length=200)
    inputs: Any = fields.JSONField()
    rule: Any = fields.ForeignKeyField("points.RuleRow", null=True, **FOREVER)
    rule_id: Any
    claim: Any = fields.ForeignKeyField("points.ClaimRow", null=True, db_index=True, **FOREVER)
    claim_id: Any
    case: Any = fields.ForeignKeyField("cases.CaseRow", null=True, db_index=True, **FOREVER)
    case_id: Any
    redemption_id = fields.UUIDField(null=True)
    reverses: Any = fields.OneToOneField("points.PostingRow", null=True, **FOREVER)
    reverses_id: Any
    salt = BytesField()
    commitment = BytesField()
    hash = BytesField()

    class Meta:
        schema = "points"
        table = "posting"
        unique_together = (("programme", "no"), ("programme", "key"))


class EntryRow(Model):
    """One leg of a posting: what one account got, or gave below zero. What is got may expire."""

    id = primary_key()
    posting: Any = fields.ForeignKeyField("points.PostingRow", db_index=True, **FOREVER)
    posting_id: Any
    account: Any = fields.ForeignKeyField("points.AccountRow", **FOREVER)
    account_id: Any
    amount = fields.BigIntField()
    posted_at = fields.DatetimeField()
    expires_on = fields.DateField(null=True)

    class Meta:
        schema = "points"
        table = "entry"


class WarningRow(Model):
    """That somebody was told of points about to expire."""

    id = primary_key()
    account: Any = fields.ForeignKeyField("points.AccountRow", **FOREVER)
    account_id: Any
    expires_on = fields.DateField()

    class Meta:
        schema = "points"
        table = "warning"
        unique_together = (("account", "expires_on"),)
