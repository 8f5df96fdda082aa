"""Account administration: the console that `gongzhi account` works through, also for the first administrator."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from gongzhi.core.accounts.commands import (
    AddAccountInput,
    SetAccountSuspensionInput,
    add_account,
    set_account_suspension,
)
from gongzhi.core.accounts.grant_commands import GrantRoleInput, grant_role
from gongzhi.core.accounts.models import AccountKind
from gongzhi.core.accounts.rules import CONSOLE, canonical_name
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.runtime.commands import COMMAND
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Language, Refusal

from gongzhi_server.auth.assembly import WRITERS
from gongzhi_server.auth.passwords import Passwords, check_new_password
from gongzhi_server.auth.sign_in_notices import FACTOR_REMOVED, PASSWORD_BY_OPERATOR, tell_owner
from gongzhi_server.auth.stored_passwords import store_password
from gongzhi_server.clock import CHINA, clock
from gongzhi_server.commands import mutations
from gongzhi_server.commands.reactions import ReactionTable
from gongzhi_server.configuration import receipts_secret
from gongzhi_server.errors import Problem
from gongzhi_server.identities.commands import LinkIdentityInput, link_identity
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database
from gongzhi_server.storage.fingerprints import confirm_secrets

LISTED = """
select a.name, a.kind, a.suspended_at is not null suspended, g.code grid,
  coalesce(array_agg(h.role || coalesce(' ' || hg.code, ' ' || u.code, '') order by h.since, h.id)
    filter (where h.proposed_at is null and h.since <= $1 and (h.until is null or h.until > $1)), '{}') roles
