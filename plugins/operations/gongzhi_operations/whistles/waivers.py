"""Waivers: what of whistle calls somebody else may make an exception of."""

from __future__ import annotations

from gongzhi.runtime.waivers import Waiver
from gongzhi.values.errors import Text

APPROVAL = Waiver(
    "whistles.approval",
    "callWhistle",
    Text("Blow an emergency whistle without the town's approval.", "应急哨免乡镇审批。"),
)
