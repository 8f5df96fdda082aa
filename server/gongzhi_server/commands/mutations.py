"""Mutations: runs a command in one transaction, with its permission, idempotency key and refusals as data."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import strawberry
from asyncpg.exceptions import DeadlockDetectedError, UniqueViolationError
from gongzhi.core.access.models import LookKind
from gongzhi.core.accounts.models import AccountRow, Belonging, InvitationRow
from gongzhi.core.journal.models import RequestRow
from gongzhi.core.people.models import HouseholdRow, PersonRow
from gongzhi.core.people.protected import reveal_field
from gongzhi.core.plugins.models import ActivationRow
from gongzhi.declare.bounds import check_values
from gongzhi.declare.columns import load_row, remember_row
from gongzhi.declare.entity import Entity
from gongzhi.declare.events import Event
from gongzhi.declare.sql import Bind, Sql
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.commands import TWO_PERSONS, Command, Problem
from gongzhi.runtime.context import Context, FileLook
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.tracing import span
from gongzhi.runtime.waivers import Grantor, Waiver, WaiverRequest
from gongzhi.values.errors import Refusal, Refusals, Text
from pypika_tortoise.dialects.postgresql import PostgreSQLQuery as Query
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import ValueWrapper
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.models import Model
from tortoise.transactions import in_transaction
from uuid6 import uuid7

from gongzhi_server.events.outbox import Outbox, TransactionEvents
from gongzhi_server.planner.parameters import Parameters
from gongzhi_server.planner.rows import Rows
from gongzhi_server.planner.viewer_scope import StatementScope
from gongzhi_server.plugins.installed import is_switched
from gongzhi_server.plugins.ownership import acting_as
from gongzhi_server.storage import audit
from gongzhi_server.storage.batched_writes import Write, write_together
from gongzhi_server.storage.lost_answers import open_answer, seal_answer

from .column_bounds import columns_bound
from .field_labels import field_label
from .payloads import objects_in, restore_payload, settle_payload, store_payload

GRANTING = 5.0
"""Seconds that a plugin may take to say whether it grants a waiver."""
CROSSED = (UniqueViolationError, DeadlockDetectedError)
"""What PostgreSQL says to one of two transactions that cross each other."""
TRIES = 5
"""How often a command is begun that others cross: one of them gets through each time."""
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


WANTED = "@wanted"
"""The variable that holds what a row is looked for by."""
# "On conflict do nothing" makes taking a key atomic: of two equal requests at once the
# second waits for the first to commit, and then finds its row instead of inserting one.
TAKE = (
    "insert into journal.request (id, account, idempotency_key, mutation, mac, at, result) "
    "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing"
)
MEMBERS = "select person_id from people.membership where household_id = any($1) and until is null"
OWNERS = "select person_id from accounts.account where id = any($1) and person_id is not null"
END = "update journal.request set result=$3 where account=$1 and idempotency_key=$2"


class PermissionDenied(Exception):
    """The viewer holds the permission nowhere."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"This needs the permission {permission!r}.")
        self.permission = permission


class Transaction:
    """The `Call` of a command (`gongzhi.runtime.commands`) over an open transaction."""

    def __init__(
        self, context: Context, connection: BaseDBAsyncClient, plugin: str | None = None, outbox: Outbox = NOWHERE
    ) -> None:
        self.context, self.connection, self.plugin = context, connection, plugin
        self.outgoing = TransactionEvents(outbox, context.viewer)
        # Names of the checks that the command has run; one that promises a check and skips it is rolled back.
        self.checks: set[str] = set()
        self.waived: list[str] = []
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
        statement, values = visible_key_statement(entity, self.context, column, wanted, shown)
        found = await self.connection.execute_query_dict(lock_statement(entity.model, entity.key, statement), values)
        if not found:
            raise not_found(entity, path)
        row = load_row(entity.model, found[0])
        # Remembered before anything changes, so that only changed columns are written and the old values are at hand.
        remember_row(row)
        await self.allow(row, path)
        self.note(row)
        return row

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


