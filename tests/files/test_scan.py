"""The malware scanner: a clamd of our own over a socket, a command, and neither answering."""

from __future__ import annotations

import asyncio
import base64
import io
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
from gongzhi_server.files.malware_scan import ScanError, make_scanner
from gongzhi_server.files.picture_decoding import PictureDecoder
from gongzhi_server.testing import TODAY, Clock, Server, settings_for_tests

from .conftest import Phone
from .samples import EICAR, photo


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


async def test_files_within_mutations_are_scanned(tmp_path: Path) -> None:
    """As uploads are: what the scanner finds is refused, and so is everything while it does not answer."""
    clean, infected = (base64.b64encode(one).decode() for one in (b"%PDF-1.7", b"%PDF-1.7" + EICAR))
    async with clamd(tmp_path / "clamd.sock") as address:
        files = FileChecker(PictureDecoder(), make_scanner(address))
        assert await files.receive(clean, longest=100) == b"%PDF-1.7"
        with pytest.raises(UnfitFile, match="scanner refuses"):
            await files.receive(infected, longest=100)
    with pytest.raises(UnfitFile, match="try again later"):
        await files.receive(clean, longest=100)


@pytest.mark.parametrize(("encoded", "said"), [("A" * 141, "100 bytes"), ("%%%%", "base64"), ("QQ==QQ", "base64")])
async def test_what_is_no_file_within_a_mutation_is_refused(encoded: str, said: str) -> None:
    with pytest.raises(UnfitFile, match=said) as problem:
        await FileChecker(PictureDecoder()).receive(encoded, longest=100)
    assert problem.value.at("photos", "0").path == ("photos", "0")


def test_plugins_receive_files_in_one_way() -> None:
    """None decodes one by itself, past the scanner. The court's file is made of what was received before."""
    root = Path(__file__).parents[2] / "plugins"
    sources = [one for one in root.glob("*/gongzhi_*/**/*.py") if "b64decode" in one.read_text(encoding="utf-8")]
    assert [one.name for one in sources] == ["court_file.py"]
