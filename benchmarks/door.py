"""Authentication cost: what it takes to know who asks, beside the same server that asks nobody.

Compared is CPU time a request, of the server and of its connections' PostgreSQL processes, in the cheapest round: what
else the machine does makes requests wait, and can only add to what they cost.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from gongzhi_server.auth.access_tokens import AccessTokens
from gongzhi_server.auth.signing_keys import SigningKeys
from gongzhi_server.clock import clock
from gongzhi_server.settings import Settings
from rich.console import Console
from rich.table import Table

from .bars import verdict
from .county import CODE
from .load import Found, Target, body, fire
from .peers.ours import SECRET
from .questions import Question
from .servers import Server, running
from .speed import FULL, Pace, rotate

ASKED = ("list", "point")
BAR = 1.1
"""How much processor time there may be for each second without a door."""
STAT = Path("/proc")
BACKENDS = "select pid from pg_stat_activity where datname=current_database() and pid<>pg_backend_pid()"
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
    """Print both costs beside each other, and return how many times as much one is."""
    account, session = asyncio.run(enrol_dispatcher(dsn))
    more: dict[str, float] = {}
    made = Table(
        "question", "without", "with", "ratio", "bar", "", title="CPU time a request in µs, the cheapest round"
    )
    with running(dsn, ("open", "ours")) as servers:
        for question in (one for one in asked if one.name in ASKED):
            found: dict[str, list[float]] = {name: [] for name in servers}
            for name in servers:
                once(question, servers[name], token(account, session), pace)  # every connection prepares its statements
            for at in range(pace.rounds):
                # In turns, and each round another one first, so that what slows the machine for a while hits both.
                for name in rotate(list(servers), at):
                    before = spent(dsn, servers[name])
                    done = once(question, servers[name], token(account, session), pace)
                    found[name].append((spent(dsn, servers[name]) - before) / done.requests)
            # The cheapest round: noise only ever adds.
            without, with_ = min(found["open"]), min(found["ours"])
            more[question.name] = round(with_ / without, 3)
            kept = verdict(more[question.name] <= BAR)
            made.add_row(
                question.name,
                f"{without * 1e6:,.0f}",
                f"{with_ * 1e6:,.0f}",
                f"{more[question.name]:.1%}",
                f"{BAR:.0%}",
                kept,
            )
    console.print(made)
    return more


def spent(dsn: str, server: Server) -> float:
    """Return the processor time that a server and all connections to the database have taken, in seconds (Linux)."""
    return sum(map(seconds, [server.pid, *asyncio.run(backends(dsn))]))


def seconds(process: int) -> float:
    """Return the processor time of a process in seconds, 0 if it is gone."""
    try:
        # The name of the program, in brackets, may hold blanks, so
        # fields are counted behind it; these are utime and stime.
        fields = (STAT / str(process) / "stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # a connection that was closed
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def backends(dsn: str) -> list[int]:
    """Return the processes of PostgreSQL that serve the database."""
    connection = await asyncpg.connect(dsn)
    try:
        return [row["pid"] for row in await connection.fetch(BACKENDS)]
    finally:
        await connection.close()


def once(question: Question, server: Server, token: str, pace: Pace) -> Found:
    """Fire a question at a server for the time of a round."""
    text = question.entries["ours"].text
    bodies = [body(text, variables) for variables in question.variables]
    headers = {"authorization": f"Bearer {token}"} if server.name == "ours" else {}
    target = Target(f"http://127.0.0.1:{server.port}/graphql", headers)
    return fire(target, bodies, seconds=pace.seconds)


def token(account: UUID, session: UUID) -> str:
    """Issue an access token as somebody has it who has just signed in."""
    issuer = Settings(data=Path(), secret=SECRET).issuer
    return AccessTokens(SigningKeys(SECRET), issuer).issue(account, session, clock())


async def enrol_dispatcher(dsn: str) -> tuple[UUID, UUID]:
    """Sign a dispatcher of the county in, and return account and session."""
    connection = await asyncpg.connect(dsn)
    try:
        session = uuid4()
        return await connection.fetchval(ENROL, uuid4(), NAME, uuid4(), CODE, session), session
    finally:
        await connection.close()
