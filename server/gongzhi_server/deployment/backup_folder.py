"""Backup folder: what a backup consists of: the database's dump, the files, a manifest, and the digests of them all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from gongzhi_server.errors import Problem
from gongzhi_server.storage.audit import Anchor

DUMP, FILES, DOCUMENTS, MANIFEST, SUMS = "database.dump", "files", "documents.json", "manifest.json", "SHA256SUMS"
FORMAT = 1
PIECE = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. It holds no personal data, and of secrets only what they are known by again."""

    taken_at: datetime
    version: str
    """The server's."""
    plugins: Mapping[str, str]
    """Versions by name."""
    fingerprints: Mapping[str, str]
    """Digests of the secret and of each key of the ring."""
    anchor: Anchor
    """The end of the audit chain just before."""
    tables: Mapping[str, int]
    """Rows by table."""
    files: int
    missing: Sequence[str] = field(default_factory=tuple)
    """Files of cases that the store did not have any more."""
    format: int = FORMAT


def write_manifest(folder: Path, manifest: Manifest) -> str:
    """Write the manifest, and return its digest."""
    text = orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    (folder / MANIFEST).write_bytes(text)
    return hashlib.sha256(text).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup. Raises Problem where there is none, or a newer version's."""
    try:
        found: dict[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
        if found["format"] != FORMAT:
            raise Problem(f"{folder} was written by version {found['version']}: restore it with that one")
        told = {"taken_at": datetime.fromisoformat(found["taken_at"]), "anchor": Anchor(**found["anchor"])}
        return Manifest(**found | told)
    except (OSError, ValueError, KeyError, TypeError):
        raise Problem(f"{folder} is no backup: give a folder that gongzhi backup has written") from None


def write_sums(folder: Path, digests: Mapping[str, str]) -> str:
    """Write the digests as `sha256sum --check` reads them, and return the digest of that file."""
    text = "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
    (folder / SUMS).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def read_sums(folder: Path) -> dict[str, str]:
    """Read the digests of a backup, by path. Raises Problem where there are none."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError):
        raise Problem(f"{folder} is no backup: give a folder that gongzhi backup has written") from None


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_changed(folder: Path) -> Iterator[str]:
    """Say what of a backup is not as it was written, and what is beside it."""
    sums = read_sums(folder)
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    for path, digest in sums.items():
        if path not in there:
            yield f"{path} is missing"
        elif digest_file(folder / path) != digest:
            yield f"{path} was changed"
    for path in sorted(there - sums.keys() - {SUMS}):
        yield f"{path} was not there when the backup was taken"


def check_unchanged(folder: Path) -> None:
    """Refuse a backup that is not as it was written. Raises Problem."""
    if changed := list(find_changed(folder)):
        more = f", and {len(changed) - 1:,} more" if len(changed) > 1 else ""
        raise Problem(f"{folder} is not as it was written: {changed[0]}{more}; take another backup")
