"""Waivers: what of dispatching somebody else may make an exception of."""

from __future__ import annotations

from gongzhi.runtime.waivers import Waiver
from gongzhi.values.errors import Text

# Asked here and granted elsewhere: dispatching need not know that there are emergencies.
DESIGNATION = Waiver(
    "dispatch.designation",
    "dispatchCase",
    Text(
        "Dispatch a case that was returned too often, without the county.",
        "退单次数达上限的诉求，不经县级指定直接派单。",
    ),
)
