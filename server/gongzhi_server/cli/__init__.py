"""Command line: what an operator types, a module for each kind of thing."""

from __future__ import annotations

import signal

import typer
from gongzhi.values.errors import Refusal

from gongzhi_server.errors import Problem

from . import accounts, backups, clients, contents, keys, observation, plugins, server
from . import jobs as cli_jobs
from .plugin_commands import PluginGroup
from .terminal import exit_with_error, terminal_language

# Commands import what they call: starting is quick, and one broken part does not take the others along.

app = typer.Typer(
    cls=PluginGroup,
    help="Gongzhi (共治): an open server for grassroots governance — people, grids, cases (人、网格、诉求).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(keys.keys, name="keys")
app.add_typer(keys.audit, name="audit")
app.add_typer(clients.documents, name="documents")
app.add_typer(clients.group, name="schema")
app.add_typer(accounts.group, name="account")
app.add_typer(plugins.group, name="plugin")
app.add_typer(cli_jobs.jobs, name="jobs")
app.add_typer(cli_jobs.retention, name="retention")
app.command()(server.serve)
app.command()(server.migrate)
app.command()(server.makemigrations)
app.command()(contents.demo)
app.command("import")(contents.load)
app.command()(server.token)
app.command()(clients.asyncapi)
app.command()(clients.labels)
app.command()(server.doctor)
app.command()(server.explain)
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(observation.top)
app.command()(observation.support)


def main() -> None:
    """Run the command line."""
    handle_signals()
    try:
        app()
    except Problem as problem:
        exit_with_error(str(problem))
    except Refusal as refusal:
        exit_with_error(refusal.text.say(terminal_language()))


def handle_signals() -> None:
    """Take SIGTERM and a closed terminal like Ctrl-C, so that whatever runs is cleaned up."""
    # Only if nobody has set a handler before us.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # under nohup it is ignored
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
