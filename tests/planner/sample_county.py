"""A little county for the planner's tests: every kind of grid, ties, nulls, sealed tip-offs, awkward texts and times.

Keys are given out in no order, so that a list that is not ordered by its key shows it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.declare.columns import NEVER
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values import codes
from gongzhi.values.codes import Kind
from gongzhi.values.geometry import Point, Ring, polygon_text
from gongzhi_server.testing import ESSENTIAL

from .reference_dispatch import papers

held = ESSENTIAL.held

NOW = datetime(2026, 6, 30, 17, 30, tzinfo=UTC)
"""It is the first of July already in China."""
TODAY = date(2026, 7, 1)
CURSOR = "the-cursor-of-now"
PUBLISHED = {
    "dataPurposes": [{"plugin": "tests", "field": "Person.phone", "purpose": "test's", "basis": "测试"}],
    "plugins": [
        {
            "name": "tests",
            "distribution": "gongzhi-tests",
            "version": "1.0",
            "always": False,
            "fields": ["Case.age"],
            "tables": [],
            "jobs": ["tests.remind"],
        }
        | {"dataPurposes": [{"plugin": "tests", "field": "Person.phone", "purpose": "test's", "basis": "测试"}]},
    ],
    "roles": [
        {
            "name": "taster",
            "english": "taster",
            "chinese": "品尝员",
            "description": "Tastes.",
            "grantable": True,
            "guarded": False,
            "permissions": [{"name": "tests.taste", "english": "Taste", "chinese": "品尝", "tone": None}],
        },
    ],
    "settings": [
        {
            "name": "tests.most",
            "label": "至多",
            "description": "At most (至多).",
            "standard": "2",
            "options": ["1", "5"],
            "permission": "tests.choose",
        },
    ],
}
"""What the context has to say of the plugins."""
SECRET = b"a secret for tests, long enough"
KEYS = KeyRing({"main": bytes(32)})

CHINA = timezone(timedelta(hours=8))
COUNTY, OTHER_COUNTY, TOWN, VILLAGE, GRID_1, GRID_3 = 3, 4, 5, 7, 10, 12
GRIDS: tuple[tuple[int, str, str, Kind, int | None, dict[str, Any]], ...] = (
    # id, code, name, kind, parent, the rest
    (1, "61", "陕西省", Kind.PROVINCE, None, {}),
    (2, "6109", "安康市", Kind.CITY, 1, {}),
    (3, "610921", "汉阴县", Kind.COUNTY, 2, {"boundary": {"type": "Polygon", "coordinates": [[[108.5, 32.5]]]}}),
    (4, "610922", "石泉县", Kind.COUNTY, 2, {"boundary_note": 'Invented "by hand" \\ 虚构'}),
    (5, "610921100", "城关镇", Kind.TOWN, 3, {"valid_from": date(2000, 2, 29)}),
    (6, "610921101", "涧池镇", Kind.TOWN, 3, {}),
    (7, "610921100201", "Zhōngba 中坝村", Kind.VILLAGE, 5, {}),
    (8, "610921100202", "50%_off\\村", Kind.VILLAGE, 5, {}),
    (9, "610921101201", "中坝村", Kind.VILLAGE, 6, {}),
    (10, "610921100201-010000", "一片区", Kind.GRID_1, 7, {}),
    (11, "610921100201-010100", "一组", Kind.GRID_2, 10, {}),
    (12, "610921100201-010101", "一组", Kind.GRID_3, 11, {}),
    (13, "610921100201-010102", "😀 'Second'", Kind.GRID_3, 11, {}),
    (14, "610921101201-010000", "集市", Kind.GRID_1, 9, {"use": "DEDICATED"}),
    (15, "610922100", "城关镇", Kind.TOWN, 4, {}),
    (16, "610922100201", "ZHONGBA", Kind.VILLAGE, 15, {}),
    (17, "610921100202", "50%_off\\村", Kind.VILLAGE, 5, {"valid_to": date(2020, 1, 1), "successor_id": 8}),
)
RINGS = (
    # grid, west, south, east, north, hole
    (3, 108.0, 32.0, 109.0, 33.0, False),
    (5, 108.0, 32.0, 108.5, 32.5, False),
    (7, 108.1, 32.1, 108.4, 32.4, False),
    (7, 108.2, 32.2, 108.3, 32.3, True),
    (12, 108.1, 32.1, 108.15, 32.15, False),
    (17, 108.3, 32.3, 108.4, 32.4, False),
)
UNITS: tuple[tuple[int, str, str, str, str, int | None, int, dict[str, Any]], ...] = (
    (1, "SLJ", "水利局", "COUNTY_DEPARTMENT", "LINE", None, 3, {"duty_phone": "0915-5200000"}),
    (2, "CGZ", "城关镇综治中心", "TOWN_BODY", "AREA", 1, 5, {"valid_to": date(2026, 7, 1)}),
    (3, "GD'S", '供电"公司" 100%', "ENTERPRISE", "LINE", None, 6, {"uscc": "91350100M000100Y43"}),
    (4, "CWH", "水利局", "VILLAGE_BODY", "AREA", 2, 7, {}),
)
CATEGORIES = (
    (1, "water", "水", None, "2024"),
    (2, "water.supply", "供水", 1, "2024"),
    (3, "water.supply", "供水 (旧)", 1, "2019"),
    (4, "safety", "安全隐患", None, "2024"),
    (5, "disputes.neighbor", "邻里纠纷", None, "2024"),
)
CHANNELS = ((1, "WEB", "网页"), (2, "GRID_WORKER", "网格员"), (3, "LETTER", "来信"))
NAMES = ("测试甲", "测试乙", "测试丙", "Ann O'Test", "ann o'test", "测试甲", "50%_\\", "😀笑", "测试", "Żółć", "")
TITLES = (
    "路灯不亮", "路灯不亮", "水管 broken", "WATER 水管漏水", "100% 涨价", "100_涨价", "back\\slash", 'say "no"',
    "it's; drop table cases.case; --", "😀 emoji 🚰", "水", "", "{0} {braces} %s", "tab\tand\nnewline", "水管漏水",
    "ﬀ ﬁ é é",
)  # fmt: skip
INSTANTS = (
    datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=CHINA),
    datetime(2026, 7, 1, 0, 0, tzinfo=CHINA),
    datetime(2026, 2, 28, 16, 0, 0, 500000, tzinfo=UTC),
    datetime(2024, 2, 29, 12, 0, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1900, 1, 1, 0, 5, 43, tzinfo=UTC),
    datetime(9998, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
    datetime(1, 1, 2, tzinfo=UTC),
)
STATUSES = (
    "REPORTED", "ACCEPTED", "DECLINED", "WITHDRAWN", "MERGED", "DISPATCHED", "RETURNED", "HANDLING", "SUSPENDED",
    "REPLIED", "CLOSED", "VOIDED",
)  # fmt: skip
DATA: tuple[Any, ...] = ({}, {"from": "REPORTED", "数": [1, 2.5, None, True]}, {"</script>": "\"'\\"}, [], 0)

Rows = list[dict[str, Any]]


class Draw:
    """Deterministic chances, and keys in no order."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def key(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def maybe(self, value: Any, chance: float = 0.5) -> Any:
        return value if self.random.random() < chance else None

    def of(self, values: Any) -> Any:
        return self.random.choice(values)

    def instant(self) -> datetime:
        """One of few moments, so that there are ties."""
        return self.of(INSTANTS) if self.random.random() < 0.3 else NOW - timedelta(hours=self.random.randrange(12))


