"""The command line: what an operator types, and how progress and trouble look."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from gongzhi.errors import Language, Refusal
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from . import cluster
from .clock import clock
from .errands import Group
from .errors import Problem
from .settings import Settings

# Commands import what they call: starting is quick, and one broken part does not take the others along.

app = typer.Typer(
    cls=Group,
    help="Gongzhi (共治): an open server for grassroots governance — people, grids, cases (人、网格、诉求).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keyed = typer.Typer(help="The keys of protected values (密钥).", no_args_is_help=True)
app.add_typer(keyed, name="keys")
audited = typer.Typer(help="The chain over looks and mutations (审计).", no_args_is_help=True)
app.add_typer(audited, name="audit")
documents = typer.Typer(help="Trusted documents (可信文档), which clients send by their hash.", no_args_is_help=True)
app.add_typer(documents, name="documents")
accounts = typer.Typer(help="Accounts (账户): who may sign in, and what they may.", no_args_is_help=True)
app.add_typer(accounts, name="account")
trouble = Console(stderr=True)

Report = Callable[[str, int, int], None]
"""Called during long work with what is being done, how much of it is done, and how much there is (0: unknown)."""

CHINA = ZoneInfo("Asia/Shanghai")
PEOPLE = 126_000
SEED = 610921


class Kind(StrEnum):
    """What files to import hold."""

    DIVISIONS = "divisions"
    RESIDENTS = "residents"


@app.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo county (演示县) first if there is none.")] = False,
    without: Annotated[
        list[str] | None, typer.Option(metavar="PLUGIN", help="Start without this plugin (插件); its tables stay.")
    ] = None,
) -> None:
    """Serve GraphQL over HTTP (启动服务)."""
    from . import serve

    serve.serve(settings(), welcome if demo else None, without or ())


@app.command()
def migrate() -> None:
    """Bring the database's tables up to date (迁移)."""
    from . import database, plugins

    with cluster.running(settings()) as dsn:
        asyncio.run(database.migrate(dsn, plugins.load().apps))


@app.command()
def makemigrations(name: Annotated[str, typer.Argument(help="The room or plugin whose models changed.")]) -> None:
    """Write the migrations a room or plugin lacks (生成迁移)."""
    from . import database, plugins

    with cluster.running(settings()) as dsn:
        written = asyncio.run(database.write_migrations(dsn, name, plugins.load().apps))
    print(*written or ["Nothing has changed."], sep="\n")


@app.command()
def demo(
    people: Annotated[int, typer.Option(min=100, help="How many people (人口).")] = PEOPLE,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day it is in the demo; the real one if not given."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same county (随机种子).")] = SEED,
) -> None:
    """Load the demo county, its people invented (演示县)."""
    from . import database, plugins

    with cluster.running(settings()) as dsn:
        asyncio.run(database.migrate(dsn, plugins.load().apps))
        furnish(dsn, people, today, seed)


@app.command("import")
def load(
    kind: Annotated[Kind, typer.Argument(help="What the files hold: 区划, or 人员与家庭户.")],
    files: Annotated[
        list[Path] | None, typer.Argument(exists=True, help="CSV or XLSX; for divisions also a folder, or several.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would happen (试运行).")] = False,
    update: Annotated[bool, typer.Option("--update", help="Update residents who are known already (更新).")] = False,
    undo: Annotated[UUID | None, typer.Option(metavar="BATCH", help="Take back an import of residents (撤销).")] = None,
) -> None:
    """Import from files, or undo an import (导入)."""
    if bool(files) == bool(undo) or (undo and kind is Kind.DIVISIONS):
        raise typer.BadParameter("name what to import, or a batch of residents with --undo", param_hint="FILES")
    chosen = settings()
    with cluster.running(chosen) as dsn:
        if undo:
            retract(dsn, undo)
        elif kind is Kind.DIVISIONS:
            divide(dsn, files or [], dry_run)
        else:
            for file in files or []:
                settle(chosen, dsn, file, dry_run, update)


installed = typer.Typer(help="What is installed beside the core (插件).", no_args_is_help=True)
app.add_typer(installed, name="plugin")


