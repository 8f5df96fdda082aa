"""PostgreSQL's programs: those that come along, or the machine's own, run against a database."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from gongzhi_server.errors import Problem

from .embedded_postgres import VERSION, postgres_binaries, postgres_environment

LINES = 3
"""Lines of what a program says for itself that are passed on: the first ones tell why."""


def find_program(name: str, version: int = int(VERSION)) -> str:
    """Return where a program is that can talk to a server of this version: it comes along, or is the machine's."""
    # Programs read what older servers and dumps have, and refuse newer ones.
    if version <= int(VERSION) and (found := Path(postgres_binaries()) / name).exists():
        return str(found)
    if found_here := shutil.which(name):
        return found_here
    raise Problem(f"{name} of PostgreSQL {version} is needed: install PostgreSQL's client programs")


def split_password(dsn: str) -> tuple[str, str | None]:
    """Return a database's address without its password, and that."""
    parts = urlsplit(dsn)
    login, at, place = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    query = parse_qsl(parts.query)
    given = unquote(password) or dict(query).get("password")
    # Quoted anew as libpq reads it, to which "+" is no blank.
    rest = urlencode([one for one in query if one[0] != "password"], quote_via=quote)
    return urlunsplit(parts._replace(netloc=f"{user}{at}{place}", query=rest)), given


async def run_program(name: str, dsn: str, *arguments: str | Path, version: int = int(VERSION)) -> None:
    """Run one of them until it ends. Raises Problem with what it says, if it fails."""
    bare, password = split_password(dsn)
    # In the environment: everybody on the machine can read what a process was called with.
    environment = postgres_environment() | ({"PGPASSWORD": password} if password else {})
    process = await asyncio.create_subprocess_exec(
        find_program(name, version),
        f"--dbname={bare}",
        *arguments,
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    except BaseException:
        process.kill()  # whoever is interrupted leaves nothing running
        await process.wait()
        raise
    if process.returncode:
        lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()][:LINES]
        raise Problem(f"{name} failed: {'; '.join(lines) or 'no reason given'}")
