"""Retention: legal bases and common conditions of what tables hold about people.

For the `Holding` entries of the public registers, so that the same basis reads the same everywhere.
"""

from __future__ import annotations

from gongzhi.values.errors import Text

PUBLIC = Text("public registers of the administration", "行政公开事项")
OPERATION = Text("operation of the platform; ids and codes only", "平台运行所需，仅含标识和代码")
SERVICE = Text("PIPL 13(1)(3), 19: statutory duties", "《个人信息保护法》第十三条第一款第三项、第十九条：履行法定职责")
CONSENT = Text("PIPL 13(1)(1): consent", "《个人信息保护法》第十三条第一款第一项：同意")
RECORDS = Text(
    "PIPL 55, 56: records of automated decisions, 3 years", "《个人信息保护法》第五十五、五十六条：记录保存三年"
)
LETTERS = Text(
    "PIPL 19; five years after the end, as the county may shorten", "《个人信息保护法》第十九条；办结后五年，县级可缩短"
)
SIGNING_IN = Text("PIPL 13: what signing in needs", "《个人信息保护法》第十三条：登录所需")

NOTHING = "'—'"
"""SQL: what takes the place of an erased text that cannot be empty."""
MINE = "select a.id from accounts.account a where a.person_id=$1"
"""SQL: the accounts of the person whose data are looked for."""
NAMES = "select a.name from accounts.account a where a.person_id=$1"
"""SQL: their names."""
