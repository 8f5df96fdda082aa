"""Scaffold: writes a new plugin, a distribution that passes its own tests from the first minute."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gongzhi_server.errors import Problem

from .installed import NAME, TAKEN

WORD = "sample"
"""What the template calls itself: its plugin, its package and, with a capital, its types."""

HERE = Path(__file__).parents[1]


def template_folder() -> Path:
    """Return where the template is: in the wheel, or beside the server's source."""
    packed = HERE / "template"
    return packed if packed.exists() else HERE.parent.parent / "plugins" / "_template"


def create_plugin(name: str, into: Path) -> list[Path]:
    """Write the plugin and return its files. Raises Problem for a name that cannot be, or a folder that exists."""
    if not NAME.fullmatch(name) or name in TAKEN or name.startswith("pg_"):
        raise Problem(
            f"a plugin cannot be called {name!r}: lower-case letters, digits, underscores; no name of the core's"
        )
    folder = into / f"gongzhi-{name.replace('_', '-')}"
    if folder.exists():
        raise Problem(f"{folder} is there already; name another place with --into")
    return [write_file(folder, file, name) for file in template_files(template_folder())]


def template_files(root: Path) -> Iterator[Path]:
    """Yield the template's files, by their way from its root."""
    # By kind, so that nothing an editor or a test run has left in the template is copied.
    kinds = {".py", ".toml", ".graphql", ".md", ".typed"}
    found = (one for one in sorted(root.rglob("*")) if one.suffix in kinds and "__pycache__" not in one.parts)
    yield from (one.relative_to(root) for one in found)


def write_file(folder: Path, file: Path, name: str) -> Path:
    """Write one file of the template under the plugin's name."""
    path = folder / str(file).replace(WORD, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rename_words((template_folder() / file).read_text(encoding="utf-8"), name), encoding="utf-8")
    return path


def rename_words(text: str, name: str) -> str:
    """Return the text with the plugin's own name, in every spelling the template has of it."""
    capital = "".join(word.capitalize() for word in name.split("_"))
    camel = capital[0].lower() + capital[1:]
    # The longest spellings first, or the shorter ones would cut them up.
    for old, new in (
        ("gongzhi-sample", f"gongzhi-{name.replace('_', '-')}"),
        ("sampleNote", f"{camel}Note"),
        ("Sample", capital),
        (WORD, name),
    ):
        text = text.replace(old, new)
    return text
