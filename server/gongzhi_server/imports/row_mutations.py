"""Row mutations: rows of files are inputs of a mutation, so whatever can be added by hand can be added from a table.

Each row is carried out as if the account had sent it: with its permissions, all checks, its act in the audit, and what
needs a second person waits for one. All rows are one transaction, and a row that is refused stops no other.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from gongzhi.core.accounts.rules import CONSOLE
from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi.runtime.commands import COMMAND, ONCE, Command
from gongzhi.runtime.context import Context
from gongzhi.values.codes import CodeError
from gongzhi.values.errors import Refusal, Refusals
from graphql import GraphQLError, GraphQLInputObjectType, get_named_type
from graphql.utilities import coerce_input_value
from strawberry.types.arguments import convert_arguments
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from gongzhi_server._compat import graphql_schema
from gongzhi_server.commands import mutations
from gongzhi_server.commands.field_labels import field_label
from gongzhi_server.commands.idempotency import request_mac
from gongzhi_server.data_folder import write_private
from gongzhi_server.errors import Problem
from gongzhi_server.events.outbox import Outbox
from gongzhi_server.graphql.schema import Schema
from gongzhi_server.labels.collection import DEFINITION
from gongzhi_server.storage import audit
from gongzhi_server.storage.batched_writes import write_together

from .drafts import STEP
from .input_columns import KEY, columns_of, one_list
from .report import Findings, Progress, Report, Stopwatch
from .tables import Table, TableRow, open_table
from .texts import refusal_for, translate_error

KNOWN = "select idempotency_key from journal.request where account = $1 and idempotency_key = any($2)"

Line = tuple[TableRow, dict[str, Any]]
"""A row, and what its cells say, as GraphQL takes it."""
Input = tuple[list[TableRow], Any]
"""An input of the command, and the rows that it was made of."""


class RolledBack(Exception):
    """Nothing is kept: it was a dry run."""


class RowMutation:
    """A mutation whose inputs come from rows; `given` are values that hold for all of them.

    If its input has a list of inputs, the rows are that list, and the file is one mutation.
    """

    def __init__(self, schema: Schema, name: str, given: Mapping[str, str], today: date) -> None:
        root = graphql_schema(schema).mutation_type
        field = root.fields.get(name) if root else None
        form = get_named_type(field.args["input"].type) if field and "input" in field.args else None
        if field is None or not isinstance(form, GraphQLInputObjectType):
            raise Problem(f"{name!r} is no mutation with an input; divisions, residents, addUnit are some to import")
        self.schema, self.form = schema, form
        self.declared = field.extensions[DEFINITION]
        self.command: Command = self.declared.metadata[COMMAND]
        if self.command.two_persons or self.command.repeats:
            raise Problem(f"{name} is for the person whose decision or look it is, and cannot be imported")
        self.plugin = schema.owner(self.command)
        self.list = one_list(form)
        self.given = read_given(form, given, today)
        rows = get_named_type(form.fields[self.list].type) if self.list else form
        assert isinstance(rows, GraphQLInputObjectType)
        self.columns = columns_of(rows, () if self.list else self.given)

    @property
    def secrets(self) -> list[str]:
        """What of the answer is shown once."""
        fields = self.command.payload.__strawberry_definition__.fields  # type: ignore[attr-defined]
        return [field.python_name for field in fields if field.metadata.get(ONCE)]

    def convert(self, values: Mapping[str, Any], account: str) -> Any:
        """Make the command's input. Equal values have one key: imported again, they are answered as they were."""
        text = json.dumps([self.command.name, account, values], sort_keys=True, default=str)
        key = str(uuid5(NAMESPACE_OID, hashlib.sha256(text.encode()).hexdigest()))
        try:
            coerced = coerce_input_value({KEY: key, **values}, self.form)
        except GraphQLError:
            raise refusal_for("VALUE") from None  # its text holds the value
        converter = self.schema.schema_converter
        arguments = self.declared.arguments
        return convert_arguments({"input": coerced}, arguments, converter.scalar_registry, converter.config)["input"]


def read_given(form: GraphQLInputObjectType, given: Mapping[str, str], today: date) -> dict[str, Any]:
    """Read the values that hold for all rows. Raises Problem for what the input does not have."""
    known = {column.name: column for column in columns_of(form)}
    if unknown := given.keys() - known.keys():
        raise Problem(f"--set {min(unknown)}: there is no such field; these are: {', '.join(known)}")
    return {name: known[name].value(text, today) for name, text in given.items()}


