"""What a rule must not be about (domain.md 6.8): points are never a price on rights, nor a punishment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gongzhi.errors import Refusal, Text


@dataclass(frozen=True)
class Ban:
    """Something no rule may reward, for a reward for leaving it is a deduction for doing it."""

    code: str
    pattern: re.Pattern[str]
    why: Text


def _ban(code: str, pattern: str, en: str, zh: str) -> Ban:
    return Ban(code, re.compile(pattern, re.IGNORECASE), Text(en, zh))


BANS = (
    _ban(
        "PETITIONING",
        r"信访|上访|缠访|闹访|越级|petition",
        "petitioning is a right: it neither costs nor earns points, and neither does not petitioning",
        "信访是公民权利，是否信访均不得与积分挂钩",
    ),
    _ban(
        "COMPLAINING",
        r"投诉|举报|差评|告状|维权|complain|tip.?off",
        "complaints and tip-offs neither cost nor earn points, and neither does keeping silent",
        "投诉、举报及其不行使均不得与积分挂钩",
    ),
    _ban(
        "CONSENT",
        r"拒绝|不同意|不配合|不签|拒签|未签|不接受|refus|consent",
        "whoever refuses consent, mediation or a signature must not be worse off",
        "拒绝同意、调解或签字不得影响积分",
    ),
    _ban(
        "MEDIATION",
        r"调解|司法确认|诉讼|起诉|mediat|lawsuit",
        "mediation and going to court never feed points",
        "调解、诉讼不得与积分挂钩",
    ),
    _ban(
        "RELATIVES",
        r"(亲属|家属|子女|配偶|父母|家人|家庭成员).{0,8}(违|犯|罚|访|诉|拒|欠|逃)|株连|连坐|relative|next of kin",
        "nobody answers for the acts of relatives",
        "不得因亲属行为影响积分",
    ),
    _ban(
        "SENSITIVE",
        r"宗教|信仰|民族|疾病|残疾|病史|刑满|前科|吸毒|religio|ethnic|disab|illness",
        "religion, ethnicity, health and convictions are never looked at",
        "宗教、民族、健康、前科等不得作为积分依据",
    ),
    _ban(
        "DEDUCTION",
        r"扣分|扣减|扣除|倒扣|减分|罚分|负分|黑榜|红黑榜|黑名单|deduct|minus|blacklist",
        "a rule only gives; what was wrongly given is reversed, and there are no public lists",
        "规则只能加分；误发的积分用冲正处理，不设红黑榜",
    ),
)
STATUTORY = _ban(
    "STATUTORY",
    r"低保|特困|五保|医保|社保|养老金|养老保险|抚恤|救助|救济|入学|学籍|户口|户籍|宅基地确权|选举|benefit|pension|insurance",
    "what people are due by law does not depend on points",
    "法定待遇不得与积分挂钩",
)


def screen(text: str, *path: str) -> None:
    """Raise Refusal FORBIDDEN_RULE, saying which safeguard, for a rule about what points must not touch."""
    against(BANS, text, path)


def lawful(text: str, *path: str) -> None:
    """Refuse a reward or service that people are due anyhow."""
    against((STATUTORY,), text, path)


def against(bans: tuple[Ban, ...], text: str, path: tuple[str, ...]) -> None:
    for ban in bans:
        if ban.pattern.search(text):
            raise Refusal(
                "FORBIDDEN_RULE",
                f"Not as a points rule ({ban.code}): {ban.why.en}.",
                f"不能作为积分规则（{ban.code}）：{ban.why.zh}。",
                path,
            )
