"""First request: what a document costs that nobody has sent before, until there is a statement to send.

Run it from the root of the repository: `python -m benchmarks.first`. It parses, measures, validates and plans documents
of several sizes, each time with a text of its own, beside graphql-js, which parses and validates them and plans
nothing. It needs no database, prints, and writes nothing.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import orjson
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.values.codes import Kind
from gongzhi_server.clock import clock
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.graphql.schema import build_schema
from gongzhi_server.plugins.loader import essential_plugins
from rich.console import Console
from rich.table import Table

from . import npm
from .bars import verdict
from .plugin import CONTRIBUTIONS
from .questions import DOCUMENTS

BAR = 1.5
"""How many times the time of graphql-js ours may be."""
ROUNDS = 30
MULTIPLES = (1, 2, 4, 8)
PART = """a{at}: cases(first: 5) {{
  nodes {{ number title status reportedAt requester {{ name }} grid {{ code name }} }}
}}"""
VARIABLES: Mapping[str, dict[str, Any]] = {"list": {"first": 50}, "point": {"number": "1"}, "nested": {"code": "1"}}


def documents() -> dict[str, str]:
    """Return the documents by their names: those of the benchmark, and one that grows."""
    known = {name: (DOCUMENTS / f"{name}.graphql").read_text() for name in VARIABLES}
    grown = {f"{many} lists": f"{{ {' '.join(PART.format(at=at) for at in range(many))} }}" for many in MULTIPLES}
    return {**known, **grown}


def measure(console: Console) -> dict[str, dict[str, float]]:
    """Print the milliseconds of each document in the middle round, beside those of graphql-js."""
    plugins = essential_plugins()
    schema = build_schema(plugins, CONTRIBUTIONS)
    asked = documents()
    theirs = [one / 1000 for one in parse_by_node(schema.as_str(), list(asked.values()))]
    engine = GraphQLEngine(schema, unread, unread)  # type: ignore[arg-type]  # nothing is run
    grant = ViewerGrant("county_dispatcher", plugins.held("county_dispatcher"), grid=1, kind=Kind.COUNTY)
    viewer = Viewer(ViewerAccount("benchmark", grants=(grant,)), clock())
    found: dict[str, dict[str, float]] = {}
    table = Table("document", "characters", "prepared ms", "planned ms", "graphql-js ms", "ratio", f"bar {BAR} ×")
    for (name, text), other in zip(asked.items(), theirs, strict=True):
        rounds = [once(engine, viewer, f"{text}#{at}", VARIABLES.get(name, {})) for at in range(ROUNDS)]
        prepared, planned = (statistics.median(times) for times in zip(*rounds, strict=True))
        ratio = (prepared + planned) / other
        found[name] = {"prepared": round(prepared, 2), "planned": round(planned, 2), "graphql-js": round(other, 2)}
        figures = f"{len(text):,}", f"{prepared:.2f}", f"{planned:.2f}", f"{other:.2f}", f"{ratio:.1f} ×"
        table.add_row(name, *figures, verdict(ratio <= BAR))
    console.print(table)
    return found


def once(engine: GraphQLEngine, viewer: Viewer, text: str, variables: dict[str, Any]) -> tuple[float, float]:
    """Return the milliseconds of the processor that preparing and planning a document take."""
    begun = time.thread_time()
    document = engine.prepare(text, None)
    prepared = time.thread_time()
    engine.planner.query(document, engine.coerce_variables(document, variables), viewer)
    return 1000 * (prepared - begun), 1000 * (time.thread_time() - prepared)


def parse_by_node(sdl: str, texts: list[str]) -> list[float]:
    """Return the microseconds that graphql-js takes to parse and validate each."""
    task = orjson.dumps({"sdl": sdl, "documents": texts, "rounds": ROUNDS})
    command = [str(npm.NODE), str(npm.SOURCE / "first.cjs")]
    done = subprocess.run(command, input=task, env=npm.environment(), capture_output=True, check=True)
    return list(orjson.loads(done.stdout))


async def unread(*given: Any) -> Any:
    """Refuse to read: documents are only planned here."""
    raise RuntimeError("nothing is read")


if __name__ == "__main__":
    sys.exit(not measure(Console(highlight=False)))
