"""Transaction: what a command has at hand while it runs, over one open transaction."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.access.models import LookKind
from gongzhi.core.accounts.models import AccountRow, Belonging, InvitationRow
from gongzhi.core.people.models import HouseholdRow, PersonRow
from gongzhi.core.people.protected import reveal_field
from gongzhi.core.plugins.models import ActivationRow
from gongzhi.declare.bounds import read_input
from gongzhi.declare.columns import load_row, remember_row
from gongzhi.declare.entity import Entity, Ref
from gongzhi.declare.events import Event
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.actions import Action
from gongzhi.runtime.checks import is_given
from gongzhi.runtime.commands import TWO_PERSONS, Command, check_version
from gongzhi.runtime.context import Context, FileLook
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.waivers import Grantor, Waiver, WaiverRequest
from gongzhi.values.errors import Refusal, Refusals
from strawberry import UNSET
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model
from tortoise.transactions import in_transaction

from gongzhi_server.errors import Fault
from gongzhi_server.events.outbox import Outbox, TransactionEvents
from gongzhi_server.plugins.installed import is_switched
from gongzhi_server.plugins.ownership import acting_as

from .payloads import objects_in
from .row_lookup import WHEN, WHO, not_found, row_lookup

log = logging.getLogger("gongzhi")

GRANTING = 5.0
"""Seconds that a plugin may take to say whether it grants a waiver."""
NOWHERE = Outbox()
"""The outbox of a transaction that tells nobody anything."""
# Raw SQL, since whoever acts in several counties may enter if any of them has switched the
# plugin on. A grid above the counties has no county of its own and so meets every activation.
ENTERED = """
select exists(
    select from plugins.activation a where a.plugin = $1 and a.until is null and a.active and (
        $2::int[] is null or exists(
            select from grids.grid g where g.id = any($2) and coalesce(g.county_id, a.county_id) = a.county_id
        )
    )
) as on
"""
MEMBERS = "select person_id from people.membership where household_id = any($1) and until is null"
OWNERS = "select person_id from accounts.account where id = any($1) and person_id is not null"


class Transaction:
    """The `Call` of a command (`gongzhi.runtime.commands`) over an open transaction."""

    command: Command | None = None
    given: Any = None
    """The command that it is for, and its input; None for what is no command."""
    acted = False
    """Whether the command has found a row of its action."""

    def __init__(
        self, context: Context, connection: BaseDBAsyncClient, plugin: str | None = None, outbox: Outbox = NOWHERE
    ) -> None:
        self.context, self.connection, self.plugin = context, connection, plugin
        self.outgoing = TransactionEvents(outbox, context.viewer)
        # Names of the checks that the command has run; one that promises a check and skips it is rolled back.
        self.checks: set[str] = set()
        self.waived: list[str] = []
        # Shared with all that take part: what a stale version is told of.
        self.found: list[Ref] = []
        # Whom the command is done to, for the audit: collected
        # from what it locks, so that no command has to declare it.
        self.persons: set[UUID] = set()
        self.households: set[UUID] = set()
        self.accounts: set[UUID] = set()

    @property
    def viewer(self) -> Viewer:
        return self.context.viewer

    @property
    def now(self) -> datetime:
        return self.context.viewer.now

    async def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return await self.connection.execute_query_dict(sql, list(values))

    async def find(self, cls: type, *path: str, shown: bool = False, **value: Any) -> Any:
        """Lock a row that the viewer may see and return it."""
        entity: Entity = cls.__entity__  # type: ignore[attr-defined]
        [(column, wanted)] = value.items()
        action = self.action_on(cls, path)
        lookup = row_lookup(entity, self.context, column, shown, action)
        found = await self.fetch(lookup.lock.sql, *lookup.lock.values(wanted, self.context))
        if not found:
            raise not_found(entity, path)
        if lookup.ask:
            [asked] = await self.fetch(lookup.ask.sql, *lookup.ask.values(wanted, self.context))
            found[0] |= asked
        unmet = found[0].pop(WHO, None), found[0].pop(WHEN, None)
        row = load_row(entity.model, found[0])
        self.found.append(Ref(entity, row.pk))
        # Remembered before anything changes, so that only changed columns are written and the old values are at hand.
        remember_row(row)
        await self.allow(row, path)
        if action:
            self.require(action, row, unmet, path, shown)
        self.note(row)
        return row

    def action_on(self, cls: type, path: Sequence[str]) -> Action | None:
        """Return the action of the command, if it is done to the row of this type that the input names at the path."""
        action = self.command.action if self.command else None
        if action is None or action.on is not cls or action.field not in (None, *path[:1]):
            return None
        return action

    def require(
        self, action: Action, row: Any, unmet: tuple[int | None, int | None], path: Sequence[str], shown: bool
    ) -> None:
        """Refuse a row that does not meet the action of the command, or that has changed since it was seen."""
        self.acted = True
        who, when = unmet
        if who is not None and not shown:
            raise action.who[who].refusal(row, path)
        expected = getattr(self.given, "expected_version", UNSET)
        if is_given(expected):
            check_version(row, expected)
        if when is not None:
            raise action.when[when].refusal(row, path)

    async def perform(self, command: Command, input: Any) -> Any:
        """Carry out a command, and let nothing of it stay if it left out a check that it promises."""
        # Only now: a request that is sent again is answered as it was, whatever the limits are by then.
        input = read_for_command(self, command, input)
        # A copy shares the transaction and all that is collected for its end; checks are the command's own.
        inner = copy.copy(self)
        inner.command, inner.given, inner.acted, inner.checks = command, input, False, set()
        payload = await command.function(inner, input)
        if command.two_persons and TWO_PERSONS not in inner.checks:
            raise RuntimeError(f"{command.name} takes two persons, and never called require_independence")
        if command.action and not inner.acted:
            raise RuntimeError(f"{command.name} has an action, and never found a {command.action.on.__name__}")
        return payload

    def note(self, row: Model) -> None:
        """Remember whom a row stands for: what a command locks of people is what it is done to."""
        if isinstance(row, PersonRow):
            self.persons.add(row.id)
        elif isinstance(row, AccountRow):
            self.accounts.add(row.id)
        elif isinstance(row, Belonging | InvitationRow) and row.account_id is not None:
            self.accounts.add(row.account_id)
        elif isinstance(row, InvitationRow) and row.person_id is not None:
            self.persons.add(row.person_id)
        elif isinstance(row, HouseholdRow):
            self.households.add(row.id)

    def concern(self, *people: UUID) -> None:
        """Add people to those whom the audit names as concerned."""
        self.persons.update(people)

    async def people_concerned(self, payload: Any) -> set[UUID]:
        """Return everybody this was done to: people, the members of households, and the holders of accounts."""
        made = {one.key for one in objects_in(payload) if one.entity.name == "Person"}
        members = await self.fetch(MEMBERS, list(self.households)) if self.households else []
        owners = await self.fetch(OWNERS, list(self.accounts)) if self.accounts else []
        return self.persons | made | {row["person_id"] for row in (*members, *owners)}

    async def allow(self, row: Model, path: Sequence[str]) -> None:
        """Refuse a plugin's command on a row of a county that has not switched the plugin on."""
        county = getattr(row, "county_id", None)
        if self.plugin is not None and county is not None and not await is_on(self.plugin, county):
            raise self.plugin_inactive(path)

    async def enter(self) -> None:
        """Refuse a plugin's command to whoever acts only where it is not switched on."""
        if self.plugin is None or not is_switched(self.plugin):
            # A grant without a grid (everywhere, or for a unit) is
            # bound to no county; rows are checked again when found.
            return
        grants = self.viewer.account.grants
        grids = None if any(one.grid is None for one in grants) or not grants else [one.grid for one in grants]
        if not (await self.fetch(ENTERED, self.plugin, grids))[0]["on"]:
            raise self.plugin_inactive(())

    def plugin_inactive(self, path: Sequence[str]) -> Refusal:
        return Refusal(
            "PLUGIN_INACTIVE",
            f"The plugin {self.plugin!r} is not switched on in this county.",
            f"本县未启用插件 {self.plugin!r}。",
            path,
        )

    async def disclose(self, person: Model, field: str) -> list[str]:
        assert isinstance(person, PersonRow)
        declared = orjson.loads(self.context.published)["dataPurposes"]
        said = {one["field"]: one["purpose"] for one in declared if one["plugin"] == self.plugin}
        purpose = said.get(field)
        # The look is written first: whoever may not read the value is on record as having tried.
        kind, reason = LookKind.REVEAL, f"{self.plugin}: {purpose}"
        if self.plugin and purpose is None:
            kind, reason = LookKind.READ, f"{self.plugin}: refused, no purpose is declared"
        await self.context.look(FileLook([person.id], [field], reason[:200], kind))
        if self.plugin and purpose is None:
            raise PermissionError(f"the plugin {self.plugin!r} has declared no purpose for {field}")
        return await reveal_field(self.context.keys, person, field)

    def publish(self, happened: Event, row: Model | None = None, id: UUID | None = None) -> None:
        self.outgoing.publish(happened, row, id)

    def enqueue(
        self, job: BackgroundJob, key: str, *, at: datetime | None = None, row: Model | None = None, **arguments: Any
    ) -> None:
        self.outgoing.enqueue(job, key, at, row, arguments)

    def write_last(self, sql: str, *row: Any) -> None:
        self.outgoing.write_last(sql, row)

    @asynccontextmanager
    async def attempt(self, about: str) -> AsyncIterator[None]:
        told, waived = self.outgoing.mark(), len(self.waived)
        try:
            # Within the transaction that is open this is a savepoint.
            async with in_transaction():
                yield
        # Whatever else goes wrong is no matter of this row: the database is away, or the job itself is at fault.
        except (Refusal, Refusals, Fault) as error:
            self.outgoing.rewind(told)
            del self.waived[waived:]
            tell_once(about, describe_refusal(error))

    async def waive(self, waiver: Waiver, row: Model, about: str) -> str | None:
        county, request = getattr(row, "county_id", None), WaiverRequest(waiver, row, about)
        for plugin, grantor in self.context.grantors.get(waiver.name, ()):
            # Grantors are asked in order, and the first that grants
            # ends the search: a waiver needs one reason, not all.
            if (plugin is None or await is_on(plugin, county)) and (by := await self.ask(plugin, grantor, request)):
                self.waived.append(waiver.name)
                return by
        return None

    def as_plugin(self, plugin: str | None) -> Transaction:
        """Return this transaction as a plugin has it that takes part in another's command.

        It discloses what the plugin has a purpose for, and checks that are made by it are not the command's.
        """
        # A shallow copy shares connection, outbox and the people
        # concerned; only what belongs to the plugin is its own.
        own = copy.copy(self)
        own.plugin, own.checks = plugin, set()
        return own

    async def ask(self, plugin: str | None, grantor: Grantor, request: WaiverRequest) -> str | None:
        """Have a grantor answer in this transaction on behalf of its plugin.

        Raises RuntimeError, which names the plugin, if it fails: without an
        answer the command can neither go on nor be refused.
        """
        # A plugin that hangs would keep the locks of the row, so
        # its answer has a deadline; the core's grantors have none.
        try:
            with acting_as(plugin):
                async with asyncio.timeout(GRANTING if plugin else None):
                    return await grantor.function(self.as_plugin(plugin), request)
        except (Refusal, Refusals):
            raise
        except Exception as error:
            raise RuntimeError(f"the plugin {plugin!r} failed to answer for {request.waiver.name}") from error

    def may(self, permission: str, row: Model) -> bool:
        # Answered from the row's own columns, without a query.
        grants = [grant for grant in self.viewer.account.grants if permission in grant.permissions]
        return any(
            grant.everywhere
            or (grant.kind is not None and getattr(row, f"{grant.kind.lower()}_id", None) == grant.grid)
            or (grant.unit is not None and getattr(row, "lead_unit_id", None) == grant.unit)
            for grant in grants
        )


