"""Job commands: have work that was given up tried again."""

from __future__ import annotations

import strawberry
from gongzhi.core.events.models import JobRow, State
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from strawberry import ID

from .failed_jobs import REDRIVE
from .types import Job


@strawberry.input(description="A job that was given up (搁置的任务).")
class RedriveJobInput:
    idempotency_key: str = input_field(KEY)
    job: ID = input_field("Its id (任务标识).")


@strawberry.type(description="The job, or why nothing was done (重试结果).")
class RedriveJobPayload:
    job: Job | None = result_field("The job (任务).")
    errors: list[Problem] = problems()


@command("Have a parked job tried again, now and as often as a new one (重试任务).", requires="jobs.redrive")
async def redrive_job(call: Call, input: RedriveJobInput) -> RedriveJobPayload:
    row: JobRow = await call.find(Job, "job", id=key_of(Job)(input.job))
    if row.state != State.PARKED:
        raise invalid_input("The job is not parked.", "该任务未被搁置。", "job")
    await call.fetch(REDRIVE, call.now, row.id)
    return RedriveJobPayload(job=ref(Job, row.id))


EXTENSIONS = (extend(Mutation, redrive_job=redrive_job),)
