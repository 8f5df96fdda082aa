"""Row imports: opens the application for rows that are inputs of a mutation, as the account that they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gongzhi.core.accounts.rules import canonical_name
from gongzhi.declare.viewer import Viewer

from gongzhi_server.app import create_app
from gongzhi_server.auth.account_lookup import Accounts
from gongzhi_server.auth.claims import ByName
from gongzhi_server.clock import CHINA, clock
from gongzhi_server.errors import Problem
from gongzhi_server.imports.report import ALL, Findings, Progress, Report
from gongzhi_server.imports.row_mutations import RowImport, RowMutation
from gongzhi_server.plugins import loader
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database
from gongzhi_server.storage.fingerprints import confirm_secrets

from .terminal import terminal_language


async def import_rows(
    chosen: Settings,
    dsn: str,
    name: str,
    files: Sequence[Path],
    account: str,
    given: Mapping[str, str],
    codes: Path | None,
    dry_run: bool,
    progress: Progress,
) -> list[Report]:
    """Carry a mutation out for each row of these files, as an account; return a report a file. Raises Problem."""
    installed, now = loader.load_plugins(), clock()
    await database.migrate_apps(dsn, installed.apps)
    keys = await confirm_secrets(dsn, chosen)
    # The whole application without its background work, so that nothing is checked less than over HTTP.
    app = create_app(chosen, dsn, clock, installed, background=False, keys=keys)
    async with app.router.lifespan_context(app):
        runtime, today = app.state.runtime, now.astimezone(CHINA).date()
        loaded = await Accounts(runtime.shares.sessions, installed.held).load(ByName(canonical_name(account)), now)
        if loaded is None:
            raise Problem(f"--as {account}: there is no such account, or it is suspended; see gongzhi account list")
        context = runtime.context(Viewer(loaded.account, now, terminal_language()))
        mutation = RowMutation(runtime.schema, name, given, today)
        reports = []
        for file in files:
            rows = RowImport(mutation, context, runtime.outbox, Findings(ALL), codes, dry_run, progress)
            reports.append(await rows.run(file, today))
        return reports
