"""Plugin commands: what plugins do for operators, such as `gongzhi points verify`; loaded when one is called."""

from __future__ import annotations

import asyncio
import inspect
import os
import typing
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from gongzhi_server.clock import clock
from gongzhi_server.settings import Settings
from gongzhi_server.storage import embedded_postgres

if TYPE_CHECKING:
    from gongzhi.plugin.hooks import Errand

    from gongzhi_server.plugins.contributions import Plugins

UNFINISHED = "the errand ended with an exit code"


class CommandFailed(Exception):
    """An errand reported that something is wrong, so nothing it wrote is kept."""

    def __init__(self, code: int) -> None:
        super().__init__(UNFINISHED)
        self.code = code


class PluginGroup(TyperGroup):
    """The command line; a name it does not know may be a plugin's."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or plugin_commands(cmd_name)


def plugin_commands(word: str) -> Any:
    """Return the commands of a plugin, or of a group; None if there are none."""
    from gongzhi_server.plugins import loader

    installed = loader.load_plugins()
    errands = installed.errands_called(word)
    if not errands:
        return None
    said = f"What the plugin {errands[0][0]!r} does for operators (插件命令)."
    made = typer.Typer(add_completion=False, no_args_is_help=True, help=said)
    made.callback()(lambda: None)  # so that even one command has its name
    for plugin, errand in errands:
        made.command(errand.name)(typer_function(installed, plugin, errand))
    return typer.main.get_command(made)


def typer_function(installed: Plugins, plugin: str, errand: Errand) -> Callable[..., None]:
    """Return a function as typer takes it: without its first parameter, with all else."""

    def command(**options: Any) -> None:
        chosen = Settings.read(os.environ)
        if not inspect.iscoroutinefunction(errand.function):
            from gongzhi_server.plugins import choices

            done: Any = errand.function(choices.read_choices(installed, os.environ, chosen.data), **options)
            raise typer.Exit(done or 0)
        with embedded_postgres.run_cluster(chosen) as dsn:
            code = asyncio.run(run_errand(chosen, dsn, plugin, errand, options, installed=installed))
        raise typer.Exit(code)

    # Typer reads options off a signature, so the errand's own is passed on, with keywords instead of positions.
    hints = typing.get_type_hints(errand.function, include_extras=True)
    _, *rest = inspect.signature(errand.function).parameters.values()
    parameters = [one.replace(annotation=hints[one.name], kind=inspect.Parameter.KEYWORD_ONLY) for one in rest]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    command.__doc__ = inspect.getdoc(errand.function)
    return command


async def run_errand(
    chosen: Settings,
    dsn: str,
    plugin: str | None,
    errand: Errand,
    options: dict[str, Any],
    now: Callable[[], datetime] = clock,
    installed: Plugins | None = None,
) -> int:
    """Run an errand of a plugin, or of the core, in one transaction and return its exit code."""
    from tortoise.transactions import in_transaction

    from gongzhi_server.app import create_app
    from gongzhi_server.plugins import loader
    from gongzhi_server.plugins.ownership import acting_as
    from gongzhi_server.storage import database
    from gongzhi_server.storage.fingerprints import confirm_secrets

    installed = installed or loader.load_plugins()
    await database.migrate_apps(dsn, installed.apps)
    keys = await confirm_secrets(dsn, chosen)
    # The whole application without its background work: an errand has the same at hand as a request.
    app = create_app(chosen, dsn, now, installed, background=False, keys=keys)
    async with app.router.lifespan_context(app):
        try:
            async with in_transaction() as connection:
                call = app.state.worker.calling(connection, plugin)
                with acting_as(plugin if errand.name != "demo" else None):  # what is invented may be anybody's
                    code: int | None = await errand.function(call, **options)  # type: ignore[misc]
                if code:
                    # Raised, so that the transaction is rolled back: an
                    # errand that finds something wrong leaves nothing behind.
                    raise CommandFailed(code)
                await call.outgoing.write(connection)
        except CommandFailed as unfinished:
            return unfinished.code
    return 0
