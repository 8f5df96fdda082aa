"""Models: the tables of services: what people may apply for, their applications, and what was wrong with these."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import NEVER, BytesField, Located, primary_key
from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault
from tortoise.models import Model


class Fact(StrEnum):
    """What the county may have on file of somebody, so that it is not asked for."""

    IDENTITY = "IDENTITY"
    BIRTH = "BIRTH"
    PHONE = "PHONE"
    RESIDENCE = "RESIDENCE"
    ADDRESS = "ADDRESS"
    HOUSEHOLD = "HOUSEHOLD"


class State(StrEnum):
    """Where an application stands."""

    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    DECIDED = "DECIDED"
    CLOSED = "CLOSED"
    WITHDRAWN = "WITHDRAWN"


OPEN = (State.SUBMITTED, State.RETURNED, State.ACCEPTED)
"""What somebody still has to decide."""


class Outcome(StrEnum):
    """What was decided."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    NOT_ACCEPTED = "NOT_ACCEPTED"


class Proxy(StrEnum):
    """Who applies for somebody else."""

    GRID_WORKER = "GRID_WORKER"
    RELATIVE = "RELATIVE"
    VOLUNTEER = "VOLUNTEER"
    OTHER = "OTHER"


class PaperState(StrEnum):
    """Whether a paper is there."""

    ON_FILE = "ON_FILE"
    PROVIDED = "PROVIDED"
    MISSING = "MISSING"


class VisitPlace(StrEnum):
    """Where somebody had to go."""

    COUNTY_HALL = "COUNTY_HALL"
    TOWN_HALL = "TOWN_HALL"
    VILLAGE_STATION = "VILLAGE_STATION"
    OFFICE = "OFFICE"


class Lapse(StrEnum):
    """What a unit did otherwise than it promised."""

    LATE_RECEIPT = "LATE_RECEIPT"
    OVERDUE = "OVERDUE"
    RETURNED_TWICE = "RETURNED_TWICE"
    UNLISTED_PAPER = "UNLISTED_PAPER"
    TOO_MANY_VISITS = "TOO_MANY_VISITS"
    UNANSWERED_RATING = "UNANSWERED_RATING"


class MatterRow(Located):
    """An edition of something that people apply for. It lies where its unit serves, and never changes but by ending."""

    id = primary_key()
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int
    # The same in all editions, so that an application is compared across them.
    code = fields.CharField(max_length=24)
    edition = fields.IntField()
    name = fields.CharField(max_length=100)
    basis = fields.CharField(max_length=500)
    # Working days both; the promise is what the clock runs by, the law what it may not pass.
    statutory_days = fields.SmallIntField()
    promised_days = fields.SmallIntField()
    # Fen, so that no sum is rounded.
    fee = fields.IntField()
    # None is a promise, too: everything online.
    visits = fields.SmallIntField()
    since = fields.DatetimeField()
    # Null while it is offered; of a code and a unit one edition at a time is.
    until = fields.DatetimeField(null=True)

    class Meta:
        schema = "services"
        table = "matter"
        unique_together = (("unit", "code", "edition"),)


class DocumentRow(Model):
    """A paper that an edition of a matter wants."""

    id = primary_key()
    matter: Any = fields.ForeignKeyField("services.MatterRow", related_name=False, on_delete=fields.CASCADE)
    matter_id: Any
    # The order in which people are told of it.
    number = fields.SmallIntField()
    code = fields.CharField(max_length=24)
    name = fields.CharField(max_length=100)
    # Null: nobody but the applicant has it.
    fact = fields.CharEnumField(Fact, max_length=9, null=True)

    class Meta:
        schema = "services"
        table = "document"
        unique_together = (("matter", "code"),)


