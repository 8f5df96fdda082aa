"""Trusted documents: those the operator has added, and those that clients send by their hash (persisted queries).

The first are trusted: they may be of any size, and a deployment can answer nothing else. The second are Apollo's
automatic persisted queries, which save bytes and protect nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any, NamedTuple

from graphql import GraphQLSchema, validate

from gongzhi_server.errors import Problem

from .error_codes import Code, coded_error
from .interfaces import RequestRefused, Stage
from .limits import Limits, parse_document
from .request import Malformed, Request

__all__ = ["DocumentStore", "FoundDocument", "add_documents", "load_documents", "document_validator"]

HASH = re.compile(r"[0-9a-f]{64}")
PREFIX = "sha256:"
APOLLO = "apollo-persisted-query-manifest"
STORE = 10_000_000
OVERHEAD = 300  # bytes that a kept document takes besides its text


class FoundDocument(NamedTuple):
    """The document of a request."""

    text: str
    trusted: bool = False
    keep: str | None = None
    """The hash to keep it under once it has proved valid."""


class DocumentStore:
    """Finds the document of a request. `only`: nothing but trusted ones; `store`: bytes for persisted queries."""

    def __init__(self, trusted: Mapping[str, str] | None = None, only: bool = False, store: int = STORE) -> None:
        self.trusted = dict(trusted or {})
        self.only = only
        self.store = 0 if only else store
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0

    def find(self, request: Request) -> FoundDocument:
        """Find the document of a request.

        Raises RequestRefused for one unknown or not allowed, Malformed for a contradiction.
        """
        if request.document is not None:
            return self._find_trusted(request.document, request)
        if request.extensions and (persisted := request.extensions.get("persistedQuery")) is not None:
            return self._find_persisted(persisted, request.query)
        if not self.trusted and not self.only:
            return FoundDocument(request.query)
        return self._whole(request.query)

    def keep(self, hash: str, text: str) -> None:
        """Keep a valid document under its hash, the least recently used ones forgotten for it."""
        size = len(text.encode()) + OVERHEAD
        if hash in self._kept or size > self.store:
            return
        self._kept[hash] = text
        self._bytes += size
        # Bounded by bytes: a few long documents take as much as many short ones.
        while self._bytes > self.store:
            self._bytes -= len(self._kept.popitem(last=False)[1].encode()) + OVERHEAD

    def _find_trusted(self, identifier: str, request: Request) -> FoundDocument:
        """Find a document by its id."""
        if request.query:
            raise Malformed("Send a documentId or a query, not both.")
        text = self.trusted.get(identifier.removeprefix(PREFIX)) if identifier.startswith(PREFIX) else None
        if text is None:
            message = "There is no trusted document of this documentId, which is sha256: and 64 hexadecimal digits."
            raise RequestRefused([coded_error(Code.PERSISTED_QUERY_NOT_FOUND, message)], Stage.OPERATION)
        return FoundDocument(text, True)

    def _find_persisted(self, persisted: Any, query: str) -> FoundDocument:
        """Find a document by a hash of Apollo's persisted queries, whose clients expect these very messages."""
        hash = persisted_hash(persisted)
        if text := self.trusted.get(hash):
            if query and query != text:
                raise Malformed("provided sha does not match query")
            return FoundDocument(text, True)
        # Anybody could otherwise have their own document answered under the hash of another.
        if query and not compare_digest(document_hash(query), hash):
            raise Malformed("provided sha does not match query")
        if not self.store:
            if query:
                return self._whole(query)
            raise RequestRefused(
                [coded_error(Code.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")], Stage.OPERATION
            )
        if query:
            # Kept only once it has proved valid.
            return FoundDocument(query, keep=hash)
        if hash not in self._kept:
            raise RequestRefused(
                [coded_error(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")], Stage.OPERATION
            )
        self._kept.move_to_end(hash)
        return FoundDocument(self._kept[hash])

    def _whole(self, text: str) -> FoundDocument:
        """Find a document that was sent whole; refuse it where only trusted ones are answered."""
        trusted = document_hash(text) in self.trusted
        if self.only and not trusted:
            message = "Only documents that the operator has added are answered here (gongzhi documents add)."
            raise RequestRefused([coded_error(Code.QUERY_NOT_IN_SAFELIST, message)], Stage.OPERATION)
        return FoundDocument(text, trusted)


def persisted_hash(persisted: Any) -> str:
    """Return the hash in `extensions.persistedQuery`. Raises Malformed."""
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise Malformed("Unsupported persisted query version")
    hash = persisted.get("sha256Hash")
    if not isinstance(hash, str) or not HASH.fullmatch(hash):
        raise Malformed("extensions.persistedQuery.sha256Hash is 64 hexadecimal digits, in lower case.")
    return hash


def document_hash(text: str) -> str:
    """Return the hash of a document. Lone surrogates are hashed too, and refused later as no valid document."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load_documents(path: Path) -> dict[str, str]:
    """Load the trusted documents of a manifest by their hashes; none if there is no such file. Raise Problem."""
    return read_manifest(path) if path.exists() else {}


def add_documents(path: Path, files: Iterable[Path], check: Callable[[str], None]) -> dict[str, str]:
    """Add GraphQL files, and manifests of clients' build tools, to the manifest at `path`; return what was added.

    `check` raises RequestRefused for a document that is not valid. Nothing is written unless all of them are.
    """
    known = load_documents(path)
    given = {hash: (text, file) for file in files for hash, text in read_documents(file).items() if hash not in known}
    for text, file in given.values():
        try:
            check(text)
        except RequestRefused as refused:
            reasons = " ".join(each.message for each in refused.errors)
            raise Problem(f"{file}: {reasons}") from None
    added = {hash: text for hash, (text, _) in given.items()}
    if added:
        write_manifest(path, known | added)
    return added


def document_validator(schema: GraphQLSchema) -> Callable[[str], None]:
    """Return a check for `add_documents`: a document fits the schema, whatever its size."""

    def check(text: str) -> None:
        if errors := validate(schema, parse_document(text, Limits().trusted_limits)):
            raise RequestRefused(errors, Stage.VALIDATION)

    return check


def read_documents(file: Path) -> dict[str, str]:
    """Read the documents of a file by their hashes. The text of a GraphQL file counts as it is, to the last blank."""
    if file.suffix == ".json":
        return read_manifest(file)
    try:
        text = read_file(file).decode()
    except UnicodeDecodeError:
        raise Problem(f"{file} is no text in UTF-8; save it anew as UTF-8") from None
    return {document_hash(text): text}


def read_manifest(file: Path) -> dict[str, str]:
    """Read the documents of a manifest: ours and Relay's (hash to text), or Apollo's."""
    try:
        entries = json.loads(read_file(file))
        if isinstance(entries, dict) and entries.get("format") == APOLLO:
            entries = {each["id"]: each["body"] for each in entries["operations"]}
        if not all(isinstance(text, str) for text in entries.values()):
            raise TypeError
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Problem(f"{file} is no manifest: a JSON object of hashes and documents, or Apollo's format") from None
    found = {name.removeprefix(PREFIX): text for name, text in entries.items()}
    for hash, text in found.items():
        # Hashes are checked once here, so that serving may trust them.
        if document_hash(text) != hash:
            raise Problem(f"{file}: the id {hash[:80]!r} is not the SHA-256 of its document; make the manifest anew")
    return found


def read_file(file: Path) -> bytes:
    """Read a file of documents. Raises Problem, which names it: many are given by hand, and none holds a secret."""
    try:
        return file.read_bytes()
    except OSError as problem:
        # Apart from what is no manifest: a file that may not be read can be a good one.
        raise Problem(f"{file} cannot be read ({problem.strerror}); let the server's account read it") from None


def write_manifest(path: Path, documents: Mapping[str, str]) -> None:
    """Write the manifest, complete or not at all."""
    # Written beside and renamed: a server that reads meanwhile sees the old file or the new one.
    part = path.with_name(path.name + ".part")
    listed = {PREFIX + hash: documents[hash] for hash in sorted(documents)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        os.replace(part, path)
    except OSError as problem:
        raise Problem(f"{path} cannot be written ({problem.strerror})") from None
