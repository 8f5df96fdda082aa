"""Changes of the schema: what breaks clients is told apart from what does not, with the documents that it breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import graphql
import pytest
from gongzhi_server.cli import app
from gongzhi_server.errors import Problem
from gongzhi_server.gateway.trusted_documents import document_hash, write_manifest
from gongzhi_server.graphql import schema
from gongzhi_server.testing import INSTALLED, built_graphql_schema
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType
from typer.testing import CliRunner

CASES = "{ cases(first: 1) { nodes { number nickname } } }"
FITTING = "{ cases(first: 1) { nodes { number } } }"
WRONG = "{ nothing }"


@pytest.fixture(scope="module", autouse=True)
def made_once() -> Iterator[None]:
    """Print the schema of today once, and read each text once: both take longer than all that is asked of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "print_sdl", cache(schema.print_sdl))
        patch.setattr(graphql, "build_schema", cache(graphql.build_schema))
        yield


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server's folder, with trusted documents of which one asks for a field that there once was."""
    monkeypatch.setenv("GONGZHI_DATA", str(tmp_path))
    monkeypatch.setenv("GONGZHI_MODE", "development")
    write_manifest(tmp_path / "trusted.json", {document_hash(one): one for one in (CASES, FITTING, WRONG)})
    monkeypatch.setenv("GONGZHI_DOCUMENTS", str(tmp_path / "trusted.json"))
    return tmp_path


def before() -> str:
    """The schema as it was: a field of cases more, a field of units less, an enum with one value less."""
    sdl = schema.print_sdl()
    sdl = sdl.replace("type Case implements Node {\n", "type Case implements Node {\n  nickname: String\n", 1)
    return re.sub(r"(enum CaseKind \{\n)(?:  \"\"\".*?\"\"\"\n)?  COMPLAINT\n", r"\1", sdl, count=1)


def test_nothing_is_different(data: Path) -> None:
    (data / "old.graphql").write_text(f"# As it is, and read anew.\n{schema.print_sdl()}", encoding="utf-8")
    done = CliRunner().invoke(app, ["schema", "diff", str(data / "old.graphql")])
    assert (done.exit_code, done.output) == (0, "")


def test_limits_that_take_less_are_named(data: Path) -> None:
    """Whoever sent what fitted before is refused now, though no document is broken. One that takes more is no news."""
    sdl = schema.print_sdl()
    rating, name = "rating: Int! @constraint(min: 1, max: 5)", "name: String! @constraint(minLength: 1, maxLength: 100)"
    assert rating in sdl and name in sdl
    old = sdl.replace(rating, "rating: Int! @constraint(min: 0, max: 4)").replace(name, "name: String!")
    (data / "old.graphql").write_text(old, encoding="utf-8")
    done = CliRunner().invoke(app, ["schema", "diff", str(data / "old.graphql")])
    assert done.exit_code == 0
    assert "may surprise: RateCaseInput.rating takes less: min is 1, was 0." in done.output.splitlines()
    assert "may surprise: AddGridInput.name takes less: maxLength is 100, was the usual." in done.output.splitlines()
    assert "max is 5" not in done.output


def test_what_breaks_is_named_with_its_documents(data: Path) -> None:
    """The worst first; a document that was wrong before is no news."""
    (data / "old.graphql").write_text(before(), encoding="utf-8")
    (data / "mine.graphql").write_text(CASES + "\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["schema", "diff", str(data / "old.graphql"), str(data / "mine.graphql")])
    assert done.exit_code == 1
    breaks, surprise, *documents = done.output.splitlines()
    assert breaks.startswith("breaks: ") and "Case.nickname" in breaks
    assert surprise.startswith("may surprise: ") and "CaseKind" in surprise
    hash = document_hash(CASES)
    assert [one.split(":")[0] for one in documents] == [
        f"breaks the document {hash}",
        f"breaks the document {document_hash(CASES + chr(10))[:12]} of {data / 'mine.graphql'}",
    ]


def test_what_is_added_is_safe(data: Path) -> None:
    sdl = re.sub(r"\n  \"\"\"[^\"]*\"\"\"\n  unreadNotices: [^\n]*\n", "\n", schema.print_sdl(), count=1)
    (data / "old.graphql").write_text(sdl, encoding="utf-8")
    done = CliRunner().invoke(app, ["schema", "diff", str(data / "old.graphql")])
    assert done.exit_code == 0 and done.output.startswith("is safe: ") and "unreadNotices" in done.output


def test_what_is_no_schema_is_refused(data: Path) -> None:
    (data / "old.graphql").write_text("{", encoding="utf-8")
    with pytest.raises(Problem, match="no GraphQL schema"):
        CliRunner().invoke(app, ["schema", "diff", str(data / "old.graphql")], catch_exceptions=False)


def test_what_is_deprecated_says_until_when() -> None:
    """A reason ends with the first day on which it may be gone: `use x; until 2027-06-30`."""
    fields = [
        (f"{kind.name}.{name}", one.deprecation_reason)
        for kind in built_graphql_schema(INSTALLED).type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType | GraphQLEnumType)
        for name, one in (kind.values if isinstance(kind, GraphQLEnumType) else kind.fields).items()
    ]
    assert [name for name, reason in fields if reason and not re.search(r"; until \d{4}-\d\d-\d\d$", reason)] == []