def everything() -> dict[str, Rows]:
    """All the rows by table, parents first."""
    draw = Draw(7)
    found = {**places(), **residents(draw)}
    people = [row["id"] for row in found["people.person"]]
    found |= matters(draw, people)
    found["plugins.activation"] = activations(draw)
    found["notices.notice"] = notices(draw, people)
    found["events.job"] = jobs(draw)
    found |= reading(draw, people)
    found |= deadlines(draw, [row["id"] for row in found["cases.case"]])
    found |= enrolled(draw, people)
    found |= claims(draw, people, found)
    found |= papers(draw, found["cases.case"], NOW)
    found |= acted(Draw(8), people, [row["id"] for row in found["accounts.account"]])
    from . import (  # they take what they need from here
        reference_exports,
        reference_field,
        reference_integrations,
        reference_operations,
        reference_signs,
    )

    cases, accounts = ([row["id"] for row in found[table]] for table in ("cases.case", "accounts.account"))
    more = (
        reference_field.everything(cases, people)
        | reference_integrations.everything(cases, accounts)
        | reference_operations.everything(cases)
        | reference_signs.everything(cases)
    )
    return found | more | reference_exports.everything(["county", "admin", "resident", "apart", "nobody"])


def places() -> dict[str, Rows]:
    grids = [
        {"id": key, "code": code, "name": name, "kind": kind.value, "parent_id": parent, "use": "BASE", "version": 1}
        | {"boundary": None, "boundary_note": None, "valid_from": None, "valid_to": None, "successor_id": None}
        | more
        for key, code, name, kind, parent, more in GRIDS
    ]
    rings = [{"grid_id": grid, "area": rectangle(*sides), "hole": hole} for grid, *sides, hole in RINGS]
    units = [
        {"id": key, "code": code, "name": name, "kind": kind, "reach": reach, "parent_id": parent, "grid_id": grid}
        | {"uscc": None, "duty_phone": None, "valid_to": None, "version": 2}
        | more
        for key, code, name, kind, reach, parent, grid, more in UNITS
    ]
    return {"grids.grid": grids, "grids.ring": rings, "units.unit": units}


def rectangle(west: float, south: float, east: float, north: float) -> str:
    corners = (west, south), (east, south), (east, north), (west, north), (west, south)
    return polygon_text(Ring(tuple(Point(*corner) for corner in corners)))