@installed.command("list")
def listed() -> None:
    """List the plugins: version, state, and in what each failed last (插件列表)."""
    from . import plugins, standing

    found = plugins.load()
    if not found.found:
        print("No plugins are installed.")
        return
    with cluster.running(settings()) as dsn:
        states = asyncio.run(standing.of(dsn, found))
    for plugin in found.found:
        state, error = states[plugin.name]
        print(f"{plugin.name}  {plugin.distribution} {plugin.version}  {state}  {error or ''}".rstrip())


def switched(name: str, county: str | None, active: bool) -> None:
    from . import activation, plugins

    known = [one.name for one in plugins.load().found]
    if name not in known:
        raise Problem(f"there is no plugin {name!r}; there are {', '.join(known) or 'none'}")
    with cluster.running(settings()) as dsn:
        count = asyncio.run(activation.switch(dsn, [name], clock(), county, active=active))
    way = "on" if active else "off"
    more = f"is {way} in {count} more {'county' if count == 1 else 'counties'}"
    print(f"{name} {more if count else f'was {way} already'}.")


COUNTY = Annotated[str | None, typer.Option(metavar="CODE", help="The county (县); all, if none is named.")]


@installed.command()
def activate(
    name: Annotated[str, typer.Argument(help="The plugin (插件).")],
    county: COUNTY = None,
) -> None:
    """Switch a plugin on in a county (启用插件)."""
    switched(name, county, True)


@installed.command()
def deactivate(
    name: Annotated[str, typer.Argument(help="The plugin (插件).")],
    county: COUNTY = None,
) -> None:
    """Switch a plugin off in a county; its data stay (停用插件)."""
    switched(name, county, False)


@installed.command()
def new(
    name: Annotated[str, typer.Argument(help="The plugin's name, such as rubbish (插件名).")],
    into: Annotated[Path, typer.Option(file_okay=False, help="The folder to write it into.")] = Path("."),
) -> None:
    """Write a new plugin that passes its own tests (新建插件)."""
    from . import scaffold

    print(*scaffold.new(name, into), sep="\n")


@installed.command()
def remove(
    name: Annotated[str, typer.Argument(help="The plugin (插件).")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask (不再询问).")] = False,
) -> None:
    """Write a plugin's tables to files, then drop them (移除数据)."""
    from . import removal
    from .settings import folder as ensured

    def agreed(rows: Mapping[str, int]) -> bool:
        for table, count in rows.items():
            print(f"{name}.{table}: {count:,} rows")
        return yes or typer.confirm("Write these tables to files, and drop them (导出后删除)?")

    kept = settings()
    folder = ensured(kept.data) / "removed" / f"{name}-{clock():%Y%m%d-%H%M%S}"
    with cluster.running(kept) as dsn:
        files = asyncio.run(removal.remove(dsn, name, folder, agreed))
    if files is None:
        print("Nothing was done.")
        return
    print(*files, sep="\n")
    print(f"The tables of {name} are gone. Uninstall its distribution, or the next start makes them anew, empty.")


jobs = typer.Typer(help="Work in the background (后台任务): what waits, and what was given up.", no_args_is_help=True)
app.add_typer(jobs, name="jobs")


@jobs.command("list")
def waiting(
    everything: Annotated[bool, typer.Option("--all", help="What is done, too (含已完成).")] = False,
) -> None:
    """List the jobs that wait or were given up, and the handlers that are behind (任务列表)."""
    from .events import parked

    with cluster.running(settings()) as dsn:
        found = asyncio.run(parked.listed(dsn, everything))
        late = asyncio.run(parked.behind(dsn))
    for one in found:
        print(f"{one['id']}  {one['state']:7}  {one['name']}  due {one['due_at']:%Y-%m-%d %H:%M:%S}Z  "
              f"attempts {one['attempts']}  {one['error'] or ''}".rstrip())  # fmt: skip
    for one in late:
        print(f"{one['name']} is {one['events']} events behind")
    if not (found or late):
        print("Nothing waits, and nothing was given up.")


@jobs.command("redrive")
def redrive(
    job: Annotated[UUID | None, typer.Argument(help="The job's id; all that were given up, if none is named.")] = None,
) -> None:
    """Have what was given up tried again (重试任务)."""
    from .events import parked

    with cluster.running(settings()) as dsn:
        count = asyncio.run(parked.redrive(dsn, clock(), job))
    print(f"{count} to be tried again.")


roads = typer.Typer(help="Events over NATS (消息总线).", no_args_is_help=True)
app.add_typer(roads, name="nats")


@roads.command("accounts")
def nats_accounts() -> None:
    """Print the accounts part of the NATS servers' configuration (账户配置)."""
    from .road.accounts import configuration

    print(configuration(settings().nats_integrators), end="")


NAME = Annotated[str, typer.Argument(help="The account's name (账户名).")]
GRID = Annotated[str | None, typer.Option(metavar="CODE", help="A grid (网格).")]


class Behind(StrEnum):
    """Who stands behind an account."""

    PERSON = "person"
    MACHINE = "machine"


@accounts.command("add")
def open_account(
    name: NAME,
    kind: Annotated[Behind, typer.Option(help="A person signs in, a machine has keys (类型).")] = Behind.PERSON,
    grid: GRID = None,
    role: Annotated[str | None, typer.Option(help="A role to give it there (角色), such as administrator.")] = None,
) -> None:
    """Add an account and print the code to set its password with (新增账户)."""
    with console() as opened:
        code = opened.add(name, kind.value, grid, role)
    print(code or "The account is there; make it a key with createApiKey.")


@accounts.command("password")
def set_password(name: NAME) -> None:
    """Set an account's password, asked for or read from standard input; its sessions end (设置密码)."""
    asked = sys.stdin.isatty()
    text = typer.prompt("Password (密码)", hide_input=True, confirmation_prompt=True) if asked else sys.stdin.readline()
    with console() as opened:
        opened.password(name, text.rstrip("\n"))


@accounts.command("grant")
def give(
    name: NAME,
    role: Annotated[str, typer.Argument(help="The role (角色), such as county_dispatcher.")],
    grid: GRID = None,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="A unit (单位).")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day (截止日期).")] = None,
) -> None:
    """Give an account a role, in a grid, for a unit, or everywhere (授予角色)."""
    with console() as opened:
        opened.grant(name, role, grid, unit, until)


