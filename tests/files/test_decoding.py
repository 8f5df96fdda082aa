"""Pictures are opened in a process of their own, which may take so much memory and time and no more."""

from __future__ import annotations

import ast
import asyncio
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from gongzhi.runtime.file_checks import UnfitFile
from gongzhi_server.files import picture_decoding
from gongzhi_server.files.picture_decoding import PictureDecoder, PictureLimits
from gongzhi_server.files.picture_metadata import strip_metadata
from PIL import Image

from .conftest import Phone
from .samples import OWNER, photo

ROOT = Path(__file__).parents[2]


def blank(width: int, height: int, mode: str = "RGB", format: str = "PNG", **more: Any) -> bytes:
    made = io.BytesIO()
    Image.new(mode, (width, height)).save(made, format, **more)
    return made.getvalue()


async def test_picture_is_made_anew() -> None:
    remade = await PictureDecoder().remake(photo(), edge=200, small=50)
    assert Image.open(io.BytesIO(remade.whole)).size == (150, 200)
    assert max(Image.open(io.BytesIO(remade.small)).size) == 50
    assert OWNER not in remade.whole and not dict(Image.open(io.BytesIO(remade.whole)).getexif())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
async def test_modes_are_opened(mode: str) -> None:
    remade = await PictureDecoder().remake(blank(30, 20, mode))
    with Image.open(io.BytesIO(remade.whole)) as image:
        white = mode in ("LA", "RGBA")  # whatever is transparent
        assert image.mode == "RGB" and image.getpixel((5, 5)) == ((255,) * 3 if white else (0,) * 3)


async def test_first_frame_is_kept() -> None:
    """An animation is a picture; the rest of it is not opened."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", *("blue",) * 20)]
    for format in ("PNG", "WEBP"):
        made = io.BytesIO()
        frames[0].save(made, format, save_all=True, append_images=frames[1:])
        remade = await PictureDecoder().remake(made.getvalue())
        with Image.open(io.BytesIO(remade.whole)) as image:
            red, _, blue = image.getpixel((5, 5))  # type: ignore[misc]
        assert red > 200 and blue < 50


def frames_bomb() -> bytes:
    """An APNG that promises two thousand million frames."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    whole = blank(10, 10)
    return whole[:33] + chunk(b"acTL", struct.pack(">II", 2_000_000_000, 0)) + whole[33:]


async def test_promised_frames_cost_nothing() -> None:
    assert (await PictureDecoder().remake(frames_bomb())).whole


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
REFUSED = {
    "nothing": b"",
    "no picture": b"hello",
    "an SVG": SVG,
    "a GIF": blank(9, 9, "P", "GIF"),
    "a TIFF": blank(9, 9, "RGB", "TIFF"),
    "half a picture": photo()[:3000],
}


@pytest.mark.parametrize("name", REFUSED)
async def test_others_are_refused(name: str) -> None:
    with pytest.raises(UnfitFile, match="damaged"):
        await PictureDecoder().remake(REFUSED[name])


async def test_points_are_counted_before_decoding() -> None:
    """By a process that would not have the memory to decode it."""
    with pytest.raises(UnfitFile, match="more than 50 million points"):
        await PictureDecoder(PictureLimits(memory=200_000_000)).remake(blank(10_000, 5_001, "1"))


async def test_memory_is_capped() -> None:
    """With a quarter of the memory a picture of 36 million points is refused; the next one is taken."""
    decoder = PictureDecoder(PictureLimits(memory=160_000_000))
    with pytest.raises(UnfitFile, match="takes too much"):
        await decoder.remake(blank(6_000, 6_000))
    assert (await decoder.remake(blank(60, 60))).whole


async def test_time_is_capped() -> None:
    with pytest.raises(UnfitFile):
        await PictureDecoder(PictureLimits(seconds=0)).remake(blank(60, 60))


WORKERS = {
    "a crash": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "an end": "import sys; sys.exit(1)",
    "a fault": "raise MemoryError",
}


@pytest.mark.parametrize("name", WORKERS)
async def test_crash_is_a_refusal(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(WORKERS[name])
    monkeypatch.setattr(picture_decoding, "WORKER", worker)
    decoder = PictureDecoder()
    for _ in range(3):  # and nobody waits for a turn that was not given back
        with pytest.raises(UnfitFile):
            await decoder.remake(blank(60, 60))


async def test_worker_knows_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import os, sys; sys.stdout.write(repr(sorted(os.environ)))")
    monkeypatch.setattr(picture_decoding, "WORKER", worker)
    monkeypatch.setenv("GONGZHI_SECRET", "hush")
    status, said = await picture_decoding.run_worker("{}", b"", 60)
    assert status == 0 and b"GONGZHI" not in said


async def test_so_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = most = 0

    async def run(*_: Any) -> tuple[int, bytes]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        return 0, bytes(4)

    monkeypatch.setattr(picture_decoding, "run_worker", run)
    decoder = PictureDecoder(at_once=2)
    await asyncio.gather(*(decoder.remake(b"") for _ in range(20)))
    assert most == 2


async def test_cancelled_worker_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs up leaves no process behind."""
    worker, begun = tmp_path / "worker.py", tmp_path / "begun"
    worker.write_text(f"import os, time; open({str(begun)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    monkeypatch.setattr(picture_decoding, "WORKER", worker)
    task = asyncio.create_task(PictureDecoder().remake(blank(9, 9)))
    while not (begun.exists() and begun.read_text()):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not Path(f"/proc/{begun.read_text()}").exists()


async def test_server_goes_on(resident: Phone) -> None:
    """While a picture is opened others are answered, and one that is refused says why."""
    large, answered = asyncio.create_task(resident.send(blank(7_000, 7_000))), 0
    while not large.done():
        grid = await resident.server.ask('{ grid(code: "610921") { name } }')
        answered += grid.data["grid"]["name"] == "汉阴县"
    assert (await large).status_code == 201 and answered > 2
    reply = await resident.send(blank(10_000, 5_001, "1"), **{"accept-language": "en"})
    assert reply.status_code == 415 and "50 million" in reply.json()["errors"][0]["message"]


def test_evidence_has_bounded_points() -> None:
    """What is kept as it was sent is not opened here, but by those who look at it."""
    for kind, raw in (
        ("image/jpeg", blank(10_000, 5_001, "L", "JPEG")),
        ("image/jpeg", blank(10_000, 5_001, "L", "JPEG", progressive=True)),
        ("image/png", blank(10_000, 5_001, "1")),
    ):
        with pytest.raises(UnfitFile, match="points"):
            strip_metadata(raw, kind)


def test_nobody_else_decodes() -> None:
    """Neither the server nor a plugin imports a decoder; whoever needs a picture opened asks `Context.files`."""
    found = set()
    for folder in ("schema/gongzhi", "server/gongzhi_server", *map(str, ROOT.glob("plugins/*/gongzhi_*"))):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                if {name.partition(".")[0] for name in names} & {"PIL", "cv2", "imageio", "wand", "pypdf", "fitz"}:
                    found.add(path.name)
    assert found == {"picture_worker.py"}
