"""Stale versions: what a mutation expects a version of is in its payload, so that a conflict can show it."""

from __future__ import annotations

from gongzhi.declare.roots import Mutation
from gongzhi.runtime.commands import COMMAND
from gongzhi_server.commands.payloads import kinds_by_name
from gongzhi_server.commands.refusals import is_one_object
from gongzhi_server.testing import INSTALLED, built_schema

WITHOUT = ("objectToDispatch", "requestClosing", "requestExtension", "requestSuspension", "requestVoiding")
"""Mutations whose payload has what they make, which leads to the case."""


def test_what_is_stale_is_in_the_payload() -> None:
    """Whoever adds a mutation with `expectedVersion` gives its payload the object."""
    expecting, bare = 0, []
    for name, field in built_schema(INSTALLED)._added[Mutation].items():
        command = field.metadata.get(COMMAND)
        asked = (
            {one.python_name for one in command.input.__strawberry_definition__.fields}
            if command and command.input
            else set()
        )
        if "expected_version" not in asked:
            continue
        expecting += 1
        objects = {
            kind.of_type.__entity__.cls for kind in kinds_by_name(command.payload).values() if is_one_object(kind)
        }
        if not objects or command.action and command.action.on not in objects:
            bare.append(name)
    assert expecting > 50 and sorted(bare) == sorted(WITHOUT)