def residents(draw: Draw) -> dict[str, Rows]:
    grids = (12, 12, 12, 13, 11, 10, 7, 8, 9, 14, 16, 12, 13, 15, 12, 9)
    people = [
        {
            "id": draw.key(),
            "grid_id": grid,
            "name": NAMES[at % len(NAMES)],
            "gender": draw.of(("FEMALE", "MALE", "UNKNOWN")),
            "birth_date": draw.maybe(draw.of((date(1990, 1, 1), date(1944, 2, 29), date(2026, 7, 1))), 0.7),
            "residence": draw.of(("RESIDENT", "REGISTERED", "FLOATING")),
            "needs": [],
            "resident_id_mask": draw.maybe("****************1X"),
            "created_at": draw.instant(),
            "restricted_at": NOW if at % 5 == 4 else None,
            "version": at + 1,
        }
        for at, grid in enumerate(grids)
    ]
    ids = [row["id"] for row in people]
    phones = [
        {"id": draw.key(), "person_id": person, "kind": draw.of(("MOBILE", "LANDLINE")), "rank": draw.of((1, 1, 2))}
        | {"mask": f"*******{at:04}"}
        for at, person in enumerate([*ids[:10], *ids[:6], *ids[:2]])
    ]
    protect(people, phones)
    homes = [
        {
            "id": draw.key(),
            "grid_id": grid,
            "number": f"H-{at}",
            "address": draw.of(("一组 1 号", 'No "1"', "😀")),
            "head_id": draw.maybe(ids[at], 0.8),
            "needs": draw.of(([], ["VISIT"], ["TRANSPORT", "VISIT"])),
            "income_band": draw.of(("BELOW_MEAN", "ABOVE_MEAN", "UNKNOWN")),
            "tier": draw.of(("LIANXIN", "GUANXIN", "FANGXIN")),
            "visit_due_on": draw.of((date.max, date(2026, 7, 1), date(2026, 8, 1))),
            "created_at": NOW,
            "version": 1,
        }
        for at, grid in enumerate((12, 12, 13, 7, 9, 16, 12))
    ]
    houses = [row["id"] for row in homes]
    spans = ((None, 1.0), (date(2026, 7, 1), 0), (date(2026, 7, 2), 0), (date(2020, 1, 1), 0))
    members, settled = [], set()
    for at, person in enumerate([*ids, *ids[:8]]):
        until = None if person not in settled else spans[1 + at % 3][0]
        settled.add(person)
        members.append(
            {"id": draw.key(), "household_id": houses[at % 7], "person_id": person, "until": until}
            | {"relation": draw.of(("HEAD", "SPOUSE", "CHILD")), "since": draw.of((date(2020, 1, 1), date(2021, 1, 1)))}
        )
    return {
        "people.person": people,
        "people.phone": phones,
        "people.household": homes,
        "people.membership": members,
    } | (care(draw, ids, houses))


def protect(people: Rows, phones: Rows) -> None:
    """Seal what has a mask; the key of the tenth has been destroyed."""
    keys = {}
    for at, row in enumerate(people):
        keys[row["id"]] = key = sealing.data_key()
        county = "610922" if row["grid_id"] in (15, 16) else "610921"
        row["data_key"] = None if at == 9 else KEYS.wrap(county, key)
        value = row["resident_id_mask"] and f"61092119900131{at:04}"
        context = f"people.person.resident_id:{row['id']}"
        row["resident_id_sealed"] = value and sealing.seal_value(key, context, value)
    for at, row in enumerate(phones):
        context = f"people.phone.number:{row['id']}"
        row["sealed"] = sealing.seal_value(keys[row["person_id"]], context, f"1380000{at:04}") if at % 7 else None


def care(draw: Draw, ids: list[UUID], houses: list[UUID]) -> dict[str, Rows]:
    """What is done for households, and who answers for grids."""
    reasons = [
        {"rule": "1", "text": 'it\'s "so" 😀', "holds": False, "english": "so"},
        {"english": "", "rule": "2", "text": "{}", "holds": True},
    ]
    awards = [
        {"id": draw.key(), "household_id": house, "kind": kind, "year": year}
        for house in houses[:4]
        for kind in ("PEACEFUL_FAMILY", "CIVILISED")
        for year in (2024, 2025)
    ]
    tiers = [
        {"id": draw.key(), "household_id": house, "tier": draw.of(("LIANXIN", "FANGXIN")), "rule": "2026-1"}
        | {"inputs": draw.of(DATA), "reasons": reasons[: at % 3], "decided_at": draw.of((NOW, INSTANTS[2]))}
        | {"review_on": date(2027, 7, 1)}
        for at, house in enumerate([*houses[:5], *houses[:3], *houses[:3]])
    ]
    visits = [
        {
            "id": draw.key(),
            "grid_id": (12, 12, 13, 7, 9, 16, 12)[at % 7],
            "household_id": house,
            "note": draw.of(TITLES),
        }
        | {"visitor_id": draw.maybe(draw.of(ids)), "at": draw.instant(), "recorded_at": NOW, "account": "worker"}
        for at, house in enumerate(houses * 3)
    ]
    liaisons = [
        {"id": draw.key(), "line": line, "person_id": draw.of(ids), "household_id": house}
        | {"since": draw.of((date(2025, 1, 1), date(2026, 1, 1))), "until": until}
        for house in houses
        for line, until in (("DEPUTY", None), ("PARTY_MEMBER", date(2026, 7, 1)), ("PARTY_MEMBER", date(2026, 7, 2)))
    ]
    liaisons[0]["person_id"] = ids[9]  # somebody who lives elsewhere helps the first household
    posts = [
        {"id": draw.key(), "grid_id": grid, "duty": duty, "person_id": draw.of(ids), "duty_phone": draw.maybe("110")}
        | {"since": date(2025, 1, 1), "until": until}
        for grid in (7, 10, 11, 12, 13)
        for duty, until in (("GRID_LEADER", None), ("GRID_WORKER", None), ("GRID_WORKER", date(2026, 1, 1)))
    ]
    return {
        "people.award": awards,
        "people.tier": tiers,
        "people.visit": visits,
        "people.liaison": liaisons,
        "people.post": posts,
    }


