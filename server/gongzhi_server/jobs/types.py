"""Job types: what operators see of background work, without what it works on, which may be somebody's."""

from __future__ import annotations

import datetime

from gongzhi.core.events.models import JobRow, State
from gongzhi.declare.entity import Connection, Node, column, connection, entity
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table

VIEW = "jobs.view"
"""Lets one see the jobs of the whole deployment."""


def visible_to_operators(job: Table, viewer: ViewerScope) -> Alternatives:
    """Return all jobs to whoever may see jobs: they belong to no grid."""
    return None if viewer.can(VIEW) else []


describe_enum(
    State,
    "JobState",
    "What becomes of a job (任务状态).",
    WAITING="To be run, or to be tried again (等待)",
    DONE="Done (完成)",
    PARKED="Given up after several attempts, until somebody has it tried again (搁置)",
)
set_tones(State, DONE="GREEN", PARKED="RED")


@entity(JobRow, visible=visible_to_operators, order=("due_at",), filter={"name": None, "state": None, "due_at": None})
class Job(Node):
    """A job, or an event that a handler failed on and tries again (后台任务)."""

    name: str = column("The job or handler; it begins with its plugin (名称).")
    state: State = column("What becomes of it (状态).")
    due_at: datetime.datetime = column("When it is run, or was to be (应执行时间).")
    attempts: int = column("How often it was tried (尝试次数).")
    error: str | None = column("What failed the last time, and where in the code (错误).")
    finished_at: datetime.datetime | None = column("When it was done (完成时间).")


EXTENSIONS = (
    extend(
        Query,
        jobs=connection(
            "Work in the background, the last due first (后台任务列表).",
            order="-due_at",
            type=Connection[Job] | None,
            requires=VIEW,
        ),
    ),
)
