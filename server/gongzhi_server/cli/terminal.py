"""Terminal: what every command has in common: the settings, and how progress and trouble look."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from gongzhi.values.errors import Language

from gongzhi_server.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

Report = Callable[[str, int, int], None]
"""Called during long work with what is being done, how much of it is done, and how much there is (0: unknown)."""


def read_settings() -> Settings:
    """Read the settings from the environment."""
    return Settings.read(os.environ)


@cache
def error_console() -> Console:
    """Return where progress and trouble are told: standard error, since output may be piped."""
    from rich.console import Console  # serving starts without it

    return Console(stderr=True)


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Show a bar for each step of long work."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    steps: dict[str, TaskID] = {}
    with Progress(*columns, console=error_console()) as progress:

        def report(step: str, done: int, total: int) -> None:
            if step not in steps:
                steps[step] = progress.add_task(step)
            progress.update(steps[step], completed=done, total=total or None)

        yield report


def terminal_language() -> Language:
    """Return the language of the terminal, as far as we speak it."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if spoken.startswith("zh") else "en"


def exit_with_error(why: str) -> None:
    """Say why, and end with an error."""
    from rich.text import Text

    error_console().print(Text(why, style="bold red"), soft_wrap=True)
    sys.exit(2)
