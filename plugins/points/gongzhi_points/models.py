"""Tables of points: postings and entries, which nobody can change or delete, and all that leads to them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

FOREVER: Any = {"related_name": False, "on_delete": fields.RESTRICT}
"""Keys to what is never deleted."""
PERSONAL: Any = {"related_name": False, "on_delete": fields.SET_NULL, "null": True}
"""Keys to people and households: where they are forgotten, the ledger keeps the sums and not whose they were."""


class Unit(StrEnum):
    """What a programme counts in."""

    POINT = "POINT"
    CIVILITY_COIN = "CIVILITY_COIN"


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


class Period(StrEnum):
    """What a cap is for."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Proof(StrEnum):
    """What somebody has to bring with a claim."""

    NONE = "NONE"
    TEXT = "TEXT"
    PHOTO = "PHOTO"


class Approver(StrEnum):
    """Who decides on a claim."""

    GRID_WORKER = "GRID_WORKER"
    PEERS = "PEERS"


class Recorder(StrEnum):
    """Who may claim that an act was done."""

    RESIDENT = "RESIDENT"
    GRID_WORKER = "GRID_WORKER"


class RuleState(StrEnum):
    """Where a version of a rule stands."""

    PROPOSED = "PROPOSED"
    ADOPTED = "ADOPTED"
    ENDED = "ENDED"


class ClaimState(StrEnum):
    """Where a claim stands."""

    CLAIMED = "CLAIMED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class ObjectionState(StrEnum):
    """Where an objection stands."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


class RewardKind(StrEnum):
    """What one gets for points."""

    GOODS = "GOODS"
    COUPON = "COUPON"
    SERVICE = "SERVICE"


class RedemptionState(StrEnum):
    """Where a redemption stands."""

    HELD = "HELD"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class SettledState(StrEnum):
    """What came of a code that a merchant handed in."""

    SETTLED = "SETTLED"
    ALREADY_SETTLED = "ALREADY_SETTLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"


class ProgrammeRow(Located):
    """A points programme of a village, town or county; it covers the grid and all that is below."""

    id = primary_key()
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=100)
    unit = fields.CharEnumField(Unit, max_length=13, default=Unit.POINT)
    lasts_months = fields.SmallIntField(null=True)
    warn_days = fields.SmallIntField(default=30)
    code_minutes = fields.IntField(default=30)
    settle_days = fields.SmallIntField(default=7)
    starts_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "points"
        table = "programme"


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


class MerchantRow(Located):
    """A unit that takes points, in one programme. `offline`: its counter may settle later, so holds last longer."""

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", **FOREVER)
    unit_id: int
    name = fields.CharField(max_length=100)
    address = fields.CharField(max_length=200)
    offline = fields.BooleanField(default=True)
    joined_on = fields.DateField()
    left_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "points"
        table = "merchant"
        unique_together = (("programme", "unit"),)


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


class ActRow(Model):
    """A version of something that may earn points: a verifiable act, a standard one or a county's own.

    A version never changes but for its end. A rule stays with the version it was proposed under.
    """

    id = fields.IntField(primary_key=True)
    county: Any = fields.ForeignKeyField("grids.GridRow", null=True, **FOREVER)
    county_id: int | None
    code = fields.CharField(max_length=40)
    version = fields.IntField(default=1)
    name = fields.CharField(max_length=60)
    name_en = fields.CharField(max_length=60)
    description = fields.CharField(max_length=200)
    least = fields.IntField()
    most = fields.IntField()
    proof = fields.CharEnumField(Proof, max_length=5)
    recorder = fields.CharEnumField(Recorder, max_length=11)
    starts_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "points"
        table = "act"


class RuleRow(Model):
    """One version of a rule: what an act or an event earns. Once adopted it is never changed, only ended."""

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    code = fields.CharField(max_length=40)
    version = fields.IntField()
    title = fields.CharField(max_length=100)
    text = fields.CharField(max_length=2000)
    act: Any = fields.ForeignKeyField("points.ActRow", null=True, **FOREVER)
    act_id: int | None
    event = fields.CharField(max_length=60, null=True)
    amount = fields.IntField()
    beneficiary = fields.CharEnumField(AccountKind, max_length=9, default=AccountKind.PERSON)
    cap = fields.IntField(null=True)
    period = fields.CharEnumField(Period, max_length=7, default=Period.MONTH)
    cooldown_days = fields.SmallIntField(default=0)
    proof = fields.CharEnumField(Proof, max_length=5, default=Proof.TEXT)
    approver = fields.CharEnumField(Approver, max_length=11, default=Approver.GRID_WORKER)
    peers = fields.SmallIntField(default=3)
    decide_days = fields.SmallIntField(default=7)
    objection_days = fields.SmallIntField(default=15)
    state = fields.CharEnumField(RuleState, max_length=8, default=RuleState.PROPOSED)
    starts_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    proposed_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)
    resolution: Any = fields.ForeignKeyField("resolutions.ResolutionRow", null=True, **FOREVER)
    resolution_id: Any

    class Meta:
        schema = "points"
        table = "rule"
        unique_together = (("programme", "code", "version"),)


class ClaimRow(Located):
    """Somebody says that they did what a rule rewards. The text and the photos go with the person."""

    id = primary_key()
    rule: Any = fields.ForeignKeyField("points.RuleRow", **FOREVER)
    rule_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any
    beneficiary: Any = fields.ForeignKeyField("points.AccountRow", **FOREVER)
    beneficiary_id: Any
    acted_on = fields.DateField()
    text = fields.CharField(max_length=2000, null=True)
    state = fields.CharEnumField(ClaimState, max_length=9, default=ClaimState.CLAIMED)
    claimed_at = fields.DatetimeField()
    decide_by = fields.DateField()
    decided_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=500, null=True)
    account = fields.CharField(max_length=100)
    decided_by = fields.CharField(max_length=100, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "points"
        table = "claim"


class PhotoRow(Model):
    """A photo beside a claim, without what the camera wrote into it about place and owner."""

    id = primary_key()
    claim: Any = fields.ForeignKeyField("points.ClaimRow", related_name=False, on_delete=fields.CASCADE, db_index=True)
    claim_id: Any
    content = BytesField()
    digest = BytesField()

    class Meta:
        schema = "points"
        table = "photo"


class VoteRow(Model):
    """What a peer says of a claim."""

    id = primary_key()
    claim: Any = fields.ForeignKeyField("points.ClaimRow", related_name=False, on_delete=fields.CASCADE)
    claim_id: Any
    account = fields.CharField(max_length=100)
    approve = fields.BooleanField()
    at = fields.DatetimeField()

    class Meta:
        schema = "points"
        table = "vote"
        unique_together = (("claim", "account"),)


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


class ObjectionRow(Model):
    """Somebody objects to what was decided on a claim, or to a posting to their account."""

    id = primary_key()
    claim: Any = fields.ForeignKeyField("points.ClaimRow", null=True, db_index=True, **FOREVER)
    claim_id: Any
    posting: Any = fields.ForeignKeyField("points.PostingRow", null=True, db_index=True, **FOREVER)
    posting_id: Any
    beneficiary: Any = fields.ForeignKeyField("points.AccountRow", db_index=True, **FOREVER)
    beneficiary_id: Any
    reason = fields.CharField(max_length=2000)
    state = fields.CharEnumField(ObjectionState, max_length=9, default=ObjectionState.OPEN)
    raised_at = fields.DatetimeField()
    decide_by = fields.DateField()
    answer = fields.CharField(max_length=2000, null=True)
    decided_at = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "points"
        table = "objection"


class RewardRow(Located):
    """What a merchant gives for points. It lies where it is offered: the programme's grid, or one below."""

    id = primary_key()
    merchant: Any = fields.ForeignKeyField("points.MerchantRow", **FOREVER)
    merchant_id: Any
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    number = fields.IntField()
    kind = fields.CharEnumField(RewardKind, max_length=7)
    title = fields.CharField(max_length=100)
    description = fields.CharField(max_length=1000, null=True)
    price = fields.IntField()
    stock = fields.IntField()
    offered_until = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "points"
        table = "reward"
        unique_together = (("merchant", "number"),)