def visible_key_statement(
    entity: Entity, context: Context, column: str, value: Any, shown: bool
) -> tuple[str, list[Any]]:
    """Return the statement for the key of the row with this value, if the viewer may see it."""
    viewer = context.viewer
    # The text depends on the grants alone, so it is kept with
    # the account's other answers; only values are bound anew.
    known: dict[Any, Any] = viewer.account.answers
    key = visible_key_statement, entity.name, column, shown, viewer.glass is not None
    if key not in known:
        known[key] = build_key_statement(entity, None if shown else StatementScope(viewer, {}), column)
    sql, binds = known[key]
    return sql, [bind.read({WANTED: value}, context) if isinstance(bind, Bind) else bind for bind in binds]


def build_key_statement(entity: Entity, lens: StatementScope | None, column: str) -> tuple[str, tuple[Any, ...]]:
    """Write the statement that finds a visible row by a column, and return its text with what it binds."""
    meta = entity.model._meta
    table = Table(meta.db_table, schema=meta.schema, alias="t")
    rows = Rows(entity, table, lens, None, None)
    wanted = ValueWrapper(Bind(lambda variables, context: variables[WANTED]))
    rows.where(Sql("{0}={1}", table.field(entity.column(column)), wanted))
    parameters = Parameters()
    query = rows.select(table.field(entity.key).as_("key"))
    return query.get_sql(Query.SQL_CONTEXT.copy(parameterizer=parameters)), tuple(parameters.values)


def lock_statement(model: type[Model], key: str, keys: str) -> str:
    """Return the statement that reads and locks the rows with these keys."""
    meta = model._meta
    columns = ",".join(f'r."{column}"' for column in meta.fields_db_projection.values())
    # A union of branches cannot be locked in PostgreSQL, so the visible key
    # is looked up in a subquery and the lock is taken on the table itself.
    return f'select {columns} from "{meta.schema}"."{meta.db_table}" r where r."{key}" in ({keys}) for update of r'


def not_found(entity: Entity, path: Sequence[str]) -> Refusal:
    """Make one refusal for what is not there and for what the viewer may not see, so that neither can be told apart."""
    return Refusal("NOT_FOUND", "There is no such thing, or you may not see it.", "没有找到，或您无权查看。", path)


async def perform_command(
    context: Context, command: Command, given: Any, plugin: str | None = None, outbox: Outbox = NOWHERE
) -> Any:
    """Carry out a command once for its key and return the payload; sent again, it answers as it did.

    `plugin` is whose command it is; None for the core's.
    """
    try:
        account, key = ("", "") if command.repeats else key_owner(context.viewer, given.idempotency_key)
    except Refusal as refusal:
        # Refused before there is a key to keep it under, so nothing is stored.
        return restore_answer(command, refusal_result(command, refusal), context.viewer)
    if command.requires and not context.viewer.can(command.requires):
        raise PermissionDenied(command.requires)
    # Bounds of values are checked before the key is taken: the corrected request may have the same key.
    try:
        check_values(given)
    except Refusals as refusals:
        return restore_answer(command, refusal_result(command, refusals), context.viewer)
    if command.repeats:
        return await perform_repeatable(context, command, given, plugin, outbox)
    mac = request_mac(context, command, given)
    tries = TRIES
    try:
        while True:
            try:
                return await perform_in_transaction(context, command, given, account, key, mac, plugin, outbox)
            except (IntegrityError, DeadlockDetectedError) as error:
                # Somebody did the same at the same moment, and the database let one through. Nothing of this one is
                # left; begun anew, it finds what the other did, and is answered as whoever comes later is.
                tries -= 1
                if not tries or not isinstance(error.__cause__ or error, CROSSED):
                    raise
    except (Refusal, Refusals) as refusal:
        result = refusal_result(command, refusal)
        # The transaction took its own request back with it.
        # Written in a transaction of its own; "on conflict do nothing" leaves an answer
        # alone that an equal request, which was waiting meanwhile, has stored under the key.
        taken = claim_write(account, key, command, mac, context.viewer.now, result)
        await write_together(
            RequestRow._meta.db, taken, audit.act_statement(context.viewer, command.name, codes=refusal_codes(result))
        )
        return restore_answer(command, result, context.viewer)


