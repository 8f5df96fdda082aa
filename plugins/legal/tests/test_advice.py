"""Questions, aid, situations, clues and lessons, each the whole way."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from gongzhi.runtime.sealing import KeyRing, open_value

AMR = base64.b64encode(b"#!AMR\n" + b"\x00" * 64).decode()
SEEN = """query($id: ID!) { node(id: $id) { ... on LegalAdvice {
  id state question answerDueAt guidance { disclaimer hotlines { number } }
  matter { id messages { by text } files { mediaType url } } } } }"""


async def ask(town: Any, at: int = 0, **given: Any) -> Any:
    asked = {"question": "邻居借钱三年未还，怎么办？", "topic": "CONTRACT"} | given
    return await town.resident(at).do("askAdvice", "matter { id answerDueAt state channel }", **asked)


async def test_advice_from_question_to_rating(town: Any, codes: Any) -> None:
    made = (await ask(town))["matter"]
    assert (made["state"], made["channel"]) == ("ASKED", "TEXT")
    assert made["answerDueAt"].startswith("2026-07-03"), "three working days from tomorrow"
    seen = (await town.counsellor().ask(SEEN, id=made["id"])).data["node"]
    assert seen["question"] == "邻居借钱三年未还，怎么办？"
    assert "110" in {one["number"] for one in seen["guidance"]["hotlines"]}
    for text in ("可先申请支付令。", "诉讼时效为三年，请尽快。"):
        done = await town.counsellor().do("answerAdvice", "matter { state }", advice=made["id"], text=text)
        assert done["matter"] == {"state": "ANSWERED"}
    asked = {"matter": seen["matter"]["id"], "text": "要带什么材料？"}
    assert codes(await town.resident().do("sendLegalMessage", "message { text }", **asked)) == []
    assert codes(await town.resident(1).do("sendLegalMessage", "message { text }", **asked)) == ["NOT_FOUND"]
    thread = (await town.resident().ask(SEEN, id=made["id"])).data["node"]["matter"]["messages"]
    assert [one["by"] for one in thread] == ["HANDLER", "HANDLER", "PARTY"] and thread[2]["text"] == "要带什么材料？"
    early = await town.counsellor().do("rateAdvice", "matter { state }", advice=made["id"], rating=5)
    assert codes(early) == ["FORBIDDEN"], "nobody rates their own answer"
    rated = await town.resident().do("rateAdvice", "matter { state rating }", advice=made["id"], rating=5, share=True)
    assert rated["matter"] == {"state": "CLOSED", "rating": 5}
    mine = "{ me { person { legalMatters { nodes { kind advice { rating } } } } } }"
    assert (await town.resident().ask(mine)).data["me"]["person"]["legalMatters"]["nodes"] == [
        {"kind": "ADVICE", "advice": {"rating": 5}}
    ]


async def test_answer_becomes_knowledge_by_consent(town: Any, codes: Any) -> None:
    id = (await ask(town))["matter"]["id"]
    await town.counsellor().do("answerAdvice", "matter { state }", advice=id, text="可申请支付令。")
    await town.resident().do("rateAdvice", "matter { state }", advice=id, rating=4, share=True)
    entry = {"advice": id, "question": "借款到期不还怎么办？", "answer": "可申请支付令，诉讼时效三年。"}
    named = await town.counsellor().do("proposeLegalEntry", "entry { id }", **entry | {"answer": "致电13812345678。"})
    assert codes(named) == ["NOT_ANONYMOUS"]
    made = (await town.counsellor().do("proposeLegalEntry", "entry { id state }", **entry))["entry"]
    search = '{ legalEntries(filter: { question: { contains: "到期不还" } }) { nodes { answer } } }'
    assert (await town.server.ask(search)).data["legalEntries"]["nodes"] == []
    own = await town.counsellor().do("reviewLegalEntry", "entry { state }", entry=made["id"], publish=True)
    assert codes(own) == ["FOUR_EYES"]
    done = await town.manager.do("reviewLegalEntry", "entry { state }", entry=made["id"], publish=True)
    assert done["entry"] == {"state": "PUBLISHED"}
    assert len((await town.server.ask(search)).data["legalEntries"]["nodes"]) == 1
    [(columns,)] = await town.fetch(
        "select string_agg(column_name, ',') from information_schema.columns "
        "where table_schema='legal' and table_name='entry' and column_name ~ 'matter|person|advice'"
    )
    assert columns is None, "an entry does not know whose it was"
    await town.resident().do("withdrawAdviceConsent", "matter { sharedAt }", advice=id)
    assert (await town.server.ask(search)).data["legalEntries"]["nodes"] == []


@pytest.mark.slow
async def test_advice_changes_hands(town: Any, codes: Any) -> None:
    await town.appoint("second", "610921100", kind="LAWYER", account="counsellor-second", qualification="律师")
    id = (await ask(town))["matter"]["id"]
    given = {"advice": id, "adviser": town.advisers["second"]}
    first = (await town.counsellor().ask(SEEN, id=id)).data["node"]
    holder, other = ("lawyer", "second") if first else ("second", "lawyer")
    handed = await town.counsellor(holder).do(
        "handOverAdvice", "matter { id }", **given | {"adviser": town.advisers[other]}
    )
    assert codes(handed) == [] and handed["matter"] is None, "it is no longer theirs to see"
    assert (await town.counsellor(holder).ask(SEEN, id=id)).data["node"] is None
    assert (await town.counsellor(other).ask(SEEN, id=id)).data["node"]["question"]


@pytest.mark.slow
async def test_voice_and_appointment(town: Any, codes: Any) -> None:
    slot = {"startsAt": "2026-07-01T01:00:00Z", "endsAt": "2026-07-01T02:00:00Z", "place": "镇司法所"}
    offered = await town.counsellor().do(
        "offerLegalSlots", "adviser { slots { id } }", adviser=town.advisers["lawyer"], meeting="OFFICE", slots=[slot]
    )
    [free] = offered["adviser"]["slots"]
    met = await ask(town, slot=free["id"])
    assert met["matter"]["channel"] == "APPOINTMENT"
    assert codes(await ask(town, 1, slot=free["id"])) == ["SLOT_TAKEN"]
    spoken = await ask(town, 1, recording=AMR, urgent=True)
    assert spoken["matter"]["channel"] == "VOICE" and spoken["matter"]["answerDueAt"].startswith("2026-06-30")
    [file] = (await town.counsellor().ask(SEEN, id=spoken["matter"]["id"])).data["node"]["matter"]["files"]
    assert file["mediaType"] == "audio/amr" and base64.b64decode(file["url"].partition(",")[2]).startswith(b"#!AMR")
    assert codes(await ask(town, 2, recording="aGVsbG8=")) == ["BAD_USER_INPUT"]


async def test_legal_aid_to_its_hours(town: Any, codes: Any) -> None:
    asked = {"about": "LABOUR", "ground": "WAGES", "facts": "工地拖欠工资两万元"}
    made = await town.resident().do("applyForLegalAid", "aid { id proposed state trace { name value } }", **asked)
    aid = made["aid"]
    assert (aid["proposed"], aid["state"]) == ("ELIGIBLE", "APPLIED"), "the rule proposes and nobody is denied by it"
    assert {"name": "exempt", "value": "True"} in aid["trace"]
    silent = await town.counsellor().do("decideLegalAid", "aid { state }", aid=aid["id"], grant=False)
    assert codes(silent) == ["NOT_FOUND"] and silent["errors"][0]["path"] == ["grounds"]
    await town.counsellor().do("decideLegalAid", "aid { state }", aid=aid["id"], grant=True)
    [(unit,), (second,)] = await town.fetch("select code from units.unit order by id limit 2")
    firm, other = town.server.as_("firm", unit=unit), town.server.as_("firm", unit=second)
    look = "query($id: ID!) { node(id: $id) { ... on LegalAid { facts minutes } } }"
    assert (await firm.ask(look, id=aid["id"])).data["node"] is None
    done = await town.counsellor().do("assignLegalAid", "aid { state }", aid=aid["id"], firm=unit)
    assert done["aid"] == {"state": "ASSIGNED"}
    for minutes in (90, 45):
        await firm.do("recordLegalAidHours", "aid { minutes }", aid=aid["id"], day="2026-06-30", minutes=minutes)
    assert (await firm.ask(look, id=aid["id"])).data["node"] == {"facts": "工地拖欠工资两万元", "minutes": 135}
    assert (await other.ask(look, id=aid["id"])).data["node"] is None
    closed = await town.counsellor().do("closeLegalAid", "aid { state }", aid=aid["id"])
    assert closed["aid"] == {"state": "CLOSED"}
    why = (await town.resident().ask("{ me { decisions { nodes { outcome } } } }")).data["me"]["decisions"]["nodes"]
    assert {"outcome": "ELIGIBLE"} in why


async def test_situations_have_no_labels(town: Any, codes: Any, run_jobs: Any) -> None:
    asked = {"grid": town.village, "disputeType": "FOREST_LAND", "tension": "TENSE", "reviewOn": "2026-07-05"}
    for said in ("该户系老上访户", "当事人刑满释放", "电话13812345678"):
        refused = await town.worker.do("recordDisputeScreening", "screening { id }", situation=said, **asked)
        assert codes(refused) == ["PERSON_LABEL"], said
    made = await town.worker.do(
        "recordDisputeScreening", "screening { id version }", situation="两组争用同一片林地界线不清。", **asked
    )
    town.server.clock.move(days=6)
    assert (await run_jobs()).failed == []
    told = '{ me { notices(filter: { kind: { equals: "legal.screening_due" } }) { nodes { title } } } }'
    assert len((await town.worker.ask(told)).data["me"]["notices"]["nodes"]) == 1
    again = {"screening": made["screening"]["id"], "tension": "CALM", "note": "已勘界立桩。", "expectedVersion": 1}
    [error] = (await town.worker.do("reviewDisputeScreening", "screening { id }", **again))["errors"]
    assert error["path"] == ["reviewOn"]
    done = await town.worker.do(
        "reviewDisputeScreening", "screening { state reviews { note } }", **again, resolved=True
    )
    assert done["screening"] == {"state": "RESOLVED", "reviews": [{"note": "已勘界立桩。"}]}


async def test_clue_goes_by_whistle(town: Any, codes: Any, run_jobs: Any) -> None:
    made = await town.resident().do(
        "reportEnforcementClue",
        "clue { id version text }",
        grid=town.village,
        subject="BUILDING",
        text="河道边私建棚房",
    )
    clue = made["clue"]
    desk = town.server.as_("town_dispatcher", grid="610921100")

    async def step(name: str, **given: Any) -> Any:
        kind = "query($id: ID!) { node(id: $id) { ... on EnforcementClue { version } } }"
        version = (await desk.ask(kind, id=clue["id"])).data["node"]["version"]
        return await desk.do(
            name, "clue { state whistle { id version } text }", clue=clue["id"], expectedVersion=version, **given
        )

    assert (await step("decideEnforcementClue", accept=True))["clue"]["state"] == "ACCEPTED"
    [(unit,)] = await town.fetch("select code from units.unit where kind='COUNTY_DEPARTMENT' order by code limit 1")
    called = await step("callOnEnforcementClue", units=[unit], matter="河道违建现场核查")
    assert called["errors"] == [] and called["clue"]["state"] == "CALLED"
    handler = town.server.as_("department_handler", unit=unit)
    assert (
        codes(await handler.do("checkInToWhistle", "whistle { state }", whistle=called["clue"]["whistle"]["id"])) == []
    )
    closed = await desk.do("closeWhistle", "whistle { state }", whistle=called["clue"]["whistle"]["id"],
                           expectedVersion=called["clue"]["whistle"]["version"], outcome="已责令拆除")  # fmt: skip
    assert codes(closed) == []
    assert (await run_jobs()).failed == []
    done = await step("replyToEnforcementClue", text="已责令七日内拆除。")
    assert done["clue"]["state"] == "REPLIED"
    mine = "query($id: ID!) { node(id: $id) { ... on EnforcementClue { reply } } }"
    assert (await town.resident().ask(mine, id=clue["id"])).data["node"] == {"reply": "已责令七日内拆除。"}
    office = await town.worker.do(
        "reportEnforcementClue", "clue { id }", grid=town.village, subject="FOREST", text="林缘堆放易燃物"
    )
    assert (await town.worker.ask(mine, id=office["clue"]["id"])).data["node"] == {"reply": None}
    for stranger in (town.resident(1), handler, town.server.as_("town_dispatcher", grid="610921102")):
        assert (await stranger.ask(mine, id=clue["id"])).data["node"] is None


@pytest.mark.slow
async def test_reading_is_counted_and_nobody_known(town: Any, codes: Any) -> None:
    made = await town.manager.do(
        "publishLawArticle", "article { id }", grid="610921", title="赡养义务", text="子女应当履行赡养义务。"
    )
    lessons = "query($g: String!) { grid(code: $g) { lawArticles { nodes { title reads } } } }"
    for at in range(10):
        found = (await town.server.ask(lessons, g=town.village)).data["grid"]["lawArticles"]["nodes"]
        assert found == [{"title": "赡养义务", "reads": None}]
        assert codes(await read(town, at, made)) == []
    [one] = (await town.server.ask(lessons, g=town.village)).data["grid"]["lawArticles"]["nodes"]
    assert one["reads"] == 10
    [(columns,)] = await town.fetch(
        "select string_agg(column_name, ',' order by column_name) from information_schema.columns "
        "where table_schema='legal' and table_name='tally'"
    )
    assert columns == "answers,day,id,right,times,what"


async def read(town: Any, at: int, made: Any) -> Any:
    asked = "mutation($input: ReadLawArticleInput!) { readLawArticle(input: $input) { errors { code } } }"
    answer = await town.resident(at % 6).ask(asked, input={"article": made["article"]["id"]})
    return answer.data["readLawArticle"]


@pytest.mark.slow
async def test_quiz_tells_why(town: Any, codes: Any) -> None:
    question = {"text": "调解收费吗？", "options": ["收", "不收"], "right": 1, "why": "《人民调解法》第四条。"}
    wrong = await town.manager.do(
        "publishLawQuiz", "quiz { id }", grid="610921", title="调解", questions=[question | {"right": 2}]
    )
    assert wrong["errors"][0]["path"] == ["questions", "0", "right"]
    made = await town.manager.do(
        "publishLawQuiz", "quiz { id questions { text options } }", grid="610921", title="调解", questions=[question]
    )
    assert made["quiz"]["questions"] == [{"text": "调解收费吗？", "options": ["收", "不收"]}]
    asked = (
        "mutation($input: TakeLawQuizInput!) { takeLawQuiz(input: $input) { answers { right why } errors { code } } }"
    )
    answer = await town.server.ask(asked, input={"quiz": made["quiz"]["id"], "answers": [1]})
    assert answer.data["takeLawQuiz"]["answers"] == [{"right": True, "why": "《人民调解法》第四条。"}]


async def test_keys_of_matters_are_moved(town: Any, plugins: Any, tmp_path: Path) -> None:
    """After a rotation the new key of the ring alone opens what was asked; until then it counts as old."""
    from gongzhi_server.storage import key_ring
    from gongzhi_server.testing import settings_for_tests

    made, holdings = (await ask(town))["matter"], plugins.registers.holdings
    old = key_ring.load_key_ring(settings_for_tests(town.dsn, tmp_path))
    new = KeyRing({"next": bytes(range(32))})
    both = KeyRing({"next": new._keys["next"], **old._keys})
    assert (await key_ring.count_keys(town.dsn, both, holdings)).others["main"] >= 1
    await key_ring.rotate_keys(town.dsn, both, holdings)
    assert (await key_ring.count_keys(town.dsn, both, holdings)).done
    asked = "select a.id, a.question, m.secret from legal.advice a join legal.matter m on m.id=a.matter_id"
    [row] = await town.fetch(asked)
    place = f"legal.advice.question:{row['id']}"
    assert open_value(new.unwrap("610921", row["secret"]), place, row["question"]) == "邻居借钱三年未还，怎么办？"
    assert made["id"] == f"LegalAdvice:{row['id']}"