def matters(draw: Draw, people: list[UUID]) -> dict[str, Rows]:
    categories = [
        {"id": key, "code": code, "name": name, "parent_id": parent, "edition": edition}
        for key, code, name, parent, edition in CATEGORIES
    ]
    channels = [{"id": key, "code": code, "name": name} for key, code, name in CHANNELS]
    cases: Rows = []
    for at in range(48):
        cases.append(case(draw, at, people, [row["id"] for row in cases]))
    pairs = itertools.product([row["id"] for row in cases], range(1, 5))
    supports = [{"id": draw.key(), "case_id": key, "unit_id": unit} for key, unit in pairs if draw.maybe(True, 0.15)]
    events = [event(draw, row) for row in cases for _ in range(draw.of(range(6)))]
    return {
        "cases.category": categories,
        "cases.channel": channels,
        "cases.case": cases,
        "cases.support": supports,
        "cases.event": events,
    }


def case(draw: Draw, at: int, people: list[UUID], earlier: list[UUID]) -> dict[str, Any]:
    sealed = at % 5 == 4
    series = codes.Series.SEALED if sealed else codes.Series.ORDINARY
    status = STATUSES[at % 12]
    placed = draw.maybe(True, 0.6)
    replied = status in ("REPLIED", "CLOSED")
    return {
        "id": draw.key(),
        "grid_id": draw.of((3, 5, 6, 7, 8, 9, 10, 11, 12, 12, 12, 13, 14, 16)),
        "number": codes.case_number("610921", date(2026, 6, 1 + at % 3), 50 - at, series),
        "series": series.value,
        "kind": "TIP_OFF" if sealed else draw.of(("CONSULT", "HELP", "COMPLAINT", "SUGGESTION")),
        "channel_id": draw.of((1, 2, 3)),
        "category_id": draw.of((1, 2, 3, 4, 5)),
        "urgency": draw.of(("ROUTINE", "URGENT", "EMERGENCY")),
        "origin": draw.of(("REACTIVE", "PROACTIVE")),
        "title": TITLES[at % len(TITLES)],
        "description": draw.of(TITLES),
        "status": status,
        "requester_id": draw.maybe(draw.of(people), 0.8),
        "filed_by_id": draw.maybe(draw.of(people), 0.2),
        "anonymous": draw.of((True, False)),
        "longitude": 108 + draw.random.random() if placed else None,
        "latitude": 32 + draw.random.random() if placed else None,
        "place_source": draw.maybe({"longitude": 108.5, "crs": "WGS84"}) if placed else None,
        "address": draw.maybe("'路' \\ 口"),
        "lead_unit_id": draw.maybe(draw.of((1, 2, 3)), 0.7),
        "accused_unit_id": draw.maybe(draw.of((1, 2, 3)), 0.8) if sealed else None,
        "self_handled": draw.of((True, False)),
        "settled_level": draw.maybe("VILLAGE") if replied else None,
        "reported_at": draw.instant(),
        "warn_at": draw.of((NEVER, NOW, draw.instant())),
        "due_at": draw.of((NEVER, NOW, draw.instant())),
        "settled_at": draw.maybe(draw.instant()),
        "closed_at": NOW if status == "CLOSED" else None,
        "reply": draw.of(TITLES) if replied else None,
        "replied_at": draw.instant() if replied else None,
        "rating": draw.maybe(draw.of((1, 3, 5)), 0.6),
        "solved": draw.maybe(draw.of((True, False))),
        "rating_comment": draw.maybe("😀\n'"),
        "reopenings": draw.of((0, 0, 1)),
        "previous_id": draw.maybe(draw.of(earlier), 0.3) if earlier else None,
        "version": 1 + at,
    }


def event(draw: Draw, case: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": draw.key(),
        "case_id": case["id"],
        "type": draw.of(("case.reported", "case.accepted", "case.replied")),
        "at": draw.instant(),
        "audience": draw.of(("PUBLIC", "PUBLIC", "STAFF")),
        "role": draw.maybe("grid_worker"),
        "unit_id": draw.maybe(draw.of((1, 2, 3))),
        "note": draw.maybe(draw.of(TITLES)),
        "data": draw.of(DATA),
    }


def activations(draw: Draw) -> Rows:
    """The tests' own plugin is off in the other county; what it was before, and what another is, changes nothing."""
    decided = (
        ("tests", OTHER_COUNTY, False, None),
        ("tests", OTHER_COUNTY, True, NOW),
        ("tests", COUNTY, False, NOW),
        ("another", COUNTY, False, None),
        ("tests", COUNTY, True, None),
    )
    return [
        {"id": draw.key(), "plugin": plugin, "grid_id": county, "active": active, "until": until}
        | {"since": draw.instant(), "account": "admin"}
        for plugin, county, active, until in decided
    ] + [
        {"id": UUID(int=key), "plugin": "others", "grid_id": county, "active": True, "until": None}
        | {"since": NOW, "account": "admin"}
        for key, county in ((1, COUNTY), (2, OTHER_COUNTY))
    ]