async def perform_in_transaction(
    context: Context,
    command: Command,
    given: Any,
    account: str,
    key: str,
    mac: bytes,
    plugin: str | None,
    outbox: Outbox,
) -> Any:
    """Carry out a command whose key is not taken, with all that is written of it, and return the payload."""
    # One transaction: what the command writes, its events, the act for
    # the audit and the stored answer commit together or not at all.
    async with in_transaction() as connection:
        request = await claim_key(connection, account, key, command, mac, context.viewer.now)
        if request is not None:
            return replay_request(command, request, mac, context)
        call = Transaction(context, connection, plugin, outbox)
        payload = await run_command(call, command, given)
        writes = call.outgoing.writes()
        # The payload is stored and read back before it is answered, so that the first answer equals every replay.
        kept = store_payload(payload)
        settle_payload(payload, kept)
        kept |= seal_answer(payload, context.receipts, account, key, context.viewer.now)
        ended = Write(END, [account, key, orjson.dumps(kept).decode()])
        people = await call.people_concerned(payload)
        acted = audit.act_statement(context.viewer, command.name, object_ids(payload), call.waived, people)
        # One round trip for the last statements (see "A mutation's
        # statements are counted" in docs/decisions/commands.md).
        await write_together(connection, ended, acted, *writes)
    # Only after the commit: a wake-up before it would find nothing.
    if writes:
        outbox.wake()
    return payload


async def run_command(call: Transaction, command: Command, given: Any) -> Any:
    """Run a command in its transaction, and return its payload."""
    await call.enter()
    with columns_bound(given), acting_as(call.plugin), span("command", command=command.name):
        payload = await command.function(call, given)
    # A skipped check raises here, inside the transaction, so nothing of the command stays.
    require_checks(command, call)
    return payload


def require_checks(command: Command, call: Transaction) -> None:
    """Let nothing be written by a command that left out a check it promises. Raises RuntimeError."""
    if command.two_persons and TWO_PERSONS not in call.checks:
        raise RuntimeError(f"{command.name} takes two persons, and never called require_independence")


async def perform_repeatable(context: Context, command: Command, given: Any, plugin: str | None, outbox: Outbox) -> Any:
    """Carry out a command that has no idempotency key, and return its payload; that it ran is all that is kept."""
    try:
        async with in_transaction() as connection:
            call = Transaction(context, connection, plugin, outbox)
            # Nothing of the payload is stored: it may hold a secret that is answered once.
            payload = await run_command(call, command, given)
            writes = call.outgoing.writes()
            said = [*(one.code for one in payload.errors), *call.waived]
            await write_together(
                connection, audit.act_statement(context.viewer, command.name, object_ids(payload), said), *writes
            )
        if writes:
            outbox.wake()
        return payload
    except (Refusal, Refusals) as refusal:
        result = refusal_result(command, refusal)
        await write_together(
            RequestRow._meta.db, audit.act_statement(context.viewer, command.name, codes=refusal_codes(result))
        )
        return restore_answer(command, result, context.viewer)


async def transact(
    context: Context,
    plugin: str | None,
    action: str,
    objects: Sequence[str],
    work: Callable[[Transaction], Awaitable[Any]],
    outbox: Outbox = NOWHERE,
) -> Any:
    """Do what is no mutation, such as handing out a file, in one transaction with the act that is kept of it."""
    async with in_transaction() as connection:
        call = Transaction(context, connection, plugin, outbox)
        with acting_as(plugin):
            done = await work(call)
        writes = call.outgoing.writes()
        await write_together(connection, audit.act_statement(context.viewer, action, objects), *writes)
    if writes:
        outbox.wake()
    return done


