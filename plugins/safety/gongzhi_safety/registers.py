"""Registers: what the tables of safety hold about people and for how long, its figures and findings."""

from __future__ import annotations

from gongzhi.declare.register_entries import GONE, Check, Holding, Kpi
from gongzhi.plugin.retention import NOTHING, OPERATION, PUBLIC, SERVICE
from gongzhi.values.errors import Text

MONTHS = 36
"""Three years: what was found at the last inspections is read before the next; no law names a term."""
OF_SITE = "t.{0} in (select s.id from safety.site s where s.person_id=$1)"
OF_INSPECTION = (
    "t.inspection_id in (select i.id from safety.inspection i join safety.site s on s.id=i.site_id "
    "where s.person_id=$1)"
)
OF_HAZARD = (
    "t.hazard_id in (select h.id from safety.hazard h join safety.site s on s.id=h.site_id where s.person_id=$1)"
)
SAID = "t.step_id in (select p.id from safety.step p where p.person_id=$1)"

FOUND = Text("hazards found in the quarter, by unit, without those revoked", "按监管单位计的本季度发现隐患，不含已撤销")
KPIS = (
    Kpi(
        "safety.in_time",
        Text("corrected in time and gone ÷ found", "按期整改并销号 ÷ 发现"),
        Text(
            "of these, gone by now, which the firm had corrected before their deadline",
            "其中已销号、且在期限内申报整改（未申报的以复查通过时间计）的项数",
        ),
        FOUND,
        Text("%", "%"),
    ),
    Kpi(
        "safety.overdue",
        Text("overdue at some time ÷ found", "曾逾期 ÷ 发现"),
        Text(
            "of these, not corrected at a deadline, before or after it was extended",
            "其中曾到期未整改的项数（含延期后到期）",
        ),
        FOUND,
        Text("%", "%"),
    ),
)

CHECKS = (
    Check(
        "safety.overdue",
        "select count(*) from safety.hazard h where h.state='OPEN' and h.due_at<now()",
        Text("no hazard is overdue", "没有逾期未整改的隐患"),
        Text(
            "hazards that are not corrected in time: {0}; the list of hazards has them, by overdue",
            "逾期未整改的隐患：{0}；可在隐患列表中按“是否逾期”筛选查看",
        ),
    ),
    Check(
        "safety.waiting",
        "select count(*) from safety.hazard h where h.state='CORRECTED' and h.corrected_at<now()-interval '10 days'",
        Text("what firms have corrected is looked at again within ten days", "申报整改完成的隐患均在十日内复查"),
        Text(
            "hazards that firms have corrected more than ten days ago, and nobody has looked again: {0}",
            "申报整改完成超过十日仍未复查的隐患：{0}",
        ),
    ),
)

HOLDINGS = (
    Holding("safety.checklist", Text("what is looked at by trade", "安全检查清单"), PUBLIC),
    Holding("safety.item", Text("items of these lists", "安全检查项"), PUBLIC),
    Holding(
        "safety.photo",
        Text("photos of your site; they lie sealed", "场所检查和整改照片（加密存放）"),
        SERVICE,
        person=f"{SAID} or {OF_SITE.format('site_id')}",
        # What inspectors took is the county's record, and ends with its time.
        shared="t.answer_id is not null or t.step_id in (select p.id from safety.step p where p.person_id is null)",
        erase=GONE,
        hidden=("data_key", "content"),
        months=MONTHS,
        since="t.at",
        wrapped={"data_key": "t.county"},
    ),
    Holding(
        "safety.answer",
        Text("what inspections of your site found", "场所检查结果"),
        SERVICE,
        person=OF_INSPECTION,
        shared="true",
        erase={"note": "null"},
        months=MONTHS,
        since="(select i.recorded_at from safety.inspection i where i.id=t.inspection_id)",
    ),
    Holding(
        "safety.inspection",
        Text("inspections of your site", "场所安全检查"),
        SERVICE,
        person=OF_SITE.format("site_id"),
        shared="true",
        erase={"remark": "null", "account": "null"},
        months=MONTHS,
        since="t.recorded_at",
    ),
    Holding(
        "safety.step",
        Text("what you said of hazards, and what was done about them", "隐患整改、异议和办理记录"),
        SERVICE,
        person=f"t.person_id=$1 or {OF_HAZARD}",
        shared="t.person_id is distinct from $1",
        erase={"text": f"case when t.text is not null then {NOTHING} end", "person_id": "null", "account": "null"},
        months=MONTHS,
        since="(select h.closed_at from safety.hazard h where h.id=t.hazard_id)",
    ),
    # Of a hazard there are codes and moments; what was said of it are its steps.
    Holding("safety.hazard", Text("hazards, their deadlines and how they ended", "安全隐患及整改期限"), OPERATION),
    # Last: the others are found by it.
    Holding(
        "safety.site",
        Text("sites that you answer for", "您负责的监管场所"),
        SERVICE,
        person="t.person_id=$1",
        erase={"person_id": "null"},
        months=MONTHS,
        since="t.closed_at",
    ),
    # A small firm may be called after whoever had it: as long as it is open that is what it is called.
    Holding(
        "safety.site",
        Text("names and addresses of sites that are closed", "已停业场所的名称和地址"),
        OPERATION,
        erase={"name": NOTHING, "address": NOTHING},
        months=MONTHS,
        since="t.closed_at",
    ),
)
