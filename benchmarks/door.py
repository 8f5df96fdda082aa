"""What it costs to know who asks: a signed-in account with its grants, beside the same server without a door."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from gongzhi_server.auth.access import AccessTokens
from gongzhi_server.auth.keys import SigningKeys
from gongzhi_server.clock import clock
from gongzhi_server.settings import Settings
from rich.console import Console
from rich.table import Table

from .bars import said
from .county import CODE
from .load import Found, Target, body, fire
from .peers.ours import SECRET
from .questions import Question
from .servers import Server, running
from .speed import FULL, Pace, rate, ratio, turned

ASKED = ("list", "point")
BAR = 0.9
"""What is left of the rate, at least."""
NAME = "benchmark"
ENROL = """
with a as (
  insert into accounts.account (id, name, kind, created_at, created_by, version)
  values ($1, $2, 'PERSON', now(), 'console', 1) on conflict (name) do update set version=1 returning id
), h as (
  insert into accounts.holding (id, account_id, role, grid_id, since, granted_by)
  select $3, a.id, 'county_dispatcher', g.id, now() - interval '1 day', 'console' from a, grids.grid g
  where g.code=$4 and g.valid_to is null
    and not exists (select from accounts.holding o join accounts.account b on b.id=o.account_id where b.name=$2)
), s as (
  insert into accounts.session (id, account_id, generation, created_at, used_at, expires_at)
  select $5, a.id, 0, now(), now(), now() + interval '1 day' from a
)
select id from a
"""


def measure(console: Console, dsn: str, asked: Sequence[Question], pace: Pace = FULL) -> dict[str, float]:
    """Print both rates beside each other, and return what is left of one of the other."""
    account, session = asyncio.run(enrolled(dsn))
    left: dict[str, float] = {}
    made = Table("question", "without", "with", "left", "bar", "", title="16 connections, requests/s, medians")
    with running(dsn, ("open", "ours")) as servers:
        for question in (one for one in asked if one.name in ASKED):
            found: dict[str, list[Found]] = {name: [] for name in servers}
            for at in range(pace.rounds):
                for name in turned(list(servers), at):
                    found[name].append(once(question, servers[name], token(account, session), pace, at == 0))
            left[question.name] = round(ratio(found["ours"], found["open"]), 3)
            rates = (f"{rate(found[name]):,.0f}" for name in ("open", "ours"))
            kept = said(left[question.name] >= BAR)
            made.add_row(question.name, *rates, f"{left[question.name]:.1%}", f"{BAR:.0%}", kept)
    console.print(made)
    return left


def once(question: Question, server: Server, token: str, pace: Pace, first: bool) -> Found:
    text = question.entries["ours"].text
    bodies = [body(text, variables) for variables in question.variables]
    headers = {"authorization": f"Bearer {token}"} if server.name == "ours" else {}
    target = Target(f"http://127.0.0.1:{server.port}/graphql", headers)
    return fire(target, bodies, seconds=pace.seconds, warmup=pace.warmup if first else 0)


def token(account: UUID, session: UUID) -> str:
    """An access token as somebody has it who has just signed in."""
    issuer = Settings(data=Path(), secret=SECRET).issuer
    return AccessTokens(SigningKeys(SECRET), issuer).issue(account, session, clock())


async def enrolled(dsn: str) -> tuple[UUID, UUID]:
    """A dispatcher of the county who is signed in: account and session."""
    connection = await asyncpg.connect(dsn)
    try:
        session = uuid4()
        return await connection.fetchval(ENROL, uuid4(), NAME, uuid4(), CODE, session), session
    finally:
        await connection.close()
