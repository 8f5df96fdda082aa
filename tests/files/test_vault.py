"""Sealed files on disk and in S3."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from gongzhi.runtime.sealing import SealError, data_key
from gongzhi_server.files.vault import PIECE, TAG, Vault, storage_path
from hypothesis import given, settings
from hypothesis import strategies as st

from .s3_server import running

KEY = data_key()


async def read(vault: Vault, id: UUID, variant: str = "full", key: bytes = KEY) -> bytes:
    return b"".join([piece async for piece in await vault.get(id, variant, key)])


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of a stand-in for S3."""
    secrets = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    with running() as address, pytest.MonkeyPatch.context() as patch:
        for name, value in {**secrets, "AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true"}.items():
            patch.setenv(name, value)
        yield "s3://files/county"


@pytest.fixture(params=["disk", "s3"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    return Vault.open_at(tmp_path / "files" if request.param == "disk" else request.getfixturevalue("bucket"))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 6_000_000])
async def test_files_come_back(vault: Vault, size: int) -> None:
    id, content = uuid4(), bytes(range(256)) * (size // 256 + 1)
    await vault.put(id, "full", KEY, io.BytesIO(content[:size]))
    assert await read(vault, id) == content[:size]
    await vault.delete(id, "full", "thumbnail")
    with pytest.raises(FileNotFoundError):
        await read(vault, id)


@given(
    size=st.integers(0, 3 * PIECE),
    harm=st.sampled_from(["flip", "cut", "swap", "drop", "more"]),
    where=st.floats(0, 1, exclude_max=True),
)
@settings(max_examples=40, deadline=None)
async def test_harm_is_noticed(tmp_path_factory: pytest.TempPathFactory, size: int, harm: str, where: float) -> None:
    """Whatever is changed, cut off, left out or put elsewhere: it is not read as if nothing had happened."""
    folder, id = tmp_path_factory.mktemp("vault"), uuid4()
    vault = Vault.open_at(folder)
    await vault.put(id, "full", KEY, io.BytesIO(bytes(size)))
    path = folder / storage_path(id, "full")
    sealed = path.read_bytes()
    whole = PIECE + TAG
    pieces = [sealed[at : at + whole] for at in range(0, len(sealed), whole)]
    at = int(where * len(sealed))
    harmed = {
        "flip": sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :],
        "cut": sealed[:at],
        "swap": b"".join(pieces[::-1]),
        "drop": b"".join(pieces[:-1]),
        "more": sealed + pieces[0],
    }[harm]
    if harmed == sealed:
        return
    path.write_bytes(harmed)
    with pytest.raises(SealError):
        await read(vault, id)


async def test_keys_and_variants_are_apart(tmp_path: Path) -> None:
    vault, id = Vault.open_at(tmp_path), uuid4()
    await vault.put(id, "full", KEY, io.BytesIO(b"secret"))
    (tmp_path / storage_path(id, "thumbnail")).write_bytes((tmp_path / storage_path(id, "full")).read_bytes())
    for variant, key in (("thumbnail", KEY), ("full", data_key())):
        with pytest.raises(SealError):
            await read(vault, id, variant, key)
