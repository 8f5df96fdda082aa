"""Reports by voice alone: somebody speaks, somebody listens, and from then on the case has a title like any other."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from gongzhi_server.testing import Server, codes_of

from .conftest import MATTER, Phone
from .samples import amr, photo, wav, webm

SPOKEN = {name: value for name, value in MATTER.items() if name not in ("title", "description")}
SHOWN = "number version title needsTitle description status attachments { kind mediaType url }"
CASE = f"query($n: String!) {{ case(number: $n) {{ {SHOWN} }} }}"
COUNTY = "610921"
LABEL, CHINESE = "Voice report 2026-06-30 10:00", "语音诉求 2026-06-30 10:00"


async def speak(phone: Phone, content: bytes, **more: Any) -> dict[str, Any]:
    """Report a matter by a recording; the payload."""
    given = {**SPOKEN, "attachments": [await phone.sent(content)], **more}
    payload = await phone.server.do("reportCase", f"case {{ {SHOWN} }} receiptCode", **given)
    assert payload["errors"] == [], payload
    return payload


def desk(server: Server) -> Server:
    return server.as_("county_dispatcher", grid=COUNTY)


async def ask(caller: Server, number: str) -> dict[str, Any]:
    return dict((await caller.ask(CASE, n=number)).data["case"])


@pytest.mark.parametrize("content", [webm(endless=True), wav(), amr()])
async def test_somebody_listens(stranger: Phone, content: bytes) -> None:
    """A stranger speaks; whoever accepts it hears the recording and gives it a title, which the requester reads."""
    payload = await speak(stranger, content)
    case = payload["case"]
    assert (case["title"], case["needsTitle"], case["description"]) == (LABEL, True, "")
    assert case["attachments"][0]["kind"] == "VOICE"
    assert (await stranger.server.client.get(case["attachments"][0]["url"])).status_code == 200
    dispatcher, step = desk(stranger.server), {"number": case["number"], "expectedVersion": case["version"]}
    refused = await dispatcher.do("acceptCase", "case { number }", **step)
    assert [(one["code"], one["path"]) for one in refused["errors"]] == [("BAD_USER_INPUT", ["title"])]
    long = await dispatcher.do("acceptCase", "case { number }", **step, title="长" * 201)
    assert [one["path"] for one in long["errors"]] == [["title"]]
    heard = {"title": "电线杆倒向房屋", "description": "来电人说屋后电线杆被树压斜。"}
    accepted = await dispatcher.do("acceptCase", f"case {{ {SHOWN} }}", **step, **heard)
    assert accepted["errors"] == [] and accepted["case"]["status"] == "ACCEPTED"
    fields = "title needsTitle description"
    query = f"query($n: String!, $r: String!) {{ caseByReceipt(number: $n, receiptCode: $r) {{ {fields} }} }}"
    found = await stranger.server.ask(query, n=case["number"], r=payload["receiptCode"])
    assert found.data["caseByReceipt"] == {**heard, "needsTitle": False}


async def test_lists_show_a_label(resident: Phone) -> None:
    """In the reader's language, wherever a title is shown."""
    number = (await speak(resident, wav(), category="paperwork"))["case"]["number"]
    await speak(resident, wav(), category="paperwork")
    query = "query($n: [String!]) { cases(filter: { number: { in: $n } }) { nodes { title similarCases { title } } } }"
    body = {"query": query, "variables": {"n": [number]}}
    for language, label in (("zh", CHINESE), ("en", LABEL)):
        headers = {**desk(resident.server).headers, "accept-language": language}
        reply = await resident.server.client.post("/graphql", json=body, headers=headers)
        [shown] = reply.json()["data"]["cases"]["nodes"]
        assert shown["title"] == label and label in [one["title"] for one in shown["similarCases"]]


async def test_only_a_recording_speaks_for_itself(resident: Phone, stranger: Phone) -> None:
    """Neither a photo nor nothing; what was refused may be sent again with a text."""
    picture = await resident.sent(photo())
    refused = await resident.server.do("reportCase", "case { number }", **SPOKEN, attachments=[picture])
    assert [(one["code"], one["path"]) for one in refused["errors"]] == [("BAD_USER_INPUT", ["title"])]
    untold = await resident.server.do(
        "reportCase", "case { number }", **SPOKEN, title="电线杆倒了", attachments=[picture]
    )
    assert [one["path"] for one in untold["errors"]] == [["description"]]
    nothing = await resident.server.do("reportCase", "case { number }", **SPOKEN)
    assert [one["path"] for one in nothing["errors"]] == [["title"], ["description"]]
    recording = await resident.sent(amr())
    blank = await resident.server.do("reportCase", "case { number }", **SPOKEN, title=" ", attachments=[recording])
    assert [one["path"] for one in blank["errors"]] == [["title"]]
    theirs = await stranger.server.do("reportCase", "case { number }", **SPOKEN, attachments=[recording])
    assert codes_of(theirs["errors"]) == ["NOT_FOUND"]
    told = await resident.server.do("reportCase", "case { title }", **MATTER, attachments=[picture, recording])
    assert told["errors"] == [] and told["case"]["title"] == MATTER["title"]


