"""Holdings: what the tables of people and households hold, how long, and what anonymisation takes from them."""

from __future__ import annotations

from gongzhi.declare.register_entries import GONE, Holding
from gongzhi.plugin.retention import CONSENT, NOTHING, RECORDS, SERVICE
from gongzhi.values.errors import Text

HOMES = "select m.household_id from people.membership m where m.person_id=$1 and m.until is null"
OTHERS = "exists(select from people.membership o where o.household_id={} and o.until is null and o.person_id<>$1)"
"""Somebody else belongs to the household still."""

HOLDINGS = (
    Holding(
        "people.person",
        Text("people on file: name, birth, resident ID", "人员：姓名、出生日期、身份证号"),
        SERVICE,
        person="t.id=$1",
        # The row stays, as a key without a word: cases, visits and counts refer to it.
        erase={
            "name": NOTHING,
            "gender": "'UNKNOWN'",
            "birth_date": "null",
            "died_on": "null",
            "needs": "'{}'",
            "data_key": "null",
            "resident_id_sealed": "null",
            "resident_id_mask": "null",
            "resident_id_blind": "null",
        },
        hidden=("data_key", "resident_id_blind", "look_secret"),
        sealed={"resident_id_sealed": "people.person.resident_id"},
        months=36,
        since="t.died_on",
    ),
    Holding(
        "people.phone",
        Text("telephone numbers", "电话号码"),
        SERVICE,
        person="t.person_id=$1",
        erase=GONE,
        hidden=("blind",),
        sealed={"sealed": "people.phone.number"},
    ),
    Holding(
        "people.household",
        Text("households: address, wishes for service, income band", "户：住址、服务需求、收入区间"),
        SERVICE,
        person=f"t.id in ({HOMES})",
        # Where others live, nothing is taken: it is about them as well.
        shared=OTHERS.format("t.id"),
        erase={
            "address": NOTHING,
            "needs": "'{}'",
            "income_band": "'UNKNOWN'",
            "income_confirmed_on": "null",
            "tier": "'UNCLASSIFIED'",
            # Nobody is to visit where nobody is any more.
            "visit_due_on": "'infinity'",
        },
    ),
    Holding(
        "people.household",
        Text("who is a household's head", "户主"),
        SERVICE,
        person="t.head_id=$1",
        erase={"head_id": "null"},
    ),
    Holding(
        "people.membership",
        Text("who belongs to which household", "户成员关系"),
        SERVICE,
        person="t.person_id=$1",
        erase=GONE,
    ),
    Holding("people.award", Text("awards to households", "户的荣誉"), SERVICE, person=f"t.household_id in ({HOMES})"),
    Holding(
        "people.tier",
        Text("how households' service was decided, from what", "服务类型认定及其依据"),
        RECORDS,
        person=f"t.household_id in ({HOMES})",
        shared=OTHERS.format("t.household_id"),
        erase={"inputs": "'{}'", "reasons": "'[]'"},
        months=36,
        # From the decision that took its place, so that the one in force stays explained.
        since="(select min(n.decided_at) from people.tier n "
        "where n.household_id=t.household_id and n.decided_at>t.decided_at)",
    ),
    Holding(
        "people.visit",
        Text("visits to households: when, and what was said", "走访记录"),
        SERVICE,
        # Of whoever belonged to the household on that day, wherever they live by now.
        person="exists(select from people.membership m where m.person_id=$1 and m.household_id=t.household_id "
        "and t.at>=m.since and (m.until is null or t.at<m.until+1))",
        erase={"note": NOTHING},
        months=36,
        since="t.at",
    ),
    Holding(
        "people.liaison",
        Text("who keeps in touch with a household; a published office", "三线联系人"),
        CONSENT,
        person="t.person_id=$1",
    ),
    Holding(
        "people.post",
        Text("who answers for a grid, and the duty telephone", "网格负责人及值班电话"),
        CONSENT,
        person="t.person_id=$1",
        erase={"duty_phone": "null"},
    ),
    Holding("people.batch", Text("imports: file, account, count", "导入批次"), SERVICE),
)
