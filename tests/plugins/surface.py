"""The contract's surface: the words that vendors' code is made of, and whether one surface keeps another's promises."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from gongzhi.plugin import hooks
from gongzhi.testing import fixtures
from gongzhi_server.plugins.contribution_checks import models_of
from gongzhi_server.plugins.installed import empty_manager
from gongzhi_server.testing import ESSENTIAL
from tortoise.models import Model

Parameters = list[str]
"""As they are written: `name`, `name=` with a default, `*` before those that go by name only, `*name`, `**name`."""

KINDS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
HANDED = ("context.", "viewer.")
"""Of classes in these modules plugins are given objects; they make none."""
TABLES = ("people.PersonRow", "people.HouseholdRow", "grids.GridRow", "units.UnitRow", "cases.CaseRow")


def surface(modules: Mapping[str, set[str]]) -> dict[str, Parameters]:
    """Everything by its name: of each module these words, hooks, fixtures, and the tables that keys point to."""
    found: dict[str, Parameters] = {}
    for module, names in modules.items():
        for name in names:
            found |= word(f"{module}.{name}", getattr(import_module(f"gongzhi.{module}"), name))
    found |= {
        f"hook {name}": parameters_of(getattr(hooks, name))
        for name in vars(empty_manager().hook)
        if not name.startswith("_")
    }
    found |= {f"fixture {name}": [] for name in declared_fixtures(fixtures)}
    return dict(sorted((found | tables()).items()))


def word(name: str, value: Any) -> dict[str, Parameters]:
    """A function with its parameters; a class with those of making one, and its public members."""
    if not inspect.isclass(value):
        return {name: parameters_of(value) if callable(value) else []}
    if value.__module__.endswith(".models") and issubclass(value, Model) or hasattr(value, "__entity__"):
        return {name: []}  # of tables the names are promised, of types what the schema says
    ours = [one for one in reversed(value.__mro__) if one.__module__.partition(".")[0] == "gongzhi"]
    public = {key: member for one in ours for key, member in vars(one).items() if not key.startswith("_")}
    members = {f"{name}.{key}": parameters_of(one) if inspect.isfunction(one) else [] for key, one in public.items()}
    if is_dataclass(value):
        members |= {f"{name}.{one.name}": [] for one in fields(value)}
    made = is_dataclass(value) or any("__init__" in vars(one) for one in ours)
    handed = name.startswith(HANDED) or getattr(value, "_is_protocol", False)
    return {name: parameters_of(value) if made and not handed else [], **members}


def parameters_of(function: Any) -> Parameters:
    """The parameters, without types: what a caller writes."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # built in, as enums' and exceptions' are
        return []
    told: Parameters = []
    for one in signature.parameters.values():
        if one.kind is one.KEYWORD_ONLY and not any(text.startswith("*") for text in told):
            told.append("*")
        told.append(KINDS.get(one.kind, "") + one.name + ("" if one.default is one.empty else "="))
    return told


def declared_fixtures(module: ModuleType) -> Iterator[str]:
    yield from (name for name, one in vars(module).items() if type(one).__name__ == "FixtureFunctionDefinition")


def tables() -> dict[str, Parameters]:
    """Each with where it is, and its key."""
    apps = {app.label: app for app in ESSENTIAL.apps}
    models = {f"{label}.{one.__name__}": one._meta for label, app in apps.items() for one in models_of(app)}
    return {
        f"table {name}": [f"{models[name].schema}.{models[name].db_table}", models[name].pk_attr] for name in TABLES
    }


def find_broken(before: Mapping[str, Parameters], now: Mapping[str, Parameters]) -> Iterator[str]:
    """What somebody who wrote for the one surface would miss in the other."""
    for name, old in before.items():
        if name not in now:
            yield f"{name} is gone"
        elif name.startswith(("hook ", "table ")):
            if now[name] != old:
                yield f"{name} was {old} and is {now[name]}"
        else:
            yield from (f"{name}: {what}" for what in find_changes(old, now[name]))


def find_changes(old: Parameters, new: Parameters) -> Iterator[str]:
    """What of a call that was right is not right any more."""
    before, after = positional(old), positional(new)
    for at, one in enumerate(before):
        if after[at : at + 1] not in ([one], [f"{one}="]):
            yield f"{one.rstrip('=')} is not where it was"
    known = {one.rstrip("=") for one in old} - {"*"}
    optional = {one.rstrip("=") for one in new if one.endswith("=")}
    for name in known - {one.rstrip("=") for one in new}:
        yield f"{name} is gone"
    for one in new:
        if one.rstrip("=") not in known and not one.startswith("*") and one.rstrip("=") not in optional:
            yield f"{one} is new and must be given"
    for one in old:
        if one.endswith("=") and one.rstrip("=") not in optional:
            yield f"{one.rstrip('=')} must be given now"


def positional(parameters: Parameters) -> Parameters:
    """Those that may be given by their place."""
    end = next((at for at, one in enumerate(parameters) if one.startswith("*")), len(parameters))
    return parameters[:end]
