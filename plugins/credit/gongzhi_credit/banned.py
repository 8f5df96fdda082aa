"""What no appraisal may look at: 征信业管理条例 14, PIPL 28, and the safeguards of points and petitions.

The words are a guard against slips, not against cunning; the assembly's resolution, the published card and objections
are the rest of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gongzhi.errors import Refusal, Text


@dataclass(frozen=True)
class Ban:
    """Something an indicator must not be about."""

    code: str
    pattern: re.Pattern[str]
    why: Text


def _ban(code: str, pattern: str, en: str, zh: str) -> Ban:
    return Ban(code, re.compile(pattern, re.IGNORECASE), Text(en, zh))


BANS = (
    _ban(
        "RELIGION",
        r"宗教|信仰|信教|礼拜|教徒|religio|church|faith",
        "religion must not be collected (Credit Reporting Regulation, art. 14)",
        "禁止采集宗教信仰信息（《征信业管理条例》第十四条）",
    ),
    _ban(
        "BODY",
        r"基因|指纹|血型|人脸|生物识别|gene|fingerprint|blood|biometric",
        "genes, fingerprints and blood must not be collected (Credit Reporting Regulation, art. 14)",
        "禁止采集基因、指纹、血型等信息（《征信业管理条例》第十四条）",
    ),
    _ban(
        "HEALTH",
        r"疾病|病史|健康|残疾|精神病|住院|怀孕|生育|health|illness|disease|disab|pregnan",
        "illness and health must not be collected (Credit Reporting Regulation, art. 14)",
        "禁止采集疾病和病史信息（《征信业管理条例》第十四条）",
    ),
    _ban(
        "MEANS",
        r"收入|存款|有价证券|商业保险|不动产|纳税|资产|房产|income|deposit|insurance|real estate|tax|wealth",
        "income, deposits, insurance, property and tax are for the lender to ask, with written consent (art. 14)",
        "收入、存款、保险、不动产、纳税信息由贷款机构经书面同意另行了解（第十四条）",
    ),
    _ban(
        "PETITIONING",
        r"信访|上访|缠访|闹访|越级|维稳|petition",
        "petitioning is a right",
        "信访是公民权利，不得与信用挂钩",
    ),
    _ban(
        "COMPLAINING",
        r"投诉|举报|差评|告状|维权|complain|tip.?off",
        "complaints and tip-offs are a right, and so is keeping silent",
        "投诉、举报及其不行使均不得与信用挂钩",
    ),
    _ban(
        "MEDIATION",
        r"调解|司法确认|诉讼|起诉|仲裁|法律援助|mediat|lawsuit|litigat|arbitrat|legal aid",
        "mediation, going to court and legal aid never feed credit",
        "调解、诉讼、法律援助不得与信用挂钩",
    ),
    _ban(
        "REFUSAL",
        r"拒绝|不同意|不配合|不签|拒签|不接受|不参加|refus",
        "whoever refuses consent, a signature or to take part must not be worse off",
        "拒绝同意、签字或参加不得影响信用",
    ),
    _ban(
        "RELATIVES",
        r"亲属|家属|子女|配偶|父母|家人|家庭成员|婆媳|株连|连坐|relative|family|spouse|children|next of kin",
        "nobody answers for relatives, and family life is nobody's business",
        "不得使用亲属及家庭生活信息",
    ),
    _ban(
        "STATUS",
        r"民族|籍贯|户籍|性别|年龄|婚姻|学历|党员|政治面貌|政治观点|ethnic|gender|\bage\b|marital|party member|politic",
        "ethnicity, sex, age, marriage, schooling and politics say nothing of conduct",
        "民族、性别、年龄、婚姻、学历、政治面貌等不得作为评议指标",
    ),
    _ban(
        "CONVICTIONS",
        r"前科|犯罪|刑满|服刑|社区矫正|吸毒|重点人员|convict|crime|prison|offend",
        "convictions and lists of persons are never looked at",
        "前科、重点人员等信息不得使用",
    ),
    _ban(
        "TRACKS",
        r"轨迹|定位|打卡|在线时长|登录次数|track|location|clock.?in",
        "where people go and how long they are online is not looked at",
        "行踪轨迹、打卡、在线时长不得使用",
    ),
)


EVERY = frozenset(ban.code for ban in BANS)


def screen(text: str, path: str, codes: frozenset[str] = EVERY) -> None:
    """Raise Refusal BANNED_INPUT, saying which safeguard, for a text about what must not be looked at."""
    for ban in BANS:
        if ban.code in codes and ban.pattern.search(text):
            raise Refusal(
                "BANNED_INPUT",
                f"This must not be looked at ({ban.code}): {ban.why.en}.",
                f"不得使用（{ban.code}）：{ban.why.zh}。",
                (path,),
            )
