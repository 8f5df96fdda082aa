"""What a declared field of a GraphQL type is."""

from __future__ import annotations

from typing import Any

from strawberry.types.field import StrawberryField


class Declared(StrawberryField):
    """A field whose annotation is read when all names in it are known.

    While a class is made, `dataclasses` asks its fields for their types three times. An annotation that stands there
    as text cannot be evaluated yet: its names are those of a module, which the field is told of afterwards. Strawberry
    would parse and try each time, which is a sixth of what a server takes to start.
    """

    @property
    def type(self) -> Any:
        """The type; its text while the names in it are not known."""
        annotation = self.type_annotation
        if annotation and annotation.namespace is None and isinstance(annotation.raw_annotation, str):
            return annotation.raw_annotation
        return self.resolve_type()

    @type.setter
    def type(self, type_: Any) -> None:
        StrawberryField.type.fset(self, type_)  # type: ignore[attr-defined]