class SettlementRow(Model):
    """What a merchant handed in at once: how many codes were good, and the points they came to."""

    id = primary_key()
    merchant: Any = fields.ForeignKeyField("points.MerchantRow", **FOREVER)
    merchant_id: Any
    at = fields.DatetimeField()
    total = fields.BigIntField()
    count = fields.IntField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "points"
        table = "settlement"


class RedemptionRow(Model):
    """Points held for a reward, and a one-time code for one merchant, which is derived and kept nowhere."""

    id = primary_key()
    account: Any = fields.ForeignKeyField("points.AccountRow", **FOREVER)
    account_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", **PERSONAL)
    person_id: Any
    reward: Any = fields.ForeignKeyField("points.RewardRow", **FOREVER)
    reward_id: Any
    merchant: Any = fields.ForeignKeyField("points.MerchantRow", **FOREVER)
    merchant_id: Any
    price = fields.IntField()
    number = fields.IntField()
    nonce = fields.BigIntField()
    state = fields.CharEnumField(RedemptionState, max_length=9, default=RedemptionState.HELD)
    held_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    held_until = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    by = fields.CharField(max_length=100)

    class Meta:
        schema = "points"
        table = "redemption"
        unique_together = (("merchant", "nonce"),)


class SettledRow(Model):
    """What came of one code."""

    id = primary_key()
    settlement: Any = fields.ForeignKeyField(
        "points.SettlementRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    settlement_id: Any
    place = fields.SmallIntField()
    code = fields.CharField(max_length=40)
    state = fields.CharEnumField(SettledState, max_length=15)
    redemption: Any = fields.ForeignKeyField("points.RedemptionRow", null=True, **FOREVER)
    redemption_id: Any

    class Meta:
        schema = "points"
        table = "settled"


class HonourRow(Model):
    """An honour or badge with the criteria it is given by, published beforehand."""

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    code = fields.CharField(max_length=40)
    title = fields.CharField(max_length=100)
    criteria = fields.CharField(max_length=1000)
    kind = fields.CharEnumField(AccountKind, max_length=9)
    least = fields.IntField()
    months = fields.SmallIntField(default=12)

    class Meta:
        schema = "points"
        table = "honour"
        unique_together = (("programme", "code"),)


class AwardRow(Model):
    """An honour given to the holder of an account; others see it only if the holder wants that."""

    id = primary_key()
    honour: Any = fields.ForeignKeyField("points.HonourRow", **FOREVER)
    honour_id: Any
    account: Any = fields.ForeignKeyField("points.AccountRow", **FOREVER)
    account_id: Any
    awarded_at = fields.DatetimeField()
    earned = fields.IntField()
    published = fields.BooleanField(default=False)

    class Meta:
        schema = "points"
        table = "award"
        unique_together = (("honour", "account"),)


class EntitlementRow(Model):
    """A service on top of what everybody is due, for those who earned so much in so many months."""

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    title = fields.CharField(max_length=100)
    text = fields.CharField(max_length=1000)
    least = fields.IntField()
    months = fields.SmallIntField(default=12)
    ends_on = fields.DateField(null=True)

    class Meta:
        schema = "points"
        table = "entitlement"
