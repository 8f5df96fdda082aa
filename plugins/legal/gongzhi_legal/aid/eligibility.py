"""Eligibility for legal aid: the published rule (法律援助法 31, 32, 42), which grants nothing and denies nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from gongzhi.declare.register_entries import Card
from gongzhi.values.errors import Text

from ..models import AidGround, AidMatter

ELIGIBLE, EXAMINE = "ELIGIBLE", "EXAMINE"
CARD = Card(
    "legal.aid",
    "1",
    purpose=Text("Whether an application for legal aid looks eligible", "初步判断法律援助申请是否符合条件"),
    basis=Text(
        "Legal Aid Law art. 31, 32, 42; PIPL 13(1)(3) and 24",
        "《法律援助法》第三十一、三十二、四十二条；《个人信息保护法》第十三条第一款第三项、第二十四条",
    ),
    inputs=(
        Text("what aid is asked for, by art. 31", "申请事项（第三十一条）"),
        Text("the ground the applicant names", "申请人所述理由"),
        Text("what the applicant declares of their income: below the standard or not", "申请人经济困难承诺"),
    ),
    formula=Text(
        "Eligible if the matter is on the list of art. 31 and income is not looked at (art. 32, 42) or is declared to "
        "be below the county's standard; otherwise somebody examines it.",
        "事项属于第三十一条所列，且属于免予核查经济状况情形或者承诺符合经济困难标准的，建议给予援助；其余由人工审查。",
    ),
    owner=Text("the county's legal aid centre", "县法律援助中心"),
    since=date(2026, 1, 1),
    limits=Text(
        "It decides nothing: somebody at the centre decides each application, and gives grounds to refuse.",
        "规则不作出决定，均由法律援助机构人员审查；不予援助须说明理由。",
    ),
    contact=Text("The county's legal aid centre, 12348", "县法律援助中心，12348"),
    outcomes=(ELIGIBLE, EXAMINE),
)


@dataclass(frozen=True)
class Step:
    """One step of the rule, and what it found."""

    name: str
    value: Any
    text: Text


def judge_eligibility(about: AidMatter, ground: AidGround, below: bool) -> tuple[str, list[Step]]:
    """Return what the rule proposes, and how it came to it."""
    # What is on no list of the law is examined by somebody, and refused by no rule.
    listed = about != AidMatter.OTHER
    exempt = ground != AidGround.INCOME
    # All steps are on record, also those that did not matter here: the applicant reads the whole rule.
    steps = [
        Step(
            "listed",
            listed,
            Text("The matter is on the list of art. 31", "属于第三十一条所列事项")
            if listed
            else Text("The matter is not on the list of art. 31", "不属于第三十一条所列事项"),
        ),
        Step(
            "exempt",
            exempt,
            Text("Income is not looked at (art. 32, 42)", "免予核查经济状况（第三十二、四十二条）")
            if exempt
            else Text("Income is looked at", "须符合经济困难标准"),
        ),
        Step(
            "belowStandard",
            below,
            Text("Declared to be below the standard", "承诺低于经济困难标准")
            if below
            else Text("Not declared to be below the standard", "未承诺低于经济困难标准"),
        ),
    ]
    return (ELIGIBLE if listed and (exempt or below) else EXAMINE), steps
