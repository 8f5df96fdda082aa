"""The malware scanner: a clamd of our own over a socket, a command, and neither answering."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from gongzhi.runtime.file_checks import UnfitFile
from gongzhi_server.app import create_app
from gongzhi_server.files.checker import FileChecker
from gongzhi_server.files.content import FORMATS
from gongzhi_server.files.malware_scan import ScanError, make_scanner
from gongzhi_server.files.picture_decoding import PictureDecoder
from gongzhi_server.testing import TODAY, Clock, Server, settings_for_tests
from graphql import GraphQLInputField, GraphQLInputObjectType, build_schema

from .conftest import Phone
from .samples import EICAR, OWNER, PDF, amr, memo, photo, recording, wav, webm
from .test_documents import HOSTILE as HOSTILE_DOCUMENTS
from .test_documents import PDFS as HOSTILE_PDFS
from .test_hostile import FILES as HOSTILE_FILES

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@asynccontextmanager
async def clamd(path: Path, answer: bytes = b"") -> AsyncIterator[str]:
    """Speaks INSTREAM: finds EICAR, wherever the chunks are cut."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        received = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            received += await reader.readexactly(size)
        found = b"stream: Eicar-Signature FOUND\0" if EICAR in received else b"stream: OK\0"
        writer.write(answer or found)
        writer.close()

    async with await asyncio.start_unix_server(serve, path):
        yield f"unix:{path}"


COMMAND = f"{sys.executable} -c 'import sys; sys.exit(b\"EICAR\" in sys.stdin.buffer.read())'"


async def test_clamd_over_a_socket(tmp_path: Path) -> None:
    async with clamd(tmp_path / "clamd") as where:
        assert await make_scanner(where)(io.BytesIO(bytes(200_000)))
        assert not await make_scanner(where)(io.BytesIO(bytes(65_530) + EICAR))
    with pytest.raises(ScanError):
        await make_scanner(where)(io.BytesIO(b"x"))
    with pytest.raises(ScanError):
        await make_scanner("tcp://127.0.0.1:1")(io.BytesIO(b"x"))
    async with clamd(tmp_path / "confused", b"INSTREAM size limit exceeded. ERROR\0") as where:
        with pytest.raises(ScanError):
            await make_scanner(where)(io.BytesIO(b"x"))


@pytest.mark.parametrize("where", ["unix:/nowhere/clamd.sock", "/nowhere/scanner --quiet"])
async def test_missing_scanner(where: str) -> None:
    """What is not there will not answer later either, so the two are told apart."""
    with pytest.raises(ScanError, match="does not exist") as problem:
        await make_scanner(where)(io.BytesIO(b"x"))
    assert "nowhere" not in str(problem.value)


async def test_scanner_that_may_not_be_used(tmp_path: Path) -> None:
    (tmp_path / "scanner").write_text("")  # of nobody may it be run, not even of root
    with pytest.raises(ScanError, match="may not use"):
        await make_scanner(str(tmp_path / "scanner"))(io.BytesIO(b"x"))


