"""Tables of points: postings and entries, which nobody can change or delete, and all that leads to them."""

from __future__ import annotations

from .claims import (
    ClaimRow,
    ClaimState,
    ObjectionRow,
    ObjectionState,
    PhotoRow,
    VoteRow,
)
from .honours import (
    AwardRow,
    EntitlementRow,
    HonourRow,
)
from .ledger import (
    AccountKind,
    AccountRow,
    ChainRow,
    EntryRow,
    PostingKind,
    PostingRow,
    WarningRow,
)
from .programmes import (
    ActRow,
    Approver,
    Period,
    ProgrammeRow,
    Proof,
    Recorder,
    RuleRow,
    RuleState,
    Unit,
)
from .rewards import (
    MerchantRow,
    RedemptionRow,
    RedemptionState,
    RewardKind,
    RewardRow,
    SettledRow,
    SettledState,
    SettlementRow,
)

__all__ = [
    "AccountKind",
    "AccountRow",
    "ActRow",
    "Approver",
    "AwardRow",
    "ChainRow",
    "ClaimRow",
    "ClaimState",
    "EntitlementRow",
    "EntryRow",
    "HonourRow",
    "MerchantRow",
    "ObjectionRow",
    "ObjectionState",
    "Period",
    "PhotoRow",
    "PostingKind",
    "PostingRow",
    "ProgrammeRow",
    "Proof",
    "Recorder",
    "RedemptionRow",
    "RedemptionState",
    "RewardKind",
    "RewardRow",
    "RuleRow",
    "RuleState",
    "SettledRow",
    "SettledState",
    "SettlementRow",
    "Unit",
    "VoteRow",
    "WarningRow",
]
