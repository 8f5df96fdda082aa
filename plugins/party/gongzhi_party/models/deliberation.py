"""Tables of deliberations (两说一商): matters, votes and results. How votes stay secret: `deliberations/voting.py`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import uuid4

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .organisation import FOREVER, OWNED, PERSONAL

RANDOM: Any = {"primary_key": True, "default": uuid4}
"""Keys that tell nothing, not even when they were made."""


class DeliberationState(StrEnum):
    """Where a deliberation stands."""

    RAISED = "RAISED"
    ANNOUNCED = "ANNOUNCED"
    RECORDED = "RECORDED"
    VOTING = "VOTING"
    COUNTED = "COUNTED"
    DECIDED = "DECIDED"
    PUBLICISED = "PUBLICISED"
    DROPPED = "DROPPED"


class Voters(StrEnum):
    """Who has a vote."""

    PERSON = "PERSON"
    HOUSEHOLD = "HOUSEHOLD"


class Choice(StrEnum):
    """What a vote says of a proposal."""

    FOR = "FOR"
    AGAINST = "AGAINST"
    ABSTAIN = "ABSTAIN"


class Manner(StrEnum):
    """How a meeting votes in the room."""

    SHOW_OF_HANDS = "SHOW_OF_HANDS"
    ROLL_CALL = "ROLL_CALL"


class MeetingState(StrEnum):
    """Where the record of a meeting stands."""

    RECORDED = "RECORDED"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class DeliberationRow(Located):
    """A matter under deliberation. `needed` and `entitled` are fixed when the vote is opened."""

    id = primary_key()
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    case: Any = fields.ForeignKeyField("cases.CaseRow", null=True, db_index=True, **FOREVER)
    case_id: Any
    activity: Any = fields.ForeignKeyField("party.ActivityRow", null=True, db_index=True, **FOREVER)
    activity_id: Any
    raised_by: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    raised_by_id: Any
    raised_at = fields.DatetimeField()
    state = fields.CharEnumField(DeliberationState, max_length=10, default=DeliberationState.RAISED)
    voters = fields.CharEnumField(Voters, max_length=9, default=Voters.PERSON)
    secret = fields.BooleanField(default=False)
    quorum_percent = fields.SmallIntField(default=50)
    entitled = fields.IntField(null=True)
    needed = fields.IntField(null=True)
    opened_at = fields.DatetimeField(null=True)
    vote_until = fields.DatetimeField(null=True)
    present = fields.IntField(null=True)
    resolution: Any = fields.ForeignKeyField("resolutions.ResolutionRow", null=True, **FOREVER)
    resolution_id: Any
    decided_at = fields.DatetimeField(null=True)
    public_from = fields.DateField(null=True)
    public_to = fields.DateField(null=True)
    reason = fields.CharField(max_length=500, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "party"
        table = "deliberation"


class AgendaRow(Model):
    """An item of a published agenda."""

    id = primary_key()
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", **OWNED)
    deliberation_id: Any
    place = fields.SmallIntField()
    title = fields.CharField(max_length=200)

    class Meta:
        schema = "party"
        table = "agenda"


class SpeakerRow(Model):
    """Somebody who wants to be heard, and whose name may be called."""

    id = primary_key()
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", **OWNED)
    deliberation_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    topic = fields.CharField(max_length=200)
    at = fields.DatetimeField()

    class Meta:
        schema = "party"
        table = "speaker"
        unique_together = (("deliberation", "person"),)


class ProposalRow(Model):
    """What is put to the vote, and what the count came to."""

    id = primary_key()
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", **OWNED)
    deliberation_id: Any
    place = fields.SmallIntField()
    text = fields.CharField(max_length=2000)
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any
    votes_for = fields.IntField(null=True)
    votes_against = fields.IntField(null=True)
    abstentions = fields.IntField(null=True)

    class Meta:
        schema = "party"
        table = "proposal"


class ProxyRow(Model):
    """A written proxy: who votes for whom, put on record by the principal or, from paper, by whoever leads."""

    id = primary_key()
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", **OWNED)
    deliberation_id: Any
    principal: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    principal_id: Any
    proxy: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    proxy_id: Any
    at = fields.DatetimeField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "party"
        table = "proxy"
        unique_together = (("deliberation", "principal"),)


class MeetingRow(Model):
    """A meeting that voted in the room, as its chair recorded it. It counts once a second person has confirmed it."""

    id = primary_key()
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", **OWNED)
    deliberation_id: Any
    held_at = fields.DatetimeField()
    place = fields.CharField(max_length=200)
    manner = fields.CharEnumField(Manner, max_length=13)
    state = fields.CharEnumField(MeetingState, max_length=9, default=MeetingState.RECORDED)
    recorded_at = fields.DatetimeField()
    recorded_by = fields.CharField(max_length=100)
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=100, null=True)
    reason = fields.CharField(max_length=500, null=True)

    class Meta:
        schema = "party"
        table = "meeting"


class AttendanceRow(Model):
    """Somebody who was in the room, or whose written proxy was there."""

    id = primary_key()
    meeting: Any = fields.ForeignKeyField("party.MeetingRow", **OWNED)
    meeting_id: Any
    place = fields.IntField()
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    proxy: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    proxy_id: Any

    class Meta:
        schema = "party"
        table = "attendance"
        unique_together = (("meeting", "person"),)


class VotedRow(Model):
    """That somebody has voted, or somebody of a household: the roll. Nothing of what, and not when."""

    id = fields.UUIDField(**RANDOM)
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", **OWNED)
    deliberation_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any
    household: Any = fields.ForeignKeyField("people.HouseholdRow", db_index=True, **PERSONAL)
    household_id: Any

    class Meta:
        schema = "party"
        table = "voted"


class UrnRow(Model):
    """A vote on one proposal while the vote is open; `person` in an open vote alone."""

    id = fields.UUIDField(**RANDOM)
    proposal: Any = fields.ForeignKeyField("party.ProposalRow", **OWNED)
    proposal_id: Any
    choice = fields.CharEnumField(Choice, max_length=7)
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any

    class Meta:
        schema = "party"
        table = "urn"


class BallotRow(Model):
    """A vote on one proposal once the vote is closed, in no order; what anybody recounts."""

    id = fields.UUIDField(**RANDOM)
    proposal: Any = fields.ForeignKeyField("party.ProposalRow", **OWNED)
    proposal_id: Any
    choice = fields.CharEnumField(Choice, max_length=7)
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any

    class Meta:
        schema = "party"
        table = "ballot"


class SlipRow(Model):
    """A digest of a receipt: that some vote was put in. Nothing of whose, and nothing of what."""

    id = fields.UUIDField(**RANDOM)
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", **OWNED)
    deliberation_id: Any
    digest = BytesField()

    class Meta:
        schema = "party"
        table = "slip"
        unique_together = (("deliberation", "digest"),)


class ExecutionRow(Model):
    """How a decision is carried out: by a case, or by a task."""

    id = primary_key()
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", **OWNED)
    deliberation_id: Any
    case: Any = fields.ForeignKeyField("cases.CaseRow", null=True, db_index=True, **FOREVER)
    case_id: Any
    task: Any = fields.ForeignKeyField("party.TaskRow", null=True, **FOREVER)
    task_id: Any
    at = fields.DatetimeField()

    class Meta:
        schema = "party"
        table = "execution"


class EvaluationRow(Model):
    """What somebody whom a decision affects makes of its result."""

    id = primary_key()
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", **OWNED)
    deliberation_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    score = fields.SmallIntField()

    class Meta:
        schema = "party"
        table = "evaluation"
        unique_together = (("deliberation", "person"),)
