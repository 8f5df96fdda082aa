"""Tables of care: members and households (党员联户), wishes, projects and what there is to learn."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .organisation import FOREVER, OWNED, PERSONAL


class LinkRow(Located):
    """That a member looks after a household: a published office, held by consent of both, and the core's liaison."""

    id = primary_key()
    household: Any = fields.ForeignKeyField("people.HouseholdRow", **OWNED)
    household_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **FOREVER)
    person_id: Any
    # The member's own when the link began; a transfer does not change it.
    branch: Any = fields.ForeignKeyField("party.BranchRow", db_index=True, **FOREVER)
    branch_id: Any
    liaison: Any = fields.ForeignKeyField("people.LiaisonRow", **{**OWNED, "null": True})
    liaison_id: Any
    duty_phone = fields.CharField(max_length=20, null=True)
    since = fields.DateField()
    until = fields.DateField(null=True)

    class Meta:
        schema = "party"
        table = "link"


class AskState(StrEnum):
    """Where a household's wish for a helper stands."""

    OPEN = "OPEN"
    MET = "MET"
    WITHDRAWN = "WITHDRAWN"


class AskRow(Located):
    """A household asks for a helper, or for another one. It need not say why."""

    id = primary_key()
    # Of the household, whoever asked: another member must neither ask twice nor learn who did.
    household: Any = fields.ForeignKeyField("people.HouseholdRow", **OWNED)
    household_id: Any
    state = fields.CharEnumField(AskState, max_length=9, default=AskState.OPEN)
    asked_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "party"
        table = "ask"


class GroupRow(Located):
    """A group of volunteers (志愿服务队), open to whoever lives there. Its leader is published by consent."""

    id = primary_key()
    name = fields.CharField(max_length=100)
    purpose = fields.CharField(max_length=500)
    leader: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **FOREVER)
    leader_id: Any
    founded_on = fields.DateField()
    ended_on = fields.DateField(null=True)

    class Meta:
        schema = "party"
        table = "team"


class VolunteerRow(Model):
    """That somebody belongs to a group of volunteers."""

    id = primary_key()
    group: Any = fields.ForeignKeyField("party.GroupRow", **OWNED)
    group_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    since = fields.DateField()
    until = fields.DateField(null=True)

    class Meta:
        schema = "party"
        table = "volunteer"


class WishState(StrEnum):
    """Where a wish stands."""

    OPEN = "OPEN"
    CLAIMED = "CLAIMED"
    FULFILLED = "FULFILLED"
    WITHDRAWN = "WITHDRAWN"


class WishRow(Located):
    """A resident's small wish (微心愿). Others see it without a name, if its owner wants that."""

    id = primary_key()
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    title = fields.CharField(max_length=100)
    text = fields.CharField(max_length=1000)
    published = fields.BooleanField(default=False)
    state = fields.CharEnumField(WishState, max_length=9, default=WishState.OPEN)
    wished_at = fields.DatetimeField()
    # Forgotten by itself: a wish was fulfilled, even if nobody is left to say by whom.
    claimed_by: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    claimed_by_id: Any
    branch: Any = fields.ForeignKeyField("party.BranchRow", null=True, db_index=True, **FOREVER)
    branch_id: Any
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "party"
        table = "wish"


class ProjectState(StrEnum):
    """Where a project stands."""

    PLANNED = "PLANNED"
    UNDER_WAY = "UNDER_WAY"
    DONE = "DONE"
    DROPPED = "DROPPED"


class ProjectRow(Located):
    """A project for the people (实事项目)."""

    id = primary_key()
    branch: Any = fields.ForeignKeyField("party.BranchRow", null=True, db_index=True, **FOREVER)
    branch_id: Any
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", null=True, db_index=True, **FOREVER)
    deliberation_id: Any
    title = fields.CharField(max_length=200)
    text = fields.CharField(max_length=2000)
    state = fields.CharEnumField(ProjectState, max_length=9, default=ProjectState.PLANNED)
    percent = fields.SmallIntField(default=0)
    due_on = fields.DateField()
    started_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "party"
        table = "project"


class ProgressRow(Model):
    """How far a project had come on a day."""

    id = primary_key()
    project: Any = fields.ForeignKeyField("party.ProjectRow", **OWNED)
    project_id: Any
    percent = fields.SmallIntField()
    note = fields.CharField(max_length=500)
    at = fields.DatetimeField()

    class Meta:
        schema = "party"
        table = "progress"


class ProjectRatingRow(Model):
    """What somebody who lives there makes of a project that is done."""

    id = primary_key()
    project: Any = fields.ForeignKeyField("party.ProjectRow", **OWNED)
    project_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    score = fields.SmallIntField()

    class Meta:
        schema = "party"
        table = "project_rating"
        unique_together = (("project", "person"),)


class LessonKind(StrEnum):
    """What a lesson is."""

    COMIC = "COMIC"
    VIDEO = "VIDEO"
    ARTICLE = "ARTICLE"
    QUIZ = "QUIZ"


class LessonRow(Located):
    """Something to learn from. Who read it, for how long and with which score is kept nowhere."""

    id = primary_key()
    kind = fields.CharEnumField(LessonKind, max_length=7)
    topic = fields.CharField(max_length=40)
    title = fields.CharField(max_length=100)
    text = fields.TextField()
    link = fields.CharField(max_length=500, null=True)
    # In one column with their answers, which the schema shows to nobody before somebody has tried (`lessons.ASKED`).
    questions: Any = fields.JSONField()
    published_at = fields.DatetimeField()
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "party"
        table = "lesson"
