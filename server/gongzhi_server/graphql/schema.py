"""Schema: the core's types with the fields that its packages and the plugins add to them."""

from __future__ import annotations

import copy
import enum
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import strawberry
from gongzhi.declare.entity import Entity
from gongzhi.declare.extend import Extension
from gongzhi.declare.filters import Comparison
from gongzhi.declare.orders import Ordering
from gongzhi.declare.plans import DECIDED, PLUGIN
from gongzhi.declare.registers import Registers
from gongzhi.declare.relay import Connection
from gongzhi.declare.roots import Mutation, Query, Subscription
from gongzhi.runtime.actions import Action
from gongzhi.runtime.commands import COMMAND, Command
from gongzhi.values.errors import DeclarationError
from graphql import GraphQLEnumType, GraphQLInputObjectType
from strawberry.exceptions import DuplicatedTypeName
from strawberry.schema.config import StrawberryConfig
from strawberry.schema_directive import Location
from strawberry.types.base import StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.field import StrawberryField

from gongzhi_server._compat import graphql_schema
from gongzhi_server.commands.payloads import check_payload
from gongzhi_server.errors import Fault
from gongzhi_server.planner import Planner
from gongzhi_server.planner.counts import list_dimensions
from gongzhi_server.plugins import loader
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.installed import CORE
from gongzhi_server.startup import pause_collector

from .action_fields import action_fields
from .constraints import constrain_field
from .list_arguments import Labels, complete_field, counts_field, filter_input, label_fields, order_enum
from .node_fields import node_fields
from .scalar_descriptions import describe_scalars

JOINING = {"and", "or", "not"}


@strawberry.schema_directive(
    locations=[
        Location.ENUM_VALUE,
        Location.FIELD_DEFINITION,
        Location.INPUT_FIELD_DEFINITION,
    ],  # sorted: else two print
    description="Which plugin this comes from (来源插件).",
)
class From:
    plugin: str


def print_sdl(*, core: bool = False) -> str:
    """Return the schema as text, sorted: of the core alone, or with the installed plugins."""
    return build_schema(Plugins() if core else loader.load_plugins()).as_str() + "\n"


@pause_collector()  # nearly all that is made stays, and walking over it takes as long as making it
def build_schema(
    installed: Plugins,
    contributions: Iterable[tuple[str, Extension]] = (),
) -> Schema:
    """Build the schema with these plugins. Raises Problem, naming the plugin it cannot be built with."""
    try:
        made = planned_schema([*installed.extensions, *contributions], installed.registers)
    except Exception as error:
        fault = first_fault(error)
        if fault and fault.plugin in {plugin.name for plugin in installed.found}:
            raise installed.plugin(fault.plugin).problem(fault.cause) from error
        # No fault names a plugin: plugins are added one by one
        # until it fails again, and the last one added is to blame.
        for at, plugin in enumerate(installed.found):
            tried = {CORE, *(one.name for one in installed.found[: at + 1])}
            try:
                planned_schema([one for one in installed.extensions if one[0] in tried])
            except Exception as still:
                raise plugin.problem(still) from error
        raise
    # A purpose for a field that is misspelled would never let the plugin read it, so it is refused at the start.
    for name, purpose in installed.purposes:
        kind, _, field = purpose.field.partition(".")
        if field not in getattr(graphql_schema(made).type_map.get(kind), "fields", ()):
            raise installed.plugin(name).problem(f"it has a purpose for {purpose.field!r}, which is no field")
    return made


def planned_schema(contributions: Iterable[tuple[str, Extension]], registers: Registers | None = None) -> Schema:
    """Build a schema and check that all of it can be planned."""
    made = Schema(contributions, registers=registers)
    Planner(made)
    return made


def first_fault(error: BaseException) -> Fault | None:
    """Return the fault behind an error; graphql-core rewords errors that happen while it resolves types."""
    chain: list[BaseException] = []
    found: BaseException | None = error
    # Through causes and contexts: the fault may be wrapped several times.
    while found is not None and found not in chain:  # the causes of some errors run in a circle
        chain.append(found)
        found = found.__cause__ or found.__context__
    return next((one for one in chain if isinstance(one, Fault)), None)


