"""State machine: the life of a case as data, of which `docs/cases.md` draws the diagram."""

from __future__ import annotations

from dataclasses import dataclass

from .models import Status as S


@dataclass(frozen=True)
class Step:
    """A way from one status to another. `event` is the type of the event it leaves."""

    event: str
    chinese: str
    sources: frozenset[S]
    target: S


def _step(event: str, chinese: str, *sources: S, to: S) -> Step:
    return Step(event, chinese, frozenset(sources), to)


OPEN = frozenset({S.REPORTED, S.ACCEPTED, S.DISPATCHED, S.RETURNED, S.HANDLING, S.SUSPENDED, S.REPLIED})
UNDER_WAY = OPEN - {S.REPLIED}
"""What somebody still has to answer."""
WITH_UNIT = frozenset({S.DISPATCHED, S.HANDLING})
COMPLETED = frozenset({S.REPLIED, S.CLOSED})
"""What counts as 办结."""

REPORT = _step("case.reported", "上报", to=S.REPORTED)
ACCEPT = _step("case.accepted", "受理", S.REPORTED, to=S.ACCEPTED)
DECLINE = _step("case.declined", "不予受理", S.REPORTED, to=S.DECLINED)
WITHDRAW = _step("case.withdrawn", "撤回", S.REPORTED, to=S.WITHDRAWN)
MERGE = _step("case.merged", "并单", S.REPORTED, to=S.MERGED)
UNMERGE = _step("case.unmerged", "撤销并单", S.MERGED, to=S.REPORTED)
SETTLE = _step("case.settled", "自处理", S.ACCEPTED, to=S.REPLIED)
DISPATCH = _step("case.dispatched", "派单", S.ACCEPTED, S.RETURNED, to=S.DISPATCHED)
RETURN = _step("case.returned", "退单", S.DISPATCHED, to=S.RETURNED)
HANDLE = _step("case.handling", "办理", S.DISPATCHED, to=S.HANDLING)
SUSPEND = _step("case.suspended", "挂账", S.HANDLING, to=S.SUSPENDED)
RESUME = _step("case.resumed", "恢复办理", S.SUSPENDED, to=S.HANDLING)
REPLY = _step("case.replied", "答复", S.HANDLING, to=S.REPLIED)
CLOSE = _step("case.closed", "结案", S.REPLIED, to=S.CLOSED)
REOPEN = _step("case.reopened", "重办", S.REPLIED, to=S.HANDLING)
VOID = _step("case.voided", "作废", *OPEN, to=S.VOIDED)

STEPS = (
    REPORT, ACCEPT, DECLINE, WITHDRAW, MERGE, UNMERGE, SETTLE, DISPATCH, RETURN, HANDLE, SUSPEND, RESUME,
    REPLY, CLOSE, REOPEN, VOID,
)  # fmt: skip

RATED = "case.rated"
"""A rating changes no status by itself: it closes the case when good and reopens it when the matter is not solved."""
CONTACTED = "case.contacted"
"""The event of a unit that has been in touch with the requester."""