async def test_what_is_written_stays(resident: Phone) -> None:
    """Accepting gives a title where there is none, and changes none."""
    case = (await speak(resident, amr(), title="电线杆倒了"))["case"]
    assert case["title"] == "电线杆倒了" and case["description"] == "" and not case["needsTitle"]
    step = {"number": case["number"], "expectedVersion": case["version"]}
    refused = await desk(resident.server).do("acceptCase", "case { number }", **step, title="停电")
    assert [one["path"] for one in refused["errors"]] == [["title"]]
    assert (await desk(resident.server).do("acceptCase", "case { number }", **step))["errors"] == []


async def test_settled_in_the_grid(resident: Phone) -> None:
    case = (await speak(resident, webm()))["case"]
    worker = resident.server.as_("grid_worker", grid="610921101")
    step = {"number": case["number"], "expectedVersion": case["version"], "text": "已扶正。"}
    refused = await worker.do("handleInGrid", "case { number }", **step)
    assert [one["path"] for one in refused["errors"]] == [["title"]]
    settled = await worker.do("handleInGrid", f"case {{ {SHOWN} }}", **step, title="电线杆倾斜")
    assert settled["errors"] == [] and settled["case"]["title"] == "电线杆倾斜"


async def test_declined_without_a_title(resident: Phone) -> None:
    case = (await speak(resident, amr()))["case"]
    step = {"number": case["number"], "expectedVersion": case["version"]}
    declined = await desk(resident.server).do("declineCase", f"case {{ {SHOWN} }}", **step, reason="录音无内容。")
    assert declined["errors"] == [] and declined["case"]["title"] == LABEL


async def test_title_is_written_before_it_is_accepted(stranger: Phone) -> None:
    """The label is nobody's text, so a correction that saw it meets no conflict; the next that did meets one."""
    number = (await speak(stranger, wav()))["case"]["number"]
    dispatcher = desk(stranger.server)
    change = {"title": {"base": LABEL, "value": "路灯不亮"}, "description": {"value": "村口路灯不亮。"}}
    edited = await dispatcher.do("editCase", f"case {{ {SHOWN} }} conflicts {{ field }}", number=number, **change)
    assert edited["errors"] == edited["conflicts"] == [] and edited["case"]["title"] == "路灯不亮"
    late = {"title": {"base": LABEL, "value": "灯坏了"}}
    missed = await dispatcher.do("editCase", "conflicts { field mine theirs }", number=number, **late)
    assert missed["conflicts"] == [{"field": "title", "mine": "灯坏了", "theirs": "路灯不亮"}]
    accepted = await dispatcher.do("acceptCase", "case { status }", number=number, expectedVersion=2)
    assert accepted["errors"] == []


async def test_spoken_and_heard_offline(server: Server) -> None:
    """A worker records without a network, and listens to others' recordings; what comes too late is kept."""
    worker = Phone(server.as_("grid_worker", grid="610921101"))
    at = server.clock().isoformat()

    async def sync(**changes: Any) -> list[dict[str, Any]]:
        entries = [
            {"clientId": name, "occurredAt": at, "change": {kind: {"idempotencyKey": str(uuid4()), **given}}}
            for name, (kind, given) in changes.items()
        ]
        fields = "results { clientId state case { number title status } conflict { field mine } errors { path } }"
        payload = await worker.server.do("sync", fields, entries=entries)
        assert payload["errors"] == []
        return list(payload["results"])

    report = {**SPOKEN, "channel": "GRID_WORKER", "attachments": [await worker.sent(amr())]}
    accept = {"entry": "a", "seen": "REPORTED"}
    reported, refused, accepted = await sync(
        a=("reportCase", report), b=("acceptCase", accept), c=("acceptCase", {**accept, "title": "电线杆倾斜"})
    )
    assert (reported["state"], reported["errors"]) == ("APPLIED", [])
    assert (refused["state"], refused["errors"]) == ("REFUSED", [{"path": ["title"]}])
    assert accepted["state"] == "APPLIED"
    assert accepted["case"] == {**reported["case"], "title": "电线杆倾斜", "status": "ACCEPTED"}
    late = {"number": reported["case"]["number"], "seen": "REPORTED", "text": "已扶正。", "title": "杆子歪了"}
    [missed] = await sync(d=("handleInGrid", late))
    assert missed["state"] == "CONFLICT"
    assert {"field": "title", "mine": "杆子歪了"} in missed["conflict"]


async def test_spoken_tip_off_is_sealed(server: Server, stranger: Phone) -> None:
    """A voice tells who somebody is: the recording of a tip-off is heard by those alone who may see it."""
    case = (await speak(stranger, webm(), kind="TIP_OFF", against="610921-GDGS"))["case"]
    for caller in (
        server.as_("town_dispatcher", grid="610921101"),
        server.as_("department_handler", unit="610921-GDGS"),
    ):
        assert (await caller.ask(CASE, n=case["number"])).data["case"] is None
    assert (await ask(desk(server), case["number"]))["title"] == LABEL
