"""Data folder: the place for everything that is kept on this machine, and the secret in it."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from .errors import Problem
from .setting_values import check_secret


def keep_secret(data: Path) -> str:
    """Return this data folder's own secret, made on first use."""
    path = ensure_folder(data) / "secret"
    try:
        if not path.exists():
            publish_file(path, secrets.token_hex(32))
        return check_secret(path.read_text(errors="replace").strip())
    except OSError as error:
        raise Problem(f"{path} cannot be read or written ({error.strerror}); run as the folder's owner") from None
    except ValueError as error:
        raise Problem(f"the secret in {path} {error}, or remove the file") from None


def publish_file(path: Path, text: str) -> None:
    """Write a file that only its owner may read, complete or not at all; the first of several writers wins."""
    handle, name = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text + "\n")
        # A link fails where the file exists, in one step: of two
        # processes that start at once both read the same secret.
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)


def write_private(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a new file that only its owner may read. Raises Problem if it is there already."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding=encoding) as file:
            file.write(text)
    except FileExistsError:
        raise Problem(f"{path} is there already; give another name") from None


def ensure_folder(data: Path) -> Path:
    """Make the data folder and return its absolute path. Others may pass through it (to the database), not list it."""
    try:
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(
            f"GONGZHI_DATA: {data} cannot be made ({error.strerror}); name a folder you may write to"
        ) from None
    if not os.access(data, os.W_OK | os.X_OK):
        raise Problem(f"GONGZHI_DATA: {data} cannot be written; name a folder you may write to, or run as its owner")
    return data.resolve()
