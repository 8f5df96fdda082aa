"""The SQL of the operations that matter most, as text: whoever changes it sees what changes.

`GONGZHI_SNAPSHOTS=write` writes it anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from gongzhi_server.testing import ESSENTIAL, built_schema

from .bench import Bench

HERE = Path(__file__).parent / "snapshots"
BREAK = re.compile(r" (?=(?:FROM|WHERE|ORDER BY|HAVING|union all)\b)|(?<=\()(?=(?:SELECT|select)\b)")

LIST = """query List($first: Int = 50) {
  cases(first: $first) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      number title status reportedAt
      requester { name phone }
      grid { code name parent { name } }
      timeline(last: 3) { type at note }
    }
  }
}"""
ONE = """query One($number: String!) {
  case(number: $number) { number title description status requester { name } grid { code name } }
}"""
NESTED = """query Nested {
  grid(code: "610921") {
    name
    children(first: 4) { nodes { name
      children(first: 4) { nodes { name
        children(first: 4) { nodes { name
          cases(first: 4) { nodes { number title
            events(first: 4) { nodes { type at } }
          } }
        } }
      } }
    } }
  }
}"""

SNAPSHOTS = [
    ("list", LIST, {}, "county"),
    ("list", LIST, {}, "worker"),
    ("one", ONE, {"number": "610921202606010000013"}, "county"),
    ("one", ONE, {"number": "610921202606010000013"}, "handler"),
    ("nested", NESTED, {}, "county"),
]


@pytest.mark.parametrize("name, text, variables, viewer", SNAPSHOTS, ids=[f"{one[0]}-{one[3]}" for one in SNAPSHOTS])
async def test_statement_is_as_it_was(
    bench: Bench, name: str, text: str, variables: dict[str, str], viewer: str
) -> None:
    made = bench.over(built_schema(ESSENTIAL))
    await made.data(text, viewer, **variables)
    [(sql, _)] = made.seen
    path = HERE / f"{name}_{viewer}.sql"
    written = BREAK.sub("\n", sql).replace("\n ", "\n") + "\n"
    if os.environ.get("GONGZHI_SNAPSHOTS") == "write":
        path.write_text(written, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == written, "the SQL has changed: look at it, then write it anew"


def test_snapshots_are_all_asked_for() -> None:
    assert {path.stem for path in HERE.glob("*.sql")} == {f"{one[0]}_{one[3]}" for one in SNAPSHOTS}
