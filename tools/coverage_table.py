"""Coverage table: lines and branches that tests reach, by package. `make coverage` measures and prints it.

.venv/bin/python tools/coverage_table.py
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coverage import Coverage
from rich.console import Console
from rich.table import Table

KEYS = "num_statements", "missing_lines", "num_branches", "missing_branches"


def package(path: str) -> str:
    """Name the package a file counts for: a folder of the core or the server, a layer of the contract, a plugin."""
    home, first, *rest = Path(path).parts
    if home == "plugins":
        return rest[0]
    depth = 2 if rest[0] == "core" else 1
    return ".".join([first, *rest[:-1][:depth]])


def measured() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the figures of each file that was measured."""
    data = Coverage()
    data.load()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.json"
        data.json_report(outfile=str(file))
        for path, found in json.loads(file.read_text(encoding="utf-8"))["files"].items():
            yield path, found["summary"]


def share(counts: Counter[str]) -> float:
    """Return the percentage of lines and branches that were reached, as coverage counts it."""
    whole = counts["num_statements"] + counts["num_branches"]
    return 100 * (1 - (counts["missing_lines"] + counts["missing_branches"]) / whole) if whole else 100.0


def main() -> None:
    packages: dict[str, Counter[str]] = {}
    for path, summary in measured():
        for name in (package(path), "all"):
            packages.setdefault(name, Counter()).update({key: summary[key] for key in KEYS})
    table = Table("package", *(key.removeprefix("num_").replace("_", " ") for key in KEYS), "%")
    for name, counts in sorted(packages.items(), key=lambda one: (one[0] == "all", one[0])):
        table.add_row(name, *(f"{counts[key]:,}" for key in KEYS), f"{share(counts):.1f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