def refusal_result(command: Command, refusal: Refusal | Refusals) -> dict[str, Any]:
    """Return what is stored of a refused request, and answered to it."""
    several = refusal.refusals if isinstance(refusal, Refusals) else (refusal,)
    # A refusal does not know for which input it is said; the label of the field is put in where its path is known.
    said = [(one, one.about(field_label(command.input, one.path))) for one in several]
    return {"errors": [[one.code, text.en, text.zh, list(one.path)] for one, text in said]}


def refusal_codes(result: dict[str, Any]) -> list[str]:
    return [code for code, *_ in result["errors"]]


def object_ids(payload: Any) -> list[str]:
    """Return the global ids of a payload's objects."""
    return [f"{one.entity.name}:{one.key}" for one in objects_in(payload)]


def key_owner(viewer: Viewer, key: str) -> tuple[str, str]:
    """Return the owner of an idempotency key, and the key. A stranger's key must be a UUID."""
    if not 1 <= len(key) <= 100:
        raise Refusal(
            "BAD_USER_INPUT",
            "The idempotency key must have 1 to 100 characters.",
            "幂等键长度应为 1 至 100 个字符。",
            ("idempotencyKey",),
        )
    if viewer.account.name is not None:
        return viewer.account.name, key
    # All strangers share one account, so a key that can be guessed would answer one stranger with another's payload.
    try:
        return "stranger", str(UUID(key))
    except ValueError as error:
        raise Refusal(
            "BAD_USER_INPUT",
            "Without an account the idempotency key must be a UUID.",
            "未登录时幂等键须为 UUID。",
            ("idempotencyKey",),
        ) from error


def request_mac(context: Context, command: Command, given: Any) -> bytes:
    """Compute a MAC of what was asked, so that a key cannot stand for two different requests."""
    asked = {name: value for name, value in vars(given).items() if name != "idempotency_key"}
    text = json.dumps([command.name, asked], default=json_default, sort_keys=True)  # takes integers of any length
    # Keyed by a secret of the deployment: a plain digest of a
    # short input, such as a telephone number, could be guessed.
    return hmac.digest(context.receipts, text.encode(), hashlib.sha256)


def json_default(value: Any) -> Any:
    if value is strawberry.UNSET:
        return None
    return vars(value) if dataclasses.is_dataclass(value) else str(value)


def claim_write(
    account: str, key: str, command: Command, mac: bytes, now: datetime, result: dict[str, Any] | None = None
) -> Write:
    """Build the statement that stores a request under its key; it writes nothing if the key is taken."""
    kept = None if result is None else orjson.dumps(result).decode()
    return Write(TAKE, [uuid7(), account, key, command.name, mac, now, kept])


async def claim_key(
    connection: BaseDBAsyncClient, account: str, key: str, command: Command, mac: bytes, now: datetime
) -> RequestRow | None:
    """Take the key, or find the request that took it; waits for one that is under way."""
    claim = claim_write(account, key, command, mac, now)
    if await connection.execute_query_dict(f"{claim.sql} returning id", list(claim.values)):
        # Without a row from "returning" the key was taken, by a transaction that has committed since.
        return None
    return await RequestRow.get(account=account, idempotency_key=key)


def replay_request(command: Command, request: RequestRow, mac: bytes, context: Context) -> Any:
    """Return the payload of a request that was carried out before; its objects are planned as they are now."""
    # Compared in constant time, as all MACs are.
    if request.mutation != command.name or not hmac.compare_digest(request.mac, mac):
        raise Refusal(
            "IDEMPOTENCY_KEY_REUSED",
            "This key was used for another request; use a new one.",
            "该幂等键已用于其他请求，请更换。",
            ("idempotencyKey",),
        )
    payload = restore_answer(command, request.result or {}, context.viewer)
    open_answer(payload, request, context.receipts, context.viewer.now)
    return payload


def restore_answer(command: Command, result: dict[str, Any], viewer: Viewer) -> Any:
    """Build a payload from what is stored of it, in the caller's language."""
    objects = restore_payload(command.payload, result)
    errors = [
        Problem(code=code, message=Text(en, zh).say(viewer.language), path=path)
        for code, en, zh, path in result.get("errors", ())
    ]
    return command.payload(**objects, errors=errors)