class ApplicationRow(Located):
    """An application under an edition of a matter, on a case. It lies where the applicant lives.

    `due_at` is what the unit owes next: to accept or return it, then to decide. `pauses` are the times in which papers
    were awaited, as pairs of moments of which the last may have no end.
    """

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    matter: Any = fields.ForeignKeyField(
        "services.MatterRow", related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    matter_id: Any
    # Beside the matter's, for lists of a unit are found by it.
    unit_id = fields.IntField()
    # Null once the applicant was erased: that there was an application stays counted.
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    person_id: Any
    # Null: by themselves, or by who speaks for them by law.
    proxy = fields.CharEnumField(Proxy, max_length=11, null=True)
    # The account that consents to proxies name.
    account = fields.CharField(max_length=100, null=True)
    state = fields.CharEnumField(State, max_length=9)
    submitted_at = fields.DatetimeField()
    # When the papers that are there now came, from which the law counts.
    received_at = fields.DatetimeField()
    accepted_at = fields.DatetimeField(null=True)
    # Accepted by the silence of the unit, which statistics and the applicant tell from an answer.
    deemed = fields.BooleanField(default=False)
    # Never null, so that an index gives a list by what is due first.
    due_at = fields.DatetimeField(default=NEVER, db_default=SqlDefault("'infinity'"))
    pauses: Any = fields.JSONField(default=list)
    returns = fields.SmallIntField(default=0)
    outcome = fields.CharEnumField(Outcome, max_length=12, null=True)
    reason = fields.CharField(max_length=2000, null=True)
    decided_at = fields.DatetimeField(null=True)
    # As it was told with the decision: a county that changes its days changes no term that runs.
    rate_by = fields.DatetimeField(null=True)
    rating = fields.SmallIntField(null=True)
    rating_reason = fields.CharField(max_length=500, null=True)
    rated_at = fields.DatetimeField(null=True)
    # Null unless the rating is a bad one.
    answer_by = fields.DatetimeField(null=True)
    answer = fields.CharField(max_length=1000, null=True)
    answered_at = fields.DatetimeField(null=True)
    # From here the time of keeping runs.
    closed_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "services"
        table = "application"


class PaperRow(Model):
    """A paper of an application: on file, handed in, or missing. A file lies sealed under a key of its own."""

    id = primary_key()
    application: Any = fields.ForeignKeyField("services.ApplicationRow", related_name=False, on_delete=fields.CASCADE)
    application_id: Any
    number = fields.SmallIntField()
    code = fields.CharField(max_length=24)
    name = fields.CharField(max_length=100)
    # False: the unit asked for what its catalogue does not name.
    listed = fields.BooleanField(default=True)
    fact = fields.CharEnumField(Fact, max_length=9, null=True)
    # A fact on file has no content here: it is read where it is kept.
    state = fields.CharEnumField(PaperState, max_length=8)
    # What the applicant says of a fact on file that differs; what is on file stays until staff correct it.
    said = fields.CharField(max_length=500, null=True)
    why = fields.CharField(max_length=200, null=True)
    received_at = fields.DatetimeField(null=True)
    asked_at = fields.DatetimeField(null=True)
    # Under whose key the data key is wrapped; the content is the file as a data URL.
    county = fields.CharField(max_length=6, null=True)
    data_key: Any = BytesField(null=True)
    content: Any = BytesField(null=True)

    class Meta:
        schema = "services"
        table = "paper"
        unique_together = (("application", "code"),)


class VisitRow(Model):
    """A day on which the applicant, or who applies for them, had to go somewhere."""

    id = primary_key()
    application: Any = fields.ForeignKeyField("services.ApplicationRow", related_name=False, on_delete=fields.CASCADE)
    application_id: Any
    day = fields.DateField()
    place = fields.CharEnumField(VisitPlace, max_length=15)
    reason = fields.CharField(max_length=200)

    class Meta:
        schema = "services"
        table = "visit"
        unique_together = (("application", "day"),)


class LapseRow(Located):
    """Something for supervision: what was promised or allowed, and what came of it. One of a kind an application.

    It lies where the unit serves.
    """

    id = primary_key()
    application: Any = fields.ForeignKeyField("services.ApplicationRow", related_name=False, on_delete=fields.CASCADE)
    application_id: Any
    # Beside the application's: who supervises sees this row and not that one.
    matter: Any = fields.ForeignKeyField(
        "services.MatterRow", related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    matter_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int
    kind = fields.CharEnumField(Lapse, max_length=17)
    allowed = fields.SmallIntField()
    # In days, returns, papers or visits, as the kind has it.
    counted = fields.SmallIntField()
    raised_at = fields.DatetimeField()
    answer_by = fields.DatetimeField()
    answer = fields.CharField(max_length=1000, null=True)
    answered_at = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "services"
        table = "lapse"
        unique_together = (("application", "kind"),)
