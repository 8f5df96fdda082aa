"""A watch in every state, and good input for each command, which the tests of commands share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from gongzhi_server.testing import Server, put_ids

from .conftest import CONDITIONS, COUNTY, PNG, UNIT, Ground

TABLES = (
    "rule", "item", "entry", "fact", "evidence", "measure", "step", "error", "affected", "statement", "review",
    "answer",
)  # fmt: skip
STATES = ("asked", "assessed", "watched", "exit", "refused", "contested", "over")


@dataclass
class Scene:
    """A ground with a watch in every state, each of a household of its own."""

    ground: Ground
    ids: dict[str, str] = field(default_factory=dict)
    homes: dict[str, Any] = field(default_factory=dict)

    def caller(self, name: str) -> Server:
        kind, _, which = name.partition(" ")
        if kind in ("publisher", "worker", "first", "second", "county", "handler"):
            found: Server = getattr(self.ground, kind)
            return found
        if kind == "stranger":
            return self.ground.server
        if kind == "head":
            return self.ground.head(self.homes[which])
        if kind == "reviewer":
            return self.ground.reviewer(int(which))
        place = {"unit": which} if kind == "department_handler" else {"grid": which}
        return self.ground.server.as_(kind, sub=name, **place)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def count(self) -> list[Any]:
        """How many rows there are of everything, and how often what is there has changed."""
        counted = ", ".join(f"(select count(*) from watch.{one}) {one}" for one in TABLES)
        changed = ", ".join(f"(select sum(version) from watch.{one}) {one}_v" for one in ("entry", "measure", "error"))
        [row] = await self.ground.fetch(f"select {counted}, {changed}")
        return list(row)

    async def set_version(self, given: dict[str, Any]) -> dict[str, Any]:
        """The input with the version that its row has now."""
        if "expectedVersion" not in given:
            return given
        [named] = [given[one] for one in ("watch", "measure", "exemption") if one in given]
        return given | {"expectedVersion": await self.ground.version(put_ids({"id": named}, self.ids)["id"])}


async def set_scene(ground: Ground) -> Scene:
    found = Scene(ground)
    ids, homes = found.ids, found.homes
    for name in (*STATES, "new", "neighbour"):
        homes[name] = ground.home()
        ids[f"home {name}"], ids[f"person {name}"] = f"Household:{homes[name]['id']}", f"Person:{homes[name]['person']}"
    ids["asked"], ids["assessed"] = await ground.ask(homes["asked"]), await ground.ask(homes["assessed"])
    assert await ground.give(ground.first, "assessWatch", ids["assessed"], ground="SUDDEN") == []
    for name in ("watched", "exit"):
        ids[name] = await ground.watched(homes[name])
    assert await ground.give(ground.first, "proposeWatchExit", ids["exit"]) == []
    for name in ("refused", "contested"):
        ids[name] = await ground.refused(homes[name])
    assert await ground.give(ground.head(homes["contested"]), "contestWatch", ids["contested"]) == []
    ids["over"] = await ground.ask(homes["over"])
    assert await ground.give(ground.head(homes["over"]), "leaveWatch", ids["over"]) == []
    for name in ("measure", "other measure", "ended"):
        ids[name] = await ground.measure(ids["watched"])
    assert await ground.give(ground.first, "finishWatchMeasure", ids["ended"], done=False) == []
    ids["error"], ids["decided"], ids["fresh"] = [await ground.error() for _ in range(3)]
    for number in (1, 2):
        assert await ground.review(ids["decided"], number) == []
    await ground.consent(homes["new"])
    ids["rule"], ids["conditions"] = ground.rules["HOUSEHOLDS"], ground.rules["ERRORS"]
    return found


FACT = {"code": "expense", "day": "2026-06-01", "text": "支出较大", "pictures": [PNG]}
WORDS = {"expectedVersion": 1, "text": "情况属实。"}
ANSWERS = [{"code": one["code"], "met": True, "reason": "属实"} for one in CONDITIONS]
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "answerWatchExit": ("head exit", {"watch": ":exit", "agreed": False} | WORDS),
    "assessWatch": ("first", {"watch": ":asked", "ground": "SUDDEN"} | WORDS),
    "confirmWatch": ("second", {"watch": ":assessed", "confirmed": True} | WORDS),
    "contestWatch": ("head refused", {"watch": ":refused"} | WORDS),
    "decideWatchContest": ("county", {"watch": ":contested", "ground": "SUDDEN"} | WORDS),
    "declareWatchFacts": ("head asked", {"watch": ":asked", "expectedVersion": 1, "facts": [FACT]}),
    "finishWatchMeasure": ("handler", {"measure": ":measure", "done": True} | WORDS),
    "leaveWatch": ("head watched", {"watch": ":watched"} | WORDS),
    "objectToErrorExemption": ("handler", {"exemption": ":decided"} | WORDS),
    "planWatchMeasure": (
        "first",
        {"watch": ":watched", "kind": "RELIEF", "unit": UNIT, "owner": "handler", "dueOn": "2026-09-01"} | WORDS,
    ),
    "proposeWatch": ("worker", {"household": ":home neighbour", "text": "房屋受损。"}),
    "proposeWatchExit": ("first", {"watch": ":watched"} | WORDS),
    "publishWatchRule": (
        "publisher",
        {"county": COUNTY, "subject": "ERRORS", "name": "容错条件", "replaces": ":conditions", "items": CONDITIONS},
    ),
    "recordWatchEffect": ("head watched", {"measure": ":other measure"} | WORDS),
    "requestErrorExemption": (
        "handler",
        {"unit": UNIT, "occurredOn": "2026-06-01", "facts": "先行处置", "correction": "补办手续"},
    ),
    "requestWatch": ("head new", {"household": ":home new", "facts": [FACT], "text": "盼帮扶"}),
    "reviewErrorExemption": ("reviewer 5", {"exemption": ":error", "expectedVersion": 1, "answers": ANSWERS}),
    "reviewWatch": ("first", {"watch": ":watched"} | WORDS),
    "withdrawErrorExemption": ("handler", {"exemption": ":fresh", "expectedVersion": 1}),
}
"""Who gives each command, and with what."""
