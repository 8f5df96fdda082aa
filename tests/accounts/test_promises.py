"""Which commands take two persons, which concern somebody, and what residents may: lists that people review."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gongzhi.runtime.commands import COMMAND, TWO_PERSONS, Command
from gongzhi_server.commands.transaction import Transaction
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import INSTALLED, built_schema

ROOT = Path(__file__).resolve().parents[2]
TWO = {
    "accept_purchased_service",
    "answer_tie_as_helped",
    "answer_tie_as_helper",
    "approve_disbursement",
    "confirm_emergency",
    "confirm_grant",
    "confirm_identity",
    "confirm_matter_meeting",
    "confirm_safety_hazard",
    "confirm_watch",
    "decide_approval",
    "decide_form_objection",
    "decide_open_dataset",
    "decide_points_claim",
    "decide_points_objection",
    "decide_review",
    "decide_safety_objection",
    "decide_watch_contest",
    "decide_whistle",
    "print_invitation",
    "refuse_bulk_export",
    "release_bulk_export",
    "review_error_exemption",
    "review_legal_entry",
    "rule_on_objection",
    "sign_disclosure",
    "vote_on_points_claim",
}
"""Decisions on what another person did. Add a command here when you declare it with `two_persons=True`."""

SOMETIMES = {
    "revoke_grant": "only a data-protection officer's role takes two to end",
    "set_account_suspension": "only a data-protection officer's account takes two to suspend",
}
"""Commands that ask for a second person in some cases alone, each with the reason."""

PROMISES = re.compile(
    r"second person|two persons|by two\b|somebody other than"
    r"|somebody else (wrote|declared|gave|has prepared|made|linked)"
    r"|somebody else's export|never one's own|as a peer|第二人|双人",
    re.IGNORECASE,
)
FIRST = {
    "assess_watch": "it proposes, and confirmWatch decides",
    "call_whistle": "it asks, and decideWhistle decides",
    "deliver_purchased_service": "it says what was delivered, and acceptPurchasedService decides",
    "declare_emergency": "it asks, and confirmEmergency decides",
    "grant_role": "it proposes, and confirmGrant decides",
    "invite_account": "it asks, and printInvitation decides",
    "invite_resident": "it asks, and printInvitation decides",
    "link_identity": "it asks, and confirmIdentity decides",
    "prepare_disbursement": "it prepares, and approveDisbursement decides",
    "record_matter_meeting": "it writes down, and confirmMatterMeeting decides",
    "reinspect_safety_hazard": "it looks again, and confirmSafetyHazard decides",
    "request_bulk_export": "it asks, and releaseBulkExport decides",
    "reset_second_factor": "it asks, and printInvitation decides",
    **SOMETIMES,
}
"""Commands whose texts speak of a second person and who are the first one themselves."""


@pytest.fixture(scope="module")
def installed() -> Plugins:
    return INSTALLED


@pytest.fixture(scope="module")
def commands(installed: Plugins) -> dict[str, tuple[Command, Any]]:
    """Every command of the core and of all installed plugins, with its field."""
    # Of the schema that answers: `Mutation` as it is declared has no field before plugins and the core add theirs.
    mutation: Any = built_schema(installed)._schema.mutation_type
    found = {}
    for of in mutation.fields.values():
        declared = of.extensions["strawberry-definition"].metadata[COMMAND]
        found[declared.name] = (declared, of)
    assert len(found) > 300
    return found


def test_two_persons_are_declared(commands: dict[str, tuple[Command, Any]]) -> None:
    """What says that it takes two is declared so, and what is declared so is in the list above."""
    declared = {name for name, (command, _) in commands.items() if command.two_persons}
    assert declared == TWO & commands.keys()
    said = {name for name, (_, field) in commands.items() if PROMISES.search(field.description or "")}
    assert said - FIRST.keys() - declared == set(), "declare it with two_persons=True, or say why it is the first step"


async def test_a_promise_that_is_not_kept_writes_nothing() -> None:
    """A command that says it takes two and asks nobody who the second is fails, whoever wrote it."""

    async def approve_alone(call: Any, input: Any) -> str:
        return "approved"

    async def approve(call: Any, input: Any) -> str:
        call.checks.add(TWO_PERSONS)
        return "approved"

    async def perform(function: Any, action: Any = None) -> Any:
        declared: Any = SimpleNamespace(name="approve", two_persons=True, action=action, function=function)
        return await Transaction.perform(call, declared, None)

    call: Any = SimpleNamespace()
    with pytest.raises(RuntimeError, match="require_independence"):
        await perform(approve_alone)
    assert await perform(approve) == "approved"
    with pytest.raises(RuntimeError, match="never found a Path"):
        await perform(approve, SimpleNamespace(on=Path))


def sources() -> Iterator[Path]:
    for folder in (ROOT / "schema" / "gongzhi", ROOT / "plugins"):
        yield from (path for path in folder.rglob("*.py") if "tests" not in path.parts and ".venv" not in path.parts)


def test_nobody_compares_accounts_by_hand() -> None:
    """Who is a second person is asked of one function: two names that differ are not two persons."""
    by_hand = [
        f"{path.relative_to(ROOT)}"
        for path in sources()
        if '"FOUR_EYES"' in path.read_text(encoding="utf-8") and path.name != "independence.py"
    ]
    assert by_hand == [], "call require_independence"


ASKING = re.compile(r"await require_(?:independence|unconnected|unrelated|office)\(call, .*?\"(\w*)\"[,)]")


def test_second_persons_are_told_which_field(commands: dict[str, tuple[Command, Any]]) -> None:
    """A refusal for want of a second person names a field of an input, by which a desk says where it belongs."""
    fields = {name for command, _ in commands.values() for name in inputs(command)}
    named = {(path.name, said) for path in sources() for said in ASKING.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert {one for one in named if one[1] not in fields} == set()


# whom it is done to


CONCERNED = re.compile(r"^(person|people|persons|member|members|account|resident|household|owner)s?$")


OTHERS = {
    "plan_watch_measure": "its owner is a unit",
    "redeem": "it is the caller's own account",
    "sync": "it is the name of the caller's account",
}
"""Commands whose fields are called like people and name none, or the caller alone."""


def test_acts_on_people_find_them(commands: dict[str, tuple[Command, Any]]) -> None:
    """A command that takes somebody's id finds them by `Call.find`, or says whom it concerns: it stands in their log.

    What is found as a person, a household or an account is recorded by the server (`Transaction.note`).
    """
    unseen = {
        name
        for name, (command, _) in commands.items()
        if any(map(CONCERNED.match, inputs(command))) and not finds_somebody(command.function, {*()})
    }
    assert unseen == OTHERS.keys(), "find the person with call.find, or call.concern(person.id)"


def finds_somebody(function: Any, seen: set[Any], depth: int = 4) -> bool:
    """Whether a function of ours, or one that it calls, finds somebody; by their sources."""
    function = inspect.unwrap(function)
    if function in seen or not function.__module__.startswith("gongzhi"):
        return False
    seen.add(function)
    called = [function.__globals__.get(name) for name in function.__code__.co_names]
    return bool(FINDS.search(inspect.getsource(function))) or (
        depth > 0 and any(finds_somebody(one, seen, depth - 1) for one in called if inspect.isfunction(one))
    )


FINDS = re.compile(
    r"call\.find\(\s*(Person|Household|Account|Grant|Identity|Session|ApiKey|Invitation|cls)\b|call\.concern\("
)


def inputs(command: Command) -> list[str]:
    hints = typing.get_type_hints(command.function)
    given = hints.get("input")
    return list(getattr(given, "__annotations__", {}))


# residents


def test_residents_hold_nothing_guarded(installed: Plugins) -> None:
    """What residents hold, by the core or a plugin, is guarded nowhere, and appoints, invites and edits nobody."""
    for name in installed.civic:
        held = installed.held(name)
        assert held.isdisjoint(installed.guarded), name
        assert not [one for one in held if one.startswith(("accounts.", "people.", "rights."))], name