@accounts.command("suspend")
def suspend(
    name: NAME, restore: Annotated[bool, typer.Option("--restore", help="Let it sign in again (恢复).")] = False
) -> None:
    """Suspend an account at once, or restore it (停用账户)."""
    with console() as opened:
        opened.suspend(name, not restore)


@accounts.command("link")
def link(
    name: NAME,
    issuer: Annotated[str, typer.Argument(help="The identity provider, as in `iss` (签发方).")],
    subject: Annotated[str, typer.Argument(help="The account there, as in `sub` (主体).")],
) -> None:
    """Let an account sign in by an identity provider (关联外部身份)."""
    with console() as opened:
        opened.link(name, issuer, subject)


@accounts.command("list")
def list_accounts() -> None:
    """List the accounts with the roles they hold now (账户列表)."""
    with console() as opened:
        print(*opened.lines(), sep="\n")


@contextmanager
def console() -> Iterator[Any]:
    """Whoever runs the deployment, at the accounts."""
    from . import plugins
    from .auth.console import Console

    chosen = settings()
    with cluster.running(chosen) as dsn:
        yield Console(chosen, dsn, plugins.load(), language())


kept = typer.Typer(help="How long data are kept (保存期限).", no_args_is_help=True)
app.add_typer(kept, name="retention")


@kept.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be anonymised (试运行).")] = False,
) -> None:
    """Anonymise what is past its time, table by table (清理期满数据)."""
    from . import plugins, retention

    chosen = settings()
    with cluster.running(chosen) as dsn:
        counts = asyncio.run(retention.run(dsn, plugins.load().registers.holdings, clock(), dry_run=dry_run))
    for table, count in counts.items():
        print(f"{table}: {count:,}")
    print("Nothing was changed (试运行)." if dry_run else f"{sum(counts.values()):,} rows anonymised (已匿名化).")


@app.command()
def token(
    role: Annotated[str, typer.Option(help="The role (角色) to act in.")] = "administrator",
    grid: Annotated[str | None, typer.Option(metavar="CODE", help="The grid (网格) to act in.")] = None,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="The unit (单位) to act for.")] = None,
    person: Annotated[str | None, typer.Option(metavar="ID", help="The person (人员) one is, by id.")] = None,
) -> None:
    """Print a token for trying things out (令牌)."""
    chosen = settings()
    if not chosen.development:
        raise Problem("gongzhi token works in development only (GONGZHI_MODE); in production people sign in")
    from . import plugins, tokens

    with cluster.running(chosen) as dsn:
        print(asyncio.run(tokens.issue(chosen, dsn, plugins.load(), role=role, grid=grid, unit=unit, person=person)))


