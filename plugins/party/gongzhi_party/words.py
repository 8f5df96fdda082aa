"""The enums of organisations as the schema has them."""

from __future__ import annotations

from gongzhi.words import named

from .models import BranchKind, Duty, MemberStatus, TransferState

named(
    BranchKind,
    "PartyBranchKind",
    "What an organisation is (组织类型).",
    COMMITTEE="A committee (党委)",
    GENERAL_BRANCH="A general branch (党总支)",
    BRANCH="A branch (党支部)",
    GROUP="A group of a branch (党小组)",
)
named(
    Duty,
    "PartyDuty",
    "An office of an organisation, held by one person at a time (党内职务).",
    SECRETARY="Secretary (书记)",
    DEPUTY_SECRETARY="Deputy secretary (副书记)",
    ORGANISER="Answers for organisation (组织委员)",
    PUBLICIST="Answers for publicity (宣传委员)",
    DISCIPLINE="Answers for discipline (纪检委员)",
    GROUP_LEADER="Leads a group (党小组长)",
)
named(
    MemberStatus,
    "PartyMemberStatus",
    "How somebody belongs to an organisation (党员状态).",
    PROBATIONARY="On probation (预备党员)",
    FULL="Full member (正式党员)",
    LEFT="No longer belongs to it (已离开)",
)
named(
    TransferState,
    "PartyTransferState",
    "Where a transfer stands (转接状态).",
    REQUESTED="Waits for the other organisation (待接收)",
    ACCEPTED="The other organisation took the member over (已接收)",
    REFUSED="The other organisation did not, with the reason (未接收)",
    WITHDRAWN="Taken back (已撤回)",
)
