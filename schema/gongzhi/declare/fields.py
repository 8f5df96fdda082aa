"""Fields: what a declared field of a GraphQL type is."""

from __future__ import annotations

from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField


class Declared(StrawberryField):
    """A field whose annotation is read when all names in it are known.

    While a class is made, `dataclasses` asks its fields for their types three times. An annotation that stands there
    as text cannot be evaluated yet: its names are those of a module, which the field is told of afterwards. Strawberry
    would parse and try each time, which is a sixth of what a server takes to start.
    """

    _early: StrawberryAnnotation | None = None
    """What `dataclasses` found in the class."""

    @property
    def type(self) -> Any:
        """The type; its text while the names in it are not known."""
        early = self._early
        if (
            early
            and early is self.type_annotation
            and early.namespace is None
            and isinstance(early.raw_annotation, str)
        ):
            return early.raw_annotation
        return self.resolve_type()

    @type.setter
    def type(self, type_: Any) -> None:
        self.type_annotation = self._early = StrawberryAnnotation.from_annotation(type_)
