"""Attachments from a phone to whoever may see the case, and to nobody else."""

from __future__ import annotations

import asyncio
import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from gongzhi.core.registers.erasure import erase_person
from gongzhi_server.files import recordings
from gongzhi_server.files.archive import Archive
from gongzhi_server.files.vault import Vault
from gongzhi_server.files.webm import keep_sound
from gongzhi_server.storage import database
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.testing import ESSENTIAL, TODAY, Server, codes_of, settings_for_tests
from PIL import Image

from .conftest import SHOWN, Phone
from .samples import OWNER, PCM, PDF, SPEECH, amr, chunk, film, memo, office, photo, recording, wav, webm

CASE = f"query($number: String!) {{ case(number: $number) {{ {SHOWN} }} }}"


async def reported(phone: Phone, *contents: bytes, **more: Any) -> dict[str, Any]:
    payload = await phone.report(*[await phone.sent(one) for one in contents], **more)
    assert payload["errors"] == []
    return payload


async def test_photo_is_made_anew(resident: Phone) -> None:
    """Upright, without position, owner or comment, with a small picture."""
    [shown] = (await reported(resident, photo()))["case"]["attachments"]
    assert (shown["kind"], shown["mediaType"]) == ("PHOTO", "image/jpeg")
    got = await resident.server.client.get(shown["url"])
    assert got.status_code == 200 and len(got.content) == shown["size"] == int(got.headers["content-length"])
    assert got.headers["content-type"] == "image/jpeg" and got.headers["x-content-type-options"] == "nosniff"
    assert (
        got.headers["content-disposition"].startswith("inline") and "sandbox" in got.headers["content-security-policy"]
    )
    image = Image.open(io.BytesIO(got.content))
    assert image.size == (300, 400) and not dict(image.getexif()) and OWNER not in got.content
    small = await resident.server.client.get(shown["thumbnailUrl"])
    assert max(Image.open(io.BytesIO(small.content)).size) == 320


