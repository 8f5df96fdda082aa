"""Support: a bundle for whoever helps, of what a deployment is and how it does, without secrets and personal data."""

from __future__ import annotations

import io
import json
import platform
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import fields
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import orjson

from gongzhi_server.errors import Problem
from gongzhi_server.management.top import format_top, read_metrics, sum_operations
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.settings import Settings
from gongzhi_server.telemetry.logs import FIELDS

from .doctor import examine_deployment

TAIL = 2_000
"""Lines of the log that go along."""
SAID = ("time", "level", "logger", "message", "error", *FIELDS)
"""What of a line of the log goes along; accounts stay."""
TOLD = {"mode", "log", "log_level", "limits", "channels", "status"}
"""Settings whose values go along besides numbers; of the others, which may be addresses, only that they are set."""


async def write_bundle(
    file: Path, settings: Settings, dsn: str, plugins: Plugins, processes: Sequence[str], log: Path | None
) -> list[str]:
    """Write a bundle, and return the names of what is in it. Raises Problem if there is such a file already."""
    findings = await examine_deployment(settings, dsn, plugins)
    parts = {
        "versions.json": dump(describe_versions()),
        "settings.json": dump(describe_settings(settings)),
        "doctor.txt": "".join(f"{'ok ' if well else 'ill'} {said}\n" for well, said in findings),
        **read_processes(processes),
    }
    if log:
        parts["log.jsonl"] = "".join(f"{line}\n" for line in read_log(log))
    try:
        with tarfile.open(file, "x:gz") as bundle:
            for name, text in parts.items():
                entry, content = tarfile.TarInfo(name), text.encode()
                entry.size = len(content)
                bundle.addfile(entry, io.BytesIO(content))
    except FileExistsError:
        raise Problem(f"{file} is there already; give another name") from None
    return list(parts)


def describe_versions() -> dict[str, Any]:
    """Return the versions of all that runs."""
    installed = {one.metadata["Name"]: one.version for one in distributions()}
    return {"python": platform.python_version(), "system": platform.platform(), "distributions": installed}


def describe_settings(settings: Settings) -> dict[str, Any]:
    """Return each setting by its variable: its value where that tells nothing, else only whether it is set."""
    found: dict[str, Any] = {}
    for one in fields(settings):
        value = getattr(settings, one.name)
        told = one.repr and (one.name in TOLD or isinstance(value, bool | int | None))
        found[one.metadata["variable"]] = value if told else "(set)" if value else None
    return found


def read_processes(addresses: Sequence[str]) -> dict[str, str]:
    """Return the metrics of processes, and what operations take their time; in place of those of one, why not."""
    texts: dict[str, str] = {}
    for at, address in enumerate(addresses):
        try:
            texts[f"metrics-{at}.txt"] = read_metrics(address)
        except Problem as problem:
            texts[f"metrics-{at}.txt"] = f"# {problem}\n"
    top = sum_operations(texts.values())
    return texts | {"top.txt": "".join(f"{line}\n" for line in format_top(top))}


def read_log(file: Path) -> Iterator[str]:
    """Yield the last lines of a log in JSON, with what is known to hold nothing about people."""
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]:
        try:
            found = orjson.loads(line)
        except ValueError:
            continue  # lines for people may hold the text of an error
        if isinstance(found, dict):
            yield json.dumps({name: found[name] for name in SAID if name in found and name != "account"})


def dump(value: Any) -> str:
    """Write a value as JSON."""
    return json.dumps(value, indent=2, sort_keys=True, default=str) + "\n"