@app.command()
def schema(
    core: Annotated[bool, typer.Option("--core", help="Without the plugins (不含插件).")] = False,
) -> None:
    """Print the GraphQL schema, sorted (模式)."""
    from . import schema

    print(schema.sdl(core=core), end="")


@app.command()
def asyncapi() -> None:
    """Print the AsyncAPI document of all events (事件文档)."""
    import json

    from gongzhi import core

    from . import asyncapi

    print(json.dumps(asyncapi.document(core.EVENTS), indent=2, ensure_ascii=False))


@documents.command("add")
def trust(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="GraphQL documents, or a build tool's manifests.")
    ],
) -> None:
    """Add documents, once they fit the schema, and print their ids (添加); a running server reads them at its start."""
    from . import plugins, schema
    from .gateway.documents import add, validator

    check = validator(schema.build(plugins.load())._schema)
    for hash in add(settings().manifest, files, check):
        print(f"sha256:{hash}")


clocks = typer.Typer(help="Deadlines (时限) and what they bring about.", no_args_is_help=True)
app.add_typer(clocks, name="clocks")


@clocks.command()
def sweep() -> None:
    """Send reminders, close what nobody contests any more, follow new calendars (时限巡检)."""
    from . import plugins, sweeping
    from .app import keyring

    chosen = settings()
    with cluster.running(chosen) as dsn:
        done = asyncio.run(sweeping.once(dsn, clock(), keyring(chosen), plugins.load().apps))
    print(f"{done.reminded} reminders sent (提醒), {done.closed} cases closed (结案).")
    print(f"{done.recounted} cases follow a new calendar (重算).")


statistics = typer.Typer(help="Figures (统计).", no_args_is_help=True)
app.add_typer(statistics, name="statistics")


@statistics.command()
def rebuild() -> None:
    """Count all cases anew (重建统计)."""
    from . import statistics

    with cluster.running(settings()) as dsn:
        print(f"{asyncio.run(statistics.rebuild(dsn)):,} cases counted (已统计).")


@app.command()
def doctor() -> None:
    """Check settings and database (体检)."""
    from . import doctor

    chosen = settings()
    with cluster.running(chosen) as dsn:
        findings = asyncio.run(doctor.examine(chosen, dsn))
    for well, finding in findings:
        print("✓" if well else "✗", finding)
    raise typer.Exit(code=0 if all(well for well, _ in findings) else 1)


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A GraphQL document.")],
    operation: Annotated[str | None, typer.Option(help="Which of its operations, if there are several.")] = None,
    variables: Annotated[str, typer.Option(metavar="JSON", help="Its variables.")] = "{}",
    role: Annotated[str, typer.Option(help="The role (角色) it is asked in.")] = "administrator",
    grid: Annotated[str | None, typer.Option(metavar="CODE", help="The grid (网格) it is asked in.")] = None,
) -> None:
    """Print the one statement an operation becomes, and how PostgreSQL runs it (查询计划)."""
    from . import explain, plugins

    chosen = settings()
    text = file.read_text(encoding="utf-8")
    with cluster.running(chosen) as dsn:
        asyncio.run(explain.show(dsn, plugins.load(), text, operation, variables, role=role, grid=grid))


@keyed.command()
def status() -> None:
    """Count what is under which key (密钥状态)."""
    from . import keys

    chosen = settings()
    with cluster.running(chosen) as dsn:
        found = asyncio.run(keys.status(dsn, keys.keyring(chosen)))
    for name, people in found.people.items():
        print(
            f"{name}{' (current)' if name == found.current else ''}: {people:,} people, "
            f"{found.others[name]:,} files and endpoints"
        )
    raise typer.Exit(code=0 if found.done else 1)


@keyed.command()
def rotate() -> None:
    """Put every protected value under the current key; goes on where it was left (轮换密钥)."""
    from . import keys

    chosen = settings()
    with cluster.running(chosen) as dsn, bars() as report:
        moved = asyncio.run(keys.rotate(dsn, keys.keyring(chosen), report))
    print(f"{moved:,} people moved; earlier keys can be dropped once gongzhi keys status says so.")


