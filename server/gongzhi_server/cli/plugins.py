"""Plugins: commands for what is installed beside the core."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gongzhi_server.clock import clock
from gongzhi_server.errors import Problem
from gongzhi_server.storage import embedded_postgres

from .terminal import read_settings

group = typer.Typer(help="What is installed beside the core (插件).", no_args_is_help=True)


@group.command("list")
def list_plugins() -> None:
    """List the plugins: version, state, and in what each failed last (插件列表)."""
    from gongzhi_server.deployment import plugin_status
    from gongzhi_server.plugins import loader

    found = loader.load_plugins()
    if not found.found:
        print("No plugins are installed.")
        return
    with embedded_postgres.run_cluster(read_settings()) as dsn:
        states = asyncio.run(plugin_status.plugin_status(dsn, found))
    for plugin in found.found:
        state, error = states[plugin.name]
        print(f"{plugin.name}  {plugin.distribution} {plugin.version}  {state}  {error or ''}".rstrip())


def switch_plugin(name: str, county: str | None, active: bool) -> None:
    """Switch a plugin on or off, and print in how many counties that changed something."""
    from gongzhi_server.deployment import plugin_activation
    from gongzhi_server.plugins import loader

    installed = loader.load_plugins()
    known = installed.switchable
    if name in {one.name for one in installed.found} and name not in known:
        raise Problem(f"the plugin {name!r} is always on; start the server with --without {name} to leave it out")
    if name not in known:
        raise Problem(f"there is no plugin {name!r}; there are {', '.join(known) or 'none'}")
    with embedded_postgres.run_cluster(read_settings()) as dsn:
        count = asyncio.run(plugin_activation.switch_plugins(dsn, [name], clock(), county, active=active))
    way = "on" if active else "off"
    more = f"is {way} in {count} more {'county' if count == 1 else 'counties'}"
    print(f"{name} {more if count else f'was {way} already'}.")


COUNTY = Annotated[str | None, typer.Option(metavar="CODE", help="The county (县); all, if none is named.")]


@group.command()
def activate(
    name: Annotated[str, typer.Argument(help="The plugin (插件).")],
    county: COUNTY = None,
) -> None:
    """Switch a plugin on in a county (启用插件)."""
    switch_plugin(name, county, True)


@group.command()
def deactivate(
    name: Annotated[str, typer.Argument(help="The plugin (插件).")],
    county: COUNTY = None,
) -> None:
    """Switch a plugin off in a county; its data stay (停用插件)."""
    switch_plugin(name, county, False)


@group.command("set")
def set_setting(
    setting: Annotated[str, typer.Argument(help="The setting, such as dispatch.returns (设置项).")],
    value: Annotated[str | None, typer.Argument(help="The value; without one the plugin's own again (取值).")] = None,
    county: COUNTY = None,
) -> None:
    """Choose what holds in a county about a plugin (县级设置)."""
    from gongzhi_server.plugins import loader

    from . import county_settings

    installed = loader.load_plugins()
    chosen = read_settings()
    with embedded_postgres.run_cluster(chosen) as dsn:
        count = asyncio.run(county_settings.choose_setting(chosen, dsn, setting, value, county, installed))
    said = "what the plugin says" if value is None else value
    print(f"{setting} is {said} in {count} {'county' if count == 1 else 'counties'}.")


@group.command()
def new(
    name: Annotated[str, typer.Argument(help="The plugin's name, such as rubbish (插件名).")],
    into: Annotated[Path, typer.Option(file_okay=False, help="The folder to write it into.")] = Path("."),
) -> None:
    """Write a new plugin that passes its own tests (新建插件)."""
    from gongzhi_server.plugins import scaffold

    print(*scaffold.create_plugin(name, into), sep="\n")


@group.command()
def remove(
    name: Annotated[str, typer.Argument(help="The plugin (插件).")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask (不再询问).")] = False,
) -> None:
    """Write a plugin's tables to files, then drop them (移除数据)."""
    from gongzhi_server.data_folder import ensure_folder
    from gongzhi_server.deployment import plugin_removal
    from gongzhi_server.plugins import loader

    def agreed(rows: Mapping[str, int]) -> bool:
        for table, count in rows.items():
            print(f"{table}: {count:,} rows")
        return yes or typer.confirm("Write these tables to files, and drop them (导出后删除)?")

    # Its tables may have several labels, and only the plugin knows which.
    installed = loader.load_plugins()
    kept = read_settings()
    # Named by the moment, so that a second removal does not write over the files of the first.
    folder = ensure_folder(kept.data) / "removed" / f"{name}-{clock():%Y%m%d-%H%M%S}"
    with embedded_postgres.run_cluster(kept) as dsn:
        removing = plugin_removal.remove_plugin(
            dsn,
            name,
            folder,
            agreed,
            labels={app.label for app in installed.owned.get(name, ())},
            prefixes=installed.labels.get(name, ()),
        )
        files = asyncio.run(removing)
    if files is None:
        print("Nothing was done.")
        return
    print(*files, sep="\n")
    print(f"The tables of {name} are gone. Uninstall its distribution, or the next start makes them anew, empty.")
