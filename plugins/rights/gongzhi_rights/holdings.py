"""Holdings: what the tables of people's rights hold, how long, and what anonymisation takes from them."""

from __future__ import annotations

from gongzhi.core.people.holdings import HOMES, OTHERS
from gongzhi.declare.register_entries import GONE, Holding
from gongzhi.plugin.retention import CONSENT, RECORDS
from gongzhi.values.errors import Text

PROOF = Text(
    "PIPL 14, 56: proof of consent, 3 years after its end", "《个人信息保护法》第十四、五十六条：同意终止后留存三年"
)
DUTY = Text("PIPL 50: answers to requests, 3 years", "《个人信息保护法》第五十条：请求办理记录三年")
MONTHS = 36

HOLDINGS = (
    Holding(
        "rights.representative",
        Text("guardians and next of kin", "监护人、近亲属"),
        Text("PIPL 31, 49", "《个人信息保护法》第三十一、四十九条"),
        person="t.person_id=$1 or t.representative_id=$1",
        erase=GONE,
        months=MONTHS,
        since="t.until",
    ),
    Holding("rights.wording", Text("texts of notices as they were shown", "告知书文本"), PROOF),
    Holding(
        "rights.consent",
        Text("consents, and their withdrawal", "同意及撤回记录"),
        PROOF,
        person="t.person_id=$1 or t.given_by_id=$1",
        erase=GONE,
        months=MONTHS,
        since="coalesce(t.withdrawn_at,t.expires_at)",
    ),
    Holding(
        "rights.decision",
        Text("what rules decided, from what", "自动化决定及其依据"),
        RECORDS,
        person=f"t.person_id=$1 or t.household_id in ({HOMES})",
        shared=f"t.household_id is not null and {OTHERS.format('t.household_id')}",
        erase={"inputs": "'[]'", "contributions": "'[]'"},
        months=MONTHS,
        since="t.at",
    ),
    Holding(
        "rights.review",
        Text("reviews of decisions by people", "人工复核"),
        RECORDS,
        person="t.person_id=$1 or t.asked_by_id=$1",
        erase={"reason": "null", "grounds": "null"},
        months=MONTHS,
        since="t.decided_at",
    ),
    Holding(
        "rights.demand",
        Text("what people asked about their data", "个人信息权利请求"),
        DUTY,
        person="t.person_id=$1 or t.asked_by_id=$1",
        erase={"text": "null", "grounds": "null"},
        months=MONTHS,
        since="t.decided_at",
    ),
    Holding(
        "rights.release",
        Text("statements people let others read", "授权披露的证明"),
        CONSENT,
        person="t.person_id=$1",
        erase={"claims": "'[]'", "kinds": "'{}'"},
        months=12,
        since="least(coalesce(t.revoked_at,t.expires_at),t.expires_at)",
    ),
)
