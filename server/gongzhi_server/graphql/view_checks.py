"""View checks: what plugins declare to be drawn, checked and planned against the schema when it is built."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

import orjson
from gongzhi.declare.entity import PAGE
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.plugin.hooks import About
from gongzhi.plugin.views import View, ViewKind
from gongzhi.values.errors import DeclarationError, Text
from gongzhi.values.labels import split_label
from graphql import GraphQLError, OperationType, get_operation_ast
from graphql.execution.values import get_variable_values

from gongzhi_server.commands.field_labels import name_text, split_words
from gongzhi_server.gateway.interfaces import RequestRefused, Stage
from gongzhi_server.gateway.limits import Limits, measure_document, parse_document
from gongzhi_server.planner import Document, Planner
from gongzhi_server.plugins.contributions import Plugins

from .mutation_forms import MutationForms
from .schema import Schema
from .validation import validate_document
from .view_layout import Told, lay_out_view

SAMPLES = {
    "first": PAGE,
    "id": "Case:00000000-0000-4000-8000-000000000000",
    "grid": "610921",
    "today": "2026-01-01",
    "since": "2025-12-03",
}
"""What stands for the values that a page fills in while a view is planned."""
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class OfferedView:
    """A view as it is told, to whoever holds the permission somewhere."""

    requires: str | None
    told: Told
    forms: tuple[tuple[str | None, Told], ...]
    """The mutations that it offers by itself, each with the permission that it needs."""

    def tell(self, viewer: Viewer) -> Told:
        allowed = [told for permission, told in self.forms if permission is None or viewer.can(permission)]
        return {**self.told, "forms": allowed}


@lru_cache(maxsize=4)  # tests make many servers with one schema
def check_views(plugins: Plugins, schema: Schema) -> Views:
    """Check all views against a schema. Raises Problem for one that does not fit."""
    views = Views(plugins, schema)
    views.check()
    return views


class Views:
    """The views of a schema, which are checked when they are first asked for: that takes longer than most commands."""

    def __init__(self, plugins: Plugins, schema: Schema) -> None:
        self.plugins, self.schema, self.limits = plugins, schema, Limits()
        # Of nobody in particular, so that no field is left out of the plan for want of a permission.
        grant = ViewerGrant("", frozenset(one.name for one in plugins.permissions))
        self.viewer = Viewer(ViewerAccount("views", grants=(grant,)), MOMENT)

    @cached_property
    def planner(self) -> Planner:
        return Planner(self.schema, self.limits)

    @cached_property
    def forms(self) -> MutationForms:
        return MutationForms(self.schema)

    @cached_property
    def offered(self) -> tuple[OfferedView, ...]:
        """All views as they are told."""
        return tuple(self.offer(plugin.name, view) for plugin, view in self.plugins.views)

    def check(self) -> int:
        """Check all views, and return how many there are. Raises Problem naming plugin, view and field."""
        return len(self.offered)

    def select(self, viewer: Viewer) -> str:
        """Write the views that somebody is offered as JSON."""
        offered = [one for one in self.offered if one.requires is None or viewer.can(one.requires)]
        return orjson.dumps([one.tell(viewer) for one in offered]).decode()

    def offer(self, name: str, view: View) -> OfferedView:
        """Check a view, and return it as it is told."""
        plugin = self.plugins.plugin(name)
        try:
            document = self.prepare(view.document)
            told = lay_out_view(view, document, self.forms)
            forms = tuple(self.offer_form(view, one, told["type"]) for one in view.forms)
            self.plan(document)
        except RequestRefused as refused:
            raise plugin.problem(f"the view {view.name!r}: {refused.errors[0].message}") from refused
        except (DeclarationError, GraphQLError) as error:
            raise plugin.problem(f"the view {view.name!r}: {error}") from error
        about = self.plugins.about.get(name, About())
        desk = split_label(about.title) if about.title else Text(split_words(name), split_words(name))
        return OfferedView(
            view.requires,
            {**told, "plugin": name, "always": plugin.always, "desk": {"english": desk.en, "chinese": desk.zh}},
            forms,
        )

    def prepare(self, text: str) -> Document:
        """Parse and validate a document. Raises RequestRefused, GraphQLError or DeclarationError."""
        ast = parse_document(text, self.limits)
        if found := measure_document(ast, self.limits):
            raise RequestRefused(found, Stage.LIMIT)
        if invalid := validate_document(self.planner.schema, ast, self.limits.errors):
            raise invalid[0]
        node = get_operation_ast(ast)
        if node is None or node.operation is not OperationType.QUERY:
            raise DeclarationError("its document is one query")
        return Document(self.planner.schema, ast, node)

    def plan(self, document: Document) -> None:
        """Plan a document as it is asked at first. Raises GraphQLError, or DeclarationError for what costs too much."""
        statement = self.planner.query(document, self.fill_variables(document), self.viewer)
        if statement.errors:
            raise statement.errors[0]
        if statement.cost > self.limits.cost:
            raise DeclarationError(f"it costs {statement.cost} objects, and {self.limits.cost} are allowed")

    def fill_variables(self, document: Document) -> Any:
        """Return the variables of a document as a page fills them in."""
        defined = document.node.variable_definitions or ()
        known = {one.variable.name.value for one in defined}
        samples = {name: value for name, value in SAMPLES.items() if name in known}
        found = get_variable_values(self.planner.schema, defined, samples)
        if isinstance(found, list):
            raise found[0]
        return found

    def offer_form(self, view: View, mutation: str, row: str) -> tuple[str | None, Told]:
        """Return a mutation that a view offers by itself. Raises DeclarationError for a name that nothing has."""
        command = self.forms.command(mutation)
        if command is None:
            raise DeclarationError(f"there is no mutation {mutation!r} to make a form of")
        label = name_text(mutation, self.forms.mutations[mutation].description)
        subject = self.forms.subject(mutation, row) if view.kind is ViewKind.DETAIL else None
        told = {"mutation": mutation, "english": label.en, "chinese": label.zh, "subject": subject}
        return command.requires, told
