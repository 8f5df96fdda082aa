"""Plugin settings: what operators choose for plugins, in the environment and in plugins.toml in the data folder."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any

from gongzhi.plugin.settings import PARSE, SECRET, VARIABLE

from gongzhi_server.errors import Problem
from gongzhi_server.setting_values import find_unreadable
from gongzhi_server.settings import Settings

from .contributions import Plugins
from .installed import Plugin, describe_cause

FILE = "plugins.toml"
TRUTH = {"yes": True, "no": False, "true": True, "false": False}


def parse_truth(text: str) -> bool:
    """Read yes or no. Raises KeyError for anything else."""
    return TRUTH[text.lower()]


READ: dict[type, tuple[Callable[[str], Any], str]] = {
    str: (str, "a text"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    bool: (parse_truth, "yes or no"),
    Path: (Path, "a path"),
}
"""How a text becomes a value, and what it must be."""


def read_choices(plugins: Plugins, environ: Mapping[str, str], data: Path) -> Mapping[type, Any]:
    """Read every plugin's settings, by class. Raises Problem with the plugin, the variable and what to do."""
    tables = read_tables(data / FILE)
    # Checked for all plugins before any is read: the same text would otherwise set two things.
    check_variables(plugins)
    return MappingProxyType(
        {
            declared: read_choice(plugin, declared, environ, tables.get(plugin.name, {}))
            for plugin, declared in plugins.choices
        }
    )


def find_unreadable_files(plugins: Plugins, choices: Mapping[type, Any]) -> Iterator[str]:
    """Yield of each file that plugins' settings name and that cannot be read what is wrong with it, and what to do."""
    for plugin, declared in plugins.choices:
        for one in fields(declared):
            chosen = getattr(choices[declared], one.name)
            if isinstance(chosen, Path) and (wrong := find_unreadable(chosen)):
                yield f"{variable_of(plugin, one)} names {wrong}"


def check_variables(plugins: Plugins) -> None:
    """Refuse a variable that two would read. Raises Problem."""
    owners: dict[str, Plugin] = {}
    for plugin, declared in plugins.choices:
        for one in fields(declared):
            variable = variable_of(plugin, one)
            if not variable.startswith("GONGZHI_"):
                raise plugin.problem(f"the variable {variable} of its setting {one.name!r} must begin with GONGZHI_")
            if variable in CORE:
                raise plugin.problem(f"its setting {one.name!r} would be {variable}, which is the core's")
            if other := owners.get(variable):
                raise plugin.problem(f"its setting {one.name!r} would be {variable}, which is plugin {other.name!r}'s")
            owners[variable] = plugin


def variable_of(plugin: Plugin, one: Field[Any]) -> str:
    """Return the name of a setting in the environment."""
    return one.metadata.get(VARIABLE) or f"GONGZHI_{plugin.name}_{one.name}".upper()


def read_tables(file: Path) -> dict[str, Any]:
    """Read the tables of the file; none where there is no file."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Problem(f"{file} cannot be read ({error.strerror}); let the server's account read it") from None
    except ValueError:
        raise Problem(f"{file} is no TOML; write a table for each plugin: [rubbish], then days = 30") from None


def read_choice(plugin: Plugin, declared: type, environ: Mapping[str, str], table: Any) -> Any:
    """Read one plugin's settings: the environment first, then the file, then the default. Raises Problem."""
    known = {one.name: one for one in fields(declared)}
    if not isinstance(table, dict):
        raise plugin.problem(f"{FILE}: {plugin.name} must be a table, [{plugin.name}]")
    # A misspelled name would otherwise leave the default in force without a word.
    if strange := sorted(set(table) - set(known)):
        raise plugin.problem(f"{FILE}: there is no setting {strange[0]!r}; there are {', '.join(known)}")
    hints = typing.get_type_hints(declared)
    given: dict[str, Any] = {}
    for name, one in known.items():
        variable = variable_of(plugin, one)
        if text := environ.get(variable, ""):
            given[name] = convert_value(plugin, variable, one, hints[name], text)
        elif name in table:
            given[name] = convert_value(plugin, f"{name} in {FILE}", one, hints[name], table[name])
        elif one.default is MISSING and one.default_factory is MISSING:
            raise plugin.problem(f"{variable} must be set; or write {name} = … under [{plugin.name}] in {FILE}")
    try:
        return declared(**given)
    except Exception as error:  # its own checks; what they say could repeat a secret
        hidden = any(one.metadata.get(SECRET) for one in known.values())
        told = name_error(error) if hidden else describe_cause(error)
        raise plugin.problem(f"its settings are refused: {told}") from None


def name_error(error: Exception) -> str:
    """Tell an error by what was written of its class: what it says itself may quote a setting that is a secret."""
    own = type(error).__module__ != "builtins"
    return describe_cause((own and type(error).__doc__) or type(error).__name__)


CORE = {one.metadata["variable"] for one in fields(Settings)}


def convert_value(plugin: Plugin, place: str, one: Field[Any], hint: Any, given: Any) -> Any:
    """Convert a value to its field's type. Messages repeat no value: it may be a secret."""
    if parse := one.metadata.get(PARSE):
        return parse_choice(plugin, place, parse, given)
    kind = single_type(hint)
    if kind not in READ:
        raise plugin.problem(f"its setting {one.name!r} is of a type that cannot be read; give it a `parse`")
    convert, what = READ[kind]
    # By exact type: bool is a subclass of int, and `days = true` is a mistake.
    if not isinstance(given, str) and not (type(given) is kind or (kind is float and type(given) is int)):
        raise plugin.problem(f"{place} must be {what}; change it, or take it out")
    try:
        return convert(given) if isinstance(given, str) else kind(given)
    except (ValueError, KeyError):
        raise plugin.problem(f"{place} must be {what}; change it, or unset it") from None


def parse_choice(plugin: Plugin, place: str, parse: Callable[[str], Any], given: Any) -> Any:
    """Convert a value by the plugin's own function, which reads a text."""
    if not isinstance(given, str):
        raise plugin.problem(f"{place} must be a text; change it, or take it out")
    try:
        return parse(given)
    except ValueError as error:
        raise plugin.problem(f"{place} {error}") from None


def single_type(hint: Any) -> Any:
    """Return the type itself, of a type or None."""
    if typing.get_origin(hint) in (UnionType, typing.Union):
        kinds = [one for one in typing.get_args(hint) if one is not type(None)]
        return kinds[0] if len(kinds) == 1 else None
    return hint
