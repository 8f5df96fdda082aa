"""Registers: what the tables of ties hold about people, and for how long."""

from __future__ import annotations

from gongzhi.core.people.holdings import HOMES, OTHERS
from gongzhi.declare.register_entries import GONE, Holding
from gongzhi.plugin.retention import CONSENT, NAMES, NOTHING, OPERATION, PUBLIC, SERVICE
from gongzhi.values.errors import Text

MONTHS = 36
"""Three years after a link has ended, what was done for a household is nobody's business any more."""
OVER = "(select t2.until from ties.tie t2 where t2.id=t.tie_id and t2.kind='CADRE_HOUSEHOLD')"
OF_HOME = f"t.tie_id in (select h.id from ties.tie h where h.household_id in ({HOMES}) or h.person_id=$1)"

HOLDINGS = (
    Holding(
        "ties.deed",
        Text("what was done for your household, or by you for one", "帮扶实事记录"),
        CONSENT,
        person=OF_HOME,
        shared="true",
        erase={"text": NOTHING, "account": "null"},
        months=MONTHS,
        since=OVER,
    ),
    # Of a household: it goes with the last who belongs to it, and the cadre's part stays.
    Holding(
        "ties.tie",
        Text("links of your household with a cadre", "本户的干部联户"),
        CONSENT,
        person=f"t.household_id in ({HOMES})",
        shared=OTHERS.format("t.household_id"),
        erase={"household_id": "null", "helped_agreed_by": "null"},
    ),
    # The words are the proposal's or the case's, and go by their own terms.
    Holding(
        "ties.heard",
        Text("what you asked a deputy for, and what you made of the reply", "您向代表反映的意见及评价"),
        SERVICE,
        person="t.person_id=$1",
        erase={"person_id": "null", "satisfied": "null", "account": "null"},
    ),
    Holding("ties.station", Text("liaison stations of deputies", "代表联络站"), PUBLIC),
    Holding("ties.reception", Text("reception days of deputies", "选民接待日"), PUBLIC),
    Holding("ties.receiver", Text("who hears voters on a reception day", "接待代表"), OPERATION),
    Holding(
        "ties.deputy",
        Text("your terms as a deputy, a public office", "您的代表任期（依法公开）"),
        PUBLIC,
        person="t.person_id=$1",
        erase={"person_id": "null"},
    ),
    Holding("ties.organisation", Text("social organisations", "社会组织"), PUBLIC),
    Holding("ties.served", Text("grids that social organisations serve", "社会组织服务网格"), PUBLIC),
    # Who signed for public money is not forgotten while it is answered for.
    Holding(
        "ties.purchase",
        Text("services that units bought, and who accepted them", "购买服务及验收人员"),
        PUBLIC,
        person=f"t.delivered_by in ({NAMES}) or t.accepted_by in ({NAMES})",
        shared="true",
    ),
    # Whoever leaves takes it along at once, so no months are needed.
    Holding(
        "ties.volunteer",
        Text("that you want to be asked for help, and what you can do", "志愿者登记及技能"),
        CONSENT,
        person="t.person_id=$1",
        erase=GONE,
    ),
    # The last: the others are found by it. The office stays, as the history of the place.
    Holding(
        "ties.tie",
        Text("links in which you help; an office published by consent", "您担任的联系帮扶"),
        CONSENT,
        person="t.person_id=$1",
        erase={"person_id": "null", "helper_agreed_by": "null"},
    ),
)
