"""What the party plugin publishes of itself: what its tables hold about people, and on which basis."""

from __future__ import annotations

from gongzhi.errors import Text
from gongzhi.registers.declared import GONE, Holding

MEMBERSHIP = Text(
    "PIPL 13(1)(1), 28, 29: membership is sensitive; kept by the organisation one joined, for its own life alone",
    "《个人信息保护法》第十三条第一款第一项、第二十八、二十九条：党员身份仅供本人所在党组织内部使用",
)
OFFICE = Text(
    "PIPL 13(1)(1), 25: published by consent", "《个人信息保护法》第十三条第一款第一项、第二十五条：经同意公开"
)
PUBLIC = Text("Public; no personal data", "公开信息，不含个人信息")
ROLL = "t.member_id in (select m.id from party.member m where m.person_id=$1)"

HOLDINGS = (
    Holding("party.transfer", Text("transfers of members", "组织关系转接"), MEMBERSHIP, person=ROLL, erase=GONE),
    Holding("party.report", Text("where members reported", "双报到记录"), MEMBERSHIP, person=ROLL, erase=GONE),
    Holding(
        "party.member", Text("who belongs to which organisation", "党员组织关系"), MEMBERSHIP, person="t.person_id=$1",
        erase=GONE, months=36, since="t.left_on",
    ),
    Holding(
        "party.office", Text("who held which office", "党内职务"), OFFICE, person="t.person_id=$1",
        erase={"duty_phone": "null"},
    ),
    Holding("party.branch", Text("organisations", "党组织"), PUBLIC),
    Holding("party.coverage", Text("where organisations work", "党组织联系网格"), PUBLIC),
)  # fmt: skip