@audited.command()
def verify(
    anchors: Annotated[
        list[Path] | None, typer.Option("--anchor", exists=True, dir_okay=False, help="Files of gongzhi audit anchor.")
    ] = None,
) -> None:
    """Prove that nothing was changed, removed or put in another order (核验)."""
    from . import witness

    with cluster.running(settings()) as dsn:
        found = asyncio.run(witness.verify(dsn, anchors or ()))
    print(f"{found.links:,} links, {found.looks:,} looks, {found.acts:,} mutations; {found.loose:,} not chained yet")
    if found.wrong:
        fail(found.wrong)


@audited.command("anchor")
def anchor(
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Add it to this file; else print it.")] = None,
) -> None:
    """Tell the chain's end, to be kept outside of this machine (锚定)."""
    from . import witness

    with cluster.running(settings()) as dsn:
        line = asyncio.run(witness.anchor(dsn, clock()))
    if to is None:
        print(line)
    else:
        with to.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def settings() -> Settings:
    return Settings.read(os.environ)


def furnish(dsn: str, people: int = PEOPLE, today: datetime | None = None, seed: int = SEED) -> None:
    """Load the demo county, showing how far it is."""
    from . import activation, demo, plugins
    from .clock import today as day
    from .keys import keyring

    keys = keyring(settings())
    with bars() as report:
        found = asyncio.run(
            demo.load(dsn, people=people, today=today.date() if today else day(), seed=seed, keys=keys, progress=report)
        )
    trouble.print(
        f"Hanyin (汉阴县): {found.grids:,} grids, {found.people:,} people, {found.cases:,} cases, "
        f"all invented, in {found.seconds:.0f} s"
    )
    asyncio.run(activation.switch(dsn, [one.name for one in plugins.load().found], clock(), undecided=True))
    adorn(dsn, (lambda: today.astimezone(CHINA)) if today else clock)


def adorn(dsn: str, now: Callable[[], datetime]) -> None:
    """Let the plugins add to the demo county what is theirs."""
    from . import errands, plugins

    for plugin, mine in sorted(plugins.load().errands.items()):
        for errand in mine:
            if errand.name == "demo":
                asyncio.run(errands.run(settings(), dsn, plugin, errand, {}, now))


def welcome(dsn: str) -> None:
    """Load the demo county into a database that has nothing in it yet."""
    from . import demo

    if not asyncio.run(demo.loaded(dsn)):
        furnish(dsn)


def divide(dsn: str, files: list[Path], dry_run: bool) -> None:
    """Import divisions and print what came of it."""
    from . import imports

    with bars() as report:
        done = asyncio.run(imports.divisions(dsn, files[0] if len(files) == 1 else files, report, dry_run=dry_run))
    print(done.as_text(language()))


def settle(chosen: Settings, dsn: str, file: Path, dry_run: bool, update: bool) -> None:
    """Import people and households and print what came of it."""
    from . import imports
    from .keys import keyring

    now = clock()
    with bars() as report:
        outcome = imports.residents(
            dsn,
            file,
            keys=keyring(chosen),
            account="console",
            today=now.astimezone(CHINA).date(),
            now=now,
            dry_run=dry_run,
            on_duplicate="update" if update else "skip",
            progress=report,
        )
        done = asyncio.run(outcome)
    print(done.as_text(language()))


def retract(dsn: str, batch: UUID) -> None:
    """Undo an import and print what that took away."""
    from . import imports

    undone = asyncio.run(imports.undo(dsn, batch, clock()))
    print(f"{undone.people} people and {undone.households} households taken back (已撤销).")


@contextmanager
def bars() -> Iterator[Report]:
    """Show a bar for each step of long work."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    steps: dict[str, TaskID] = {}
    with Progress(*columns, console=trouble) as progress:

        def report(step: str, done: int, total: int) -> None:
            if step not in steps:
                steps[step] = progress.add_task(step)
            progress.update(steps[step], completed=done, total=total or None)

        yield report


def language() -> Language:
    """The language of the terminal, as far as we speak it."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if spoken.startswith("zh") else "en"


def main() -> None:
    """Run the command line."""
    obey()
    try:
        app()
    except Problem as problem:
        fail(str(problem))
    except Refusal as refusal:
        fail(refusal.text.say(language()))


def fail(why: str) -> None:
    trouble.print(Text(why, style="bold red"), soft_wrap=True)
    sys.exit(2)


def obey() -> None:
    """Take SIGTERM and a closed terminal like Ctrl-C, so that whatever runs is cleaned up."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # under nohup it is ignored
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
