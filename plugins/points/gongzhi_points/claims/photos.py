"""Photos: how they lie beside a claim, each sealed under a key of its own, and what seals those of before."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from gongzhi.declare.register_entries import Check
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.runtime.sealing import OPENING, seal_with_own_key
from gongzhi.values.errors import Text

from ..models import PhotoRow

PLACE = "points.photo.content"
URL = "data:image/jpeg;base64,"
BATCH = 50
"""Photos that are sealed at a time: some twenty megabytes."""
# Photos of before lie as they came until the job has been there. `encode` breaks base64 into lines, which a data URL
# must not have.
CLEAR = f"'{URL}'||replace(encode(f.content,'base64'),E'\\n','')"
PHOTO_URL = f"case when f.data_key is null then to_jsonb({CLEAR}) else {OPENING.format(row='f', place=PLACE)} end"
"""SQL for a photo `f` as its data URL, or what opens it."""
UNSEALED = f"""
select f.id, {CLEAR} url, left(g.code, 6) county from points.photo f join points.claim c on c.id=f.claim_id
join grids.grid g on g.id=c.grid_id where f.data_key is null order by f.id limit {BATCH}
"""

CHECK = Check(
    "points.unsealed",
    "select count(*) from points.photo where data_key is null",
    Text("all photos of claims are sealed", "积分申报照片均已加密"),
    Text(
        "photos of claims from before, not sealed yet: {0}; they are at night, once points are switched on",
        "尚未加密的早期积分申报照片：{0}；启用积分后由当晚的后台任务加密",
    ),
)


async def keep_photos(call: Call, claim: UUID, county: str, photos: Iterable[bytes]) -> None:
    """Keep the photos of a new claim, sealed for the county with these six digits."""
    rows = [PhotoRow(claim_id=claim) for _ in photos]
    for row, photo in zip(rows, photos, strict=True):
        url = URL + base64.b64encode(photo).decode()
        row.update_from_dict(seal_with_own_key(call.context.keys, county, f"{PLACE}:{row.id}", url))
    await PhotoRow.bulk_create(rows)


@job("points.seal_photos", every=timedelta(days=1), offset=timedelta(hours=2))
async def seal_photos(call: Call, run: JobRun) -> None:
    """Seal photos that were kept before they were sealed, wherever the plugin is on."""
    rows = await call.fetch(UNSEALED)
    for row in rows:
        sealed = seal_with_own_key(call.context.keys, row["county"], f"{PLACE}:{row['id']}", row["url"])
        await PhotoRow.filter(id=row["id"]).update(**sealed)
    if len(rows) == BATCH:
        call.enqueue(seal_photos, str(rows[-1]["id"]))
