"""Registers: what the tables of bulletins hold about people."""

from __future__ import annotations

from gongzhi.declare.register_entries import GONE, Holding
from gongzhi.plugin.retention import CONSENT, OPERATION, PUBLIC
from gongzhi.values.errors import Text

HOLDINGS = (
    # Without `person`: bulletins name no private person, as their fields ask, so nobody's copy or erasure reaches them.
    Holding("bulletins.bulletin", Text("what was published", "公开信息"), PUBLIC),
    Holding("bulletins.reach", Text("the grids that bulletins reach", "公开信息的覆盖范围"), PUBLIC),
    Holding("bulletins.attachment", Text("files of bulletins", "公开信息的附件"), PUBLIC),
    Holding("bulletins.revision", Text("what bulletins said before", "公开信息的更正记录"), PUBLIC),
    Holding("bulletins.affair", Text("what villages have to publish", "村务公开事项"), PUBLIC),
    Holding(
        "bulletins.disclosure",
        Text("what villages publish, and for which offices it was signed", "村务公开记录"),
        PUBLIC,
    ),
    Holding("bulletins.disclosure_file", Text("files of what villages publish", "村务公开附件"), PUBLIC),
    Holding("bulletins.figure", Text("funds, assets and resources of villages", "村级三资明细"), PUBLIC),
    Holding("bulletins.warning", Text("messages of warning services", "预警消息"), PUBLIC),
    # Which case asks about which bulletin; the case has its own holdings.
    Holding("bulletins.question", Text("which cases ask about bulletins", "公开信息询问与诉求的对应"), OPERATION),
    # Without `person`: no digest leads back to an account without the secret of the deployment.
    Holding(
        "bulletins.receipt",
        Text("how many have read a bulletin, by digests that name nobody", "公开信息的已读计数，不指向任何个人"),
        OPERATION,
    ),
    Holding(
        "bulletins.interest",
        Text("of which kinds of bulletins you want to be told", "订阅的信息类别"),
        CONSENT,
        person="t.person_id=$1",
        erase=GONE,
    ),
)
