"""Stages: maps steps of a case to the clocks they start and stop, as data."""

from __future__ import annotations

from gongzhi.core.cases import machine
from gongzhi.core.cases.machine import CONTACTED

from .models import Stage as S

STARTS: dict[str, tuple[S, ...]] = {
    machine.REPORT.event: (S.RESPOND, S.ACCEPT, S.REPLY),
    machine.ACCEPT.event: (S.DISPATCH,),
    machine.DISPATCH.event: (S.CONTACT, S.HANDLE),
    machine.RETURN.event: (S.DISPATCH,),
    machine.REPLY.event: (S.FOLLOW_UP, S.GRACE),
    machine.SETTLE.event: (S.FOLLOW_UP, S.GRACE),
    machine.REOPEN.event: (S.HANDLE,),
    machine.UNMERGE.event: (S.RESPOND, S.ACCEPT, S.REPLY),
}
"""The clocks a step starts. None of them runs by then."""

_ANSWERED = (S.RESPOND, S.ACCEPT, S.DISPATCH, S.CONTACT, S.HANDLE, S.REPLY, S.EXTERNAL)
STOPS: dict[str, tuple[S, ...]] = {
    machine.ACCEPT.event: (S.RESPOND, S.ACCEPT),
    machine.DISPATCH.event: (S.DISPATCH,),
    machine.RETURN.event: (S.CONTACT, S.HANDLE),
    CONTACTED: (S.RESPOND, S.CONTACT),
    machine.HANDLE.event: (S.CONTACT,),
    machine.REPLY.event: _ANSWERED,
    machine.SETTLE.event: _ANSWERED,
    machine.RATED: (S.FOLLOW_UP,),
    machine.REOPEN.event: (S.FOLLOW_UP, S.GRACE),
    **{
        step.event: tuple(S) for step in (machine.DECLINE, machine.WITHDRAW, machine.MERGE, machine.CLOSE, machine.VOID)
    },
}
"""The clocks a step stops."""

PAUSES, RESUMES = machine.SUSPEND.event, machine.RESUME.event
"""A case on hold (挂账) stops nothing and lets no time pass."""

HIDDEN = frozenset({S.GRACE})
"""Clocks that nobody has to meet: when this one ends, the case is closed."""