def notices(draw: Draw, people: list[UUID]) -> Rows:
    """To every sort of addressee; some of them read."""
    nobody = dict.fromkeys(("person_id", "account", "unit_id", "office", "grid_id", "barred_unit_id"))
    whom = (
        *({"person_id": draw.of(people[:10]), "grid_id": GRID_3} for _ in range(6)),
        *({"account": account} for account in ("admin", "nobody", "county")),
        *({"unit_id": unit, "grid_id": COUNTY} for unit in (1, 2, 3)),
        *({"office": "cases.dispatch", "grid_id": grid} for grid in (COUNTY, TOWN, VILLAGE, OTHER_COUNTY)),
        {"office": "people.edit", "grid_id": GRID_3},
        *({"office": "cases.view_sealed", "grid_id": COUNTY, "barred_unit_id": unit} for unit in (None, 1, 2, 3)),
    )
    texts = {"title_en": "Told", "title_zh": "通知", "body_en": "It is so.", "body_zh": "如此。"}
    return [
        {"id": draw.key(), "kind": draw.of(("case.assigned", "clock.due")), "about": draw.maybe("Case:1"), **texts}
        | nobody | one | {"at": draw.instant(), "read_at": draw.maybe(NOW)}
        for one in whom
    ]  # fmt: skip


def jobs(draw: Draw) -> Rows:
    """In every state; names and moments come several times."""
    return [
        {"id": draw.key(), "name": draw.of(("points.award", "tests.remind")), "key": str(at), "arguments": {}}
        | {"state": draw.of(("WAITING", "DONE", "PARKED")), "due_at": draw.instant(), "attempts": at}
        | {"error": draw.maybe("KeyError at points.py:1"), "finished_at": draw.maybe(NOW)}
        for at in range(9)
    ]


def reading(draw: Draw, people: list[UUID]) -> dict[str, Rows]:
    """Looks at files, what the officer was told of them, and a broken glass."""
    looks = [
        {"id": draw.key(), "at": draw.instant(), "account": draw.of(("worker", "county", "helper", None))}
        | {"role": draw.maybe("grid_worker"), "unit_id": draw.maybe(1), "grid_id": draw.maybe(GRID_3)}
        | {"kind": draw.of(("READ", "REVEAL")), "operation": "Q", "purpose": draw.of(TITLES), "fields": ["Person.name"]}
        | {"persons": [draw.maybe(draw.of(people), 0.9) for _ in range(at % 4)], "link": 1, "place": at}
        | {"salts": [], "commitments": [], "content": b""}
        for at in range(24)
    ]
    alerts = [
        {"id": draw.key(), "at": draw.instant(), "kind": draw.of(("BULK", "QUOTA")), "account": "worker"}
        | {"role": draw.maybe("grid_worker"), "count": 7, "grid_id": draw.of((COUNTY, OTHER_COUNTY))}
        for _ in range(6)
    ]
    glasses = [
        {"id": draw.key(), "account": draw.of(("county", "village")), "person_id": draw.of(people), "reason": "急"}
        | {"at": NOW, "until": NOW + timedelta(minutes=10)}
        for _ in range(4)
    ]
    return {"access.look": looks, "access.alert": alerts, "access.glass": glasses}


def acted(draw: Draw, people: list[UUID], owners: list[UUID]) -> dict[str, Rows]:
    """What was done to people, with some who are erased; and invitations for people, for accounts, and for both."""
    acts = [
        {"id": draw.key(), "at": draw.instant(), "account": draw.of(("worker", "county", None))}
        | {"role": draw.maybe("grid_worker"), "unit_id": draw.maybe(1), "grid_id": draw.maybe(GRID_3)}
        | {"mutation": draw.of(("inviteResident", "updatePerson", "fileCase")), "objects": [], "codes": []}
        | {"persons": draw.of((None, [], [people[0]], [people[3], people[2]], [draw.of(people), None]))}
        | {"content": b"", "salts": [], "commitments": []}
        for _ in range(24)
    ]
    invited = [
        {"id": draw.key(), "mac": draw.maybe(draw.key().bytes), "created_at": draw.instant(), "created_by": "worker"}
        | {"person_id": person if at % 3 < 2 else None, "account_id": draw.of(owners) if at % 3 else None}
        | {"expires_at": NOW, "used_at": draw.maybe(NOW)}
        | {"printed_at": draw.maybe(NOW), "printed_by": draw.maybe("other")}
        for at, person in enumerate(people)
    ]
    factors = [
        {"id": draw.key(), "account_id": owner, "county": "610921", "data_key": b"", "content": b"", "last_step": 0}
        | {"recovery": [], "created_at": draw.instant(), "used_at": NOW, "reset_by": draw.of(invited)["id"]}
        for owner in owners[::2]
    ]
    return {"access.act": acts, "accounts.invitation": invited, "second_factors.factor": factors}


