"""Nobody outside a matter reads a word of it: not any role, not by any path."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

SECRETS = ("越界三十公分", "双方到场勘界", "十日内拆除", "院墙越过地界", "界桩照片", "私下说的话", "借钱三年")
"""Words that were written in the matters below."""
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HANDLED = "{ handledLegalMatters { totalCount nodes { id } } }"
NOTICES = "{ me { notices { nodes { title body } } } }"
EVERYTHING = """{
  legalEntries { totalCount nodes { question } }
  grid(code: "610921") {
    disputeScreenings { totalCount } enforcementClues { totalCount nodes { text } }
    cases(first: 5) { nodes { number mediation { id state facts } } }
  }
}"""


async def matters(town: Any) -> dict[str, str]:
    """A mediation with all that can hang on it, and a question; the ids of everything."""
    seen = await town.mediating()
    mediator = town.mediator()
    await mediator.do(
        "recordMediationSession", "mediation { id }", mediation=seen["id"], at="2026-06-30T01:00:00Z", place="村委会",
        minutes="双方到场勘界。", expectedVersion=seen["version"],
    )  # fmt: skip
    file = await town.resident().do(
        "addLegalFile", "file { id url }", matter=seen["matter"]["id"], title="界桩照片", content=PNG
    )
    assert file["errors"] == [] and file["file"]["url"].startswith("data:image/png")
    said = await town.resident().do(
        "sendLegalMessage", "message { id }", matter=seen["matter"]["id"], text="私下说的话"
    )
    agreed = (await town.agree(await town.see(seen["id"])))["mediation"]["agreement"]
    advice = await town.resident().do("askAdvice", "matter { id }", question="借钱三年未还")
    rows = {
        name: await town.fetch(f"select id from legal.{name}")
        for name in ("party", "mediator", "session", "term", "signature", "seat")
    }
    kinds = {
        "party": "MediationParty", "mediator": "Mediator", "session": "MediationSession", "term": "AgreementTerm",
        "signature": "AgreementSignature",
    }  # fmt: skip
    found = {
        "Mediation": seen["id"], "LegalMatter": seen["matter"]["id"], "LegalFile": file["file"]["id"],
        "LegalMessage": said["message"]["id"], "MediationAgreement": agreed["id"],
        "JudicialConfirmation": agreed["confirmation"]["id"], "LegalAdvice": advice["matter"]["id"],
    }  # fmt: skip
    return found | {kind: f"{kind}:{rows[name][0]['id']}" for name, kind in kinds.items()}


async def test_no_role_reads_a_word(town: Any, plugins: Any) -> None:
    """Every role of the core and of every plugin, everywhere at once; by id, by list, by search, by count."""
    from gongzhi_server.testing import built_graphql_schema
    from graphql import GraphQLObjectType, is_leaf_type

    ids = await matters(town)
    schema = built_graphql_schema(plugins)
    selections = {}
    for kind in ids:
        fields: Any = schema.type_map[kind]
        assert isinstance(fields, GraphQLObjectType)
        plain = [
            name
            for name, of in fields.fields.items()
            if not of.args and is_leaf_type(getattr(of.type, "of_type", of.type))
        ]
        selections[kind] = " ".join(plain)
    [(unit,)] = await town.fetch("select code from units.unit order by id limit 1")
    outsiders = {"neighbour": town.resident(3), "stranger": town.server, "another mediator": town.mediator("town")}
    outsiders["another counsellor"] = town.counsellor("somebody")
    for role in plugins.roles:
        if role.name not in ("stranger", "resident"):
            outsiders[role.name] = town.server.as_(role.name, grid="610921")
            outsiders[f"{role.name} of a unit"] = town.server.as_(role.name, unit=unit)
    for name, caller in outsiders.items():
        text = " ".join(
            f'n{at}: node(id: "{id}") {{ ... on {kind} {{ {selections[kind]} }} }}'
            for at, (kind, id) in enumerate(ids.items())
        )
        answer = await caller.ask("{ " + text + " }")
        assert set(answer.data.values()) == {None}, name
        for query in (EVERYTHING, HANDLED, NOTICES):
            body = json.dumps((await caller.ask(query)).body, ensure_ascii=False)
            assert not [word for word in SECRETS if word in body], name
            if "handled" in query:
                assert '"totalCount": 0' in body or "FORBIDDEN" in body, name
        mine = "query($id: ID!) { node(id: $id) { ... on Person { legalMatters { totalCount nodes { id } } } } }"
        person = (await caller.ask(mine, id=town.person(0))).body["data"]["node"]
        assert person is None or person["legalMatters"] == {"totalCount": 0, "nodes": []}, name


async def test_nothing_is_at_rest_in_clear(town: Any) -> None:
    """Not in a column, not in an event, not in a notice, not among what requests are remembered by."""
    await matters(town)
    tables = await town.fetch(
        "select schemaname||'.\"'||tablename||'\"' as name from pg_tables "
        "where schemaname in ('legal','events','notices','journal','access','rights')"
    )
    for (table,) in tables:
        for (row,) in await town.fetch(f"select convert_to(to_jsonb(t)::text, 'utf8') from {table} t"):
            text = row.decode()
            raw = [word for word in SECRETS if word in text or word.encode().hex() in text]
            assert raw == [], table


@pytest.mark.slow
async def test_parties_and_handlers_read_it(town: Any) -> None:
    ids = await matters(town)
    asked = "query($id: ID!) { node(id: $id) { ... on LegalMessage { text } } }"
    for caller in (town.resident(0), town.resident(1), town.mediator()):
        assert (await caller.ask(asked, id=ids["LegalMessage"])).data["node"] == {"text": "私下说的话"}
    narrowed = town.server.as_("grid_worker", sub="mediator-village", grid="610921")
    assert (await narrowed.ask(asked, id=ids["LegalMessage"])).data["node"] is None, "the name alone opens nothing"


async def test_who_referred_sees_that_it_began(town: Any) -> None:
    """And, sending the same again later, no more than that."""
    key = {"idempotencyKey": "referral-1"}
    whole = """mediation { id state facts rights { text } matter { id } parties { name } mediators { name }
      sessions { minutes } }"""
    begun = (await town.request(**key))["mediation"]
    seen = await town.see(begun["id"])
    asked = {"disputeType": "NEIGHBOR", "parties": [{"person": town.person(at)} for at in (0, 1)]}
    again = await town.worker.do(
        "requestMediation", whole, rightsAcknowledged=True, facts="院墙越界三十公分", **asked, **key
    )
    found = again["mediation"]
    assert len(found.pop("rights")) == 6 and seen["facts"]
    assert found == {
        "id": begun["id"], "state": "REQUESTED", "facts": None, "matter": None, "parties": [], "mediators": [],
        "sessions": [],
    }  # fmt: skip


@pytest.mark.slow
async def test_those_who_sit_there_are_named(town: Any) -> None:
    seen = await town.mediating()
    asked = "query($id: ID!) { node(id: $id) { ... on LegalMatter { seats { role name } } } }"
    found = (await town.resident().ask(asked, id=seen["matter"]["id"])).data["node"]["seats"]
    names = [("PARTY", one["name"]) for one in seen["parties"]]
    assert {(one["role"], one["name"]) for one in found} == {*names, ("HANDLER", "village")}


@pytest.mark.slow
async def test_steps_need_a_seat(town: Any, codes: Any) -> None:
    """What is not yours is not there, whatever one tries to do to it."""
    seen = await town.mediating()
    for caller in (town.resident(3), town.mediator("town"), town.manager, town.worker):
        for name, given in (
            ("joinMediation", {"agree": True, "rightsAcknowledged": True}),
            ("endMediation", {"outcome": "WITHDRAWN"}),
            ("chooseMediators", {"mediators": [town.advisers["town"]]}),
        ):
            assert codes(await caller.do(name, "mediation { id }", mediation=seen["id"], **given)) == ["NOT_FOUND"]
        told = {"matter": seen["matter"]["id"], "title": "x", "content": PNG}
        assert codes(await caller.do("addLegalFile", "file { id }", **told)) == ["NOT_FOUND"]


async def test_figures_of_few_are_not_shown(town: Any, codes: Any) -> None:
    seen = await town.mediating()
    await town.agree(seen)
    asked = """{ mediationFigures(grid: "610921", since: "2026-01-01", before: "2027-01-01") {
      disputeType name accepted written inVillage }
      mediationSubsidies(grid: "610921", since: "2026-01-01", before: "2027-01-01") { adviser written amount } }"""
    assert (await town.resident().ask(asked)).codes == ["FORBIDDEN", "FORBIDDEN"]
    found = (await town.manager.ask(asked)).data
    assert found["mediationFigures"][0] == {
        "disputeType": "ALL", "name": "合计", "accepted": None, "written": None, "inVillage": None
    }  # fmt: skip
    assert found["mediationSubsidies"] == [{"adviser": "village", "written": 1, "amount": "200.00"}]
    for amount, code in (("180.00", []), ("1.234", ["BAD_USER_INPUT"])):
        made = await town.manager.do("setMediationRate", "", grid="610921", outcome="WRITTEN_AGREEMENT", amount=amount)
        assert codes(made) == code
    due = (await town.manager.ask(asked)).data["mediationSubsidies"][0]["amount"]
    assert due == "200.00", "a rate is for what ends from then on"


COPIES = """
with matters as (
  insert into legal.matter
  select (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid()))).*
  from legal.matter m cross join generate_series(1, $3::int)
  where m.id = (select matter_id from legal.mediation order by id limit 1) returning id
)
insert into legal.mediation
select (jsonb_populate_record(n, jsonb_build_object('id', gen_random_uuid(), 'matter_id', m.id,
  'requested_at', $1::timestamptz, 'dispute_type_id',
  (select d.id from legal.dispute_type d where d.code=$2 order by d.id desc limit 1)))).*
