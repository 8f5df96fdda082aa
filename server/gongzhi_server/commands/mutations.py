"""Mutations: runs a command in one transaction, with its permission, idempotency key and refusals as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from asyncpg.exceptions import DeadlockDetectedError, UniqueViolationError
from gongzhi.core.journal.models import RequestRow
from gongzhi.runtime.commands import Command
from gongzhi.runtime.context import Context
from gongzhi.runtime.tracing import span
from gongzhi.values.errors import Refusal, Refusals
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from gongzhi_server.events.outbox import Outbox
from gongzhi_server.plugins.ownership import acting_as
from gongzhi_server.storage import audit
from gongzhi_server.storage.batched_writes import Write, write_together
from gongzhi_server.storage.lost_answers import seal_answer

from .column_bounds import columns_bound
from .idempotency import END, claim_key, claim_write, key_owner, replay_request, request_mac
from .payloads import objects_in, settle_payload, store_payload
from .refusals import refusal_codes, refusal_result, restore_answer, tell_current
from .transaction import NOWHERE, Transaction

CROSSED = (UniqueViolationError, DeadlockDetectedError)
"""What PostgreSQL says to one of two transactions that cross each other."""
TRIES = 5
"""How often a command is begun that others cross: one of them gets through each time."""


class PermissionDenied(Exception):
    """The viewer holds the permission nowhere."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"This needs the permission {permission!r}.")
        self.permission = permission


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
    try:
        with columns_bound(given), acting_as(call.plugin), span("command", command=command.name):
            return await call.perform(command, given)
    except Refusal as refusal:
        raise tell_current(refusal, call.found) from None


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


def object_ids(payload: Any) -> list[str]:
    """Return the global ids of a payload's objects."""
    return [f"{one.entity.name}:{one.key}" for one in objects_in(payload)]