def deadlines(draw: Draw, cases: list[UUID]) -> dict[str, Rows]:
    """Calendars, rules, and clocks that run, wait, and have been stopped."""
    calendars = [
        {"id": key, "county_id": county, "weekdays": [0, 1, 2], "shifts": [[1, 1, [[510, 720]]], [6, 15, [[0, 1440]]]]}
        | {"content": "", "ends_on": ends, "version": key}
        for key, county, ends in ((1, None, date(2027, 12, 31)), (2, COUNTY, None))
    ]
    days = [
        {
            "id": at,
            "calendar_id": 1 + at % 2,
            "day": date(2026, 10, at),
            "spans": spans,
            "name": "国庆节",
            "source": "通知",
        }
        for at, spans in enumerate((None, [], [[510, 721], [800, 1440]], []), 1)
    ]
    spans, first = [], datetime(2026, 6, 30, 0, 30, tzinfo=UTC)
    for calendar, hours in ((1, 3), (2, 5)):
        for at in range(30):
            opens = first + timedelta(hours=8 * at - 200)
            spans.append({"calendar_id": calendar, "opens_at": opens, "closes_at": opens + timedelta(hours=hours)})
            spans[-1]["before"] = at * hours * 3600
    years = [{"id": year, "year": year, "provisional": year > 2026, "source": "通知"} for year in (2025, 2026, 2027)]
    sets = [
        {"id": 9 - at, "code": code, "edition": edition, "name": "规则", "county_id": county, "since": INSTANTS[at]}
        | {"kind": kind, "town_id": town}
        for at, (code, edition, kind, county, town) in enumerate(
            (
                ("12345", 1, "COUNTY", None, None),
                ("12345", 2, "COUNTY", None, None),
                ("610921", 1, "COUNTY", COUNTY, None),
                ("610921-limits", 1, "LIMITS", COUNTY, None),
                ("610921100", 1, "TOWN", COUNTY, TOWN),
                ("610921100", 2, "TOWN", COUNTY, TOWN),
            )
        )
    ]
    stages = ("RESPOND", "REPLY", "HANDLE", "FOLLOW_UP", "GRACE")
    rules = [
        {"id": 90 - at, "set_id": 9 - at % 6, "rank": at, "stage": stages[at % 5], "kind": draw.maybe("HELP")}
        | {"category": draw.maybe("a"), "urgency": draw.maybe("URGENT"), "channel": draw.maybe("WEB")}
        | {
            "amount": 1 + at,
            "unit": draw.of(("WORKING_DAY", "HOUR")),
            "next_day": draw.of((True, False)),
            "basis": "依据",
        }
        for at in range(12)
    ]
    choices = [
        {"id": draw.key(), "grid_id": grid, "set_id": key, "since": NOW, "until": until, "account": "admin"}
        for grid, key, until in ((COUNTY, 7, None), (OTHER_COUNTY, 8, NOW))
    ]
    clocks = [clock(draw, case, stage) for case in cases for stage in stages if draw.maybe(True)]
    traces = [
        {"id": draw.key(), "clock_id": draw.of(clocks)["id"], "at": draw.instant(), "why": draw.of(("RULES", "PAUSED"))}
        | {"before": draw.of((NEVER, NOW)), "after": draw.of((NEVER, NOW)), "data": draw.of(DATA)}
        for _ in range(40)
    ]
    return {
        "calendars.calendar": calendars,
        "calendars.day": days,
        "calendars.span": spans,
        "calendars.year": years,
        "clocks.rule_set": sets,
        "clocks.rule": rules,
        "clocks.choice": choices,
        "clocks.clock": clocks,
        "clocks.trace": traces,
    }


def clock(draw: Draw, case: UUID, stage: str) -> dict[str, Any]:
    since = (NOW - timedelta(hours=1)).isoformat()
    return {
        "id": draw.key(),
        "case_id": case,
        "stage": stage,
        "rule_id": 90 - draw.random.randrange(12),
        "calendar_id": draw.of((1, 2)),
        "calendar_version": 1,
        "unit_id": draw.maybe(draw.of((1, 2, 3))),
        "started_at": draw.instant(),
        "warn_at": draw.of((NEVER, NOW, draw.instant())),
        "due_at": draw.of((NEVER, NOW, draw.instant())),
        "stopped_at": draw.maybe(draw.instant()),
        "pauses": draw.of(([], [[since, None]], [[since, since]], [[since, since], [since, None]])),
        "extensions": [],
        "working": draw.of((True, False)),
        "allowed": draw.of((59, 60, 162_000)),
        "counted": draw.of((0, 61, 3_599)),
        "counted_at": draw.maybe(draw.instant()),
        "reminded": 0,
    }


