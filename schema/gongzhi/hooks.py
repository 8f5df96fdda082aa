"""The hooks a plugin may implement."""

from __future__ import annotations

from dataclasses import dataclass

from pluggy import HookimplMarker, HookspecMarker

hookspec = HookspecMarker("gongzhi")
hookimpl = HookimplMarker("gongzhi")


@dataclass(frozen=True)
class App:
    """A set of tables somebody owns: a Tortoise app, its models and where its migrations live."""

    label: str
    models: str
    migrations: str
