"""Tables of agreements: what came of a mediation (promises, signatures, the court), and what a county sets for it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import KEPT, of_matter
from .mediation import MediationOutcome


class AgreementForm(StrEnum):
    """Whether an agreement is on paper (art. 28)."""

    WRITTEN = "WRITTEN"
    ORAL = "ORAL"


class Signing(StrEnum):
    """How somebody signed."""

    SIGNATURE = "SIGNATURE"
    FINGERPRINT = "FINGERPRINT"
    ONLINE = "ONLINE"


class ConfirmationState(StrEnum):
    """Where judicial confirmation stands (art. 33)."""

    OPEN = "OPEN"
    REQUESTED = "REQUESTED"
    ACCEPTED = "ACCEPTED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"


class CounterRow(Model):
    """The last number given to an agreement in a county and year."""

    id = fields.IntField(primary_key=True)
    county = fields.CharField(max_length=6)
    year = fields.SmallIntField()
    given = fields.IntField()

    class Meta:
        schema = "legal"
        table = "counter"
        unique_together = (("county", "year"),)


class TemplateRow(Located):
    """A county's document for agreements; the last one is in use."""

    id = primary_key()
    content: Any = BytesField()
    blanks: Any = fields.JSONField()
    set_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "legal"
        table = "template"


class AgreementRow(Model):
    """What the parties agreed on (调解协议). `template` is the county's document it is written with."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    number = fields.CharField(max_length=40, unique=True)
    form = fields.CharEnumField(AgreementForm, max_length=7)
    facts: Any = BytesField()
    place: Any = BytesField(null=True)
    performance: Any = BytesField(null=True)
    effective_on = fields.DateField()
    made_at = fields.DatetimeField()
    template: Any = fields.ForeignKeyField("legal.TemplateRow", null=True, **KEPT)
    template_id: Any
    kept_on = fields.DateField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "legal"
        table = "agreement"
        unique_together = (("matter",),)


class TermRow(Model):
    """One thing that somebody promised, by when, and whether it was done."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    place = fields.SmallIntField()
    text: Any = BytesField()
    # A party and not a person: somebody who is on no file promises, too.
    obligor: Any = fields.ForeignKeyField("legal.PartyRow", **KEPT)
    obligor_id: Any
    due_on = fields.DateField(null=True)
    # Null until somebody has said so: that a day has passed breaks no promise.
    kept = fields.BooleanField(null=True)
    settled_on = fields.DateField(null=True)
    reminded_on = fields.DateField(null=True)

    class Meta:
        schema = "legal"
        table = "term"
        unique_together = (("matter", "place"),)


class SignatureRow(Model):
    """Who signed, when and how."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    party: Any = fields.ForeignKeyField("legal.PartyRow", **KEPT)
    party_id: Any
    at = fields.DatetimeField()
    how = fields.CharEnumField(Signing, max_length=11)

    class Meta:
        schema = "legal"
        table = "signature"
        unique_together = (("matter", "party"),)


class ConfirmationRow(Model):
    """Judicial confirmation of an agreement (司法确认): asked for together, within 30 days of its effect."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    state = fields.CharEnumField(ConfirmationState, max_length=9, default=ConfirmationState.OPEN)
    due_at = fields.DatetimeField()
    court = fields.CharField(max_length=100, null=True)
    requested_at = fields.DatetimeField(null=True)
    accept_by = fields.DateField(null=True)
    accepted_on = fields.DateField(null=True)
    decide_by = fields.DateField(null=True)
    decided_on = fields.DateField(null=True)
    reference = fields.CharField(max_length=60, null=True)
    reminded_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "legal"
        table = "confirmation"
        unique_together = (("matter",),)


class RateRow(Located):
    """What a county pays a mediator for a case with an outcome that ended after a moment, in fen (以案定补)."""

    id = primary_key()
    outcome = fields.CharEnumField(MediationOutcome, max_length=17)
    fen = fields.IntField()
    since = fields.DatetimeField()

    class Meta:
        schema = "legal"
        table = "rate"
        unique_together = (("grid", "outcome", "since"),)
