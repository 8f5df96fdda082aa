"""Stages: maps steps of a case to the clocks they start and stop, as data."""

from __future__ import annotations

from gongzhi.core.cases import machine as m
from gongzhi.core.cases.contacting import CONTACTED

from .models import Stage as S

STARTS: dict[str, tuple[S, ...]] = {
    m.REPORT.event: (S.RESPOND, S.ACCEPT, S.REPLY),
    m.ACCEPT.event: (S.DISPATCH,),
    m.DISPATCH.event: (S.CONTACT, S.HANDLE),
    m.RETURN.event: (S.DISPATCH,),
    m.REPLY.event: (S.FOLLOW_UP, S.GRACE),
    m.SETTLE.event: (S.FOLLOW_UP, S.GRACE),
    m.REOPEN.event: (S.HANDLE,),
    m.UNMERGE.event: (S.RESPOND, S.ACCEPT, S.REPLY),
}
"""The clocks a step starts. One that runs already goes on."""

_ANSWERED = (S.RESPOND, S.ACCEPT, S.DISPATCH, S.CONTACT, S.HANDLE, S.REPLY)
STOPS: dict[str, tuple[S, ...]] = {
    m.ACCEPT.event: (S.RESPOND, S.ACCEPT),
    m.DISPATCH.event: (S.DISPATCH,),
    m.RETURN.event: (S.CONTACT, S.HANDLE),
    CONTACTED: (S.RESPOND, S.CONTACT),
    m.HANDLE.event: (S.CONTACT,),
    m.REPLY.event: _ANSWERED,
    m.SETTLE.event: _ANSWERED,
    m.RATED: (S.FOLLOW_UP,),
    m.REOPEN.event: (S.FOLLOW_UP, S.GRACE),
    **{step.event: tuple(S) for step in (m.DECLINE, m.WITHDRAW, m.MERGE, m.CLOSE, m.VOID)},
}
"""The clocks a step stops."""

PAUSES, RESUMES = m.SUSPEND.event, m.RESUME.event
"""A case on hold (挂账) stops nothing and lets no time pass."""

HIDDEN = frozenset({S.GRACE})
"""Clocks that nobody has to meet: when this one ends, the case is closed."""
