"""No command looks at who may do something to a row, or at its state, and declares no action: but those named here."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from gongzhi.runtime.commands import COMMAND, Command
from gongzhi_server.testing import INSTALLED, built_schema

LOOKS = ("not_allowed(", "ILLEGAL_TRANSITION", ".may(", "require_independence(", "check_version(")
"""What a command that declares nothing asks for itself."""
EXCEPT = {
    "files of people and households go through no states": {
        *("addMember", "addPanelist", "appointOfficer", "assignHelper", "confirmIncome", "contestServiceTier"),
        *("declareNeeds", "foundVolunteerGroup", "grantAward", "inviteResident", "nameRepresentative", "recordVisit"),
        *("removeMember", "requestPartyHelper", "seatInCouncil", "updateHousehold", "updatePerson"),
    },
    "whoever may make such a key, which hangs on all that the roles of its account may": {
        *("rotateApiKey", "setApiKeyPublicKeys"),
    },
    "a code or a receipt is the right to it, which no list has": {
        *("checkInToActivity", "confirmPhone", "leavePhone", "revealPhone"),
    },
    "what a household may do would tell of it that it is watched over": {"proposeWatch", "requestWatch"},
    "it is about somebody, and names what it is made under": {
        *("applyForLoan", "applyForService", "claimPoints", "recordPurchasedService", "registerDeputy"),
    },
}


def test_every_command_that_looks_declares_it() -> None:
    """A name that is missing here is of a command that needs an `action`; one too many has got one."""
    schema: Any = built_schema(INSTALLED)._schema
    found = {name for name, field in schema.mutation_type.fields.items() if is_undeclared(field)}
    assert found == set().union(*EXCEPT.values())


def is_undeclared(field: Any) -> bool:
    """Whether a mutation names a row, looks at who may or at a state, and declares no action."""
    command: Command = field.extensions["strawberry-definition"].metadata[COMMAND]
    fields = field.args["input"].type.of_type.fields.items()
    names_row = any(str(one.type) == "ID!" or (name, str(one.type)) == ("number", "String!") for name, one in fields)
    if command.action or not names_row:
        return False
    text = "".join(inspect.getsource(one) for one in called_functions(command.function))
    return any(look in text for look in LOOKS)


def called_functions(function: Any, seen: set[Any] | None = None) -> Iterator[Any]:
    """A function of ours and those that it calls by their names."""
    seen = set() if seen is None else seen
    if not inspect.isfunction(function) or function in seen or not function.__module__.startswith("gongzhi"):
        return
    seen.add(function)
    yield function
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Name):
            yield from called_functions(function.__globals__.get(node.id), seen)