async def test_command_reads_in_chunks() -> None:
    """The file is never in memory as a whole; a scanner that has seen enough may go."""

    class Large(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and 0 < size <= 1_000_000
            return super().read(size)

    assert await make_scanner(COMMAND)(Large(bytes(5_000_000)))
    assert not await make_scanner(f"{sys.executable} -c 'raise SystemExit(1)'")(Large(bytes(5_000_000)))


async def test_scan_by_command() -> None:
    assert await make_scanner(COMMAND)(io.BytesIO(b"fine"))
    assert not await make_scanner(COMMAND)(io.BytesIO(EICAR))
    for broken in ("false-but-not-there", f"{sys.executable} -c 'raise SystemExit(2)'"):
        with pytest.raises(ScanError):
            await make_scanner(broken)(io.BytesIO(b"x"))


@pytest.mark.parametrize(("scan", "content", "status"), [
    (COMMAND, photo(), 201), (COMMAND, photo() + EICAR, 422), ("not-there", photo(), 503),
])  # fmt: skip
async def test_infected_upload(filled: str, tmp_path: Path, scan: str, content: bytes, status: int) -> None:
    """Nothing is kept of what is refused, nor of what could not be checked."""
    clock = Clock(TODAY)
    app = create_app(replace(settings_for_tests(filled, tmp_path), scan=scan), filled, clock)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
    async with app.router.lifespan_context(app), client:
        reply = await Phone(Server(client, clock)).send(content)
    assert reply.status_code == status
    assert any(path.is_file() for path in (tmp_path / "files").rglob("*")) == (status == 201)


def encode(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def test_files_within_mutations_are_scanned(tmp_path: Path) -> None:
    """As uploads are: what the scanner finds is refused, and so is everything while it does not answer."""
    async with clamd(tmp_path / "clamd.sock") as address:
        files = FileChecker(PictureDecoder(), make_scanner(address))
        assert (await files.receive(encode(PDF), longest=5_000, types=FORMATS)).content == PDF
        with pytest.raises(UnfitFile, match="scanner refuses"):
            await files.receive(encode(PDF + EICAR), longest=5_000, types=FORMATS)
    with pytest.raises(UnfitFile, match="try again later"):
        await files.receive(encode(PDF), longest=5_000, types=FORMATS)


@pytest.mark.parametrize(("encoded", "said"), [("A" * 141, "100 bytes"), ("%%%%", "base64"), ("QQ==QQ", "base64")])
async def test_what_is_no_file_within_a_mutation_is_refused(encoded: str, said: str) -> None:
    with pytest.raises(UnfitFile, match=said) as problem:
        await FileChecker(PictureDecoder()).receive(encoded, longest=100, types=FORMATS)
    assert problem.value.at("photos", "0").path == ("photos", "0")


# A picture is not opened within a mutation, so one that is damaged behind its head is kept as it was sent.
UNOPENED = {"half a photo", "a photo of noise", "a bomb"}


async def test_files_within_mutations_are_as_harmless_as_uploads() -> None:
    """What an upload is refused for is refused within a mutation, too."""
    files = FileChecker(PictureDecoder())
    documents = {name: made() for name, made in HOSTILE_DOCUMENTS.items() if "bomb" not in name}
    for name, content in {**HOSTILE_FILES, **HOSTILE_PDFS, **documents}.items():
        if name in UNOPENED or len(content) > 1_000_000:
            continue
        with pytest.raises(UnfitFile) as problem:
            await files.receive(encode(content), longest=2_000_000, types=FORMATS)
            pytest.fail(f"{name} is taken")
        assert problem.value.text.zh, name


@pytest.mark.parametrize(("content", "media_type"), [
    (photo(), "image/jpeg"), (photo(format="PNG"), "image/png"), (PDF, "application/pdf"), (amr(), "audio/amr"),
    (recording(), "audio/mpeg"), (memo(), "audio/mp4"), (wav(), "audio/wav"), (webm(), "audio/webm"),
])  # fmt: skip
async def test_files_within_mutations_lose_what_devices_wrote(content: bytes, media_type: str) -> None:
    files = FileChecker(PictureDecoder())
    received = await files.receive(encode(content), longest=900_000, types=FORMATS)
    assert received.media_type == media_type and OWNER not in received.content
    with pytest.raises(UnfitFile, match="Send docx"):
        await files.receive(encode(content), longest=900_000, types=[DOCX])


ROOT = Path(__file__).parents[2]
PAST = re.compile(r"b64decode|a2b_|decodebytes|\bPIL\b|request\.(form|stream)\(|UploadFile")
"""How a plugin would take or open a file by itself, past the scanner."""
TAKEN = {
    "AddLegalFileInput.content",
    "AskAdviceInput.recording",
    "BulletinFileInput.content",
    "ClaimPointsInput.photos",
    "PartyPaperInput.content",
    "ReinspectSafetyHazardInput.photos",
    "ReportSafetyCorrectionInput.photos",
    "SafetyAnswerInput.photos",
    "ServicePaperInput.content",
    "SetAgreementTemplateInput.content",
    "SetFormTemplateInput.content",
    "WatchFactInput.pictures",
}
"""Inputs by which files come within mutations. Of a new one, test what it does not take, as with these."""


def test_plugins_receive_files_in_one_way() -> None:
    """None decodes or opens one by itself. The court's file is made of what was received before."""
    sources = [one for one in ROOT.glob("plugins/*/gongzhi_*/**/*.py") if PAST.search(one.read_text(encoding="utf-8"))]
    assert [one.name for one in sources] == ["court_file.py"]


def test_inputs_that_hold_files_are_known() -> None:
    schema = build_schema((ROOT / "schema/full.graphql").read_text(encoding="utf-8"))
    inputs = [one for one in schema.type_map.values() if isinstance(one, GraphQLInputObjectType)]
    found = {f"{one.name}.{name}" for one in inputs for name, field in one.fields.items() if is_file(field)}
    assert found == TAKEN


def is_file(field: GraphQLInputField) -> bool:
    """Tell whether a field has a file's content, as its description says; signatures are in base64, too."""
    return "base64" in (field.description or "") and "签名" not in (field.description or "")
