"""What operators type: `gongzhi party digest`, `gongzhi party recount`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from gongzhi.plugin.hooks import Errand
from gongzhi.runtime.checks import not_found
from gongzhi.runtime.commands import Call

from .models import BranchRow
from .organisation import quarter_digest

Id = Annotated[UUID, typer.Argument(help="The id, without the type's name and the colon (标识).")]


async def write_quarter(
    call: Call,
    branch: Id,
    quarter: Annotated[str, typer.Argument(help="Such as 2026Q2 (季度).")],
    into: Annotated[Path, typer.Argument(dir_okay=False, help="The docx to write (输出文件).")],
) -> None:
    """Write an organisation's quarter as a document (季度工作情况)."""
    if not await BranchRow.exists(id=branch):
        raise not_found("There is no such organisation.", "没有该党组织。", "branch")
    into.write_bytes(await quarter_digest.build_quarter(call.fetch, branch, quarter))
    print(into)


# Counted from the ballots, and compared with the result, the roll and the receipts: four records that nothing but a
# correct count makes equal.
RECOUNT = """
select p.place, coalesce(p.votes_for,0) said, coalesce(p.votes_against,0) refused, coalesce(p.abstentions,0) abstained,
 (select count(*) from party.ballot b where b.proposal_id=p.id and b.choice='FOR') f,
 (select count(*) from party.ballot b where b.proposal_id=p.id and b.choice='AGAINST') a,
 (select count(*) from party.ballot b where b.proposal_id=p.id and b.choice='ABSTAIN') n,
 d.present, (select count(*) from party.slip s where s.deliberation_id=d.id) slips,
 (select count(*) from party.voted v where v.deliberation_id=d.id) roll,
 exists(select from party.meeting m where m.deliberation_id=d.id and m.state='CONFIRMED') room
from party.proposal p join party.deliberation d on d.id=p.deliberation_id
where d.id=$1 and p.votes_for is not null order by p.place
"""


async def recount_votes(call: Call, deliberation: Id) -> int:
    """Count a closed vote again from its ballots, its roll and its receipts; 1 if anything differs (重新计票)."""
    rows = await call.fetch(RECOUNT, deliberation)
    if not rows:
        raise not_found("There is no closed vote.", "没有已结束的表决。", "deliberation")
    wrong = 0
    for row in rows:
        same = (row["f"], row["a"], row["n"]) == (row["said"], row["refused"], row["abstained"])
        receipts = row["present"] if row["room"] else row["slips"]  # who votes in the room is given none
        whole = row["f"] + row["a"] + row["n"] == row["present"] == receipts == row["roll"]
        wrong += not (same and whole)
        print(f"{'✓' if same and whole else '✗'} {row['place']}: {row['f']} / {row['a']} / {row['n']}")
    # The exit code, so that a nightly run is noticed without anybody reading what it printed.
    return 1 if wrong else 0


ERRANDS = (Errand("digest", write_quarter), Errand("recount", recount_votes))