@dataclass
class RowImport:
    """An import of one file while it goes on."""

    mutation: RowMutation
    context: Context
    outbox: Outbox
    findings: Findings
    codes: Path | None
    dry_run: bool
    progress: Progress

    async def run(self, file: Path, today: date) -> Report:
        """Import a file. Raises Problem where the account may not do it, Refusal for a file that cannot be read."""
        watch, command = Stopwatch(), self.mutation.command
        if command.requires and not self.context.viewer.can(command.requires):
            raise Problem("this account may not do that anywhere: name one by --as which could do it by hand")
        if self.mutation.secrets and not (self.codes or self.dry_run):
            raise Problem("the answer holds codes that are shown once: name a file for them by --codes")
        with open_table(file, self.mutation.columns) as table:
            inputs = self.make_inputs(table, self.read_rows(table, today))
            added, same = await self.carry_out(table, inputs)
        return Report(
            encoding=table.encoding,
            rows=table.count,
            added=added,
            changed=0,
            skipped=table.count - added - same,
            problems=self.findings.in_order(),
            count=self.findings.tally.total(),
            tally=dict(self.findings.tally),
            seconds=watch.seconds,
            dry_run=self.dry_run,
        )

    def read_rows(self, table: Table, today: date) -> list[Line]:
        """Return the rows whose cells can be read; report the others."""
        return [
            (row, values)
            for row in table.rows(self.findings)
            if (values := self.read_cells(table, row, today)) is not None
        ]

    def read_cells(self, table: Table, row: TableRow, today: date) -> dict[str, Any] | None:
        """Read the cells of a row that are not empty; None if one of them cannot be read."""
        before, values = self.findings.tally.total(), {}
        for column in self.mutation.columns:
            try:
                values[column.name] = column.value(row.cells.get(column.name, ""), today)
            except CodeError as error:
                self.findings.add(table.file, row.line, table.headings.get(column.name, ""), translate_error(error))
            except Refusal as error:
                self.findings.add(table.file, row.line, table.headings.get(column.name, ""), error)
        if self.findings.tally.total() > before:
            return None
        return {name: value for name, value in values.items() if value is not None}

    def make_inputs(self, table: Table, lines: Sequence[Line]) -> list[Input]:
        """Make the command's inputs of the rows; report those that do not fit."""
        name = self.mutation.list
        if name is None:
            asked = [([row], self.mutation.given | values) for row, values in lines]
        elif lines and len(lines) == table.count:
            asked = [([row for row, _ in lines], self.mutation.given | {name: [one for _, one in lines]})]
        else:  # a list counts as a whole, so it is not shortened by what cannot be read
            asked = []
        account, inputs = self.context.viewer.account.name or "", []
        for rows, values in asked:
            try:
                inputs.append((rows, self.mutation.convert(values, account)))
            except Refusal as error:
                self.refuse(table, rows, error)
        return inputs

    async def carry_out(self, table: Table, inputs: Sequence[Input]) -> tuple[int, int]:
        """Carry out what the rows say, in one transaction; return how many were new, and how many were so already."""
        account, new, same = self.context.viewer.account.name or "", [], 0
        keys = [given.idempotency_key for _, given in inputs]
        with suppress(RolledBack):
            async with in_transaction() as connection:
                known = {row["idempotency_key"] for row in await connection.execute_query_dict(KNOWN, [account, keys])}
                for at, (rows, given) in enumerate(inputs, 1):
                    payload = await self.perform(table, rows, given, account)
                    if payload is not None and given.idempotency_key in known:
                        same += len(rows)
                    elif payload is not None:
                        known.add(given.idempotency_key)
                        new.append((rows, payload))
                    if at % STEP == 0 or at == len(inputs):
                        self.progress("write", at, len(inputs))
                if self.dry_run:
                    raise RolledBack
                if new:
                    await self.record(connection)
                # Before the commit: codes that nobody has would be worth nothing.
                if self.codes:
                    write_codes(self.codes, self.mutation, table, new)
        return sum(len(rows) for rows, _ in new), same

    async def record(self, connection: BaseDBAsyncClient) -> None:
        """Have the audit know that the account did not do it by itself: its acts are the console's as well."""
        viewer = Viewer(ViewerAccount(CONSOLE), self.context.viewer.now)
        act = audit.act_statement(viewer, "importRows", [f"Account:{self.context.viewer.account.id}"])
        await write_together(connection, act)

    async def perform(self, table: Table, rows: Sequence[TableRow], given: Any, account: str) -> Any:
        """Carry out the command for one input and return its payload; None where it is refused, which is reported."""
        command, plugin = self.mutation.command, self.mutation.plugin
        mac = request_mac(self.context, command, given)
        try:
            # A savepoint: a refused row leaves nothing, and its key is free for when it is corrected.
            return await mutations.perform_in_transaction(
                self.context, command, given, account, given.idempotency_key, mac, plugin, self.outbox
            )
        except Refusals as several:
            for error in several.refusals:
                self.refuse(table, rows, error)
        except Refusal as error:
            self.refuse(table, rows, error)
        return None

    def refuse(self, table: Table, rows: Sequence[TableRow], error: Refusal) -> None:
        """Report why the command is refused, at the row and column that it names."""
        places = [int(one) for one in error.path if one.isdecimal()]
        row = rows[places[0]] if self.mutation.list and places and places[0] < len(rows) else rows[0]
        heading = next((table.headings[one] for one in reversed(error.path) if one in table.headings), "")
        text = error.about(field_label(self.mutation.command.input, error.path))
        self.findings.add(table.file, row.line, heading, Refusal(error.code, text.en, text.zh))


def write_codes(
    file: Path, mutation: RowMutation, table: Table, done: Sequence[tuple[Sequence[TableRow], Any]]
) -> None:
    """Write what is shown once, beside what its row says, for who set up the accounts; nobody else may read it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*table.headings.values(), *mutation.secrets])
    for (row, *_), payload in done:
        cells = (row.cells.get(name, "") for name in table.headings)
        writer.writerow([*cells, *(getattr(payload, name) for name in mutation.secrets)])
    write_private(file, text.getvalue(), "utf-8-sig")
