"""Safeguards: what no appraisal may look at (征信业管理条例 14, PIPL 28, and the rights of `gongzhi.runtime.bans`).

The words are a guard against slips, not against cunning; the assembly's resolution, the published card and objections
are the rest of it.
"""

from __future__ import annotations

from gongzhi.runtime.bans import RIGHTS, declare_ban, find_broken_ban
from gongzhi.values.errors import Refusal

BANS = (
    *RIGHTS,
    declare_ban(
        "RELIGION",
        r"宗教|信仰|信教|礼拜|教徒|"
        r"(?<![a-z])(?:religio|church|(?:faiths?)(?![a-z]))",
        "religion must not be collected (Credit Reporting Regulation, art. 14)",
        "禁止采集宗教信仰信息（《征信业管理条例》第十四条）",
    ),
    declare_ban(
        "BODY",
        r"基因|指纹|血型|人脸|生物识别|"
        r"(?<![a-z])(?:genetic|fingerprint|biometric|(?:genes?|dna|blood)(?![a-z]))",
        "genes, fingerprints and blood must not be collected (Credit Reporting Regulation, art. 14)",
        "禁止采集基因、指纹、血型等信息（《征信业管理条例》第十四条）",
    ),
    declare_ban(
        "HEALTH",
        r"疾病|病史|健康|残疾|精神病|住院|怀孕|生育|"
        r"(?<![a-z])(?:health|illness|disease|disabilit|pregnan|(?:disabled)(?![a-z]))",
        "illness and health must not be collected (Credit Reporting Regulation, art. 14)",
        "禁止采集疾病和病史信息（《征信业管理条例》第十四条）",
    ),
    declare_ban(
        "MEANS",
        r"收入|存款|有价证券|商业保险|不动产|纳税|资产|房产|"
        r"(?<![a-z])(?:insurance|(?:incomes?|deposits?|real estate|tax|taxes|taxation|wealth)(?![a-z]))",
        "income, deposits, insurance, property and tax are for the lender to ask, with written consent (art. 14)",
        "收入、存款、保险、不动产、纳税信息由贷款机构经书面同意另行了解（第十四条）",
    ),
    declare_ban(
        "RELATIVES",
        r"亲属|家属|子女|配偶|父母|家人|家庭成员|婆媳|株连|连坐|"
        r"(?<![a-z])(?:(?:relatives?|family|families|spouses?|children|next of kin)(?![a-z]))",
        "nobody answers for relatives, and family life is nobody's business",
        "不得使用亲属及家庭生活信息",
    ),
    declare_ban(
        "STATUS",
        r"民族|籍贯|户籍|性别|年龄|婚姻|学历|党员|政治面貌|政治观点|"
        r"(?<![a-z])(?:ethnic|party member|politic|(?:genders?|ages?|marital)(?![a-z]))",
        "ethnicity, sex, age, marriage, schooling and politics say nothing of conduct",
        "民族、性别、年龄、婚姻、学历、政治面貌等不得作为评议指标",
    ),
    declare_ban(
        "CONVICTIONS",
        r"前科|犯罪|刑满|服刑|社区矫正|吸毒|重点人员|"
        r"(?<![a-z])(?:convict|crime|crimin|prison|offen)",
        "convictions and lists of persons are never looked at",
        "前科、重点人员等信息不得使用",
    ),
    declare_ban(
        "TRACKS",
        r"轨迹|定位|打卡|在线时长|登录次数|"
        r"(?<![a-z])(?:(?:tracking|tracks|locations?|clock.?in)(?![a-z]))",
        "where people go and how long they are online is not looked at",
        "行踪轨迹、打卡、在线时长不得使用",
    ),
)


EVERY = frozenset(ban.code for ban in BANS)


def screen_input(text: str, path: str, codes: frozenset[str] = EVERY) -> None:
    """Raise Refusal BANNED_INPUT, naming the safeguard, for a text about what must not be looked at."""
    if found := find_broken_ban((ban for ban in BANS if ban.code in codes), text):
        raise Refusal(
            "BANNED_INPUT",
            f"This must not be looked at ({found.code}): {found.why.en}.",
            f"不得使用（{found.code}）：{found.why.zh}。",
            (path,),
        )