from accounts.account a
left join grids.grid g on g.id = a.grid_id
left join accounts.holding h on h.account_id = a.id
left join grids.grid hg on hg.id = h.grid_id
left join units.unit u on u.id = h.unit_id
group by a.id, g.code order by a.name
"""
REMOVE_FACTOR = """
delete from second_factors.factor f using accounts.account a where a.id = f.account_id and a.name = $1 returning a.id
"""


class Console:
    """The console of the deployment: it holds every permission everywhere, so the rules of accounts allow it all."""

    def __init__(self, settings: Settings, dsn: str, plugins: Plugins, language: Language) -> None:
        self.settings, self.dsn, self.plugins = settings, dsn, plugins
        everything = frozenset(one.name for one in plugins.permissions)
        self.viewer = Viewer(ViewerAccount(CONSOLE, grants=(ViewerGrant(CONSOLE, everything),)), clock(), language)

    def add(self, name: str, kind: str, grid: str | None, role: str | None) -> str | None:
        """Add an account, with a role in its grid, and return the code to set its password with. Raises Problem."""
        given = {"name": name, "kind": AccountKind(kind.upper()), "grid": grid}
        code: str | None = asyncio.run(self._perform(add_account, AddAccountInput, **given)).code
        if role:
            self.grant(name, role, grid, None, None)
        return code

    def grant(self, name: str, role: str, grid: str | None, unit: str | None, until: datetime | None) -> None:
        """Give a role, `until` the end of a day in China. Raises Problem."""
        # The last day counts as a whole, so the role ends at midnight in China.
        end = until.replace(tzinfo=CHINA) + timedelta(days=1) if until else None
        given = {"account": canonical_name(name), "role": role, "grid": grid, "unit": unit, "until": end}
        asyncio.run(self._perform(grant_role, GrantRoleInput, **given))

    def suspend(self, name: str, suspended: bool) -> None:
        """Suspend an account, or let it in again. Raises Problem."""
        account = canonical_name(name)
        # The version is read for the caller: the console has not shown one that could be outdated.
        version = asyncio.run(self._value("select version from accounts.account where name=$1", account)) or 0
        given = {"account": account, "expected_version": version, "suspended": suspended}
        asyncio.run(self._perform(set_account_suspension, SetAccountSuspensionInput, **given))

    def link(self, name: str, issuer: str, subject: str) -> None:
        """Let an account sign in by an identity provider. Raises Problem."""
        given = {"account": canonical_name(name), "issuer": issuer, "subject": subject}
        asyncio.run(self._perform(link_identity, LinkIdentityInput, **given))

    def password(self, name: str, password: str) -> None:
        """Set a password; every session ends. Raises Problem, and Refusal for a password that is too easy."""
        plain = check_new_password(password, canonical_name(name), "password")
        asyncio.run(self._set_password(canonical_name(name), plain))

    def remove_factor(self, name: str) -> None:
        """Take the second factor of an account away. Raises Problem."""
        asyncio.run(self._remove_factor(canonical_name(name)))

    def lines(self) -> Iterable[str]:
        """Yield the accounts, one a line."""
        for row in asyncio.run(self._rows()):
            where = f"  {row['grid']}" if row["grid"] else ""
            state = "  suspended (已停用)" if row["suspended"] else ""
            yield f"{row['name']}  {row['kind'].lower()}{where}{state}  {', '.join(row['roles']) or '-'}"

    async def _perform(self, mutation: Any, form: type, **given: Any) -> Any:
        """Carry out a command with what is not None. Raises Problem for what it refuses."""
        told = {name: value for name, value in given.items() if value is not None}
        # Commands run as over GraphQL, with all their rules, so the console cannot do what they forbid.
        asked = form(idempotency_key=str(uuid4()), **told)
        viewer, settings = self.viewer, self.settings
        context = Context(
            viewer,
            await confirm_secrets(self.dsn, settings),
            receipts_secret(settings),
            refuse_on_console,
            refuse_on_console,
            refuse_on_console,
            held=self.plugins.held,
            holders=self.plugins.holders,
            registers=self.plugins.registers,
            reactions=ReactionTable(self.plugins.reactions),
            guarded=self.plugins.guarded,
            civic=self.plugins.civic,
        )
        async with database.open_tortoise(database.tortoise_config(self.dsn, self.plugins.apps, 1)):
            payload = await mutations.perform_command(context, mutation.metadata[COMMAND], asked)
        if payload.errors:
            raise Problem("; ".join(f"{'.'.join(error.path or ())}: {error.message}" for error in payload.errors))
        return payload

    async def _set_password(self, name: str, password: str) -> None:
        """Set the password of a person's account, and tell its owner."""
        pool, passwords = await database.open_writers(self.dsn, WRITERS), Passwords()
        try:
            account = await pool.fetchval("select id from accounts.account where name=$1 and kind='PERSON'", name)
            if account is None:
                raise Problem("there is no person's account with this name; gongzhi account list shows them")
            await store_password(pool, account, await passwords.hash(password), self.viewer.now)
            await tell_owner(pool, account, PASSWORD_BY_OPERATOR, self.viewer.now, CONSOLE)
        finally:
            passwords.close()
            await pool.close()

    async def _remove_factor(self, name: str) -> None:
        """Take the second factor away, and tell the owner."""
        async with database.connect_database(self.dsn) as connection, connection.transaction():
            account = await connection.fetchval(REMOVE_FACTOR, name)
            if account is None:
                raise Problem("there is no account with this name and a second factor")
            await tell_owner(connection, account, FACTOR_REMOVED, self.viewer.now, CONSOLE)

    async def _value(self, sql: str, *values: Any) -> Any:
        """Read one value."""
        async with database.connect_database(self.dsn) as connection:
            return await connection.fetchval(sql, *values)

    async def _rows(self) -> Any:
        """Read the accounts with the roles they hold."""
        async with database.connect_database(self.dsn) as connection:
            return await connection.fetch(LISTED, self.viewer.now)


async def refuse_on_console(*_: Any) -> Any:
    """Refuse: what the command line does needs none of this."""
    raise Refusal(
        "FORBIDDEN", "This is not done from the command line: sign in for it.", "命令行不支持此操作，请登录后办理。"
    )
