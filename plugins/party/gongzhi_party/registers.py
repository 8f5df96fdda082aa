"""Disclosure: what the party plugin's tables hold about people, and on which basis."""

from __future__ import annotations

from datetime import date

from gongzhi.declare.register_entries import GONE, Card, Holding
from gongzhi.values.errors import Text

MEMBERSHIP = Text(
    "PIPL 13(1)(1), 28, 29: membership is sensitive; kept by the organisation one joined, for its own life alone",
    "《个人信息保护法》第十三条第一款第一项、第二十八、二十九条：党员身份仅供本人所在党组织内部使用",
)
OFFICE = Text(
    "PIPL 13(1)(1), 25: published by consent", "《个人信息保护法》第十三条第一款第一项、第二十五条：经同意公开"
)
TAKING_PART = Text("PIPL 13(1)(1): by taking part", "《个人信息保护法》第十三条第一款第一项：自愿参加")
SELF = Text(
    "Organic Law of the Villagers' Committees, arts. 22 to 24; PIPL 13(1)(3)",
    "《村民委员会组织法》第二十二至二十四条；《个人信息保护法》第十三条第一款第三项",
)
PUBLIC = Text("Public; no personal data", "公开信息，不含个人信息")
MINE = "t.person_id=$1"
# Transfers and reports have no person of their own; the member's row leads to them.
ROLL = "t.member_id in (select m.id from party.member m where m.person_id=$1)"

CARDS = (
    Card(
        "party.helper_suggestion",
        "1",
        purpose=Text("Whom to ask to look after a household", "为申请联户的家庭建议联系党员"),
        basis=Text(
            "Balance among those who volunteer; a person names the helper, with the consent of both",
            "均衡志愿联户数量；由人安排，须经双方同意",
        ),
        inputs=(
            Text("how many households a member looks after", "党员已联户数"),
            Text("whether the member lives in the same village", "是否同村"),
        ),
        formula=Text(
            "Full members of the nearest organisation there, fewest households first, then the same village.",
            "就近党组织的正式党员，按已联户数从少到多，再按是否同村排序。",
        ),
        owner=Text("the party organisation", "党组织"),
        since=date(2026, 1, 1),
        limits=Text(
            "It knows nothing of who gets on with whom, and decides nothing.", "不了解人际关系，不作任何决定。"
        ),
        contact=Text("Decline, or ask for another", "可谢绝或申请更换"),
    ),
)

