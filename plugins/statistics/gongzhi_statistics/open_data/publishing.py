"""Publishing: one person of the county proposes a table as open data, and another decides on what it then says."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.accounts.independence import require_independence, require_other
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.actions import Action, require_held, require_states, tell_state
from gongzhi.runtime.checks import duplicate, invalid_input, is_given, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    not_allowed,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from .. import rules
from ..models import DatasetKind, DatasetRow, DatasetState
from .tables import count_table, quarter_end
from .types import OpenDataset

DATASET = "The dataset (数据集标识)."
REASON = 2_000
AS_IT_IS = tell_state(Text("dataset", "该数据集"))
MAY = require_held(rules.PUBLISH)
PROPOSED = Text("Decide on open data", "请审核拟开放数据")
DECIDED = {
    DatasetState.PUBLISHED: Text("Open data that you proposed are published.", "您提议的开放数据已发布。"),
    DatasetState.REFUSED: Text("Open data that you proposed are not published.", "您提议的开放数据未予发布。"),
}
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
LICENCE = CountySetting(
    "statistics.licence",
    "Under which licence a county's open data are used (开放数据许可).",
    default="CC-BY-4.0",
    permission="plugins.activate",
    choices=tuple(LICENCES),
)


@strawberry.type(description="The dataset, or why nothing was done (开放数据操作结果).")
class OpenDatasetPayload:
    dataset: OpenDataset | None = result_field("The dataset (数据集).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="A table to be published as open data (拟开放数据).")
class ProposeOpenDatasetInput:
    idempotency_key: str = input_field(KEY)
    county: str = input_field("The county, by code (县区编码).")
    kind: DatasetKind = input_field("Which table (数据集种类).")
    since: datetime.date = input_field("The first day of a quarter that is over (季度首日).")


@command(
    "Propose a table of a quarter as open data; it is kept as it is now, and another person decides (提议开放数据).",
    requires=rules.PUBLISH,
)
async def propose_open_dataset(call: Call, input: ProposeOpenDatasetInput) -> OpenDatasetPayload:
    # The county is locked, so that of two who propose at once the second finds the first.
    grid = await find_grid(input.county, "county", lock=True)
    if grid.kind is not Kind.COUNTY:
        raise invalid_input("Name a county.", "请填写县区编码。", "county")
    if not call.may(rules.PUBLISH, grid):
        raise not_allowed("county")
    if input.since.day != 1 or input.since.month % 3 != 1:
        raise invalid_input("Give the first day of a quarter.", "请填写季度首日。", "since")
    # Numbers of a quarter that lasts would be told again once it is over, and the two by difference.
    if quarter_end(input.since) >= today(call):
        raise invalid_input("The quarter is not over yet.", "该季度尚未结束。", "since")
    states = (DatasetState.PROPOSED, DatasetState.PUBLISHED)
    if await DatasetRow.exists(grid_id=grid.id, kind=input.kind, since=input.since, state__in=states):
        raise duplicate("This table is proposed or published already.", "该数据集已提议或已发布。", "since")
    row = await DatasetRow.create(
        grid=grid,
        kind=input.kind,
        state=DatasetState.PROPOSED,
        since=input.since,
        until=quarter_end(input.since),
        # As the county has it now: another licence later is none for what is out already.
        licence=await LICENCE.read(call, grid.id),
        rows=await count_table(call, input.kind, grid.id, input.since),
        proposed_at=call.now,
        proposed_by=call.viewer.account.name,
    )
    body = Text(
        f"A table from {row.since} to {row.until} is proposed; another person than who proposed it decides.",
        f"已提议开放 {row.since} 至 {row.until} 的数据，须由提议人以外的第二人审核。",
    )
    notice = NoticeDraft("statistics.dataset_proposed", PROPOSED, body, f"OpenDataset:{row.id}", grid.id)
    await send_notice(call, notice, offices=[Office(rules.PUBLISH, grid.id)])
    return OpenDatasetPayload(dataset=ref(OpenDataset, row.id))


@strawberry.input(description="Whether a table is published (开放数据审核).")
class DecideOpenDatasetInput:
    idempotency_key: str = input_field(KEY)
    dataset: ID = input_field(DATASET)
    expected_version: int = input_field(EXPECTED)
    approve: bool = input_field("Whether to publish it (是否发布).")
    reason: str | None = free_text("Why not; needed to refuse (理由).", longest=REASON, default=UNSET)


@command(
    "Publish a proposed table for everybody, or refuse it; another person than who proposed it (审核发布开放数据).",
    requires=rules.PUBLISH,
    two_persons=True,
    action=Action(
        OpenDataset, (MAY, require_other("proposed_by")), (require_states((DatasetState.PROPOSED,), AS_IT_IS),)
    ),
)
async def decide_open_dataset(call: Call, input: DecideOpenDatasetInput) -> OpenDatasetPayload:
    row: DatasetRow = await call.find(OpenDataset, "dataset", id=key_of(OpenDataset)(input.dataset))
    await require_independence(call, "dataset", row.proposed_by)
    row.reason = input.reason if is_given(input.reason) and input.reason else None
    if not input.approve and not row.reason:
        raise invalid_input("Say why it is not published.", "请说明不予发布的理由。", "reason")
    # The table itself stays as it was proposed: what was read is what is published.
    row.state = DatasetState.PUBLISHED if input.approve else DatasetState.REFUSED
    row.decided_at, row.decided_by = call.now, call.viewer.account.name
    body = DECIDED[row.state]
    notice = NoticeDraft("statistics.dataset_decided", body, body, f"OpenDataset:{row.id}", row.grid_id)
    await send_notice(call, notice, accounts=[row.proposed_by] if row.proposed_by else [])
    return await save_dataset(row)


@strawberry.input(description="Why a table is no longer published (撤回开放数据).")
class WithdrawOpenDatasetInput:
    idempotency_key: str = input_field(KEY)
    dataset: ID = input_field(DATASET)
    expected_version: int = input_field(EXPECTED)
    reason: str = free_text("Why; everybody reads it (理由).", length=(1, REASON))


# One person suffices: what should not be there has to go at once.
@command(
    "Withdraw a published table, which is wrong; its files are gone from then on (撤回开放数据).",
    requires=rules.PUBLISH,
    action=Action(OpenDataset, (MAY,), (require_states((DatasetState.PUBLISHED,), AS_IT_IS),)),
)
async def withdraw_open_dataset(call: Call, input: WithdrawOpenDatasetInput) -> OpenDatasetPayload:
    row: DatasetRow = await call.find(OpenDataset, "dataset", id=key_of(OpenDataset)(input.dataset))
    row.state, row.reason, row.withdrawn_at = DatasetState.WITHDRAWN, input.reason, call.now
    return await save_dataset(row)


async def save_dataset(row: DatasetRow) -> OpenDatasetPayload:
    row.version += 1
    await row.save()
    return OpenDatasetPayload(dataset=ref(OpenDataset, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        propose_open_dataset=propose_open_dataset,
        decide_open_dataset=decide_open_dataset,
        withdraw_open_dataset=withdraw_open_dataset,
    ),
)
