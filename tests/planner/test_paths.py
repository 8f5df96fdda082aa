"""Where errors stand: each of a field carries the path to it, whoever answers the field."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import batch, expression
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi.values.errors import Refusal
from gongzhi_server.graphql.schema import Schema

from .bench import Bench
from .sample_plugin import over_core


@batch(requires=None)
async def python(rows: list[Any], context: Any) -> list[str | None]:
    """Fails."""
    raise RuntimeError("it fails")


@batch(requires=None)
async def refused(rows: list[Any], context: Any) -> list[str | None]:
    """Refuses."""
    raise Refusal("BAD_USER_INPUT", "It will not.", "不行。")


@cache
def failing_schema() -> Schema:
    """The core with a plugin that fails in every way; built once, for nothing changes it."""
    fields = {
        "on": expression("Whether it is on.", lambda at: Sql("'x'"), type=str | None, requires=None),
        "python": python,
        "refused": refused,
        "sql": expression("SQL.", lambda at: Sql("(1/0)::text"), type=str | None, requires=None),
        "closed": expression("Closed.", lambda at: Sql("'x'"), type=str | None, requires="nobody.holds"),
    }
    root = expression("At the root.", lambda at: Sql("'x'"), type=str | None, requires="nobody.holds")
    return over_core([("tests", extend(Case, **fields)), ("tests", extend(Query, locked=root))])


@pytest.fixture
def broken(bench: Bench) -> Bench:
    """A bench with it."""
    return bench.over(failing_schema())


PATHS = [
    ('{{ alias: case(number: "{number}") {{ {field} }} }}', ["alias", "{field}"]),
    ("{{ cases {{ nodes {{ {field} }} }} }}", ["cases", "nodes"]),
    ("{{ cases {{ edges {{ node {{ {field} }} }} }} }}", ["cases", "edges"]),
    ("{{ cases {{ nodes {{ timeline {{ case {{ {field} }} }} }} }} }}", ["cases", "nodes"]),
    ('{{ case(number: "{number}") {{ again: timeline {{ case {{ {field} }} }} }} }}', ["case", "again"]),
]


@pytest.mark.parametrize("field", ["python", "refused", "sql", "closed"])
@pytest.mark.parametrize("text, path", PATHS)
async def test_path_leads_to_the_field_or_its_list(broken: Bench, field: str, text: str, path: list[str]) -> None:
    rows = (await broken.data("{ cases { nodes { number on timeline { id } } } }"))["cases"]["nodes"]
    number = next(row["number"] for row in rows if row["on"] and row["timeline"])
    said = await broken.ask(text.format(number=number, field=field))
    assert not said.refused and said.errors
    expected = [step.format(field=field) for step in path]
    assert {tuple(one["path"]) for one in said.errors} == {tuple(expected)}
    assert all(one["locations"] for one in said.errors)
    value: Any = said.data
    for step in expected:
        assert step in value
        value = value[step]


async def test_root_has_a_path(broken: Bench) -> None:
    said = await broken.ask("{ x: locked }")
    assert said.data == {"x": None}
    assert said.errors[0]["path"] == ["x"] and said.codes == ["FORBIDDEN"]