def enrolled(draw: Draw, people: list[UUID]) -> dict[str, Rows]:
    """Accounts of those who ask and of others, with what hangs on them: past, present and to come."""
    times = (NOW - timedelta(days=9), NOW, NOW + timedelta(days=9))
    names = (("admin", None), ("county", COUNTY), ("worker", GRID_3), ("nobody", OTHER_COUNTY), ("resident", VILLAGE))
    others = (("测试", TOWN), ("zoe", 6), ("stranger's", None))
    accounts = [
        {"id": draw.key(), "name": name, "kind": draw.of(("PERSON", "MACHINE")), "grid_id": grid, "person_id": person}
        | {"created_at": draw.instant(), "created_by": "console", "version": 1}
        | {"suspended_at": draw.maybe(NOW), "suspended_by": draw.maybe("admin")}
        for (name, grid), person in zip([*names, *others], [*people[2:7], None, None, None], strict=True)
    ]
    owners = [row["id"] for row in accounts for _ in range(3)]
    wheres = ({"grid_id": TOWN, "unit_id": None}, {"grid_id": None, "unit_id": 1}, {"grid_id": None, "unit_id": None})
    holdings = [
        {"id": draw.key(), "account_id": owner, "role": draw.of(("auditor", "grid_worker", "gone"))} | draw.of(wheres)
        | {"since": draw.of(times[:2]), "until": draw.of((None, *times[1:])), "granted_by": "admin"}
        | {"revoked_by": draw.maybe("admin"), "confirmed_by": draw.maybe("other")}
        | {"proposed_at": draw.maybe(draw.instant(), 0.2)}
        for owner in owners
    ]  # fmt: skip
    identities = [
        {"id": draw.key(), "account_id": owner, "issuer": "https://id.example", "subject": f"{at} '数'"}
        | {"linked_at": draw.instant(), "linked_by": "admin"}
        for at, owner in enumerate(owners)
    ]
    sessions = [
        {"id": draw.key(), "account_id": owner, "device": draw.maybe('手机 "x"'), "generation": 3}
        | {"created_at": draw.instant(), "used_at": NOW, "expires_at": NOW, "ended_at": draw.maybe(NOW)}
        | {"methods": ([], ["pwd"], ["pwd", "otp"])[at % 3]}
        for at, owner in enumerate(owners)
    ]
    keys = [
        {"id": draw.key(), "account_id": owner, "label": draw.of(TITLES), "digest": draw.key().bytes}
        | {"permissions": draw.of((["cases.view"], ["cases.view", "people.view"])), "created_by": "admin"}
        | {"created_at": draw.instant(), "expires_at": NOW, "revoked_at": draw.maybe(NOW)}
        | {"networks": draw.of(([], ["10.0.0.0/8", "fd00::/8"]))}
        | {"public_keys": draw.of(([], ['{"kid": "b"}', '{"kid": "a"}']))}
        for owner in owners
    ]
    used = [
        {"id": draw.key(), "key_id": key["id"], "day": NOW.date() - timedelta(days=ago), "requests": ago, "refused": 1}
        | {"last_at": draw.instant()}
        for ago, key in enumerate(keys[1:])
    ]
    return {"accounts.account": accounts, "accounts.holding": holdings, "accounts.identity": identities} | {
        "accounts.session": sessions,
        "accounts.key": keys,
        "api_keys.usage": used,
    }


def claims(draw: Draw, people: list[UUID], found: Mapping[str, Rows]) -> dict[str, Rows]:
    """What people agreed to, were told by rules, asked for and let others read."""
    ours = {"grid_id": GRID_3, "account": "worker"}
    when = (NOW, NOW - timedelta(days=9), INSTANTS[2])

    def rows(count: int, **columns: Any) -> Rows:
        made = [{"id": draw.key(), **ours, "grid_id": draw.of((GRID_3, VILLAGE, COUNTY, 16))} for _ in range(count)]
        return [row | {name: value() if callable(value) else value for name, value in columns.items()} for row in made]

    def whose() -> UUID:
        return draw.of(people[:6])

    homes = [row["id"] for row in found["people.household"]]
    decisions = rows(
        16,
        person_id=whose,
        household_id=None,
        rule=lambda: draw.of(("x.y/2", "service-tier/1")),
        inputs=[{"name": "数", "value": 1}, {"name": "b", "value": None}],
        contributions=[{"name": "a", "value": [1], "text": "因", "english": "so"}],
        outcome=lambda: draw.of(("YES", "NO")),
        adverse=lambda: draw.of((True, False)),
        at=lambda: draw.of(when),
    )
    for row in decisions[:5]:
        row["person_id"], row["household_id"] = None, draw.of(homes)
    traced = [row["id"] for row in (*decisions, *found["people.tier"])]
    reviews = rows(
        20,
        decision_id=lambda: draw.of(traced),
        person_id=lambda: draw.maybe(whose()),
        household_id=lambda: draw.maybe(draw.of(homes)),
        asked_by_id=None,
        asked_at=lambda: draw.of(when),
        reason=lambda: draw.maybe("不对 😀"),
        due_at=lambda: draw.of(when),
        state="UPHELD",
        outcome=lambda: draw.maybe("YES"),
        version=1,
    )
    for row, key in zip(reviews, traced[::3], strict=False):
        row["decision_id"], row["state"] = key, "OPEN"
    return {
        "rights.representative": rows(
            9, person_id=whose, representative_id=lambda: draw.of(people[:10]), capacity="GUARDIAN",
            since=date(2026, 1, 1), until=lambda: draw.of((None, TODAY, date(2026, 7, 2))),
        ),
        "rights.consent": rows(
            14, person_id=whose, purpose=lambda: draw.of(("a", "b")), recipient="x", version=1,
            given_by_id=lambda: draw.maybe(whose()), given_at=lambda: draw.of(when),
            expires_at=lambda: draw.of((None, NOW, NOW + timedelta(days=1))), withdrawn_at=lambda: draw.maybe(NOW, 0.2),
        ),
        "rights.decision": decisions,
        "rights.review": reviews,
        "rights.demand": rows(
            14, person_id=whose, matter=lambda: draw.of(("EXPORT", "EXPORT", "DELETION")),
            decision_id=lambda: draw.maybe(draw.of(traced)), text=lambda: draw.maybe("请删除"),
            asked_by_id=lambda: draw.maybe(whose()), asked_at=lambda: draw.of(when), due_at=lambda: draw.of(when),
            state=lambda: draw.of(("GRANTED", "GRANTED", "OPEN", "REFUSED")), version=1,
        ),
        "rights.release": rows(
            8, person_id=whose, recipient="bank", purpose="loan", kinds=["POINTS"],
            claims=[{"kind": "POINTS", "text": "分", "english": "p", "value": 3}], given_at=lambda: draw.of(when),
            expires_at=NOW, revoked_at=lambda: draw.maybe(NOW),
        ),
        "resolutions.resolution": rows(
            8, body="ASSEMBLY", title="决议", text=lambda: draw.of(TITLES),
            decided_on=lambda: draw.of((TODAY, date(2025, 1, 1))),
            adopts=lambda: draw.of(([], ["a/1"])), votes_for=lambda: draw.maybe(3), recorded_at=NOW,
        ),
    }  # fmt: skip


