"""Papers: how they lie beside minutes, each sealed under a key of its own, and what seals those of before."""

from __future__ import annotations

import base64
from datetime import timedelta

from gongzhi.declare.plans import Frame
from gongzhi.declare.register_entries import Check
from gongzhi.declare.sql import Sql
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.runtime.sealing import OPENING, KeyRing, seal_with_own_key
from gongzhi.values.errors import Text

from ..models import PaperRow

PLACE = "party.paper.content"
BATCH = 20
"""Papers that are sealed at a time: some fifty megabytes."""
# Papers of before lie as they came until the job has been there.
CLEAR = "replace(encode(p.content,'base64'),E'\\n','')"
# By its key once more, for the row has other names elsewhere.
CONTENT = f"""
(select case when p.data_key is null then to_jsonb({CLEAR}) else {OPENING.format(row="p", place=PLACE)} end
from party.paper p where p.id={{0}})
"""
UNSEALED = f"""
select p.id, {CLEAR} content, left(g.code, 6) county from party.paper p join party.minutes m on m.id=p.minutes_id
join party.activity a on a.id=m.activity_id join grids.grid g on g.id=a.grid_id
where p.data_key is null order by p.id limit {BATCH}
"""

CHECK = Check(
    "party.unsealed",
    "select count(*) from party.paper where data_key is null",
    Text("all papers of minutes are sealed", "会议附件均已加密"),
    Text(
        "papers of minutes from before, not sealed yet: {0}; they are at night, once the party's plugin is switched on",
        "尚未加密的早期会议附件：{0}；启用党建活动后由当晚的后台任务加密",
    ),
)


def content_sql(at: Frame) -> Sql:
    """Return a paper in base64, or what opens it."""
    return Sql(CONTENT, at.row.id)


def seal_paper(keys: KeyRing, county: str, row: PaperRow, content: bytes) -> None:
    """Put a file into a row that is not saved yet, sealed for the county with these six digits."""
    text = base64.b64encode(content).decode()
    row.update_from_dict(seal_with_own_key(keys, county, f"{PLACE}:{row.id}", text))


@job("party.seal_papers", every=timedelta(days=1), offset=timedelta(hours=2))
async def seal_papers(call: Call, run: JobRun) -> None:
    """Seal papers that were kept before they were sealed, wherever the plugin is on."""
    rows = await call.fetch(UNSEALED)
    for row in rows:
        sealed = seal_with_own_key(call.context.keys, row["county"], f"{PLACE}:{row['id']}", row["content"])
        await PaperRow.filter(id=row["id"]).update(**sealed)
    if len(rows) == BATCH:
        call.enqueue(seal_papers, str(rows[-1]["id"]))
