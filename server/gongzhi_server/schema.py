"""The GraphQL schema: the core's types with the fields that its rooms and the plugins add to them."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Sequence

import strawberry
from gongzhi import core
from gongzhi.entity import complete
from gongzhi.errors import DeclarationError
from gongzhi.extend import Extension
from gongzhi.plans import DECIDED
from gongzhi.roots import Mutation, Query, Subscription
from strawberry.exceptions import DuplicatedTypeName
from strawberry.schema.config import StrawberryConfig
from strawberry.schema_directive import Location
from strawberry.types.base import StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.field import StrawberryField

from . import plugins

CORE = "core"


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION], description="Which plugin a field comes from (来源插件)."
)
class From:
    plugin: str


def sdl(*, core: bool = False) -> str:
    """The schema as text, sorted: of the core alone, or with the installed plugins."""
    return Schema(() if core else plugins.load().extensions).as_str() + "\n"


class Schema(strawberry.Schema):
    """Contributions are (plugin, extension) pairs; what cannot work is refused with the plugin's name."""

    def __init__(self, contributions: Iterable[tuple[str, Extension]] = (), types: Sequence[type] = ()) -> None:
        config = StrawberryConfig(sort_schema=True)
        self._named = config.name_converter.from_field
        self._added: dict[type, dict[str, StrawberryField]] = defaultdict(dict)
        self._owner: dict[tuple[type, str], str] = {}
        for extension in core.EXTENSIONS:
            self._extend(CORE, extension)
        for plugin, extension in contributions:
            self._extend(plugin, extension)
        mutation, subscription = (root if root in self._added else None for root in (Mutation, Subscription))
        try:
            super().__init__(Query, mutation, subscription, types=[*core.TYPES, *types], config=config)
        except DuplicatedTypeName as error:
            raise DeclarationError(f"{error.first_cls} and {error.second_cls} have one GraphQL name") from error
        self._check_targets()

    def _extend(self, plugin: str, extension: Extension) -> None:
        for field in extension.fields:
            self._add(plugin, extension.target, field)

    def _add(self, plugin: str, target: type, field: StrawberryField) -> None:
        name = self._named(field)
        definition = target.__strawberry_definition__  # type: ignore[attr-defined]
        where = f"{definition.name}.{name} from plugin {plugin!r}"
        if name in {self._named(known) for known in definition.fields}:
            raise DeclarationError(f"{where} would replace a field of the type itself")
        if owner := self._owner.get((target, name)):
            raise DeclarationError(f"{where} is already added by {owner!r}")
        if not field.description:
            raise DeclarationError(f"{where} has no description")
        field = copy.copy(field)
        if plugin != CORE:
            if not field.metadata.get(DECIDED):
                raise DeclarationError(f"{where} must say who may ask for it: requires=…, or requires=None for all")
            if not isinstance(field.type, StrawberryOptional) and target is not Subscription:
                raise DeclarationError(
                    f"{where} must be nullable, or its failure would null the whole {definition.name}"
                )
            field.directives = [*field.directives, From(plugin=plugin)]
        self._owner[target, name] = plugin
        self._added[target][name] = field

    def _check_targets(self) -> None:
        for (target, _), plugin in self._owner.items():
            name = target.__strawberry_definition__.name  # type: ignore[attr-defined]
            if name not in self._schema.type_map:
                raise DeclarationError(f"plugin {plugin!r} extends {name}, which nothing in the schema returns")

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        added = self._added.get(type_definition.origin, {}).values()
        return [complete(field, type_definition.name) for field in (*type_definition.fields, *added)]
