"""Prepared documents: parsed, measured and validated once, and kept with what they were planned as."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from graphql import get_operation_ast

from gongzhi_server.caching import Cache
from gongzhi_server.gateway import limits
from gongzhi_server.gateway.error_codes import Code, coded_error
from gongzhi_server.gateway.interfaces import RequestRefused, Stage
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.planner import Document, Planner
from gongzhi_server.planner.document import PLANNED

from .answers import merge_errors
from .schema import Schema
from .validation import validate_document

FEW = 1_000
"""Steps of planning that are taken at once; what needs more is planned in a thread."""


class PreparedDocuments:
    """Prepared documents within so many bytes, with what they have been planned as."""

    def __init__(self, prepare: Callable[[str, str | None], Document], most: int) -> None:
        self._prepare, self.kept = prepare, Cache[tuple[str, str | None], Document](most)

    def recall(self, text: str, name: str | None) -> Document | None:
        """Return the document, or None if it is not kept."""
        return self.kept.get((text, name))

    def find(self, text: str, name: str | None) -> Document:
        """Return the document, and prepare it if it is not kept."""
        return self.recall(text, name) or self._make_document(text, name)

    def _make_document(self, text: str, name: str | None) -> Document:
        made, key = self._prepare(text, name), (text, name)

        # A document grows with each statement, so it is weighed again whenever it does.
        def keep(document: Document) -> None:
            self.kept.put(key, document, document.size + 2 * len(text))

        made.keep = keep
        keep(made)
        return made


class PlannedDocuments:
    """The planner of a schema under these limits, and the documents that it has planned.

    All of it follows from the two, so engines of one schema share it: see `shared_documents`.
    """

    def __init__(self, schema: Schema, bounds: Limits) -> None:
        self.limits, self.planner = bounds, Planner(schema, bounds)
        # Tried first, on the event loop: nearly all operations take few steps, and a thread costs more than they do.
        self.brief = self.planner.limit_steps(FEW)
        self.kept = {
            (trusted, stranger): self._open_cache(trusted, stranger)
            for trusted in (False, True)
            for stranger in (False, True)
        }
        """Strangers have caches of their own, so what they send drives out nobody else's."""

    def _open_cache(self, trusted: bool, stranger: bool) -> PreparedDocuments:
        """Make the cache of trusted or untrusted, strangers' or others' documents."""
        _, most = self.limits.setting("cache", stranger)
        bounds = self.limits.trusted_limits if trusted else self.limits
        # One document has an eighth of the cache at most, so that one with many shapes does not drive out the rest.
        return PreparedDocuments(partial(self.prepare_document, bounds, most=most // 8), most)

    def prepare_document(self, bounds: Limits, text: str, name: str | None, most: int = PLANNED) -> Document:
        """Parse, measure and validate a document. Raises RequestRefused."""
        schema = self.planner.schema
        ast = limits.parse_document(text, bounds)
        # Measured before it is validated: rules of validation take time that grows faster than the document.
        if found := limits.measure_document(ast, bounds):
            raise RequestRefused(found, Stage.LIMIT)
        if invalid := validate_document(schema, ast, self.limits.errors):
            raise RequestRefused(merge_errors(invalid), Stage.VALIDATION)
        node = get_operation_ast(ast, name)
        if node is None:
            message = "The document has no operation of this operationName." if name else "Name the operation to run."
            raise RequestRefused([coded_error(Code.OPERATION_RESOLUTION_FAILURE, message)], Stage.OPERATION)
        return Document(schema, ast, node, most=most)


def shared_documents(schema: Schema, bounds: Limits) -> PlannedDocuments:
    """Return what the engines of this schema under these limits share."""
    found: PlannedDocuments | None = schema.planned.get(bounds)
    if found is None:
        found = schema.planned[bounds] = PlannedDocuments(schema, bounds)
    return found
