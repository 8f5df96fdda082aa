"""The page for frontends shows operations that the schema answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "plugins" / "party.md"
BLOCK = re.compile(r"^```(graphql|json)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_operations_of_the_page_are_valid(plugins: Any) -> None:
    from gongzhi_server.testing import built_graphql_schema
    from graphql import parse, validate
    from graphql.execution.values import get_variable_values

    schema, before = built_graphql_schema(plugins), None
    found = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(found) > 8
    for kind, text in found:
        if kind == "json":
            assert before is not None
            definitions = before.definitions[0].variable_definitions
            values = get_variable_values(schema, definitions, json.loads(text))
            assert not isinstance(values, list), values
        else:
            before = parse(text)
            assert validate(schema, before) == [], text