class Schema(strawberry.Schema):
    """A schema of contributions: (plugin, extension) pairs, the core's among them under `CORE`.

    What cannot work is refused with the plugin's name.
    """

    plannable = False
    """Whether a planner has found that all of it can be planned."""

    def __init__(
        self,
        contributions: Iterable[tuple[str, Extension]],
        types: Sequence[type] = (),
        registers: Registers | None = None,
    ) -> None:
        self.registers = registers or Registers()
        self.planned: dict[Hashable, Any] = {}
        """What is kept of documents that were planned for it (`prepared_documents`)."""
        # Sorted, so that the printed schema does not depend on the order in which plugins are loaded.
        config = StrawberryConfig(sort_schema=True, scalar_map=describe_scalars())
        self._named = config.name_converter.from_field
        self._added: dict[type, dict[str, StrawberryField]] = defaultdict(dict)
        self._owner: dict[tuple[type, str], str] = {}
        self._asked: dict[type, dict[str, Comparison]] = defaultdict(dict)
        self._filters: dict[Entity, type | None] = {}
        self._labelled: dict[Entity, Labels] = {}
        self._ordered: dict[type, dict[str, Ordering]] = defaultdict(dict)
        self._orders: dict[Entity, type[enum.Enum] | None] = {}
        for plugin, extension in contributions:
            self._extend(plugin, extension)
        # Of all mutations together: what may be done to a case is told by the core, whoever brings the mutation.
        for target, field in (*action_fields(self._added[Mutation]), *node_fields()):
            self._add(CORE, target, field)
        mutation, subscription = (root if root in self._added else None for root in (Mutation, Subscription))
        try:
            super().__init__(Query, mutation, subscription, types=types, config=config)
        except DuplicatedTypeName as error:
            both = " and ".join(sorted(class_place(one) for one in (error.first_cls, error.second_cls)))
            raise DeclarationError(f"{both} have one GraphQL name") from error
        except TypeError as error:
            if fault := first_fault(error):
                raise fault from None
            raise
        # After the schema is built: each of these looks at, or changes, the finished types.
        self._read_enums_as_members()
        self._leave_unions_to_commands()
        self._check_targets()
        self._check_payloads()

    def comparisons(self, entity: Entity) -> Mapping[str, Comparison]:
        """Return what the lists of an entity can be filtered by in this schema."""
        added = self._asked.get(entity.cls)
        return entity.filter if added is None else {**entity.filter, **added}

    def orderings(self, entity: Entity) -> Mapping[str, Ordering]:
        """Return the orders that plugins add to the lists of an entity in this schema."""
        return self._ordered.get(entity.cls, {})

    def fields_added_by(self, plugin: str) -> Iterable[str]:
        """Return the fields a plugin adds to types of others, such as `Case.visits`."""
        return (
            f"{target.__strawberry_definition__.name}.{name}"  # type: ignore[attr-defined]
            for (target, name), owner in self._owner.items()
            if owner == plugin
        )

    @property
    def actions(self) -> Iterable[Action]:
        """What mutations are done to."""
        commands: Iterable[Command | None] = (one.metadata.get(COMMAND) for one in self._added[Mutation].values())
        return (one.action for one in commands if one and one.action)

    def owner(self, command: Command) -> str | None:
        """Return the plugin a mutation comes from, also as an entry of a batch; None for the core's."""
        return self._command_owners.get((command.name, command.payload))

    @cached_property
    def _command_owners(self) -> Mapping[tuple[str, object], str | None]:
        # Asked for with each command that is given, of some hundreds.
        commands = ((one.metadata.get(COMMAND), one.metadata.get(PLUGIN)) for one in self._added[Mutation].values())
        return {(found.name, found.payload): plugin for found, plugin in commands if found}

    def _extend(self, plugin: str, extension: Extension) -> None:
        """Take in the fields, filters and orders of an extension."""
        for field in extension.fields:
            self._add(plugin, extension.target, field)
        for name, comparison in extension.filter.items():
            self._ask(plugin, extension.target, name, comparison)
        for name, order in extension.order.items():
            self._order(plugin, extension.target, name, order)

    def _add(self, plugin: str, target: type, field: StrawberryField) -> None:
        """Add a field to a type. Raises Fault, naming the plugin."""
        name = self._named(field)
        definition = target.__strawberry_definition__  # type: ignore[attr-defined]
        where = f"{definition.name}.{name}"
        if name in {self._named(known) for known in definition.fields}:
            raise Fault(plugin, f"{where} would replace a field of the type itself")
        if owner := self._owner.get((target, name)):
            raise Fault(plugin, f"{where} is already added by {owner!r}")
        if not field.description:
            raise Fault(plugin, f"{where} has no description")
        field = copy.copy(field)
        if plugin != CORE:
            # Nothing is open by mistake: a plugin must decide who may ask for each of its fields.
            if not field.metadata.get(DECIDED):
                raise Fault(plugin, f"{where} must say who may ask for it: requires=…, or requires=None for all")
            # A failing field becomes null; where it may not, GraphQL makes the whole object null.
            if not isinstance(field.type, StrawberryOptional) and target is not Subscription:
                raise Fault(plugin, f"{where} must be nullable, or its failure would null the whole {definition.name}")
            field.metadata = MappingProxyType({**field.metadata, PLUGIN: plugin})
            field.directives = [*field.directives, From(plugin=plugin)]
        self._owner[target, name] = plugin
        self._added[target][name] = field

    def _ask(self, plugin: str, target: type, name: str, comparison: Comparison) -> None:
        """Add a condition to a type's filter. Raises Fault."""
        where = f"the filter {name!r} of {target.__name__}"
        if name in JOINING or name in target.__entity__.filter:  # type: ignore[attr-defined]
            raise Fault(plugin, f"{where} would replace one of the type itself")
        if name in self._asked[target]:
            raise Fault(plugin, f"{where} is already added by {self._asked[target][name].plugin or CORE!r}")
        if comparison.requires == "":
            raise Fault(plugin, f"{where} must say who may use it: guarded(…, requires=…), or requires=None for all")
        # The core's own are not contained as a plugin's are, nor switched off.
        self._asked[target][name] = replace(comparison, plugin=None if plugin == CORE else plugin)

    def _order(self, plugin: str, target: type, name: str, order: Ordering) -> None:
        """Add an order to a type's lists. Raises Fault."""
        where = f"the order {name!r} of {target.__name__}"
        if name in target.__entity__.order:  # type: ignore[attr-defined]
            raise Fault(plugin, f"{where} would replace one of the type itself")
        if name in self._ordered[target]:
            raise Fault(plugin, f"{where} is already added by {self._ordered[target][name].plugin or CORE!r}")
        self._ordered[target][name] = replace(order, plugin=None if plugin == CORE else plugin)

    def _check_targets(self) -> None:
        """Refuse an extension of a type that nothing returns: it would be silently without effect."""
        owners = {**self._owner, **{(target, ""): plugin for target, plugin in self._askers()}}
        for (target, _), plugin in owners.items():
            name = target.__strawberry_definition__.name  # type: ignore[attr-defined]
            if name not in graphql_schema(self).type_map:
                raise Fault(plugin, f"extends {name}, which nothing in the schema returns")

    def _read_enums_as_members(self) -> None:
        """Let commands have members of enums: sorting the schema makes its enums anew, and they would read texts."""
        for kind in graphql_schema(self).type_map.values():
            definition = kind.extensions.get("strawberry-definition")
            if isinstance(kind, GraphQLEnumType) and definition:
                for value in kind.values.values():
                    value.value = definition.wrapped_cls(value.value)
                kind.__dict__.pop("_value_lookup", None)

    def _leave_unions_to_commands(self) -> None:
        """Let inputs of which exactly one member is given be checked with all the others (`gongzhi.declare.bounds`).

        Strawberry raises an error of its own while the arguments are read, which would be our fault and end a whole
        batch; there, the one entry is refused by its path.
        """
        for kind in graphql_schema(self).type_map.values():
            definition = kind.extensions.get("strawberry-definition")
            if isinstance(kind, GraphQLInputObjectType) and getattr(definition, "is_one_of", False):
                kind.__dict__.pop("out_type", None)

    def _check_payloads(self) -> None:
        """Refuse a mutation whose answer could not be given again."""
        for name, field in self._added[Mutation].items():
            command: Command | None = field.metadata.get(COMMAND)
            if command and not command.repeats:
                try:
                    check_payload(command.payload)
                except DeclarationError as error:
                    raise Fault(self._owner[Mutation, name], str(error)) from error

    def _askers(self) -> Iterable[tuple[type, str]]:
        """Yield who adds conditions and orders to the lists of a type."""
        for ways in (self._asked, self._ordered):
            yield from ((target, one.plugin or CORE) for target, ones in ways.items() for one in ones.values())

    def _filter(self, entity: Entity) -> type | None:
        """Return the filter of an entity in this schema; another schema in the process has one of its own."""
        if entity not in self._filters:
            added = self._asked.get(entity.cls, {})
            self._filters[entity] = filter_input(entity, added, origins(added), self._labels(entity))
        return self._filters[entity]

    def _ordering(self, entity: Entity) -> type[enum.Enum] | None:
        """Return the orders of an entity in this schema."""
        if entity not in self._orders:
            self._orders[entity] = order_enum(entity, origins(self.orderings(entity)), self._labels(entity))
        return self._orders[entity]

    def _labels(self, entity: Entity) -> Labels:
        """Return the labels of an entity's fields in this schema, those that plugins add among them."""
        if entity not in self._labelled:
            own: list[StrawberryField] = entity.cls.__strawberry_definition__.fields  # type: ignore[attr-defined]
            self._labelled[entity] = label_fields([*own, *self._added.get(entity.cls, {}).values()])
        return self._labelled[entity]

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """Return a type's fields with those that were added to it, as Strawberry asks for them."""
        added = self._added.get(type_definition.origin, {}).values()
        fields = [self._complete(field, type_definition) for field in (*type_definition.fields, *added)]
        if type_definition.is_input:
            return [constrain_field(one) for one in fields]
        return [*fields, *self._counts(type_definition)]

    def _counts(self, definition: StrawberryObjectDefinition) -> Iterable[StrawberryField]:
        """Yield the field `counts` of a connection whose rows can be counted by something."""
        entity = getattr(definition.type_var_map.get("T"), "__entity__", None)
        if entity is None or getattr(definition.concrete_of, "origin", None) is not Connection:
            return
        if dimensions := list_dimensions(entity, self.comparisons(entity)):
            added = origins(self._asked.get(entity.cls, {}))
            yield counts_field(entity, dimensions, added, self._labels(entity))

    def _complete(self, field: StrawberryField, definition: StrawberryObjectDefinition) -> StrawberryField:
        """Add the arguments of a list to a field. Raises Fault, naming whose field it is."""
        try:
            return complete_field(field, definition.name, self._filter, self._ordering)
        except DeclarationError as error:
            owner = self._owner.get((definition.origin, self._named(field)), CORE)
            raise Fault(owner, str(error)) from error


def origins(added: Mapping[str, Comparison] | Mapping[str, Ordering]) -> dict[str, list[object]]:
    """Return the directives of what is added to lists: whose it is, if a plugin's."""
    return {name: [From(plugin=one.plugin)] if one.plugin else [] for name, one in added.items()}


def class_place(cls: type | None) -> str:
    """Return where a class is defined."""
    return f"{cls.__module__}.{cls.__qualname__}" if cls else "an unknown type"
