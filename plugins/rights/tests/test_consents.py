"""Consents over HTTP: separate, versioned, withdrawn without a word; who may give them for whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from gongzhi.core.people.models import PersonRow
from gongzhi.declare.register_entries import PrivacyNotice
from gongzhi.declare.registers import Registers
from gongzhi.values.errors import Text
from gongzhi_rights.representation import AGE, fourteenth_birthday, is_entitled, is_minor
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Family, expect_success, refusal_codes

CONSENT = "consent { id purpose recipient noticeVersion givenAt expiresAt withdrawnAt inForce byRepresentative }"
MINE = "{ me { consents { purpose recipient givenAt expiresAt withdrawnAt inForce } } }"
INCOME = {"purpose": "people.income_band"}
AGREED = {**INCOME, "noticeVersion": 1}


async def test_consent_given_and_withdrawn(family: Family, connection: Any) -> None:
    elder = family.of(family.elder)
    made = await expect_success(elder, "giveConsent", CONSENT, **AGREED)
    assert (made["recipient"], made["noticeVersion"], made["inForce"]) == ("village", 1, True)
    assert made["expiresAt"][:10] == "2027-06-30" and made["byRepresentative"] is False
    text = await connection.fetchval("select w.text->>'zh' from rights.wording w join rights.consent c on true")
    assert "不影响您获得服务" in text
    [kept] = (await elder.ask(MINE)).data["me"]["consents"]
    assert kept["purpose"] == "people.income_band" and kept["withdrawnAt"] is None
    gone = await expect_success(elder, "withdrawConsent", CONSENT, **INCOME)
    assert gone["id"] == made["id"] and gone["withdrawnAt"] and gone["inForce"] is False
    assert (await family.of(family.mother).ask(MINE)).data["me"]["consents"] == []


async def test_bad_consents_refused(family: Family) -> None:
    elder = family.of(family.elder)
    expected = {
        "NOTICE_CHANGED": ({**INCOME, "noticeVersion": 7}, ["noticeVersion"]),
        "NOT_FOUND": ({"purpose": "people.nonsense", "noticeVersion": 1}, ["purpose"]),
        "BAD_USER_INPUT": ({"purpose": "people.service", "noticeVersion": 1}, ["purpose"]),
    }
    for code, (given_, path) in expected.items():
        assert await refusal_codes(elder, "giveConsent", CONSENT, **given_) == [(code, path)]
    assert await refusal_codes(family.server, "giveConsent", CONSENT, **AGREED) == [("NOT_FOUND", ["person"])]
    # a neighbour is not there, as is nobody; somebody of the grid cannot agree for another
    neighbour = family.of(family.mother)
    assert await refusal_codes(neighbour, "giveConsent", CONSENT, **AGREED, person=family.elder) == [
        ("NOT_FOUND", ["person"])
    ]
    worker = family.staff("grid_worker")
    assert await refusal_codes(worker, "giveConsent", CONSENT, **AGREED, person=family.elder) == [
        ("FORBIDDEN", ["person"])
    ]
    made = await expect_success(worker, "giveConsent", CONSENT, **AGREED, person=family.elder, by=family.elder)
    assert made["inForce"] is True  # on paper


async def test_withdrawal_undoes_what_rested_on_it(family: Family, connection: Any) -> None:
    worker, elder = family.staff("grid_worker"), family.of(family.elder)
    version = await connection.fetchval("select version from people.household where id=$1::text::uuid", key(family))
    given_ = {"household": family.household, "expectedVersion": version, "band": "BELOW_MEAN"}
    chosen = {**given_, "confirmedOn": "2026-06-30", "consent": True}
    made = await expect_success(worker, "confirmIncome", "household { incomeBand serviceTier { tier } }", **chosen)
    assert (made["incomeBand"], made["serviceTier"]["tier"]) == ("BELOW_MEAN", "GUANXIN")
    await expect_success(elder, "withdrawConsent", CONSENT, **INCOME)  # though none was recorded
    standing = "select income_band, tier from people.household where id=$1::text::uuid"
    row = await connection.fetchrow(standing, key(family))
    assert tuple(row) == ("UNKNOWN", "UNCLASSIFIED")


def key(family: Family) -> str:
    return family.household.partition(":")[2]


async def test_guardian_decides_under_fourteen(family: Family) -> None:
    child, mother, leader = family.of(family.child), family.of(family.mother), family.staff("grid_leader")
    assert await refusal_codes(child, "giveConsent", CONSENT, **AGREED) == [("GUARDIAN_REQUIRED", ["person"])]
    named = {"person": family.child, "representative": family.mother, "capacity": "GUARDIAN"}
    selection = "representative { id until representative { name } person { name } }"
    made = await expect_success(leader, "nameRepresentative", selection, **named)
    assert (made["until"], made["representative"]["name"]) == ("2030-03-01", "测试母")
    consent = await expect_success(mother, "giveConsent", CONSENT, **AGREED, person=family.child)
    assert consent["byRepresentative"] is True
    assert (await child.ask(MINE)).data["me"]["consents"][0]["inForce"] is True
    [ward] = (await mother.ask("{ me { represents { capacity person { name consents { purpose } } } } }")).data["me"][
        "represents"
    ]
    assert ward == {"capacity": "GUARDIAN", "person": {"name": "测试孩", "consents": [{"purpose": INCOME["purpose"]}]}}
    # refused: guardians of adults, kin of the living, oneself, twice
    for wrong, path, code in (
        ({**named, "person": family.elder}, "person", "BAD_USER_INPUT"),
        ({**named, "capacity": "NEXT_OF_KIN"}, "person", "BAD_USER_INPUT"),
        ({**named, "representative": family.child}, "representative", "BAD_USER_INPUT"),
        (named, "representative", "DUPLICATE"),
    ):
        assert await refusal_codes(leader, "nameRepresentative", selection, **wrong) == [(code, [path])]
    await expect_success(leader, "endRepresentation", "representative { until }", representative=made["id"])
    assert await refusal_codes(mother, "withdrawConsent", CONSENT, **INCOME, person=family.child) == [
        ("NOT_FOUND", ["person"])
    ]


async def test_kin_speak_for_the_dead(family: Family) -> None:
    leader, mother = family.staff("grid_leader"), family.of(family.mother)
    died = {"person": family.elder, "expectedVersion": 1, "diedOn": "2026-06-01"}
    assert (await expect_success(leader, "updatePerson", "person { diedOn }", **died))["diedOn"] == "2026-06-01"
    named = {"person": family.elder, "representative": family.mother, "capacity": "NEXT_OF_KIN"}
    await expect_success(leader, "nameRepresentative", "representative { id }", **named)
    assert await refusal_codes(family.of(family.elder), "giveConsent", CONSENT, **AGREED) == [("FORBIDDEN", ["person"])]
    request = await expect_success(mother, "requestExport", "request { state download }", person=family.elder)
    assert request["download"] is not None


NOTICE = PrivacyNotice("a.b", None, 1, Text("", ""), Text("", ""), Text("", ""), date(2026, 1, 1))


def notice(version: int, since: date, renew: bool) -> PrivacyNotice:
    return PrivacyNotice("a.b", None, version, NOTICE.title, NOTICE.text, NOTICE.basis, since, renew=renew)


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(st.lists(st.tuples(days, st.booleans()), max_size=6), days)
def test_renewal_ends_older_consents(versions: list[tuple[date, bool]], day: date) -> None:
    """A consent to the text in force always counts; one to an older text, unless a renewal has begun since."""
    book = Registers(notices=tuple(notice(at, since, renew) for at, (since, renew) in enumerate(versions, 1)))
    current, least = book.notice("a.b", "x", day), book.least("a.b", "x", day)
    begun = [(at, renew) for at, (since, renew) in enumerate(versions, 1) if since <= day]
    assert (current.version if current else 0) == max((at for at, _ in begun), default=0)
    assert all((at >= least) == (not any(renew for later, renew in begun if later > at)) for at, _ in begun)


@given(st.dates(date(1900, 1, 1), date(2026, 6, 30)), st.integers(-400, 400), st.booleans(), st.booleans())
def test_one_voice_at_each_age(birth: date, offset: int, dead: bool, named: bool) -> None:
    """On any day a person speaks alone or a representative does; nobody else ever."""
    person = PersonRow(id=uuid4(), birth_date=birth, died_on=date(2026, 1, 1) if dead else None)
    day, other, stranger = fourteenth_birthday(birth) + timedelta(days=offset), uuid4(), UUID(int=1)
    speakers = [other] if named else []
    assert is_minor(birth, day) == (offset < 0)
    assert is_entitled(person.id, person, day, speakers) == (not dead and offset >= 0)
    assert is_entitled(other, person, day, speakers) == named
    assert not is_entitled(stranger, person, day, speakers) and not is_entitled(None, person, day, speakers)
    assert day.year - birth.year >= AGE - 2