KINDS = (
    (photo(format="PNG"), "PHOTO", "image/jpeg"),
    (photo(format="WEBP"), "PHOTO", "image/jpeg"),
    (film(), "VIDEO", "video/mp4"),
    (film(b"M4A "), "VOICE", "audio/mp4"),
    (recording(), "VOICE", "audio/mpeg"),
    (memo(), "VOICE", "audio/mp4"),
    (wav(), "VOICE", "audio/wav"),
    (webm(), "VOICE", "audio/webm"),
    (amr(), "VOICE", "audio/amr"),
    (b"#!AMR-WB\n" + (b"\x04" + SPEECH[:17]) * 9, "VOICE", "audio/amr-wb"),
    (PDF, "DOCUMENT", "application/pdf"),
    (office(), "DOCUMENT", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
)


async def test_kinds_are_told_by_content(resident: Phone) -> None:
    """Nothing of them is shown in a page of ours but pictures, and none has kept whose it is."""
    shown = (await reported(resident, *(content for content, _, _ in KINDS[:9])))["case"]["attachments"]
    shown += (await reported(resident, *(content for content, _, _ in KINDS[9:])))["case"]["attachments"]
    assert sorted((one["kind"], one["mediaType"]) for one in shown) == sorted((kind, media) for _, kind, media in KINDS)
    for one in shown:
        got = await resident.server.client.get(one["url"])
        assert got.status_code == 200 and OWNER not in got.content and b"108.5100" not in got.content
        disposition = got.headers["content-disposition"]
        assert disposition.startswith("inline" if one["kind"] == "PHOTO" else "attachment")
        assert (one["thumbnailUrl"] is not None) == (one["kind"] == "PHOTO")


async def test_film_is_told_no_time(resident: Phone) -> None:
    [shown] = (await reported(resident, film()))["case"]["attachments"]
    got = await resident.server.client.get(shown["url"])
    assert (3_900_000_000).to_bytes(4, "big") not in got.content and b"frames" * 100 in got.content
    assert len(got.content) == len(film())


def test_recordings_keep_their_sound() -> None:
    """All of it, and nothing else: of a WAV format and samples, of an AMR whole frames, of a WebM every block."""
    assert recordings.plain_wav(io.BytesIO(wav())).read() == chunk(
        b"RIFF", b"WAVE" + chunk(b"fmt ", PCM) + chunk(b"data", SPEECH)
    )
    assert recordings.whole_frames(io.BytesIO(amr())).read() == amr()[:-10]
    for made in (webm(), webm(endless=True)):
        clean = keep_sound(io.BytesIO(made)).read()
        assert len(clean) == len(made) and clean.count(b"\x81\0\0\x80" + SPEECH) == 2 and OWNER not in clean
        assert keep_sound(io.BytesIO(clean)).read() == clean


@pytest.mark.parametrize("size", [0xFFFFFFFF, 999_999])
def test_sound_of_unknown_length_goes_to_the_end(size: int) -> None:
    """Browsers write the size when a recording is over, or never."""
    made = chunk(b"RIFF", b"WAVE" + chunk(b"fmt ", PCM) + b"data" + size.to_bytes(4, "little") + SPEECH)
    assert recordings.plain_wav(io.BytesIO(made)).read().endswith(chunk(b"data", SPEECH))


async def test_files_are_sealed(resident: Phone, store: Path) -> None:
    await reported(resident, PDF)
    kept = [path.read_bytes() for path in store.rglob("*") if path.is_file()]
    assert len(kept) == 1 and b"PDF" not in kept[0]


async def test_stranger_sends_a_photo(stranger: Phone) -> None:
    payload = await reported(stranger, photo())
    query = f"query($n: String!, $r: String!) {{ caseByReceipt(number: $n, receiptCode: $r) {{ {SHOWN} }} }}"
    number = payload["case"]["number"]
    answer = await stranger.server.ask(query, n=number, r=payload["receiptCode"])
    assert answer.data["caseByReceipt"]["attachments"] == payload["case"]["attachments"]
    more = {"number": number, "receiptCode": payload["receiptCode"], "attachments": [await stranger.sent(photo())]}
    added = await stranger.server.do("addAttachments", f"case {{ {SHOWN} }}", **more)
    assert len(added["case"]["attachments"]) == 2


async def test_strangers_are_limited(stranger: Phone) -> None:
    assert (await stranger.send(film())).status_code == 415
    assert (await stranger.send(PDF)).status_code == 415
    large = await stranger.send(bytes(5_000_001))
    assert large.status_code == 413 and "5 MB" in large.text
    assert (await stranger.send(photo(), **{"x-client-id": "me"})).status_code == 400
    for _ in range(9):
        await stranger.sent(photo(20, 20))
    assert (await stranger.send(photo(20, 20))).status_code == 429
    assert (await Phone(stranger.server).send(photo(20, 20))).status_code == 201


@contextmanager
def full_disk() -> Iterator[None]:
    """No file that this process writes grows beyond a kilobyte: each write beyond it fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_full_store_keeps_nothing_and_stops_no_report(
    resident: Phone, stranger: Phone, store: Path, filled: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sends a file is told to try later, uses up no room by trying, and reports without it meanwhile."""
    with full_disk():
        for _ in range(11):
            refused = await stranger.send(photo())
            assert refused.status_code == 503 and refused.headers["retry-after"] == "60"
            assert refused.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        # Large ones are put aside on a disk while they arrive.
        assert (await resident.send(bytes(2_000_000))).status_code == 503
        assert (await stranger.report())["errors"] == []
    connection = await asyncpg.connect(filled)
    assert await connection.fetchval("select count(*) from attachments.attachment") == 0
    await connection.close()
    assert [path for path in store.rglob("*") if path.is_file()] == []
    assert str(store) not in caplog.text and "see whether it is full" in caplog.text
    await stranger.sent(photo())


async def test_uploads_at_once_are_limited(stranger: Phone) -> None:
    """Each finds room before the others are kept, and asks again under a lock."""
    replies = await asyncio.gather(*(stranger.send(photo(20, 20)) for _ in range(14)))
    assert sorted(one.status_code for one in replies) == [201] * 9 + [429] * 5


async def test_form_of_a_mini_app(resident: Phone) -> None:
    send = resident.server.client.post
    files = {"file": ("photo.exe", photo(), "text/html")}
    reply = await send("/attachments", files=files, data={"user": "x"}, headers=resident.headers)
    assert reply.status_code == 201 and reply.json()["mediaType"] == "image/jpeg"
    assert (await send("/attachments", data={"file": "x"}, headers=resident.headers)).status_code == 415
    assert (await send("/attachments", files={"a": b""}, headers=resident.headers)).status_code == 415


async def test_tip_off_hides_its_files(server: Server, filled: str, resident: Phone) -> None:
    """Whoever may not see the case sees neither the file nor a link to it."""
    connection = await asyncpg.connect(filled)
    unit = await connection.fetchval("select code from units.unit where kind = 'COUNTY_DEPARTMENT' limit 1")
    await connection.close()
    case = (await reported(resident, photo(), kind="TIP_OFF", against=unit, anonymous=True))["case"]
    [shown] = case["attachments"]
    node = "query($id: ID!) { node(id: $id) { ... on Attachment { url } } }"
    accused = server.as_("department_handler", unit=unit)
    town = server.as_("town_dispatcher", grid=case["grid"]["code"][:9])
    for viewer in (accused, town, server.as_("administrator"), server, resident.server):
        assert (await viewer.ask(CASE, number=case["number"])).data["case"] is None
        assert (await viewer.ask(node, id=shown["id"])).data["node"] is None
    county = server.as_("county_dispatcher", grid="610921")
    [seen] = (await county.ask(CASE, number=case["number"])).data["case"]["attachments"]
    assert (await server.client.get(seen["url"])).status_code == 200
    connection = await asyncpg.connect(filled)
    row = await connection.fetchrow("select account, person_id, client, county from attachments.attachment")
    await connection.close()
    assert tuple(row) == (None, None, None, "610921")


async def test_links_end(server: Server, resident: Phone) -> None:
    [shown] = (await reported(resident, photo()))["case"]["attachments"]
    url = shown["url"]
    assert (await server.client.get(url.replace("/full", "/thumbnail"))).status_code == 403
    assert (await server.client.get(url[:-1] + ("0" if url[-1] != "0" else "1"))).status_code == 403
    later = url.replace("expires=", "expires=1")
    assert (await server.client.get(later)).status_code == 403
    assert (await server.client.head(url)).headers["content-length"] == str(shown["size"])
    server.clock.move(seconds=299)
    assert (await server.client.get(url)).status_code == 200
    server.clock.move(seconds=302)
    assert (await server.client.get(url)).status_code == 410


async def test_uploads_are_ones_own(server: Server, resident: Phone) -> None:
    """What somebody else sent, is used, is too old or is not there: all look the same."""
    mine = await resident.sent(photo())
    other = Phone(server.as_("grid_worker", grid="610921"))
    unknown = await other.report(mine)
    assert codes_of(unknown["errors"]) == ["NOT_FOUND"] and unknown["errors"][0]["path"] == ["attachments"]
    assert (await Phone(server).report(mine))["errors"] == unknown["errors"]
    assert (await resident.report("Attachment:x"))["errors"] == unknown["errors"]
    await resident.report(mine)
    assert (await resident.report(mine))["errors"] == unknown["errors"]
    old = await resident.sent(photo())
    server.clock.move(hours=24)
    assert (await Phone(server.as_("resident")).report(old))["errors"] == unknown["errors"]
    query = "query($id: ID!) { node(id: $id) { id } }"
    assert (await server.as_("administrator").ask(query, id=old)).data["node"] is None


async def test_refused_report_keeps_the_upload(resident: Phone) -> None:
    mine = await resident.sent(photo())
    assert (await resident.report(mine, category="nope"))["errors"]
    assert (await resident.report(mine))["errors"] == []


async def test_adding_to_a_case(server: Server, resident: Phone) -> None:
    """By who works on it; not by who may only look, and not once it is over."""
    case = (await reported(resident))["case"]
    for role, allowed in (("grid_worker", True), ("auditor", False)):
        phone = Phone(server.as_(role, grid=case["grid"]["code"]))
        given = {"number": case["number"], "attachments": [await phone.sent(photo(20, 20))]}
        payload = await phone.server.do("addAttachments", "case { version timeline { type data } }", **given)
        assert codes_of(payload["errors"]) == ([] if allowed else ["FORBIDDEN"])
        if allowed:
            last = payload["case"]["timeline"][-1]
            assert (last["type"], last["data"]) == ("case.attached", {"attachments": 1})
    desk = Phone(server.as_("county_dispatcher", grid="610921"))
    version, number = case["version"] + 1, case["number"]
    await desk.server.do("declineCase", "case { status }", number=number, expectedVersion=version, reason="不归口")
    given = {"number": number, "attachments": [await desk.sent(photo(20, 20))]}
    assert codes_of((await desk.server.do("addAttachments", "case { id }", **given))["errors"]) == [
        "ILLEGAL_TRANSITION"
    ]


async def archived(dsn: str, store: Path) -> Archive:
    return Archive(Vault.open_at(store), load_key_ring(settings_for_tests(dsn, store)))


async def test_sweep_takes_what_nobody_wanted(server: Server, filled: str, resident: Phone, store: Path) -> None:
    await reported(resident, photo())
    await resident.sent(photo())
    archive = await archived(filled, store)
    async with database.open_tortoise(database.tortoise_config(filled)):
        assert await archive.sweep(server.clock()) == 0
        server.clock.move(hours=24)
        assert await archive.sweep(server.clock()) == 1
    assert len([path for path in store.rglob("*") if path.is_file()]) == 2


async def test_erased_for_good(server: Server, filled: str, store: Path) -> None:
    connection = await asyncpg.connect(filled)
    person = await connection.fetchval("select id from people.person limit 1")
    phone = Phone(server.as_("resident", person=f"Person:{person}"))
    [shown] = (await reported(phone, photo()))["case"]["attachments"]
    await phone.sent(photo())
    other = (await reported(Phone(server.as_("resident")), photo()))["case"]["attachments"][0]
    archive = await archived(filled, store)
    async with database.open_tortoise(database.tortoise_config(filled)):
        erased = await erase_person(connection.fetch, ESSENTIAL.registers.holdings, person, TODAY)
        assert erased["attachments.attachment"] == 2
        assert (await server.client.get(shown["url"])).status_code == 410
        keys = await connection.fetch("select id, data_key from attachments.attachment where case_id is null")
        assert [row["data_key"] for row in keys] == [None, None]
        assert await archive.sweep(server.clock()) == 2
    assert (await server.client.get(other["url"])).status_code == 200
    assert await connection.fetchval("select id from attachments.attachment") == UUID(other["id"].partition(":")[2])
    await connection.close()
