"""Rights of parties: what they are told before anything begins (人民调解法 3, 4, 17, 23, 26, 32)."""

from __future__ import annotations

from typing import Any

import orjson
import strawberry
from gongzhi.declare.plans import Frame
from gongzhi.values.errors import Language, Text

RIGHTS = (
    Text(
        "Mediation is voluntary: nothing happens before you agree (art. 3, 17).",
        "调解坚持自愿原则，当事人明确拒绝的不得调解（第三条、第十七条）。",
    ),
    Text("It costs nothing (art. 4).", "人民调解不收取任何费用（第四条）。"),
    Text(
        "You may choose the mediators, and accept or refuse them (art. 19, 23).",
        "可以选择或者接受人民调解员（第十九条、第二十三条）。",
    ),
    Text(
        "You may end it at any time, and ask for it to be open or confidential (art. 23).",
        "可以随时要求终止调解，可以要求公开或者不公开进行（第二十三条）。",
    ),
    Text(
        "You may sue, apply for arbitration or administrative relief at any time (art. 3, 26, 32).",
        "不因调解而阻止依法通过仲裁、行政、司法等途径维护权利（第三条、第二十六条、第三十二条）。",
    ),
    Text(
        "A written agreement binds whoever signs it; both sides may ask the court to confirm it within 30 days of its "
        "effect (art. 31, 33).",
        "调解协议具有法律约束力，双方可自协议生效之日起三十日内共同申请司法确认（第三十一条、第三十三条）。",
    ),
)


@strawberry.type(description="A right of parties in mediation (当事人权利).")
class MediationRight:
    text: str = strawberry.field(description="What it is, with the article of the law (内容).")


def rights_json(language: Language) -> str:
    return orjson.dumps([{"text": one.say(language)} for one in RIGHTS]).decode()


def rights_sql(at: Frame) -> Any:
    """Build the rights in the caller's language, as JSON."""
    return at.given.whole(lambda arguments, context: rights_json(context.viewer.language), cast="jsonb")
