"""Photos of claims: sealed where they lie, opened for whoever sees the claim, and moved when a key is replaced."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from gongzhi.runtime.sealing import KeyRing, open_value

from .test_claims import PHOTO, claim

KEPT = bytes.fromhex("ffd8") + b"\xff\xdb\x00\x04ab" + b"\xff\xda\x00\x02xyz\xff\xd9"
URL = "data:image/jpeg;base64," + base64.b64encode(KEPT).decode()
SHOWN = """query($id: ID!) { node(id: $id) { ... on PointsClaim {
  said: evidence { kind } evidence { __typename picture: url } } } }"""


@pytest.fixture
async def claimed(village: Any) -> str:
    """A claim with a text and a photo; its id."""
    made = await claim(village, await village.rule(), photos=[PHOTO])
    assert made["errors"] == [] and {one["url"] for one in made["claim"]["evidence"]} > {URL}
    return str(made["claim"]["id"])


async def pictures(caller: Any, claimed: str) -> list[str]:
    """What a caller sees of the evidence, by another name."""
    seen = (await caller.ask(SHOWN, id=claimed)).data["node"]
    assert [one["kind"] for one in seen["said"]] == ["TEXT", "PHOTO"]
    return [one["picture"] for one in seen["evidence"]]


async def test_table_has_no_picture_in_it(village: Any, claimed: str) -> None:
    [row] = await village.fetch("select * from points.photo")
    assert row["county"] == "610921" and row["data_key"]
    for clear in (KEPT, KEPT[-9:], base64.b64encode(KEPT)):
        assert not any(clear in value for value in row.values() if isinstance(value, bytes))
    assert (await pictures(village.worker, claimed))[1] == URL


async def test_sealed_photo_opens_in_its_row_alone(village: Any, claimed: str) -> None:
    """Put into another row, key and all, it is nobody's picture; the claim is still shown."""
    await village.fetch("update points.photo set id=gen_random_uuid()")
    text, picture = await pictures(village.worker, claimed)
    assert text.startswith("data:text/plain") and picture == ""


async def test_photos_of_before_are_sealed_at_night(village: Any, claimed: str, plugins: Any, run_jobs: Any) -> None:
    """Until the job has been there they are shown as they lie, and whoever operates it is told of them."""
    [check] = [one for one in plugins.registers.checks if one.name == "points.unsealed"]
    await village.fetch("update points.photo set content=$1, data_key=null, county=null", KEPT)
    assert (await pictures(village.worker, claimed))[1] == URL
    assert [tuple(row) for row in await village.fetch(check.sql)] == [(1,)]
    village.server.clock.move(days=1)
    assert (await run_jobs()).failed == []
    assert [tuple(row) for row in await village.fetch(check.sql)] == [(0,)]
    [row] = await village.fetch("select * from points.photo")
    assert row["county"] == "610921" and row["data_key"] and KEPT not in row["content"]
    assert (await pictures(village.worker, claimed))[1] == URL


async def test_more_of_before_than_one_run_seals(village: Any, claimed: str, run_jobs: Any) -> None:
    await village.fetch(
        "insert into points.photo (id, claim_id, content) "
        "select gen_random_uuid(), claim_id, $1 from points.photo, generate_series(1, 60)",
        KEPT,
    )
    village.server.clock.move(days=1)
    assert (await run_jobs()).failed == []
    [(left, all_)] = await village.fetch("select count(*) filter (where data_key is null), count(*) from points.photo")
    assert (left, all_) == (0, 61)


async def test_keys_of_photos_are_moved(village: Any, claimed: str, plugins: Any, tmp_path: Path) -> None:
    """After a rotation the new key alone opens them."""
    from gongzhi_server.storage import key_ring
    from gongzhi_server.testing import settings_for_tests

    old, holdings = key_ring.load_key_ring(settings_for_tests(village.dsn, tmp_path)), plugins.registers.holdings
    new = KeyRing({"next": bytes(range(32))})
    both = KeyRing({"next": new._keys["next"], **old._keys})
    assert not (await key_ring.count_keys(village.dsn, both, holdings)).done
    await key_ring.rotate_keys(village.dsn, both, holdings)
    assert (await key_ring.count_keys(village.dsn, both, holdings)).done
    [row] = await village.fetch("select * from points.photo")
    key = new.unwrap(row["county"], row["data_key"])
    assert open_value(key, f"points.photo.content:{row['id']}", row["content"]) == URL
