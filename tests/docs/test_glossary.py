"""The glossary: every identifier that it names by hand is in the schema."""

from __future__ import annotations

import re

from graphql import GraphQLNamedType, build_schema

from .pages import ALL, ROOT


def members(kind: GraphQLNamedType) -> set[str]:
    return {*(getattr(kind, "fields", None) or getattr(kind, "values", None) or {})}


def test_identifiers_exist() -> None:
    page = ALL["docs/glossary.md"].read_text(encoding="utf-8")
    schema = build_schema((ROOT / "schema" / "full.graphql").read_text(encoding="utf-8"), no_location=True)
    known = {*schema.type_map} | {f"{name}.{one}" for name, kind in schema.type_map.items() for one in members(kind)}
    known |= {one for kind in (schema.query_type, schema.mutation_type) if kind for one in members(kind)}
    rows = [line for line in page.partition("<!-- terms")[0].splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`([\w.]+)`", row)
        assert named, row
        assert [one for one in named if one not in known] == [], row
