"""Licence list: writes docs/licences.md from the lock file and the bundles of pages. Run it after one changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from inventory import ROOT, read_lock

PAGE = ROOT / "docs" / "licences.md"
BUNDLES = "plugins/*/gongzhi_*/static/LICENSES.txt"
CLIENT = ROOT / "clients" / "typescript" / "package-lock.json"
BEGIN = "<!-- written by releasing/licences.py -->"


def table() -> str:
    """Build the list of dependencies with their licences, and how often each licence comes."""
    found = read_lock()
    counted = Counter(one.licence for one in found)
    lines = ["| licence | distributions |", "|---|---|"]
    lines += [f"| {licence or 'unknown'} | {count} |" for licence, count in sorted(counted.items())]
    lines += ["", "| distribution | version | licence |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.version} | {one.licence or 'unknown'} |" for one in found]
    lines += ["", "The pages of plugins have in them, with their licences beside them in `LICENSES.txt`:", ""]
    lines += ["| page | package | version | licence |", "|---|---|---|---|"]
    lines += [f"| {page} | {name} | {version} | {licence} |" for page, name, version, licence in bundled()]
    # The one package that is in the client's bundle; the others of its lock file build and test it.
    socket = json.loads(CLIENT.read_text(encoding="utf-8"))["packages"]["node_modules/graphql-ws"]
    lines += [
        "",
        f"The client for TypeScript has graphql-ws {socket['version']} ({socket['license']}) in it, likewise.",
    ]
    return "\n".join(lines) + "\n"


def bundled() -> Iterator[tuple[str, str, str, str]]:
    """Yield the packages in the bundles of pages: plugin, name, version, licence."""
    for bundle in sorted(ROOT.glob(BUNDLES)):
        page = bundle.relative_to(ROOT).parts[1]
        for block in bundle.read_text(encoding="utf-8").split(f"\n{'-' * 80}\n\n"):
            head, licence, _ = block.split("\n", 2)
            name, version = head.split()
            yield page, name, version, licence


def filled(text: str) -> str:
    """Return the page with the tables of today."""
    return text.partition(BEGIN)[0] + BEGIN + "\n\n" + table()


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
