"""Key ring: where the keys of protected values come from, and how everything is moved under the current one."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from gongzhi.core.people.sealed_values import PHONE, RESIDENT_ID
from gongzhi.declare.register_entries import Holding
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing, SealError

from gongzhi_server.errors import Problem
from gongzhi_server.setting_values import tell_not_runnable, tell_unreadable
from gongzhi_server.settings import Settings
from gongzhi_server.weak_secrets import find_key_weakness

from . import database

SECONDS = 30
"""How long the command may take that prints the key ring."""

# A wrapped key begins with a header that names its key of the ring, so what is old is found by its first bytes.
NEXT = """select t.id, {county} as county, t.{column} as key from {table} t
where length(t.{column}) > 2 and substring(t.{column} from 1 for length($1::bytea)) <> $1
order by t.id limit $2 for update of t"""
REWRAP = """update {table} t set {column}=one.key
from unnest($1::uuid[], $2::bytea[]) one(id, key) where t.id=one.id"""
STATUS = """select convert_from(substring(w.key from 3 for get_byte(w.key, 1)), 'UTF8') as name,
count(*) filter (where w.person) as people, count(*) filter (where not w.person) as others
from (select data_key, true from people.person{others}) w (key, person)
where length(w.key) > 2 group by 1 order by 1"""
OLD = "p.data_key is not null and substring(p.data_key from 1 for length($1::bytea)) <> $1"
LEFT = f"select count(*) from people.person p where {OLD}"
# "Skip locked": people who are being changed just now are taken in a later batch.
TAKE = f"""select p.id, p.data_key, p.resident_id_sealed, g.code as county
from people.person p join grids.grid g on g.id=p.county_id
where {OLD} order by p.id limit $2 for update of p skip locked"""
NUMBERS = "select id, person_id, sealed from people.phone where person_id=any($1) and sealed is not null for update"
MOVE = """update people.person p set data_key=one.key, resident_id_blind=one.blind
from unnest($1::uuid[], $2::bytea[], $3::bytea[]) one(id, key, blind) where p.id=one.id"""
MOVE_NUMBERS = """update people.phone p set blind=one.blind
from unnest($1::uuid[], $2::bytea[]) one(id, blind) where p.id=one.id"""

SAMPLE = """select p.id, p.data_key, p.resident_id_sealed, g.code as county
from people.person p join grids.grid g on g.id=p.county_id where p.data_key is not null order by random() limit $1"""
OTHERS = """select {county} as county, t.{column} as key from {table} t where length(t.{column}) > 2
order by random() limit $1"""

Report = Callable[[str, int, int], None]


def load_key_ring(settings: Settings) -> KeyRing:
    """Read the key ring that the settings name; in development, if they name none, derive one from the secret.

    Raises Problem, which never repeats anything of a key. In production the current key must be no weak one; older
    ones may be, so that a ring with one can still be rotated.
    """
    try:
        # "from None" throughout: a chained exception would show the text of the key, or the path to it, in a stack.
        ring = read_ring(settings)
    except SealError as error:
        raise Problem(f"the key ring cannot be read: {error}") from None
    # Only the current key must be strong: a ring with a weak old one has to start, so that it can be rotated away.
    weak = ring.weaknesses(find_key_weakness) if ring and not settings.development else {}
    if ring and ring.current in weak:
        raise Problem(
            f"the current key of the ring {weak[ring.current]}; make one with: openssl rand -base64 32, put it first "
            "under a new id, leave the old one behind it, and run gongzhi keys rotate"
        )
    return ring or KeyRing({"main": hashlib.sha256(b"gongzhi keys " + settings.secret.encode()).digest()})


def read_ring(settings: Settings) -> KeyRing | None:
    """Read the key ring that the settings name, if they do."""
    if settings.keys:
        return KeyRing.parse(settings.keys)
    if settings.keys_file:
        return KeyRing.parse(read_keys_file(settings.keys_file))
    return KeyRing.parse(run_key_command(settings.keys_command)) if settings.keys_command else None


def read_keys_file(file: Path) -> str:
    """Read the file that GONGZHI_KEYS_FILE names. Raises Problem, which repeats neither its path nor what is in it."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"GONGZHI_KEYS_FILE names {tell_unreadable(error)}") from None


def run_key_command(command: Sequence[str]) -> str:
    """Run the command and return what it prints."""
    # Neither output nor errors are repeated in the Problem: they may hold the key.
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    except subprocess.TimeoutExpired:
        raise Problem(
            f"GONGZHI_KEYS_COMMAND took more than {SECONDS} s; run it by hand as the server's account"
        ) from None
    except subprocess.CalledProcessError as error:
        raise Problem(f"GONGZHI_KEYS_COMMAND ended with status {error.returncode}; run it by hand to see why") from None
    except OSError as error:
        raise Problem(f"GONGZHI_KEYS_COMMAND names {tell_not_runnable(error)}") from None
    try:
        return done.stdout.decode()
    except UnicodeDecodeError:
        raise Problem("GONGZHI_KEYS_COMMAND prints no text in UTF-8; have it print id:base64,…") from None


@dataclass(frozen=True)
class WrappedColumn:
    """A column that is wrapped for a county, and SQL for the county's six digits."""

    table: str
    column: str
    county: str


def wrapped_columns(holdings: Iterable[Holding]) -> list[WrappedColumn]:
    """List what is wrapped beside people's data keys."""
    return [WrappedColumn(one.table, column, county) for one in holdings for column, county in one.wrapped.items()]


