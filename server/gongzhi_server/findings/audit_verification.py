"""Audit verification: follows the chain of the audit for whoever asks by GraphQL, for as long as a request may take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson
from gongzhi.declare.entity import batch
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Text
from strawberry.scalars import JSON

from gongzhi_server.storage import audit
from gongzhi_server.storage.audit import NUMBER, Anchor
from gongzhi_server.storage.audit_archive import Archives
from gongzhi_server.storage.audit_chain import ACT, LOOK, START, ChainBroken

EXAMINE = "deployment.examine"
PORTION = 200
PATIENCE = 6.0
"""Seconds for which the chain is followed: whoever asks waits for the answer."""
LINKS = (
    f"select *, {NUMBER} as position from access.link where hash is not null and {NUMBER} > $1 and {NUMBER} <= $2 "
    f"order by {NUMBER} limit {PORTION}"
)
WAITING = f"select * from access.link where hash is null order by id limit {PORTION}"
HEAD = "select number, hash from access.head"


@dataclass(frozen=True)
class Reader:
    """Rows as the verification of the storage asks for them, over statements that only read."""

    fetch: Callable[..., Awaitable[Any]]

    async def fetchval(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row."""
        rows = await self.fetch(sql, *values)
        return rows[0][0] if rows else None


@dataclass
class Walk:
    """How far the chain was followed, and what was counted on the way."""

    begun: int
    number: int
    links: int = 0
    looks: int = 0
    acts: int = 0
    whole: bool = True
    """Whether it was followed to its end."""

    def count(self, link: Any) -> None:
        """Count the entries of a link."""
        self.looks += link["count"] if link["kind"] == LOOK else 0
        self.acts += link["count"] if link["kind"] == ACT else 0


@batch(requires=EXAMINE, cost=500)
async def audit_chain(rows: Sequence[Any], context: Context, anchor: str | None = None) -> list[JSON | None]:
    """Whether nothing of the audit was changed, removed or put in another order, as gongzhi audit verify says it: in
    `state` WHOLE, BROKEN or UNFINISHED, in `text` what that means, and in `anchor` the chain's end, to be kept where
    nobody can change it. With an anchor that was kept it is followed from there on (审计链核验).
    """
    found = await verify_readable(context.fetch, read_anchor(anchor), context.viewer.now.isoformat())
    text = found.pop("text")
    return [{**found, "text": text.say(context.viewer.language)}] * len(rows)  # type: ignore[list-item]


def read_anchor(line: str | None) -> Anchor | None:
    """Read an anchor as it was told, if one is given. Raises Refusal for anything else."""
    if not line or not line.strip():
        return None
    try:
        found = Anchor(**orjson.loads(line))
        bytes.fromhex(found.hash)
        if isinstance(found.number, int) and 0 <= found.number < 2**62:
            return found
    except (ValueError, TypeError):
        pass
    raise invalid_input(
        "This is no anchor: give a whole line of gongzhi audit anchor, or what this page told before.",
        "这不是审计锚点：请填写 gongzhi audit anchor 输出的一整行，或本页此前给出的锚点。",
        "anchor",
    )


async def verify_readable(fetch: Callable[..., Awaitable[Any]], anchor: Anchor | None, now: str) -> dict[str, Any]:
    """Follow the chain from an anchor on, or from its start, and tell how it is."""
    reader: Any = Reader(fetch)
    # The end is read first: what is added behind it meanwhile is for the next time.
    head = next(iter(await fetch(HEAD)), None)
    if head is None:
        return {"state": "BROKEN", "text": say_broken("the chain has no head"), "anchor": None}
    walk = Walk(anchor.number if anchor else 0, anchor.number if anchor else 0)
    end = {"number": head["number"], "at": now, "hash": head["hash"].hex()}
    try:
        if anchor:
            await audit.compare_anchors(reader, {anchor.number: anchor})
        # Files are not opened for a page: gongzhi audit verify does.
        archives = await Archives.open(reader, None)
        before = await follow_links(reader, archives, head, walk, bytes.fromhex(anchor.hash) if anchor else START)
        if walk.whole:
            audit.compare_head(head, walk.number, before)
            for link in await fetch(WAITING):
                await audit.verify_batch(reader, archives, link, f"batch {link['id']}, which is not chained yet,")
                walk.count(link)
            await audit.find_strays(reader)
    except ChainBroken as broken:
        return {"state": "BROKEN", "text": say_broken(str(broken)), "anchor": None}
    counts = walk.links, walk.looks, walk.acts
    state = "WHOLE" if walk.whole else "UNFINISHED"
    # Of a chain that was not followed to its end, the end may not be told as proved.
    return {"state": state, "text": SAID[state](walk.number, *counts), "anchor": end if walk.whole else None}


async def follow_links(reader: Any, archives: Archives, head: Any, walk: Walk, before: bytes) -> bytes:
    """Follow the links up to the end that was read, while there is time; return the last hash. Raises ChainBroken."""
    until = monotonic() + PATIENCE
    while walk.number < head["number"]:
        links = await reader.fetch(LINKS, walk.number, head["number"])
        if not links:
            break
        for link in links:
            if monotonic() > until:
                walk.whole = False
                return before
            walk.number += 1
            walk.links += 1
            before = await audit.verify_link(reader, archives, link, walk.number, before)
            walk.count(link)
    return before


def say_broken(wrong: str) -> Text:
    """Say that something was changed, and what to do."""
    return Text(
        f"The audit is not as it was written: {wrong}. Change nothing, keep the backups, and compare with an anchor "
        "that was kept elsewhere (gongzhi audit verify --anchor).",
        f"审计记录与写入时不一致（{wrong}）。请勿改动数据，保留备份，"
        "并用另存的锚点核对（gongzhi audit verify --anchor）。",
    )


SAID: dict[str, Callable[[int, int, int, int], Text]] = {
    "WHOLE": lambda number, links, looks, acts: Text(
        f"Nothing was changed: {links} links with {looks} looks and {acts} mutations are as they were written.",
        f"审计链完整：{links} 环、{looks} 条查阅、{acts} 项操作均与写入时一致。",
    ),
    "UNFINISHED": lambda number, links, looks, acts: Text(
        f"Up to link {number} nothing was changed; there was no time for more. Give an anchor that was kept, or run "
        "gongzhi audit verify on the server.",
        f"核验至第 {number} 环未发现改动，但时间已到。请填写另存的锚点，或在服务器上运行 gongzhi audit verify。",
    ),
}