async def fill(dsn: str) -> None:
    """Write everything into a database with empty tables."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
        shipped = "cases.category, cases.channel, calendars.calendar, calendars.year, clocks.rule_set"
        await connection.execute(f"truncate {shipped} cascade")
        for table, rows in everything().items():
            schema, name = table.split(".")
            columns = list(rows[0])
            values = ",".join(f"${at}" for at, _ in enumerate(columns, 1))
            if table == "grids.ring":
                values = "$1,$2::text::polygon,$3"
            names = ",".join(f'"{column}"' for column in columns)
            defaults = [tuple(row.get(column) for column in columns) for row in rows]
            await connection.executemany(f'insert into "{schema}"."{name}" ({names}) values ({values})', defaults)
    finally:
        await connection.close()


# --- who asks ---

READS = {"tests.read_log", "tests.read_names"}
STAFF = held("grid_leader") | READS
OFFICER = held("data_protection_officer")
SEALED = frozenset({"cases.view", "cases.view_sealed", "cases.view_notes"})


def account(name: str, *grants: ViewerGrant, person: int | None = None) -> ViewerAccount:
    keys = [row["id"] for row in residents(Draw(7))["people.person"]]
    return ViewerAccount(name, None if person is None else keys[person], grants)


def accounts() -> Iterator[tuple[str, ViewerAccount]]:
    """Callers whose scopes differ in every way that the rules know."""
    yield "administrator", account("admin", ViewerGrant("administrator", held("administrator") | {"tests.read_names"}))
    yield "auditor", account("auditor", ViewerGrant("auditor", held("auditor") | SEALED | {"tests.read_log"}))
    yield "county", account("county", ViewerGrant("county_dispatcher", held("county_dispatcher"), Kind.COUNTY, COUNTY))
    yield "leader", account("leader", ViewerGrant("county_leader", held("county_leader"), Kind.COUNTY, COUNTY))
    yield "town", account("town", ViewerGrant("town_dispatcher", held("town_dispatcher"), Kind.TOWN, TOWN))
    yield "village", account("village", ViewerGrant("grid_leader", STAFF, Kind.VILLAGE, VILLAGE))
    yield "worker", account("worker", ViewerGrant("grid_worker", held("grid_worker"), Kind.GRID_3, GRID_3), person=3)
    yield "handler", account("handler", ViewerGrant("department_handler", held("department_handler"), unit=1))
    yield "both", account("both", ViewerGrant("integrator", held("integrator") | READS, Kind.TOWN, 6, unit=2), person=8)
    overlapping = (
        ViewerGrant("grid_leader", STAFF, Kind.TOWN, TOWN),
        ViewerGrant("dispatcher", SEALED, Kind.VILLAGE, VILLAGE),
    )
    yield (
        "overlapping",
        account("overlapping", *overlapping, ViewerGrant("handler", held("department_handler"), unit=3)),
    )
    here, there = ViewerGrant("a", STAFF, Kind.VILLAGE, 8), ViewerGrant("b", STAFF, Kind.VILLAGE, 9)
    yield "apart", account("apart", here, there, ViewerGrant("c", held("county_dispatcher"), Kind.COUNTY, OTHER_COUNTY))
    twice = (
        ViewerGrant("handler", SEALED, unit=2),
        ViewerGrant("sealed", frozenset({"cases.view_sealed"}), Kind.COUNTY, COUNTY),
    )
    yield "units", account("units", ViewerGrant("handler", frozenset({"cases.view"}), unit=1), *twice)
    yield (
        "county officer",
        account("county officer", ViewerGrant("data_protection_officer", OFFICER, Kind.COUNTY, COUNTY)),
    )
    yield "resident", account("resident", ViewerGrant("resident", held("resident")), person=0)
    yield "helper", account("helper", ViewerGrant("resident", held("resident")), person=9)
    yield "officer", account("officer", ViewerGrant("data_protection_officer", OFFICER, Kind.TOWN, TOWN), person=2)
    yield "overseer", account("overseer", ViewerGrant("data_protection_officer", OFFICER))
    yield "stranger", ViewerAccount(None, None, (ViewerGrant("stranger", held("stranger")),))
    yield "nobody", ViewerAccount("nobody", UUID(int=1), ())


VIEWERS = {name: Viewer(found, NOW) for name, found in accounts()}
