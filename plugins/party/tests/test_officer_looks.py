"""What the data-protection officer reads of looks does not tell who belongs to an organisation of the party."""

from __future__ import annotations

from typing import Any

from .test_activities import NODE, arrange, sign

LOOKS = "looks(first: 20) { nodes { account operation peopleCount people fields } }"


async def test_officer_reads_no_members(town: Any) -> None:
    """Of looks by a plugin's rows the officer reads who looked, how and at how many; whoever looked reads at whom."""
    await town.admit(0)
    activity = await arrange(town.secretary, audience="BRANCH", branch=town.branch)
    await sign(town.resident(0), activity)
    asked = "query Coming" + NODE.removeprefix("query") % "participations { nodes { name signedAt } }"
    found = (await town.secretary.ask(asked, id=activity)).data["node"]["participations"]["nodes"]
    assert len(found) == 1
    officer = town.server.as_("data_protection_officer", grid="610921")
    [told] = [
        one for one in (await officer.ask(f"{{ {LOOKS} }}")).data["looks"]["nodes"] if one["operation"] == "Coming"
    ]
    assert (told["peopleCount"], told["people"]) == (1, []) and "plugin:party" in told["fields"]
    [own] = (await town.secretary.ask(f"{{ me {{ {LOOKS} }} }}")).data["me"]["looks"]["nodes"]
    assert own["people"] == [town.person(0)]


async def test_officer_reads_whom_the_core_led_to(town: Any) -> None:
    """A plugin's field elsewhere in the same query hides nobody from the officer."""
    await town.admit(0)
    asked = "query Both($id: ID!) { partyBranches { totalCount } person(id: $id) { name birthDate } }"
    await town.worker.ask(asked, id=town.person(0))
    officer = town.server.as_("data_protection_officer", grid="610921")
    nodes = (await officer.ask(f"{{ {LOOKS} }}")).data["looks"]["nodes"]
    assert [one["people"] for one in nodes if one["operation"] == "Both"] == [[town.person(0)]]
