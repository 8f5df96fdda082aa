"""SQL text: reads fragments of it far enough to put them together safely."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from gongzhi.values.errors import DeclarationError

HOLE = "\0"
"""Stands in a fragment where another term is put in."""
# As much of PostgreSQL's lexer as tells what is quoted: parentheses and operators in quotes mean nothing.
TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<comment>--|/\*)|(?P<text>[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*')"
    r"|(?P<quoted>\"(?:[^\"]|\"\")*\")|(?P<dollar>\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$)"
    r"|(?P<word>[^\W\d]\w*)|(?P<number>\$?\d+(?:\.\d+)?)|(?P<cast>::?)|(?P<open>[(\[])|(?P<close>[)\]])"
    r"|(?P<hole>\0)|(?P<dot>\.)|(?P<comma>,)|(?P<end>;)|(?P<sign>[-+*/<>=~!@#%^&|`?]+)",
    re.DOTALL,
)
CLAUSES = frozenset(
    ("select", "from", "where", "order", "group", "having", "limit", "offset", "union", "except", "intersect", "join")
    + ("returning", "asc", "desc", "on", "when", "then", "else", "as")
)
"""Words of a piece of a statement that is no value, and so stands in no parentheses."""
JOINING = frozenset(
    ("and", "or", "not", "is", "in", "like", "ilike", "similar", "between", "isnull", "notnull", "at", "overlaps")
)
"""Words that are operators."""
# Where no operator stands beside a place, nothing can take the term in it apart.
BEFORE = re.compile(r"(?:[(\[,]|\b(?:when|then|else))\s*\Z", re.IGNORECASE)
AFTER = re.compile(r"\s*(?:[)\],]|(?:when|then|else|end)\b)", re.IGNORECASE)
KEPT = 4096
"""Fragments whose reading is remembered; they are written in source, so there are not many."""


@dataclass(frozen=True)
class Token:
    """A piece of text; `kind` is the name of its group in `TOKEN`."""

    kind: str
    text: str

    @property
    def name(self) -> str:
        """What it names, as PostgreSQL folds it; nothing, where it is no name."""
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        return self.text.lower() if self.kind == "word" else ""


def split_tokens(text: str) -> Iterator[Token]:
    """Yield the pieces of a text but for spaces. Raises DeclarationError for comments and strings that do not end."""
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        # A comment would hide what is put after it.
        if found is None or found.lastgroup == "comment":
            raise DeclarationError(f"this SQL cannot be put into other SQL, for {text[at : at + 10]!r}: {text[:80]!r}")
        at = found.end()
        kind = "dollar" if found.lastgroup == "tag" else str(found.lastgroup)
        if kind != "space":
            yield Token(kind, found.group())


def is_loose(text: str) -> bool:
    """Return whether operators stand at the outside of a text, so that what is beside it could take half of it away.

    Raises DeclarationError where parentheses do not close.
    """
    depth, loose, clause = 0, False, False
    before = Token("", "")
    for token in split_tokens(text):
        # After a dot a word is a column's name, whatever else it may mean.
        word = "" if before.kind == "dot" else token.text.lower() if token.kind == "word" else ""
        # A `case … end` holds together as parentheses do.
        if token.kind == "open" or word == "case":
            depth += 1
        elif token.kind == "close" or word == "end":
            depth -= 1
        elif token.kind == "end":
            raise DeclarationError(f"this SQL is more than one statement: {text[:80]!r}")
        elif depth == 0:
            # `is distinct from` is an operator; every other `from` begins a clause.
            clause |= token.kind == "comma" or word in CLAUSES and before.text.lower() != "distinct"
            loose |= token.kind == "sign" or word in JOINING
        # Closed once too often: what it was put into would be closed with it.
        if depth < 0:
            break
        before = token
    if depth:
        raise DeclarationError(f"this SQL has a parenthesis, or a case, that does not close: {text[:80]!r}")
    return loose and not clause


@dataclass(frozen=True)
class Piece:
    """Text, and after it a place for a term; `delimited` if no operator stands beside the place."""

    text: str
    place: str | None
    delimited: bool


Shown = tuple[str, str]
"""The SQL of a term as it is, and as it stands beside an operator."""


@dataclass(frozen=True)
class Template:
    """A fragment with places for terms; `loose` if it needs parentheses where it is put into something else.

    `layout` is the text for `str.format`: each term comes twice, and a place takes the one that it needs.
    """

    pieces: tuple[Piece, ...]
    loose: bool
    layout: str

    def fill(self, shown: Iterable[Shown], named: Mapping[str, Shown]) -> str:
        """Return the text with the terms in their places."""
        if not named:
            return self.layout.format(*chain.from_iterable(shown))
        more = {f"{name}_{at}": text for name, pair in named.items() for at, text in enumerate(pair)}
        return self.layout.format(*chain.from_iterable(shown), **more)


@lru_cache(KEPT)
def read_template(text: str) -> Template:
    """Read a fragment with places such as `{0}` or `{name}`. Raises DeclarationError for one that is no whole."""
    found = [(literal, place) for literal, place, _, _ in string.Formatter().parse(text)]
    pieces = []
    for at, (literal, place) in enumerate(found):
        after = found[at + 1][0] if at + 1 < len(found) else ""
        delimited = bool(BEFORE.search(literal)) and bool(AFTER.match(after))
        pieces.append(Piece(literal, place, delimited))
    whole = "".join(literal + (HOLE if place is not None else "") for literal, place in found)
    return Template(tuple(pieces), is_loose(whole), "".join(map(lay_out_piece, pieces)))


def lay_out_piece(piece: Piece) -> str:
    """Return a piece as `Template.layout` has it."""
    text = piece.text.replace("{", "{{").replace("}", "}}")
    if piece.place is None:
        return text
    form = 0 if piece.delimited else 1
    return text + (f"{{{2 * int(piece.place) + form}}}" if piece.place.isdigit() else f"{{{piece.place}_{form}}}")


@lru_cache(KEPT)
def join_template(word: str, count: int) -> Template:
    """Return a template of so many places with an operator between them."""
    layout = f" {word} ".join(f"{{{2 * at + 1}}}" for at in range(count))
    return Template((), count > 1, layout)


@lru_cache(KEPT)
def is_loose_literal(text: str) -> bool:
    """Return whether a text that holds braces of its own is loose."""
    return is_loose(text)
