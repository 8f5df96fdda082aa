"""Fingerprints: tells when a secret or a key is another one than this database has been used with.

Nothing would fail at once with another one: receipts that people hold would be worth nothing, and values would be
sealed under two keys of one name, of which no ring opens both.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import asyncpg
from gongzhi.runtime.sealing import KeyRing

from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings

from . import database
from .key_ring import load_key_ring

SECRET = "GONGZHI_SECRET"
COUNTY = "100000"
"""Keys are derived for a county; this code is China's own, so no county's key is one of these."""
THERE = "select to_regclass('accounts.fingerprint') is not null"
KNOWN = "select name, digest, since from accounts.fingerprint"
# "Do nothing": of two processes that start at once the first one's stay, and the other is measured by them.
KEEP = """insert into accounts.fingerprint (name, digest, since)
select *, now() from unnest($1::text[], $2::bytea[]) on conflict do nothing"""
ACCEPT = """insert into accounts.fingerprint (name, digest, since) select *, now() from unnest($1::text[], $2::bytea[])
on conflict (name) do update set digest = excluded.digest, since = excluded.since
where fingerprint.digest <> excluded.digest returning name"""
LOST = """select coalesce(array_agg(distinct name), '{}') from (
select convert_from(substring(data_key from 3 for get_byte(data_key, 1)), 'UTF8') as name
from people.person where length(data_key) > 2) used where name <> all($1)"""


def take_fingerprints(settings: Settings, ring: KeyRing) -> dict[str, bytes]:
    """Return a digest of the secret and of each key of the ring, by names. Nothing can be told from them."""
    keys = {f"key {name}": ring.derive(COUNTY, "fingerprint", name) for name in ring.ids}
    return {SECRET: hashlib.sha256(b"gongzhi fingerprint " + settings.secret.encode()).digest(), **keys}


async def confirm_secrets(dsn: str, settings: Settings, ring: KeyRing | None = None) -> KeyRing:
    """See that the key ring and the secret are those of this database, and return the ring; new keys are remembered.

    A `ring` that has been loaded is not loaded again: it may come from a command. Raises Problem, which names what is
    another one.
    """
    ring = ring or load_key_ring(settings)
    taken = take_fingerprints(settings, ring)
    async with database.connect_database(dsn) as connection:
        # Before the first migration there is nothing yet that another one could harm.
        if await connection.fetchval(THERE):
            await connection.execute(KEEP, list(taken), list(taken.values()))
            if said := await find_others(connection, taken):
                raise Problem("; ".join(said))
    return ring


async def find_others(connection: asyncpg.Connection[Any], taken: Mapping[str, bytes]) -> list[str]:
    """Say which of them the database knows as other ones."""
    return [
        f"{row['name']} is another one than this database has been used with since {row['since']:%Y-%m-%d}: set that "
        "one again; if it has to be another one from now on, run gongzhi keys accept"
        for row in await connection.fetch(KNOWN)
        if (now := taken.get(row["name"])) and not hmac.compare_digest(now, row["digest"])
    ]


async def find_lost_keys(connection: asyncpg.Connection[Any], ring: KeyRing) -> list[str]:
    """Return the ids of keys under which people's values are sealed and which the ring does not have."""
    return list(await connection.fetchval(LOST, list(ring.ids)))


async def accept_secrets(dsn: str, settings: Settings) -> list[str]:
    """Take the secret and the keys as they are now for the right ones; return which were others."""
    taken = take_fingerprints(settings, load_key_ring(settings))
    async with database.connect_database(dsn) as connection:
        return [name for (name,) in await connection.fetch(ACCEPT, list(taken), list(taken.values()))]
