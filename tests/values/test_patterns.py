"""Patterns: no text, however long, keeps a regular expression busy for longer than its length explains."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from importlib import import_module
from itertools import product
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import gongzhi
import gongzhi_server
import pytest

LENGTH = 200_000
"""Characters of a text: who takes its square takes forty billion steps, and who reads it once some milliseconds."""
SECONDS = 1.5
"""Seconds of a processor within which each text is searched. Processor time, so a busy machine is no failure."""
FILLERS = " \n'(a0"
SEARCHES = r"\.(search|sub|subn|split|findall|finditer)\("
OURS = {
    "gongzhi.values.labels.LABELLED": "descriptions of the schema, which programs write",
    "gongzhi_server.list_queries.list_columns.TERM": "descriptions of the schema, which programs write",
}
"""Patterns that no caller's text reaches, and why."""


def list_modules() -> Iterator[ModuleType]:
    plugins = Path(__file__).parents[2].glob("plugins/[!_]*/gongzhi_*/__init__.py")
    for package in (gongzhi, gongzhi_server, *(import_module(path.parent.name) for path in sorted(plugins))):
        yield package
        for found in walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield import_module(found.name)


MODULES = {module.__name__: module for module in list_modules()}
SOURCES = {name: Path(module.__file__ or "").read_text(encoding="utf-8") for name, module in MODULES.items()}


def find_patterns() -> dict[str, re.Pattern[Any]]:
    """Find all patterns that modules have under a name, each once."""
    found = {}
    for module, given in MODULES.items():
        for name, value in vars(given).items():
            if isinstance(value, re.Pattern) and re.search(rf"(?m)^{name} = ", SOURCES[module]):
                found[f"{module}.{name}"] = value
    return found


PATTERNS = find_patterns()


def is_searched(name: str) -> bool:
    """Whether any module looks for it inside a text; others hold it against the beginning, or the whole."""
    module, _, short = name.rpartition(".")
    users = [text for user, text in SOURCES.items() if user == module or f"{module.rpartition('.')[2]} import" in text]
    return any(re.search(rf"\b{short}{SEARCHES}", text) for text in users)


def make_texts(pattern: str) -> Iterator[str]:
    """Make texts of what a search begins with again and again: a word of the pattern, and one character."""
    for word, filler in product(["", *re.findall(r"\w+ ?", pattern)[:3]], FILLERS):
        yield word + filler * LENGTH
        if word:
            yield (word + filler) * (LENGTH // (len(word) + 1))


def read(pattern: re.Pattern[Any], text: Any, searched: bool) -> None:
    """Hold a pattern against a text; raises TooLong."""
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        pattern.fullmatch(text)
        (pattern.search if searched else pattern.match)(text)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


class TooLong(Exception):
    """A pattern takes longer than its text explains."""


def stop(*_: Any) -> None:
    raise TooLong


@pytest.mark.parametrize("name", sorted(PATTERNS.keys() - OURS))
def test_no_text_keeps_a_pattern_busy(name: str) -> None:
    pattern, searched = PATTERNS[name], is_searched(name)
    in_bytes = isinstance(pattern.pattern, bytes)
    for text in make_texts(pattern.pattern.decode("latin-1") if in_bytes else pattern.pattern):
        try:
            read(pattern, text.encode("latin-1", "replace") if in_bytes else text, searched)
        except TooLong:
            pytest.fail(f"{pattern.pattern!r} does not end soon with {text[:30]!r}…{text[-1]!r}")


def test_what_takes_the_square_is_found() -> None:
    for pattern in (r"^\W*(DDE|LINK)\b", r"Value '.*' does not exist"):
        with pytest.raises(TooLong):
            for text in make_texts(pattern):
                read(re.compile(pattern, re.MULTILINE | re.DOTALL), text, searched=True)
    assert PATTERNS.keys() >= OURS.keys()
