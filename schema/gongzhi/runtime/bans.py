"""Bans: what no rule about people may use, such as whether somebody exercised a right.

Points and credit screen the words of their rules by this and by bans of their own. It is a guard against slips, not
against cunning; the assembly's resolution, the published card and objections are the rest of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gongzhi.values.errors import Text


@dataclass(frozen=True)
class Ban:
    """Something a rule must not be about: a code, the words that give it away, and why."""

    code: str
    pattern: re.Pattern[str]
    why: Text


def declare_ban(code: str, pattern: str, en: str, zh: str) -> Ban:
    """Return a ban by a regular expression, whatever the case of its letters."""
    return Ban(code, re.compile(pattern, re.IGNORECASE), Text(en, zh))


def find_broken_ban(bans: Iterable[Ban], text: str) -> Ban | None:
    """Return the first of these bans that a text breaks."""
    return next((one for one in bans if one.pattern.search(text)), None)


# A word in Latin letters begins where no letter is before it: "gene" is not in "general", nor "tax" in "syntax". Not by
# `\b`, for which Chinese characters, which stand right beside Latin words, are letters as well.
RIGHTS = (
    declare_ban(
        "PETITIONING",
        r"信访|上访|缠访|闹访|越级|维稳|"
        r"(?<![a-z])(?:petition)",
        "petitioning is a right: to petition or not to petition must cost and earn nothing",
        "信访是公民权利，是否信访均不得作为依据",
    ),
    declare_ban(
        "COMPLAINING",
        r"投诉|举报|差评|告状|维权|"
        r"(?<![a-z])(?:complain|(?:tip.?offs?)(?![a-z]))",
        "complaints and tip-offs are a right, and so is keeping silent",
        "投诉、举报及其不行使均不得作为依据",
    ),
    declare_ban(
        "REFUSAL",
        r"拒绝|不同意|不配合|不签|拒签|未签|不接受|不参加|"
        r"(?<![a-z])(?:refus)",
        "whoever refuses consent, mediation, a signature or to take part must not be worse off",
        "拒绝同意、调解、签字或参加不得有不利后果",
    ),
    declare_ban(
        "MEDIATION",
        r"调解|司法确认|诉讼|起诉|仲裁|法律援助|"
        r"(?<![a-z])(?:mediat|litigat|arbitrat|(?:lawsuits?|legal aid)(?![a-z]))",
        "mediation, going to court and legal aid decide nothing else",
        "调解、诉讼、法律援助不得作为依据",
    ),
)
