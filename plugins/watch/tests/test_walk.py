"""Walks at random through the states of a watch: nobody ever does what they may not, and what is kept fits together."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest
from gongzhi_server.testing import Server

from .conftest import Ground

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUSEHOLD = ("PROPOSED", "ASKED", "ASSESSED", "WATCHED", "EXIT_PROPOSED", "CONTESTED")


@dataclass(frozen=True)
class Move:
    """A command: who may give it, from which states, and where it leads."""

    command: str
    who: str
    sources: tuple[str, ...]
    leads: str
    given: dict[str, Any]


MOVES = (
    Move("assessWatch", "first", ("ASKED",), "ASSESSED", {"ground": "SUDDEN"}),
    Move("assessWatch", "first", ("ASKED",), "ASSESSED", {}),
    Move("confirmWatch", "second", ("ASSESSED",), "?", {"confirmed": True}),
    Move("confirmWatch", "second", ("ASSESSED",), "ASKED", {"confirmed": False}),
    Move("contestWatch", "head", ("REFUSED",), "CONTESTED", {}),
    Move("decideWatchContest", "county", ("CONTESTED",), "WATCHED", {"ground": "SUDDEN"}),
    Move("decideWatchContest", "county", ("CONTESTED",), "REFUSED", {}),
    Move("reviewWatch", "first", ("WATCHED",), "WATCHED", {}),
    Move("proposeWatchExit", "first", ("WATCHED",), "EXIT_PROPOSED", {}),
    Move("answerWatchExit", "head", ("EXIT_PROPOSED",), "WATCHED", {"agreed": False}),
    Move("answerWatchExit", "head", ("EXIT_PROPOSED",), "ENDED", {"agreed": True}),
    Move("leaveWatch", "head", HOUSEHOLD, "ENDED", {}),
)
# Who may give none of these, or not the others'.
CALLERS = ("first", "second", "county", "head", "neighbour", "worker", "handler", "leader")
INVARIANTS = """select
  (closed_at is not null) = (state in ('REFUSED','ENDED')) as closed,
  (ending is not null) = (state='ENDED') as ending,
  ground is null or state in ('ASSESSED','WATCHED','EXIT_PROPOSED','ENDED') as ground,
  (state not in ('WATCHED','EXIT_PROPOSED')) or watched_at is not null as watched,
  (state in ('REFUSED','ENDED')) = (due_at='infinity') as due,
  state<>'ENDED' or ending='AGREED' or not exists(select from watch.fact f where f.watch_id=e.id) as facts,
  (select count(*) from watch.step s where s.watch_id=e.id)=version as steps
  from watch.entry e where id=$1"""


def is_allowed(move: Move, name: str, state: str, contested: bool) -> bool:
    """What the model says of it; dispatchers of the town and the county decide alike but on what is contested."""
    if state not in move.sources or (move.command == "contestWatch" and contested):
        return False
    deciders = {"first": ("first", "second", "county"), "second": ("second", "county")}
    return name in deciders.get(move.who, (move.who,))


@pytest.mark.parametrize("seed", range(3))
async def test_a_walk_keeps_to_the_model(ground: Ground, seed: int) -> None:
    chosen = random.Random(seed)
    home, neighbour = ground.home(), ground.home()
    callers: dict[str, Server] = {
        "head": ground.head(home),
        "neighbour": ground.head(neighbour),
        "leader": ground.server.as_("county_leader", grid="610921"),
        **{name: getattr(ground, name) for name in ("first", "second", "county", "worker", "handler")},
    }
    id = await ground.ask(home)
    state, contested, refusing, assessor = "ASKED", False, False, ""
    for _ in range(24):
        move = chosen.choice(MOVES[:-1] if chosen.random() < 0.9 else MOVES)
        # Often whoever may, so that the walk gets somewhere.
        name = move.who if chosen.random() < 0.7 else chosen.choice(CALLERS)
        allowed = is_allowed(move, name, state, contested) and not (
            move.command in ("confirmWatch", "decideWatchContest") and name == assessor
        )
        problems = await ground.give(callers[name], move.command, id, **move.given)
        assert (problems == []) == allowed, (seed, name, move, state, problems)
        if allowed:
            assessor = name if move.command == "assessWatch" else assessor
            refusing = not move.given if move.command == "assessWatch" else refusing
            contested = contested or move.command == "contestWatch"
            state = move.leads if move.leads != "?" else ("REFUSED" if refusing else "WATCHED")
        assert (await ground.see(id, callers["head"]))["state"] == state
        [row] = await ground.fetch(INVARIANTS, id.partition(":")[2])
        assert all(row.values()), (seed, state, dict(row))
