"""Safeguards: what a rule must not be about; points are never a price on rights, nor a punishment."""

from __future__ import annotations

from gongzhi.runtime.bans import RIGHTS, Ban, declare_ban, find_broken_ban
from gongzhi.values.errors import Refusal

# Words in Chinese and English, looked for in the text of rules, acts and honours. They stop slips, not cunning: the
# resolution and objections do the rest.
BANS = (
    *RIGHTS,
    declare_ban("CONSENT", "consent", "consent is given freely or not at all", "同意须出于自愿"),
    declare_ban(
        "RELATIVES",
        r"(亲属|家属|子女|配偶|父母|家人|家庭成员).{0,8}(违|犯|罚|访|诉|拒|欠|逃)|株连|连坐"
        r"|(?<![a-z])(?:relatives?(?![a-z])|next of kin)",
        "nobody answers for the acts of relatives",
        "不得因亲属行为影响积分",
    ),
    declare_ban(
        "SENSITIVE",
        r"宗教|信仰|民族|疾病|残疾|病史|刑满|前科|吸毒|(?<![a-z])(?:religio|ethnic|disab|illness)",
        "religion, ethnicity, health and convictions are never looked at",
        "宗教、民族、健康、前科等不得作为积分依据",
    ),
    declare_ban(
        "DEDUCTION",
        r"扣分|扣减|扣除|倒扣|减分|罚分|负分|黑榜|红黑榜|黑名单|(?<![a-z])(?:deduct|minus|blacklist)",
        "a rule only gives; what was wrongly given is reversed, and there are no public lists",
        "规则只能加分；误发的积分用冲正处理，不设红黑榜",
    ),
)
STATUTORY = declare_ban(
    "STATUTORY",
    r"低保|特困|五保|医保|社保|养老金|养老保险|抚恤|救助|救济|入学|学籍|户口|户籍|宅基地确权|选举"
    r"|(?<![a-z])(?:benefits?(?![a-z])|pension|insurance)",
    "what people are due by law does not depend on points",
    "法定待遇不得与积分挂钩",
)


def screen_rule(text: str, *path: str) -> None:
    """Raise Refusal FORBIDDEN_RULE, naming the safeguard, for a rule about what points must not touch."""
    refuse_banned(BANS, text, path)


def screen_reward(text: str, *path: str) -> None:
    """Refuse a reward or service that people are due by law."""
    refuse_banned((STATUTORY,), text, path)


def refuse_banned(bans: tuple[Ban, ...], text: str, path: tuple[str, ...]) -> None:
    if found := find_broken_ban(bans, text):
        raise Refusal(
            "FORBIDDEN_RULE",
            f"Not as a points rule ({found.code}): {found.why.en}.",
            f"不能作为积分规则（{found.code}）：{found.why.zh}。",
            path,
        )