async def is_on(plugin: str, county: int | None) -> bool:
    """Return whether a plugin is on in a county; outside of any county only those count that are always on."""
    return not is_switched(plugin) or (
        county is not None and await ActivationRow.exists(plugin=plugin, county_id=county, until=None, active=True)
    )


def describe_refusal(error: Refusal | Refusals | Fault) -> str:
    """Return why something was not done, without the text: that may hold somebody's values."""
    if isinstance(error, Fault):
        return f"plugin {error.plugin!r}: {error.cause}"
    return ", ".join(one.code for one in (error.refusals if isinstance(error, Refusals) else [error]))


@lru_cache(10_000)  # a job finds it again each time, until somebody mends it
def tell_once(about: str, why: str) -> None:
    """Log that a job could not do something to a row; once in a process."""
    log.warning("a job left out %s: %s; the others are done, and it is tried again with each run", about, why)


def read_for_command(call: Transaction, command: Command, input: Any) -> Any:
    """Return an input as its command gets it. Raises Refusals for all that is wrong with it."""
    try:
        return read_input(input)
    except Refusals as several:
        found = {one.path: one for one in several.refusals}
    try:
        # What is wrong by the limits may be so for the form as well; it is said once.
        if command.form:
            command.form(call, input)
    except Refusal as refusal:
        found.setdefault(refusal.path, refusal)
    except Refusals as several:
        found |= {one.path: one for one in several.refusals if one.path not in found}
    raise Refusals(list(found.values()))