HOLDINGS = (
    Holding("party.transfer", Text("transfers of members", "组织关系转接"), MEMBERSHIP, person=ROLL, erase=GONE),
    Holding("party.report", Text("where members reported", "双报到记录"), MEMBERSHIP, person=ROLL, erase=GONE),
    Holding(
        "party.member",
        Text("who belongs to which organisation", "党员组织关系"),
        MEMBERSHIP,
        person="t.person_id=$1",
        erase=GONE,
        months=36,
        since="t.left_on",
    ),
    Holding(
        "party.office",
        Text("who held which office", "党内职务"),
        OFFICE,
        person="t.person_id=$1",
        # The office stays: who held it was published by their consent, and elections are reckoned by it.
        erase={"duty_phone": "null"},
    ),
    Holding(
        "party.participation",
        Text("who came to activities", "活动参加记录"),
        TAKING_PART,
        person=MINE,
        erase=GONE,
        months=36,
        since="(select a.ends_at from party.activity a where a.id=t.activity_id)",
    ),
    Holding("party.feedback", Text("what people made of activities", "活动评价"), TAKING_PART, person=MINE, erase=GONE),
    Holding(
        "party.feed",
        Text("calendars people have opened", "日历订阅"),
        TAKING_PART,
        person=MINE,
        erase=GONE,
        hidden=("digest",),
    ),
    Holding(
        "party.paper",
        Text("photos by consent, and documents, beside minutes, sealed", "会议照片和文档（经同意，加密存放）"),
        OFFICE,
        hidden=("data_key", "content"),
        erase=GONE,
        wrapped={"data_key": "t.county"},
        months=36,
        since="(select m.recorded_at from party.minutes m where m.id=t.minutes_id)",
    ),
    Holding(
        "party.task",
        Text("who does what was resolved", "议定事项责任人"),
        TAKING_PART,
        person="t.owner_id=$1",
        erase={"owner_id": "null"},
    ),
    Holding(
        "party.deliberation",
        Text("who raised a matter", "议题提出人"),
        SELF,
        person="t.raised_by_id=$1",
        erase={"raised_by_id": "null"},
    ),
    Holding(
        "party.proposal",
        Text("who made a proposal", "方案提出人"),
        SELF,
        person="t.person_id=$1",
        erase={"person_id": "null"},
    ),
    Holding("party.speaker", Text("who asked to be heard", "发言申请"), SELF, person=MINE, erase=GONE),
    Holding(
        "party.proxy",
        Text("written proxies", "书面委托"),
        SELF,
        person="$1 in (t.principal_id, t.proxy_id)",
        erase=GONE,
    ),
    Holding(
        "party.attendance",
        Text("who was at meetings that voted in the room", "现场会议到会记录"),
        SELF,
        person="$1 in (t.person_id, t.proxy_id)",
        erase=GONE,
        months=36,
        since="(select m.held_at from party.meeting m where m.id=t.meeting_id)",
    ),
    Holding(
        "party.meeting",
        Text("meetings that voted in the room", "现场会议"),
        PUBLIC,
        hidden=("recorded_by", "decided_by"),
    ),
    Holding(
        # The roll stays without names: a count must still agree with it.
        "party.voted",
        Text("who has voted; nothing of what", "投票名册（不含选择）"),
        SELF,
        person=MINE,
        erase={"person_id": "null", "household_id": "null"},
    ),
    Holding(
        "party.urn",
        Text("votes while a vote is open; whose, in open votes alone", "投票中的选票"),
        SELF,
        person=MINE,
        erase={"person_id": "null"},
    ),
    # A secret ballot has no person at all; an open one loses its person and keeps its choice.
    Holding(
        "party.ballot",
        Text("counted votes; whose, in open votes alone", "已计选票"),
        SELF,
        person=MINE,
        erase={"person_id": "null"},
    ),
    Holding("party.evaluation", Text("what people made of results", "成效评价"), SELF, person=MINE, erase=GONE),
    Holding("party.seat", Text("who sits in a council", "理事会成员"), OFFICE, person=MINE),
    Holding(
        "party.suggestion", Text("deputies' proposals", "代表建议"), SELF, person=MINE, erase={"person_id": "null"}
    ),
    Holding(
        "party.link",
        Text("who looks after a household; a published office", "党员联户"),
        OFFICE,
        person=MINE,
        erase={"duty_phone": "null"},
    ),
    Holding(
        "party.ask",
        Text("households that ask for a helper", "联户申请"),
        TAKING_PART,
        # A household's, so it is in the copy of everybody who lives there now.
        person="t.household_id in (select m.household_id from people.membership m where m.person_id=$1 "
        "and m.until is null)",
        erase=GONE,
        months=12,
        since="t.ended_at",
    ),
    Holding("party.team", Text("who leads a group of volunteers", "志愿服务队队长"), OFFICE, person="t.leader_id=$1"),
    Holding(
        "party.volunteer",
        Text("who belongs to a group of volunteers", "志愿者"),
        TAKING_PART,
        person=MINE,
        erase=GONE,
        months=36,
        since="t.until",
    ),
    Holding(
        "party.wish", Text("wishes", "微心愿"), TAKING_PART, person=MINE, erase=GONE, months=36, since="t.ended_at"
    ),
    Holding(
        "party.wish",
        Text("whose wishes somebody sees to", "认领的心愿"),
        TAKING_PART,
        person="t.claimed_by_id=$1",
        erase={"claimed_by_id": "null"},
    ),
    Holding("party.project_rating", Text("what people made of projects", "项目评价"), SELF, person=MINE, erase=GONE),
    *(
        Holding(f"party.{table}", Text(en, zh), PUBLIC)
        for table, en, zh in (
            ("branch", "organisations", "党组织"),
            ("coverage", "where organisations work", "党组织联系网格"),
            ("series", "series of activities", "系列活动"),
            ("activity", "activities", "活动"),
            ("minutes", "minutes, which name nobody", "会议记录（不含姓名）"),
            ("agenda", "agendas", "议程"),
            ("slip", "digests of receipts, tied to nobody", "投票回执摘要（不对应任何人）"),
            ("execution", "how decisions are carried out", "决议落实"),
            ("code", "village codes", "村规民约"),
            ("project", "projects", "实事项目"),
            ("progress", "how far projects are", "项目进展"),
            ("lesson", "what there is to learn from", "学习内容"),
        )
    ),
)
