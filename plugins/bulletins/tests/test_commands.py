"""Every command of bulletins: who may not give it, what it makes of bad input, and that sent twice it is done once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations
from gongzhi_server.testing import Server, put_ids

from .conftest import ELSEWHERE, PDF, TOWN, VILLAGE, Village

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
TABLES = (
    "affair",
    "attachment",
    "bulletin",
    "disclosure",
    "figure",
    "interest",
    "question",
    "reach",
    "receipt",
    "revision",
    "warning",
)
LINE = {
    "capital": "ASSETS",
    "name": "办公用房",
    "unit": "SQUARE_METRE",
    "opening": "320",
    "increase": "0",
    "decrease": "0",
}


@dataclass
class Scene:
    """A village with bulletins and affairs at every step."""

    village: Village
    people: dict[str, Server] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def caller(self, name: str) -> Server:
        kind, _, which = name.partition(" ")
        match kind:
            case "leader":
                return self.village.leader
            case "town":
                return self.village.town
            case "resident" | "outsider":
                return self.people[name]
            case "stranger":
                return self.village.server
        return self.village.server.as_(kind, grid=which, sub=name)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def count(self) -> list[Any]:
        """How many rows there are of everything, and how often what is under way has changed."""
        counted = ", ".join(f"(select count(*) from bulletins.{one}) {one}" for one in TABLES)
        changed = "(select sum(version) from bulletins.bulletin) b, (select sum(version) from bulletins.disclosure) d"
        [row] = await self.village.fetch(f"select {counted}, {changed}, (select count(*) from cases.case) c")
        return list(row)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(shared_server: Server, shared_database: str) -> Scene:
    return await set_scene(Village(shared_server, shared_database))


async def set_scene(village: Village) -> Scene:
    """Bulletins and affairs of their own, in each state that a command asks for."""
    found = Scene(village, {"resident": await village.resident(), "outsider": await village.stranger()})
    ids = found.ids
    for name in ("bulletin", "wrong", "withdrawn"):
        ids[name] = await village.publish(audience="RESIDENTS")
    gone = {"bulletin": ids["withdrawn"], "expectedVersion": 1, "reason": "误发"}
    await village.done(village.leader, "withdrawBulletin", "bulletin { id }", **gone)
    await village.agree(found.people["resident"], "NOTICE")
    for name in ("affair", "idle", "signed", "ended", "published"):
        declared = {"grid": VILLAGE, "kind": "MAJOR", "title": f"重大事项 {name} {uuid4()}", "since": "2026-06-29"}
        if name in ("affair", "idle", "ended"):
            declared = {
                "grid": VILLAGE,
                "kind": "GENERAL",
                "title": f"一般事项 {name} {uuid4()}",
                "since": "2026-01-05",
            }
        made = await village.done(village.leader, "declareAffair", "affair { id }", **declared)
        ids[name] = made["id"]
        rows = "query($id: ID!) { node(id: $id) { ... on VillageAffair { disclosures { nodes { id } } } } }"
        [row] = (await village.leader.ask(rows, id=made["id"])).data["node"]["disclosures"]["nodes"][:1]
        ids[f"{name}_row"] = row["id"]
    await village.done(village.leader, "endAffair", "affair { id }", affair=ids["ended"], expectedVersion=1)
    for name in ("signed", "published"):
        written = {"disclosure": ids[f"{name}_row"], "expectedVersion": 1, "text": "方案如下。", "figures": [LINE]}
        await village.done(village.leader, "draftDisclosure", "disclosure { id }", **written)
    for version, signer in ((2, "leader"), (3, f"village_supervisor {VILLAGE}")):
        signed = {"disclosure": ids["published_row"], "expectedVersion": version}
        await village.done(found.caller(signer), "signDisclosure", "disclosure { id }", **signed)
    return found


PUBLISHED = {"grid": VILLAGE, "kind": "NOTICE", "title": "停水", "text": "停水半天。"}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "askAboutBulletin": ("resident", {"bulletin": ":bulletin", "text": "为什么？"}),
    "correctBulletin": ("leader", {"bulletin": ":wrong", "expectedVersion": 1, "text": "更正。", "reason": "有误"}),
    "correctDisclosure": (
        "leader",
        {"disclosure": ":published_row", "expectedVersion": 4, "text": "更正。", "figures": [LINE], "reason": "漏记"},
    ),
    "declareAffair": ("leader", {"grid": VILLAGE, "kind": "FINANCE", "title": "财务收支", "monthly": True}),
    "draftDisclosure": (
        "leader",
        {"disclosure": ":affair_row", "expectedVersion": 1, "text": "收支如下。", "figures": [LINE]},
    ),
    "endAffair": ("leader", {"affair": ":affair", "expectedVersion": 1}),
    "markBulletinRead": ("resident", {"bulletin": ":bulletin"}),
    "publishBulletin": ("leader", PUBLISHED),
    "setBulletinInterests": ("resident", {"kinds": ["POLICY"]}),
    "signDisclosure": (f"village_supervisor {VILLAGE}", {"disclosure": ":signed_row", "expectedVersion": 2}),
    "withdrawBulletin": ("leader", {"bulletin": ":bulletin", "expectedVersion": 1, "reason": "误发"}),
}
"""Who gives each command, and with what."""
OUTSIDERS = ("stranger", "outsider", f"grid_leader {ELSEWHERE}", f"village_supervisor {ELSEWHERE}")


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, somebody of another village, its leader and its supervisor are refused, and change nothing."""
    before = await scene.count()
    # Whoever has agreed chooses for themselves, wherever they live.
    callers = [one for one in OUTSIDERS if (one, command) != ("outsider", "setBulletinInterests")]
    for caller in callers:
        found = await scene.give(caller, command, GOOD[command][1])
        assert found and {code for code, _ in found} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}, (caller, found)
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, STALE, LATE = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION", "ILLEGAL_TRANSITION"
NO_BULLETIN = ({"bulletin": f"Bulletin:{NOBODY}"}, MISSING, "bulletin")
NO_DISCLOSURE = ({"disclosure": f"VillageDisclosure:{NOBODY}"}, MISSING, "disclosure")
OLD = ({"expectedVersion": 9}, STALE, "expectedVersion")
BAD: dict[str, tuple[tuple[dict[str, Any], str, str], ...]] = {
    "askAboutBulletin": (
        ({"text": " "}, INPUT, "text"),
        ({"bulletin": ":withdrawn"}, MISSING, "bulletin"),
        NO_BULLETIN,
    ),
    "correctBulletin": (
        ({"title": ""}, INPUT, "title"),
        ({"text": "长" * 10_001}, INPUT, "text"),
        ({"reason": " "}, INPUT, "reason"),
        ({"until": "2026-06-01T00:00:00Z"}, INPUT, "until"),
        ({"bulletin": ":withdrawn", "expectedVersion": 2}, LATE, "bulletin"),
        OLD,
        NO_BULLETIN,
    ),
    "correctDisclosure": (
        ({"reason": ""}, INPUT, "reason"),
        ({"text": ""}, INPUT, "text"),
        ({"disclosure": ":idle_row", "expectedVersion": 1}, LATE, "disclosure"),
        OLD,
        NO_DISCLOSURE,
    ),
    "declareAffair": (
        ({"title": ""}, INPUT, "title"),
        ({"title": "长" * 101}, INPUT, "title"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": TOWN}, "FORBIDDEN", "grid"),
        ({"since": "2026-07-30"}, INPUT, "since"),
        ({"kind": "MAJOR"}, INPUT, "monthly"),
    ),
    "draftDisclosure": (
        ({"text": " "}, INPUT, "text"),
        ({"figures": [LINE | {"name": "长" * 61}]}, INPUT, "figures.0.name"),
        ({"figures": [LINE, LINE | {"decrease": "321"}]}, INPUT, "figures.1.decrease"),
        ({"figures": [LINE | {"capital": "FUNDS"}]}, INPUT, "figures.0.unit"),
        ({"disclosure": ":published_row", "expectedVersion": 4}, LATE, "disclosure"),
        OLD,
        NO_DISCLOSURE,
    ),
    "endAffair": (
        ({"affair": f"VillageAffair:{NOBODY}"}, MISSING, "affair"),
        ({"affair": ":ended", "expectedVersion": 2}, LATE, "affair"),
        OLD,
    ),
    "markBulletinRead": (NO_BULLETIN, ({"bulletin": ":withdrawn"}, MISSING, "bulletin")),
    "publishBulletin": (
        ({"title": ""}, INPUT, "title"),
        ({"title": "长" * 201}, INPUT, "title"),
        ({"text": ""}, INPUT, "text"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": TOWN}, "FORBIDDEN", "grid"),
        ({"kind": "AFFAIRS"}, INPUT, "kind"),
        ({"kind": "WARNING"}, INPUT, "kind"),
        ({"kind": "EMERGENCY"}, "FORBIDDEN", "kind"),
        ({"until": "2026-06-30T18:00:00"}, INPUT, "until"),
        ({"until": "2026-06-01T00:00:00Z"}, INPUT, "until"),
        ({"attachments": [{"name": "", "content": PDF}]}, INPUT, "attachments.0.name"),
        ({"attachments": [{"name": "a", "content": "bm90IGEgZmlsZQ=="}]}, INPUT, "attachments.0.content"),
        ({"attachments": [{"name": "a", "content": PDF}] * 4}, INPUT, "attachments"),
    ),
    "setBulletinInterests": (({"kinds": ["NOTICE"] * 9}, INPUT, "kinds"),),
    "signDisclosure": (
        ({"disclosure": ":idle_row", "expectedVersion": 1}, LATE, "disclosure"),
        ({"disclosure": ":published_row", "expectedVersion": 4}, LATE, "disclosure"),
        OLD,
        NO_DISCLOSURE,
    ),
    "withdrawBulletin": (
        ({"reason": ""}, INPUT, "reason"),
        ({"reason": "长" * 501}, INPUT, "reason"),
        ({"bulletin": ":withdrawn", "expectedVersion": 2}, LATE, "bulletin"),
        OLD,
        NO_BULLETIN,
    ),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


async def test_sent_twice_is_done_once(scene: Scene) -> None:
    """Each command in turn, with what the one before has left: the same key changes nothing more."""
    scene = await set_scene(scene.village)
    for command in (
        "publishBulletin",
        "setBulletinInterests",
        "markBulletinRead",
        "askAboutBulletin",
        "correctBulletin",
        "withdrawBulletin",
        "declareAffair",
        "draftDisclosure",
        "signDisclosure",
        "correctDisclosure",
        "endAffair",
    ):
        caller, given = GOOD[command]
        key, before = str(uuid4()), await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        after = await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        assert await scene.count() == after, command
        # What neither adds a row nor a version: a choice that is made anew, and an affair that ends.
        assert after != before or command in ("setBulletinInterests", "endAffair"), command