@dataclass(frozen=True)
class KeyStatus:
    """How many data keys are wrapped under which key of the ring: people's, and what holdings say is wrapped."""

    current: str
    people: dict[str, int]
    others: dict[str, int]

    @property
    def done(self) -> bool:
        return not {name for name in self.people if self.people[name] or self.others[name]} - {self.current}


async def count_keys(dsn: str, keys: KeyRing, holdings: Iterable[Holding]) -> KeyStatus:
    """Count what is under which key."""
    wrapped = "".join(f" union all select {one.column}, false from {one.table}" for one in wrapped_columns(holdings))
    async with database.connect_database(dsn) as connection:
        found = await connection.fetch(STATUS.format(others=wrapped))
        people, others = ({row["name"]: row[what] for row in found} for what in ("people", "others"))
        return KeyStatus(keys.current, people, others)


async def rotate_keys(
    dsn: str, keys: KeyRing, holdings: Iterable[Holding], report: Report = lambda *_: None, size: int = 500
) -> int:
    """Move everybody under the current key, some at a time; return how many were moved.

    A person is moved in one piece: the data key rewrapped, the blind indexes made anew. Who is being changed by
    somebody else is taken later, so nobody waits for more than one batch, and whoever is interrupted goes on.
    """
    async with database.connect_database(dsn) as connection:
        everybody, moved = await connection.fetchval(LEFT, keys.header), 0
        while left := await connection.fetchval(LEFT, keys.header):
            async with connection.transaction():
                taken = await rotate_batch(connection, keys, size)
            moved += taken
            # The total may grow meanwhile: people are added under the current key, others are changed.
            report("Rotating keys (轮换密钥)", moved, max(everybody, moved + left - taken))
            if not taken:
                await asyncio.sleep(0.1)  # those who are left are being changed just now
        # The other keys after people's; each column is a loop of short transactions.
        for column in wrapped_columns(holdings):
            while await rewrap_batch(connection, keys, column, size):
                pass
        return moved


async def rotate_batch(connection: asyncpg.Connection[Any], keys: KeyRing, size: int) -> int:
    """Move the next people; return how many."""
    people = await connection.fetch(TAKE, keys.header, size)
    phones = defaultdict(list)
    # Their numbers are locked, too: a number written meanwhile would keep a blind index of the old key.
    for row in await connection.fetch(NUMBERS, [person["id"] for person in people]):
        phones[row["person_id"]].append(row)
    moved, numbers = [], []
    for person in people:
        try:
            moved.append(rotate_person(keys, person))
            numbers += [rotate_phone(keys, person, phone) for phone in phones[person["id"]]]
        except SealError as error:
            # The whole batch is rolled back, so nothing is half moved, and the id tells what to look at.
            raise Problem(
                f"Person:{person['id']} cannot be moved, and nobody after them was: {error}; "
                "put the key it was sealed with back into the ring, and run gongzhi keys rotate again"
            ) from None
    await connection.execute(MOVE, *split_columns(moved, 3))
    await connection.execute(MOVE_NUMBERS, *split_columns(numbers, 2))
    return len(people)


async def rewrap_batch(connection: asyncpg.Connection[Any], keys: KeyRing, of: WrappedColumn, size: int) -> int:
    """Move the next keys of a column; return how many."""
    table, column = of.table, of.column
    async with connection.transaction():
        found = await connection.fetch(NEXT.format(table=table, column=column, county=of.county), keys.header, size)
        moved = [(row["id"], keys.rewrap(row["county"], row["key"])) for row in found]
        await connection.execute(REWRAP.format(table=table, column=column), *split_columns(moved, 2))
        return len(moved)


async def open_sample(
    connection: asyncpg.Connection[Any], keys: KeyRing, holdings: Iterable[Holding], size: int
) -> int:
    """Open some of what is sealed, of every kind; return how much. Raises SealError where something does not open."""
    people = await connection.fetch(SAMPLE, size)
    for person in people:
        rotate_person(keys, person)
    others = [
        row
        for one in wrapped_columns(holdings)
        for row in await connection.fetch(OTHERS.format(table=one.table, column=one.column, county=one.county), size)
    ]
    for row in others:
        keys.unwrap(row["county"], row["key"])
    return len(people) + len(others)


def rotate_person(keys: KeyRing, person: asyncpg.Record) -> tuple[Any, bytes, bytes | None]:
    """Wrap a person's data key anew, and compute the blind index of their resident ID, under the current key."""
    # The value itself stays sealed as it is: only the key that
    # opens it, and the index to find it by, depend on the ring.
    county, value = person["county"], person["resident_id_sealed"]
    key = keys.unwrap(county, person["data_key"])
    number = value and sealing.open_value(key, f"people.person.resident_id:{person['id']}", value)
    return person["id"], keys.wrap(county, key), keys.blind(county, RESIDENT_ID, number) if number else None


def rotate_phone(keys: KeyRing, person: asyncpg.Record, phone: asyncpg.Record) -> tuple[Any, bytes]:
    """Compute the blind index of a telephone number under the current key."""
    key = keys.unwrap(person["county"], person["data_key"])
    number = sealing.open_value(key, f"people.phone.number:{phone['id']}", phone["sealed"])
    return phone["id"], keys.blind(person["county"], PHONE, number)


def split_columns(rows: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    """Turn rows into columns, which is how "unnest" takes them."""
    return [[row[at] for row in rows] for at in range(count)]
