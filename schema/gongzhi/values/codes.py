"""Codes of grids, cases and people: shapes, check digits and masks; no table is consulted.

Grid codes are division codes of 2, 4, 6, 9 or 12 digits (GB/T 2260 for province, city and county, GB/T 10114 for
towns, three more digits for the village in the national statistics), and below a village
`<12-digit village>-<first level 2><second 2><third 2>`, with zeros for the levels that are absent.

No message contains the value it complains about: it may be personal, and messages are logged.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from datetime import date
from enum import StrEnum
from typing import Literal

from stdnum import luhn
from stdnum.cn import ric
from stdnum.cn import uscc as credit_code
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError

from gongzhi.values.errors import Text

Reason = Literal["CHECK_DIGIT", "DATE", "DIGITS", "FUTURE", "LEGACY", "LENGTH", "MASKED", "RANGE", "SHAPE"]


class CodeError(ValueError):
    """Say what is wrong with a code, in both languages; `reason` is a stable word. The text never holds the value."""

    def __init__(self, reason: Reason, en: str, zh: str) -> None:
        super().__init__(reason, en, zh)
        self.reason = reason
        self.text = Text(en, zh)

    def __str__(self) -> str:
        return self.text.en


# --- grids ---


class Kind(StrEnum):
    """What a grid code names (网格层级), from the province down to the third-level grid."""

    PROVINCE = "PROVINCE"
    CITY = "CITY"
    COUNTY = "COUNTY"
    TOWN = "TOWN"
    VILLAGE = "VILLAGE"
    GRID_1 = "GRID_1"
    GRID_2 = "GRID_2"
    GRID_3 = "GRID_3"


_DIVISIONS = {2: Kind.PROVINCE, 4: Kind.CITY, 6: Kind.COUNTY, 9: Kind.TOWN, 12: Kind.VILLAGE}
_GRIDS = {1: Kind.GRID_1, 2: Kind.GRID_2, 3: Kind.GRID_3}
# The part of a code that its parent keeps, and the zeros that replace the rest.
_PARENTS = {
    Kind.CITY: (2, ""),
    Kind.COUNTY: (4, ""),
    Kind.TOWN: (6, ""),
    Kind.VILLAGE: (9, ""),
    Kind.GRID_1: (12, ""),
    Kind.GRID_2: (15, "0000"),
    Kind.GRID_3: (17, "00"),
}
_DIVISION = re.compile(r"[1-9][0-9]*")
_LEVELS = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})")


def grid_kind(code: str) -> Kind:
    """Tell the kind of a grid from the shape of its code alone; whether such a grid exists is not asked.

    Six digits are a county even where they end in 00: cities without districts have one such (441900).
    Raises CodeError for any other shape, a code padded with zeros to 12 digits among them (see `normalise_grid_code`).
    """
    division, hyphen, levels = code.partition("-")
    if not _DIVISION.fullmatch(division):
        raise CodeError("DIGITS", "a grid code has digits only, the first not 0", "网格编码只能是数字，首位不为0")
    found = _DIVISIONS.get(len(division))
    if found is None:
        raise CodeError("LENGTH", "a division code has 2, 4, 6, 9 or 12 digits", "区划代码应为2、4、6、9或12位")
    # A town's or county's code, padded to 12 digits, must not pass for a village.
    if found is Kind.VILLAGE and division.endswith("000"):
        raise CodeError(
            "SHAPE",
            "no village code ends in 000: write towns with 9 digits, counties with 6",
            "村级代码不以000结尾：乡镇写9位，县写6位",
        )
    if found is Kind.COUNTY and division.endswith("0000"):
        raise CodeError(
            "SHAPE", "no county code ends in 0000: write provinces with 2 digits", "县级代码不以0000结尾：省写2位"
        )
    if not hyphen:
        return found
    if found is not Kind.VILLAGE:
        raise CodeError(
            "SHAPE",
            "only a 12-digit village code is followed by a hyphen and grid levels",
            "只有12位村级代码后可加连字符和网格层级",
        )
    return _GRIDS[_depth(levels)]


def _depth(levels: str) -> int:
    match = _LEVELS.fullmatch(levels)
    if match is None:
        raise CodeError(
            "LENGTH",
            "a village grid has six digits after the hyphen, two for each level",
            "村内网格在连字符后有6位数字，每级2位",
        )
    present = [level != "00" for level in match.groups()]
    depth = present.count(True)
    if not depth or not all(present[:depth]):
        raise CodeError(
            "SHAPE",
            "the levels of a village grid are filled from the first, and the first is not 00",
            "村内网格从第一级起逐级编号，第一级不为00",
        )
    return depth


def parent_code(code: str) -> str | None:
    """Return the code one level up, or None for a province."""
    found = grid_kind(code)
    if found is Kind.PROVINCE:
        return None
    kept, zeros = _PARENTS[found]
    return code[:kept] + zeros


def ancestor_codes(code: str) -> tuple[str, ...]:
    """Return the codes above this one, the province first."""
    above = parent_code(code)
    return () if above is None else (*ancestor_codes(above), above)


def shorten_code(code12: str) -> str:
    """Take the zeros off a code that the national statistics pad to 12 digits: 610921000000 is county 610921."""
    if len(code12) != 12 or not _DIVISION.fullmatch(code12):
        raise CodeError(
            "LENGTH", "a padded division code has 12 digits, the first not 0", "补零的区划代码应为12位数字，首位不为0"
        )
    if not code12.endswith("000"):
        return code12
    if not code12.endswith("000000"):
        return code12[:9]
    # Padded, a county without districts (441900) cannot be told from its city (4419); the city is meant.
    return code12[:6].removesuffix("00").removesuffix("00")


def normalise_grid_code(text: str) -> str:
    """Read a grid code as tables write it: blanks around it, full-width digits, or padded to 12 digits.

    Six digits stay as they are, since 441900 is a county of its own in the national table; so 610900 must be
    written 6109 or 610900000000.
    """
    # NFKC makes plain digits of full-width ones.
    code = unicodedata.normalize("NFKC", text).strip()
    if len(code) == 12:
        code = shorten_code(code)
    grid_kind(code)
    return code


# --- case numbers ---


class Series(StrEnum):
    """Which run of numbers a case belongs to: sealed tip-offs are counted apart, so neither run shows a hole."""

    ORDINARY = "ORDINARY"
    SEALED = "SEALED"


_SEALED = 900_000  # the printed sequence of a sealed tip-off starts above this
_SEALED_MOST = 99_999  # as many tip-offs a day have numbers
_HALF = 512  # the square of it is the next power of four above the series


def case_number(county: str, day: date, sequence: int, series: Series = Series.ORDINARY) -> str:
    """Build a case number (受理编号): county 6, yyyyMMdd, sequence 6 and a Luhn digit, 21 digits in all.

    `sequence` counts from 1 within its series; that of a sealed tip-off has been `scatter_sequence`. Ordinary cases are
    printed as 000001 to 899999, sealed tip-offs as 900001 to 999999: the leading 9 is the mark of their series.
    """
    if grid_kind(county) is not Kind.COUNTY:
        raise CodeError("SHAPE", "a case number starts with the six digits of a county", "受理编号以6位县级代码开头")
    start, last = (_SEALED, _SEALED_MOST) if series == Series.SEALED else (0, 899_999)
    if not 1 <= sequence <= last:
        raise CodeError(
            "RANGE", f"the daily sequence of this series runs from 1 to {last}", f"该序列的每日序号为1至{last}"
        )
    body = f"{county}{day.year:04}{day.month:02}{day.day:02}{start + sequence:06}"
    return body + luhn.calc_check_digit(body)


def scatter_sequence(secret: bytes, county: str, day: date, sequence: int) -> int:
    """Return the number in the sealed series for the tip-off that is `sequence`-th of its day, in no order that shows.

    A permutation of the whole series under a key: no two come out alike, and from two of one's own nobody can tell how
    many lie between. Four rounds of a Feistel network over 18 bits; what falls outside of the series is put through it
    again.
    """
    key = hmac.digest(secret, f"sealed series:{county}:{day}".encode(), hashlib.sha256)
    number = sequence - 1
    # The network permutes all numbers below the square of `_HALF`; those past the series go round again.
    while True:
        left, right = divmod(number, _HALF)
        # Each round changes one half by a keyed hash of the other, which can be undone, so no two numbers come out
        # alike.
        for turn in range(4):
            mixed = hmac.digest(key, bytes((turn, *right.to_bytes(2, "big"))), hashlib.sha256)
            left, right = right, left ^ int.from_bytes(mixed[:2], "big") % _HALF
        number = left * _HALF + right
        if number < _SEALED_MOST:
            return number + 1


# --- receipt codes ---

_UNAMBIGUOUS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 O, no 1 I L
_RECEIPT = 10  # 31 ** 10 is about 2 ** 49; guessing is also limited in rate where the code is asked for


def receipt_code(secret: bytes, number: str) -> str:
    """Derive the receipt code that goes with a case number: ten characters, none easily confused with another.

    It is an HMAC-SHA256 of the number, so it is never stored and can be told again to a repeated request. `number`
    is the canonical 21 digits; `secret` has at least 16 bytes and must outlive the case.
    """
    if len(secret) < 16:
        raise ValueError("the secret of receipt codes has at least 16 bytes")
    rest = int.from_bytes(hmac.digest(secret, b"receipt:" + number.encode(), hashlib.sha256))
    letters = []
    for _ in range(_RECEIPT):
        rest, index = divmod(rest, len(_UNAMBIGUOUS))
        letters.append(_UNAMBIGUOUS[index])
    return "".join(letters)


def receipt_matches(secret: bytes, number: str, text: str) -> bool:
    """Tell in constant time whether `text` is the receipt code; case, blanks and hyphens do not count."""
    # In constant time, or how long it takes would tell how many characters are right.
    return hmac.compare_digest(receipt_code(secret, number).encode(), _plain(text).encode())


# --- people and organisations ---


def resident_id(text: str, today: date, *, legacy: bool = False) -> str:
    """Check a resident ID number (公民身份号码, GB 11643) and return its 18 characters, X in upper case.

    Any region prefix is accepted: regions are abolished, and 81, 82, 83 and 9 stand for residents from Hong Kong,
    Macao and Taiwan and for foreign permanent residents. `legacy` also converts the 15 digits issued before 1999,
    which have no check digit, so only imports should allow it.
    """
    number = _compact(text)
    if len(number) == 15:
        number = _modern(number, legacy)
    if len(number) != 18:
        raise CodeError(
            "LENGTH", f"a resident ID has 18 characters, not {len(number)}", f"身份证号应为18位，现为{len(number)}位"
        )
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise CodeError("DIGITS", "a resident ID has 17 digits and then a digit or X", "身份证号为17位数字加1位数字或X")
    # ric.validate would refuse prefixes missing in its table; its check digit is what we need.
    if ric.calc_check_digit(number) != number[-1]:
        raise CodeError(
            "CHECK_DIGIT",
            "the check digit does not match: a character of the resident ID is mistyped",
            "校验位不符：身份证号有一位输错",
        )
    if birth_date(number) > today:
        raise CodeError("FUTURE", "the birth date in the resident ID is in the future", "身份证号中的出生日期晚于今天")
    return number


def _modern(number: str, legacy: bool) -> str:
    if not legacy:
        raise CodeError(
            "LEGACY",
            "15-digit resident IDs are out of use: give the 18-character one",
            "15位身份证号已停用：请填写18位号码",
        )
    if not re.fullmatch(r"[0-9]{15}", number):
        raise CodeError("DIGITS", "a 15-digit resident ID has digits only", "15位身份证号只能是数字")
    # Sequences 996 to 999 were kept for people who were a hundred years old already.
    century = "18" if number[12:] >= "996" else "19"
    body = number[:6] + century + number[6:]
    # The check digit follows from the first 17 characters; the last is a filler here.
    return body + ric.calc_check_digit(body + "0")


def birth_date(number: str) -> date:
    """Return the birth date in a normalised resident ID."""
    return _day(number[6:14])


def gender_of(number: str) -> Literal["FEMALE", "MALE"]:
    """Return the gender in a normalised resident ID: its 17th digit is odd for men."""
    return "MALE" if int(number[16]) % 2 else "FEMALE"


def check_uscc(text: str) -> str:
    """Check a unified social credit code (统一社会信用代码, GB 32100) and return its 18 characters in upper case."""
    try:
        return credit_code.validate(_compact(text))
    except InvalidLength:
        raise CodeError("LENGTH", "a social credit code has 18 characters", "统一社会信用代码应为18位") from None
    except InvalidChecksum:
        raise CodeError(
            "CHECK_DIGIT", "the check digit of the social credit code does not match", "统一社会信用代码校验位不符"
        ) from None
    except ValidationError:
        raise CodeError(
            "DIGITS",
            "a social credit code has 8 digits, then digits and letters other than I, O, S, V and Z",
            "统一社会信用代码前8位为数字，其后为数字或I、O、S、V、Z以外的字母",
        ) from None


# --- phones ---

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
# Area codes of three digits (010, 02x) have numbers of eight digits; others have seven or eight.
_LANDLINE = re.compile(r"(010|02[0-9])[2-9][0-9]{7}|(0[3-9][0-9]{2})[2-9][0-9]{6,7}")
_ABROAD = re.compile(r"(?:\+86|0086)(.+)|86(1[3-9][0-9]{9})")


def check_phone(text: str) -> str:
    """Check a mainland mobile or landline number and return its digits, a landline with its area code (0915…)."""
    number = _national(text)
    if not (_MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number)):
        raise CodeError(
            "SHAPE",
            "give an 11-digit mobile number, or a landline with its area code, without extension",
            "请填写11位手机号，或带区号、不带分机的座机号",
        )
    return number


def _national(text: str) -> str:
    number = re.sub(r"[()]", "", _compact(text))
    abroad = _ABROAD.fullmatch(number)
    if abroad is None:
        return number
    rest = abroad[1] or abroad[2]
    # From abroad an area code is dialled without its 0.
    return rest if rest.startswith("0") or _MOBILE.fullmatch(rest) else "0" + rest


# --- masks ---


def mask_resident_id(number: str) -> str:
    """Return a normalised resident ID with its last two characters only: ****************12.

    Region and birth date stay hidden: with them, the check digit leaves a handful of numbers to try.
    """
    return _mask(number, 2)


def mask_phone(number: str) -> str:
    """Return a normalised telephone number with its last four digits only: *******0012."""
    return _mask(number, 4)


def is_masked(text: str) -> bool:
    """Tell whether a text holds a mask's sign, and so must not be written back as a value."""
    # Signs that look like a star or a dot are masks as well.
    return bool(re.search("[*\u2217\u2022\u25cf]", unicodedata.normalize("NFKC", text)))


def _mask(value: str, tail: int) -> str:
    shown = tail if len(value) > 2 * tail else 0  # of a short value even the end would tell most
    return "*" * (len(value) - shown) + value[len(value) - shown :]


# --- reading ---


def _plain(text: str) -> str:
    return re.sub(r"[\s\u2010-\u2015-]", "", unicodedata.normalize("NFKC", text)).upper()


def _compact(text: str) -> str:
    if is_masked(text):
        raise CodeError(
            "MASKED",
            "a masked value cannot be written back: give the value itself or leave it out",
            "脱敏后的内容不能写回：请填写原值或不填",
        )
    return _plain(text)


def _day(digits: str) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise CodeError("DATE", "the date in the number does not exist", "号码中的日期不存在") from None
