"""People's files over HTTP: registering, changing, appointing, and who asks."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.runtime import sealing
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.testing import Server, codes_of, settings_for_tests
from stdnum.cn import ric

pytestmark = pytest.mark.together

SELECTION = """person {
  id name gender birthDate residence residentId phone phones { kind rank number } grid { code } version
}"""
PHONE, LANDLINE = "13800000017", "0915-5200017"


def resident_id(birth: str = "19900131", sequence: str = "995") -> str:
    """A number nobody has: test-only prefix, an odd sequence for men."""
    body = f"610921{birth}{sequence}"
    return body + ric.calc_check_digit(body + "0")


ID, OTHER_ID = resident_id(), resident_id(sequence="993")


@pytest_asyncio.fixture(loop_scope="module")
async def grid(server: Server) -> str:
    """The code of a base grid with people in it."""
    asked = "{ households(first: 1) { nodes { grid { code } } } }"
    found = (await server.as_("administrator", grid="610921").ask(asked)).data
    return str(found["households"]["nodes"][0]["grid"]["code"])


@pytest.fixture
def worker(server: Server, grid: str) -> Server:
    return server.as_("grid_worker", grid=grid)


@pytest_asyncio.fixture(loop_scope="module")
async def database(filled: str) -> Any:
    connection = await asyncpg.connect(filled)
    yield connection
    await connection.close()


async def content(database: Any) -> list[Any]:
    """All that is written about people, to compare."""
    tables = "person", "phone", "post"
    return [
        await database.fetchval(f"select md5(string_agg(t::text, '' order by t.id)) from people.{table} t")
        for table in tables
    ]


def person(grid: str, **more: Any) -> dict[str, Any]:
    return {"name": "测试甲", "residence": "RESIDENT", "grid": grid, **more}


async def registered(worker: Server, grid: str, **more: Any) -> Any:
    made = await worker.do("registerPerson", SELECTION, **person(grid, **more))
    assert made["errors"] == []
    return made["person"]


async def test_protected_values_sealed(worker: Server, grid: str, database: Any, filled: str, tmp_path: Any) -> None:
    """They are answered masked, kept sealed under the person's own key, and can be opened with the county's."""
    made = await registered(worker, grid, residentId=ID.lower(), phones=[PHONE, LANDLINE])
    assert made["residentId"] == f"{'*' * 16}{ID[-2:]}"
    assert [(one["kind"], one["rank"], one["number"]) for one in made["phones"]] == [
        ("MOBILE", 1, "*******0017"),
        ("LANDLINE", 2, "*******0017"),
    ]
    key = made["id"].partition(":")[2]
    row = await database.fetchrow("select * from people.person where id = $1::text::uuid", key)
    keys = load_key_ring(settings_for_tests(filled, tmp_path))
    own = keys.unwrap("610921", row["data_key"])
    assert sealing.open_value(own, f"people.person.resident_id:{key}", row["resident_id_sealed"]) == ID
    phone = await database.fetchrow("select * from people.phone where person_id = $1 and rank = 1", row["id"])
    assert sealing.open_value(own, f"people.phone.number:{phone['id']}", phone["sealed"]) == PHONE
    assert phone["blind"] == keys.blind("610921", "phone", PHONE)
    assert ID not in str(dict(row)) and PHONE not in str(dict(phone))


@pytest.mark.alone
async def test_birth_from_id(worker: Server, grid: str) -> None:
    made = await registered(worker, grid, residentId=ID)
    assert (made["birthDate"], made["gender"]) == ("1990-01-31", "MALE")


async def test_identity_is_optional(worker: Server, grid: str) -> None:
    made = await registered(worker, grid)
    assert (made["residentId"], made["birthDate"], made["gender"], made["phones"]) == (None, None, "UNKNOWN", [])


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"residentId": ID[:-1] + ("1" if ID[-1] != "1" else "2")}, "BAD_USER_INPUT", ["residentId"]),
        ({"residentId": resident_id("19900230")}, "BAD_USER_INPUT", ["residentId"]),
        ({"residentId": resident_id("20300101")}, "BAD_USER_INPUT", ["residentId"]),
        ({"residentId": "610921900131995"}, "BAD_USER_INPUT", ["residentId"]),
        ({"residentId": f"{'*' * 16}{ID[-2:]}"}, "MASKED_VALUE", ["residentId"]),
        ({"phones": [PHONE, "138****0017"]}, "MASKED_VALUE", ["phones", "1"]),
        ({"phones": ["12345678"]}, "BAD_USER_INPUT", ["phones", "0"]),
        ({"phones": [f"1380000001{last}" for last in range(6)]}, "BAD_USER_INPUT", ["phones"]),
        ({"residentId": ID, "birthDate": "1990-01-30"}, "BAD_USER_INPUT", ["birthDate"]),
        ({"residentId": ID, "gender": "FEMALE"}, "BAD_USER_INPUT", ["gender"]),
        ({"birthDate": "2026-07-01"}, "BAD_USER_INPUT", ["birthDate"]),
        ({"birthDate": "1776-07-04"}, "BAD_USER_INPUT", ["birthDate"]),
        ({"name": "  "}, "BAD_USER_INPUT", ["name"]),
        ({"name": "甲\u0007乙"}, "BAD_USER_INPUT", ["name"]),
        ({"grid": "610921999"}, "NOT_FOUND", ["grid"]),
        ({"grid": "610921100"}, "BAD_USER_INPUT", ["grid"]),
    ],
)
async def test_bad_values_refused(
    server: Server, grid: str, database: Any, given: dict[str, Any], code: str, path: list[str]
) -> None:
    before = await content(database)
    caller = server.as_("grid_leader", grid="610921")
    answer = await caller.do("registerPerson", "person { id }", **person(**{"grid": grid, **given}))
    assert answer["person"] is None
    assert [(one["code"], one["path"]) for one in answer["errors"]] == [(code, path)]
    for value in (v for one in given.values() for v in (one if isinstance(one, list) else [one])):
        assert value.strip() == "" or value not in answer["errors"][0]["message"]
    assert await content(database) == before


async def test_all_mistakes_at_once(worker: Server, grid: str) -> None:
    answer = await worker.do(
        "registerPerson", "person { id }", **person(grid, name="", residentId="1", phones=["2"], birthDate="2100-01-01")
    )
    paths = [one["path"] for one in answer["errors"]]
    assert paths == [["name"], ["birthDate"], ["residentId"], ["phones", "0"]]


@pytest.mark.parametrize(
    "bad", [{"birthDate": "1990-02-30"}, {"residentId": int(ID[:-1] + "1")}, {"phones": [13800000017]}]
)
async def test_wrong_type_not_echoed(worker: Server, grid: str, bad: dict[str, Any]) -> None:
    """What does not fit its type is refused before the command, and not repeated either."""
    asked = "mutation($input: RegisterPersonInput!) { registerPerson(input: $input) { person { id } } }"
    answer = await worker.ask(asked, input={"idempotencyKey": "one", **person(grid, **bad)})
    assert answer.codes == ["BAD_USER_INPUT"]
    [field] = bad
    assert field in answer.errors[0]["message"]
    assert "02-30" not in str(answer.body) and ID[:-1] not in str(answer.body) and PHONE not in str(answer.body)


async def test_message_in_chinese(worker: Server, grid: str) -> None:
    worker.headers["accept-language"] = "zh-CN"
    answer = await worker.do("registerPerson", "person { id }", **person(grid, residentId="1"))
    assert answer["errors"][0]["message"] == "身份证号应为18位，现为1位"


@pytest.mark.alone
async def test_same_id_twice(worker: Server, grid: str, database: Any) -> None:
    """The first file is named to whoever may see it; that is a look at it, for it tells that the number is theirs."""
    made = await registered(worker, grid, residentId=ID)
    before = await content(database)
    again = await worker.do("registerPerson", "person { id }", **person(grid, residentId=ID))
    assert codes_of(again["errors"]) == ["DUPLICATE"]
    assert again["errors"][0]["path"] == ["residentId"]
    assert made["id"] in again["errors"][0]["message"] and ID not in again["errors"][0]["message"]
    assert await content(database) == before
    looks = await database.fetch("select persons, fields from access.look where kind='FIND'")
    assert [(f"Person:{one['persons'][0]}", one["fields"]) for one in looks] == [(made["id"], ["Person.residentId"])]


@pytest.mark.alone
async def test_same_id_out_of_sight(server: Server, worker: Server, grid: str, database: Any) -> None:
    """Whoever may not see the first file is answered as if there were none; the officer is asked whose number it is."""
    made = await registered(worker, grid, residentId=ID)
    asked = "{ grids(first: 2, filter: { kind: { equals: GRID_3 } }) { nodes { code } } }"
    codes = [one["code"] for one in (await server.ask(asked)).data["grids"]["nodes"]]
    other = next(code for code in codes if code != grid)
    elsewhere = server.as_("grid_worker", grid=other)
    asks = "person { id name residentId version }"
    known = await elsewhere.do("registerPerson", asks, **person(other, residentId=ID))
    new = await elsewhere.do("registerPerson", asks, **person(other, residentId=OTHER_ID))
    assert known["errors"] == new["errors"] == []
    assert {**known["person"], "id": "", "residentId": ID[-2:]} == {
        **new["person"],
        "id": "",
        "residentId": ID[-2:],
    } and known["person"]["residentId"] == "*" * 16 + ID[-2:]
    found = await elsewhere.do("findPerson", "people { id }", county=other[:6], residentId=ID, purpose="核对")
    assert found["people"] == [{"id": known["person"]["id"]}]
    notices = await database.fetch("select about, body_zh from notices.notice where kind='people.contested'")
    assert [one["about"] for one in notices] == [known["person"]["id"]] and made["id"] in notices[0]["body_zh"]
    taken = await worker.do("updatePerson", "person { id }", person=made["id"], expectedVersion=1, residentId=None)
    assert taken["errors"] == []
    kept = await elsewhere.do(
        "updatePerson", "person { id }", person=known["person"]["id"], expectedVersion=1, residentId=ID
    )
    assert kept["errors"] == [] and await database.fetchval("select count(contested_at) from people.person") == 0


@pytest.mark.alone
async def test_same_id_at_once(worker: Server, grid: str, database: Any) -> None:
    """Two who register the same person in the same moment: one file, one refusal."""
    both = [worker.do("registerPerson", "person { id }", **person(grid, residentId=ID)) for _ in range(2)]
    answers = await asyncio.gather(*both)
    assert sorted(codes_of(one["errors"]) for one in answers) == [[], ["DUPLICATE"]]
    assert await database.fetchval("select count(*) from people.person where name = '测试甲'") == 1


@pytest.mark.alone
async def test_replay_makes_one(worker: Server, grid: str, database: Any) -> None:
    given = person(grid, residentId=ID, idempotencyKey=str(uuid4()))
    first, second = [await worker.do("registerPerson", "person { id }", **given) for _ in range(2)]
    assert first == second and first["errors"] == []
    other = await worker.do("registerPerson", "person { id }", **{**given, "name": "测试乙"})
    assert codes_of(other["errors"]) == ["IDEMPOTENCY_KEY_REUSED"]
    assert await database.fetchval("select count(*) from people.person where name like '测试%'") == 1


@pytest.mark.alone
async def test_update_keeps_rest(worker: Server, grid: str) -> None:
    made = await registered(worker, grid, residentId=ID, phones=[PHONE])
    changed = await worker.do(
        "updatePerson", SELECTION, person=made["id"], expectedVersion=1, name="测试乙", phones=[LANDLINE]
    )
    assert changed["errors"] == []
    phones = [{"kind": "LANDLINE", "rank": 1, "number": "*******0017"}]
    assert changed["person"] == {**made, "name": "测试乙", "phone": phones[0]["number"], "phones": phones, "version": 2}


@pytest.mark.alone
async def test_id_taken_away(worker: Server, grid: str) -> None:
    """While there is a resident ID it decides on birth date and gender; without it they can be set."""
    made = await registered(worker, grid, residentId=ID)
    given = {"person": made["id"], "birthDate": "1991-01-31"}
    refused = await worker.do("updatePerson", "person { id }", expectedVersion=1, **given)
    assert [one["path"] for one in refused["errors"]] == [["birthDate"]]
    changed = await worker.do("updatePerson", SELECTION, expectedVersion=1, residentId=None, **given)
    assert (changed["person"]["residentId"], changed["person"]["birthDate"]) == (None, "1991-01-31")
    again = await registered(worker, grid, residentId=ID)
    assert again["id"] != made["id"]


async def test_stale_version_refused(worker: Server, grid: str, database: Any) -> None:
    made = await registered(worker, grid)
    before = await content(database)
    refused = await worker.do("updatePerson", "person { id }", person=made["id"], expectedVersion=7, name="测试乙")
    assert [(one["code"], one["path"]) for one in refused["errors"]] == [("STALE_VERSION", ["expectedVersion"])]
    assert refused["person"] == {"id": made["id"]}
    assert await content(database) == before


async def test_strangers_may_not(server: Server, worker: Server, grid: str, database: Any) -> None:
    """Without the permission the field is refused; with it elsewhere, a person is not there and a grid is forbidden."""
    made = await registered(worker, grid)
    before = await content(database)
    given = {"person": made["id"], "expectedVersion": 1, "name": "测试乙"}
    asked = "mutation($input: UpdatePersonInput!) { updatePerson(input: $input) { errors { code } } }"
    answer = await server.ask(asked, input={"idempotencyKey": str(uuid4()), **given})
    assert answer.codes == ["FORBIDDEN"]
    asked = "{ grids(first: 1, filter: { kind: { equals: TOWN } }, orderBy: CODE_DESC) { nodes { code } } }"
    town = (await server.ask(asked)).data["grids"]["nodes"][0]["code"]
    assert not grid.startswith(town)
    elsewhere = server.as_("grid_leader", grid=town)
    assert codes_of((await elsewhere.do("updatePerson", "person { id }", **given))["errors"]) == ["NOT_FOUND"]
    refused = await elsewhere.do("registerPerson", "person { id }", **person(grid))
    assert [(one["code"], one["path"]) for one in refused["errors"]] == [("FORBIDDEN", ["grid"])]
    assert await content(database) == before


@pytest.mark.alone
async def test_move_between_counties(server: Server, database: Any) -> None:
    """Another county is another key, so a person does not just change grids."""
    administrator = server.as_("administrator")
    for code, name in (("6101", "西安市"), ("610102", "新城区"), ("610102001", "甲街道"), ("610102001001", "甲社区")):
        assert (await administrator.do("addGrid", "grid { id }", code=code, name=name))["errors"] == []
    home = await database.fetchval("select code from grids.grid where kind = 'VILLAGE' and code like '610921%' limit 1")
    leader = server.as_("grid_leader")
    made = await registered(leader, home, residentId=ID)
    given = {"person": made["id"], "expectedVersion": 1, "grid": "610102001001"}
    refused = await leader.do("updatePerson", "person { id }", **given)
    assert [(one["code"], one["path"]) for one in refused["errors"]] == [("BAD_USER_INPUT", ["grid"])]
    other = await registered(leader, "610102001001", residentId=ID)
    assert other["residentId"] == made["residentId"]
    blinds = await database.fetch("select distinct resident_id_blind from people.person where name = '测试甲'")
    assert len(blinds) == 2


# --- who answers for a grid ---


async def test_officer_follows_officer(server: Server, worker: Server, grid: str) -> None:
    leader = server.as_("grid_leader", grid=grid)
    made = await registered(worker, grid)
    server.clock.move(days=1)
    selection = "officer { name dutyPhone since until grid { code } }"
    given = {"grid": grid, "duty": "GRID_WORKER", "person": made["id"], "dutyPhone": "+86 138 0000 0017"}
    answer = await leader.do("appointOfficer", selection, **given)
    assert answer["errors"] == []
    expected = {"name": "测试甲", "dutyPhone": PHONE, "since": "2026-07-01", "until": None, "grid": {"code": grid}}
    assert answer["officer"] == expected
    asked = "gridWorker { name } gridLeader { name } officers { nodes { duty until } }"
    found = (await server.ask(f'{{ grid(code: "{grid}") {{ {asked} }} }}')).data["grid"]
    assert found["gridWorker"] == {"name": "测试甲"}
    assert found["gridLeader"] != {"name": "测试甲"}
    ended = [one for one in found["officers"]["nodes"] if one["until"]]
    assert ended == [{"duty": "GRID_WORKER", "until": "2026-07-01"}]


async def test_appointment_needs_permission(server: Server, worker: Server, grid: str, database: Any) -> None:
    made, before = await registered(worker, grid), await content(database)
    given = {"grid": grid, "duty": "GRID_LEADER", "person": made["id"]}
    asked = "mutation($input: AppointOfficerInput!) { appointOfficer(input: $input) { errors { code } } }"
    assert (await worker.ask(asked, input={"idempotencyKey": "one", **given})).codes == ["FORBIDDEN"]
    leader = server.as_("grid_leader", grid=grid)
    for wrong, code in (({"dutyPhone": "0000"}, "BAD_USER_INPUT"), ({"person": f"Person:{uuid4()}"}, "NOT_FOUND")):
        answer = await leader.do("appointOfficer", "officer { id }", **{**given, **wrong})
        assert [(one["code"], one["path"]) for one in answer["errors"]] == [(code, list(wrong))]
    assert await content(database) == before


# --- who asks ---

ME = "{ me { account role person { name residentId household { address } } } }"


@pytest.mark.alone
async def test_me_is_me(server: Server, worker: Server, grid: str) -> None:
    assert (await server.ask(ME)).data == {"me": None}
    made = await registered(worker, grid, residentId=ID)
    me = server.as_("resident", person=made["id"].partition(":")[2])
    answer = (await me.ask(ME)).data["me"]
    assert answer["role"] == "resident" and answer["account"].startswith("resident-")
    assert answer["person"] == {"name": "测试甲", "residentId": ID, "household": None}
    theirs = (await worker.ask(ME)).data["me"]
    assert theirs == {"account": f"grid_worker-{grid}", "role": "grid_worker", "person": None}
