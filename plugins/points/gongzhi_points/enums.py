"""Enums: the states and kinds of points as the schema has them."""

from __future__ import annotations

from gongzhi.declare.enums import describe_enum

from .models import (
    AccountKind,
    Approver,
    ClaimState,
    ObjectionState,
    Period,
    PostingKind,
    Proof,
    Recorder,
    RedemptionState,
    RewardKind,
    RuleState,
    SettledState,
    Unit,
)

describe_enum(
    Unit,
    "PointsUnit",
    "What a programme counts in (计量单位).",
    POINT="Points (积分)",
    CIVILITY_COIN="Civility coins (文明币)",
)
describe_enum(
    AccountKind,
    "PointsAccountKind",
    "Whose an account is (账户类型).",
    ISSUER="The programme that gives points (发放方)",
    PERSON="A person (个人)",
    HOUSEHOLD="A household (家庭)",
    GROUP="A group, such as volunteers (集体)",
    MERCHANT="A shop that takes points (商户)",
)
describe_enum(
    PostingKind,
    "PointsPostingKind",
    "Why points moved (流水类型).",
    EARNED="Given by a rule (获得)",
    SPENT="Spent on a reward (兑换)",
    EXPIRED="Expired (过期)",
    REVERSED="Wrongly booked, taken back (冲正)",
    IMPORTED="Taken over from a paper ledger (纸质台账导入)",
)
describe_enum(
    Period,
    "PointsPeriod",
    "What a cap is for; weeks begin on Monday (上限周期).",
    DAY="A day (日)",
    WEEK="A week (周)",
    MONTH="A month (月)",
    QUARTER="A quarter (季度)",
    YEAR="A year (年)",
)
describe_enum(
    Proof,
    "PointsProof",
    "What has to come with a claim (所需凭证).",
    NONE="Nothing (无)",
    TEXT="A description (文字说明)",
    PHOTO="A photo (照片)",
)
describe_enum(
    Recorder,
    "PointsRecorder",
    "Who may claim that an act was done (申报主体).",
    RESIDENT="Whoever did it, or a grid worker for them (本人或网格员代报)",
    GRID_WORKER="A grid worker alone (仅网格员)",
)
describe_enum(
    Approver,
    "PointsApprover",
    "Who decides on claims (认定方式).",
    GRID_WORKER="The grid worker (网格员)",
    PEERS="So many villagers who review (村民评议)",
)
describe_enum(
    RuleState,
    "PointsRuleState",
    "Where a version of a rule stands (规则状态).",
    PROPOSED="Proposed, gives nothing yet (拟定)",
    ADOPTED="Adopted by resolution (已通过)",
    ENDED="No longer in force (已停用)",
)
describe_enum(
    ClaimState,
    "PointsClaimState",
    "Where a claim stands (申报状态).",
    CLAIMED="To be decided (待认定)",
    APPROVED="Approved, points given (已认定)",
    REFUSED="Refused, with the reason (未认定)",
    WITHDRAWN="Taken back by who claimed (已撤回)",
)
describe_enum(
    ObjectionState,
    "PointsObjectionState",
    "Where an objection stands (异议状态).",
    OPEN="To be decided (待处理)",
    UPHELD="Right, and put right (成立)",
    DISMISSED="Not right, with the reason (不成立)",
)
describe_enum(
    RewardKind,
    "PointsRewardKind",
    "What one gets (奖品类型).",
    GOODS="Goods (物品)",
    COUPON="A coupon (代金券)",
    SERVICE="A service (服务)",
)
describe_enum(
    RedemptionState,
    "PointsRedemptionState",
    "Where a redemption stands (兑换状态).",
    HELD="Points are held, the code may be used (待核销)",
    SETTLED="Handed out and paid (已核销)",
    CANCELLED="Taken back, points free again (已取消)",
    EXPIRED="Not used in time, points free again (已过期)",
)
describe_enum(
    SettledState,
    "PointsSettledState",
    "What came of a code that was handed in (核销结果).",
    SETTLED="Settled (已核销)",
    ALREADY_SETTLED="It was used before (已被使用)",
    CANCELLED="The redemption was taken back (已取消)",
    EXPIRED="It was not valid any more when the goods were handed out (已过期)",
    UNKNOWN="No code for this shop (无效)",
)
