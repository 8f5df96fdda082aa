"""Registers: what the tables of services hold about people, the notice that proxies rest on, figures and findings."""

from __future__ import annotations

from datetime import date

from gongzhi.declare.register_entries import GONE, Check, Holding, Kpi, PrivacyNotice
from gongzhi.plugin.retention import NOTHING, PUBLIC, SERVICE
from gongzhi.values.errors import Text

from .rules import PROXY

MONTHS = 60
MINE = "t.application_id in (select a.id from services.application a where a.person_id=$1)"
ENDED = "(select a.closed_at from services.application a where a.id=t.application_id)"

NOTICES = (
    PrivacyNotice(
        PROXY,
        None,
        1,
        Text("Somebody applies for services for you", "他人为您代办政务服务事项"),
        Text(
            "The account that you name may apply for services for you, sees those applications with what is on file "
            "for them, and hands in papers. You are told of each application, read them all, and rate them alone. "
            "It ends after a year, or when you take it back; you can always apply yourself.",
            "您指定的账号可以为您申请政务服务事项，查看其代办的申请及为此填充的库内信息，并补交材料。每次代办都会通知您，"
            "您可查看全部申请，评价仅由您本人作出。授权有效期一年，可随时撤回；不授权不影响您本人办理。",
        ),
        Text("Consent, PIPL 13(1)(1), 23", "本人同意，《个人信息保护法》第十三条第一款第一项、第二十三条"),
        since=date(2026, 1, 1),
        # An office changes hands: whoever was trusted a year ago is asked for again.
        months=12,
    ),
)

COUNTED = Text("applications decided in the quarter, by unit", "按办理单位计的本季度办结件")
KPIS = (
    Kpi(
        "services.on_time",
        Text("decided in the promised days ÷ decided", "承诺期限内办结件 ÷ 办结件"),
        Text("of these, those that were never overdue", "其中从未逾期的件数"),
        COUNTED,
        Text("%", "%"),
    ),
    Kpi(
        "services.bad_ratings",
        Text("rated 1 or 2 ÷ rated; unrated ones count for nothing", "差评（1、2 星）件 ÷ 已评价件；未评价不计"),
        Text("of these, rated 1 or 2 by the applicant", "其中申请人评 1、2 星的件数"),
        Text("applications decided in the quarter and rated by the applicant", "本季度办结且申请人已评价的件数"),
        Text("%", "%"),
    ),
)

CHECK = Check(
    "services.unanswered",
    "select count(*) from services.lapse l where l.answered_at is null and l.answer_by<now()",
    Text("units have answered for their lapses in time", "效能监察事项均按期答复"),
    Text(
        "lapses that units have not answered for in time: {0}; the list of them has them, by answered",
        "逾期未答复的效能监察事项：{0}；可在效能监察列表中按“是否已答复”筛选查看",
    ),
)

HOLDINGS = (
    Holding("services.matter", Text("what people may apply for", "政务服务事项目录"), PUBLIC),
    Holding("services.document", Text("what matters want", "政务服务事项材料清单"), PUBLIC),
    Holding(
        "services.paper",
        Text("papers of your applications; files lie sealed", "申请材料（文件加密存放）"),
        SERVICE,
        person=MINE,
        erase=GONE,
        hidden=("data_key", "content"),
        months=MONTHS,
        since=ENDED,
        wrapped={"data_key": "t.county"},
    ),
    Holding(
        "services.visit",
        Text("when you had to go somewhere for an application, and why", "办事到场记录"),
        SERVICE,
        person=MINE,
        erase={"reason": NOTHING},
        months=MONTHS,
        since=ENDED,
    ),
    Holding(
        "services.lapse",
        Text("what went wrong with your applications, and what the unit said", "效能监察事项及答复"),
        SERVICE,
        person=MINE,
        erase={"answer": f"case when t.answer is not null then {NOTHING} end"},
        months=MONTHS,
        since=ENDED,
    ),
    # Last: the others are found by it.
    Holding(
        "services.application",
        Text("what you applied for, what was decided, and how you rated it", "政务服务申请、办理结果和评价"),
        SERVICE,
        person="t.person_id=$1",
        erase={"reason": "null", "rating_reason": "null", "answer": "null", "account": "null", "person_id": "null"},
        months=MONTHS,
        since="t.closed_at",
    ),
)
