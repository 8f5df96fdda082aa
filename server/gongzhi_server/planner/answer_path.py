"""Answer path: where in an answer a field or its rows stand, for the errors that they may carry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from graphql import GraphQLError, GraphQLField, GraphQLList, get_nullable_type
from graphql.execution.collect_fields import FieldDetailsList


class AnswerPath:
    """The path from the root of an answer to the field being compiled, by its keys.

    Behind a list it ends at the list: what goes wrong there goes wrong on all its rows, and no index is the one.
    """

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._end: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The path that an error of this field carries."""
        return tuple(self._keys[: self._end])

    @property
    def exact(self) -> bool:
        """Whether the path leads to the field itself, and to one place only."""
        return self._end is None

    @contextmanager
    def step(self, key: str, of: GraphQLField | None = None) -> Iterator[None]:
        """Go into a field, and back at the end of the block."""
        before = self._end
        self._keys.append(key)
        # Only the outermost list ends the path; lists further in lie behind it already.
        if before is None and of is not None and isinstance(get_nullable_type(of.type), GraphQLList):
            self._end = len(self._keys)
        try:
            yield
        finally:
            self._keys.pop()
            self._end = before


@dataclass(frozen=True)
class AnswerPlace:
    """The place of rows in an answer. Behind a list it is where the list stands, and no path leads into it."""

    path: tuple[str | int, ...]
    exact: bool = True

    @classmethod
    def of(cls, path: Sequence[str | int]) -> AnswerPlace:
        """Return the place of a row; of one in a list, that of the list."""
        cut = next((at for at, step in enumerate(path) if isinstance(step, int)), None)
        return cls(tuple(path[:cut]), cut is None)

    def locate(self, error: GraphQLError) -> GraphQLError:
        """Return an error of a statement for rows with its path from the root of the answer."""
        path = (*self.path, *(error.path or ())) if self.exact else self.path
        cause, extensions = error.original_error, error.extensions
        return GraphQLError(error.message, error.nodes, path=path, original_error=cause, extensions=extensions)


def response_key(details: FieldDetailsList) -> str:
    """Return the name that a field has in the answer."""
    node = details[0].node
    return node.alias.value if node.alias else node.name.value