from legal.mediation n cross join matters m where n.id = (select id from legal.mediation order by id limit 1)
"""


async def test_figures_tell_nothing_by_difference(town: Any) -> None:
    """Neither two periods, nor the total beside its types, nor a place beside its neighbours tells a few mediations."""
    await town.mediating()
    asked = """query($grid: String!, $since: Date!, $before: Date!) {
      mediationFigures(grid: $grid, since: $since, before: $before) { disputeType accepted } }"""

    async def copies(at: str, kind: str, many: int) -> None:
        await town.fetch(COPIES, datetime.fromisoformat(f"{at}T08:00:00+08:00"), kind, many)

    async def accepted(since: str, before: str, grid: str = "610921") -> Any:
        answer = await town.manager.ask(asked, grid=grid, since=since, before=before)
        if "errors" in answer.body:
            return answer.codes
        return {one["disputeType"]: one["accepted"] for one in answer.data["mediationFigures"]}

    first, second = ("2025-01-01", "2025-04-01"), ("2025-04-01", "2025-07-01")
    both = first[0], second[1]
    assert await accepted("2025-01-01", "2025-03-31") == ["BAD_USER_INPUT"]
    assert await accepted("2025-02-01", "2025-04-01") == ["BAD_USER_INPUT"]
    assert await accepted(*both) == {"ALL": 0}
    await copies("2025-01-01", "NEIGHBOR", 12)
    await copies("2025-03-31", "LABOR", 3)
    await copies("2025-04-01", "NEIGHBOR", 13)
    alone = {"ALL": None, "NEIGHBOR": 12, "LABOR": None}
    assert await accepted(*first) == alone, "15 in all would tell of the 3"
    assert await accepted(*second) == {"ALL": 13, "NEIGHBOR": 13}
    assert await accepted(*both) == {"ALL": None, "NEIGHBOR": 25, "LABOR": None}, "28 less 13 would tell, too"
    await copies("2025-02-01", "TRAFFIC", 4)
    assert (await accepted(*first))["ALL"] == 19
    assert await accepted(*second, grid=town.village) == {"ALL": 15, "NEIGHBOR": 15}, "to the nearest five"


async def test_agreement_kept_is_said_by_release_alone(town: Any, plugins: Any) -> None:
    from gongzhi_legal.registers import claim_kept_agreements

    class Desk:
        async def fetch(self, sql: str, *values: Any) -> Any:
            return await town.fetch(sql, *values)

    seen = await town.mediating()
    await town.agree(seen)
    desk: Any = Desk()
    assert await claim_kept_agreements(desk, town.people[1]) == [], "of a promise not kept yet nothing is said"
    [term] = (await town.see(seen["id"]))["agreement"]["terms"]
    await town.mediator().do("settleAgreementTerm", "term { id }", term=term["id"], kept=True)
    [claim] = await claim_kept_agreements(desk, town.people[1])
    assert (claim.text.zh, claim.value) == ("已履行完毕的调解协议：1 份", 1)
    assert not [one for one in plugins.registry._known.values() if one.type.startswith("legal.") and one.feedable]


@pytest.mark.slow
async def test_calendar_opens_by_its_address(town: Any, codes: Any) -> None:
    import icalendar

    shift = {"startsAt": "2026-07-01T01:00:00Z", "endsAt": "2026-07-01T09:00:00Z", "place": "村法律服务室"}
    await town.mediator().do("addLegalShifts", "adviser { id }", adviser=town.advisers["village"], shifts=[shift])
    path = (await town.mediator().do("makeLegalFeed", "path"))["path"]
    reply = await town.server.client.get(path)
    assert reply.status_code == 200 and reply.headers["content-type"] == "text/calendar; charset=utf-8"
    [event] = icalendar.Calendar.from_ical(reply.text).walk("VEVENT")
    assert event["location"] == "村法律服务室" and event.start.isoformat() == "2026-07-01T01:00:00+00:00"
    [(stored,)] = await town.fetch("select digest from legal.feed")
    token = path.split("/")[3]
    assert token.encode() not in stored
    for wrong in (path.replace(token, token[::-1]), path.replace("rota", "other"), path.replace("legal", "points")):
        assert (await town.server.client.get(wrong)).status_code == 404
    again = (await town.mediator().do("makeLegalFeed", "path"))["path"]
    assert again != path and (await town.server.client.get(path)).status_code == 404, "the one before is over"
    await town.mediator().do("endLegalFeed", "path")
    assert (await town.server.client.get(again)).status_code == 404
