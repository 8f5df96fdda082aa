"""Columns: those of a table of residents, one row a person, and the words that may stand in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from gongzhi.core.people.models import Gender, Need, Relation, ResidenceKind
from gongzhi.values import codes
from gongzhi.values.codes import CodeError, Kind

from .tables import NUMBER, ImportColumn
from .texts import refusal_for

W = TypeVar("W", bound=StrEnum)
Reader = Callable[[str, date], Any]

OLDEST = 150  # years; the standard's own example is born in 1880
DATE = re.compile(r"([0-9]{4})([-/.年]?)([0-9]{1,2})([-/.月]?)([0-9]{1,2})日?")
SEPARATORS = re.compile(r"[,，;；、/|]")
HOMES = {Kind.VILLAGE, Kind.GRID_1, Kind.GRID_2, Kind.GRID_3}


def words_of(kind: type[W], **aliases: str) -> dict[str, W]:
    """Return the words for the values of an enum: their names, and these aliases written with blanks between."""
    named = {str(value).casefold(): value for value in kind}
    return named | {word.casefold(): kind[value] for value, several in aliases.items() for word in several.split()}


GENDERS = words_of(Gender, MALE="男 男性 M 1", FEMALE="女 女性 F 2", UNKNOWN="未知 未说明 0 9")
RESIDENCES = words_of(
    ResidenceKind,
    RESIDENT="常住 常住人口 常住人员",
    REGISTERED="户籍 户籍人口 户籍人员",
    FLOATING="流动 流动人口 流动人员",
)
RELATIONS = words_of(
    Relation,
    HEAD="户主 本人",
    SPOUSE="配偶 妻 夫 妻子 丈夫",
    CHILD="子女 子 女 儿子 女儿 长子 次子 三子 四子 长女 次女 三女 四女 独生子 独生女 养子 养女 继子 继女",
    PARENT="父母 父 母 父亲 母亲 养父 养母 继父 继母",
    GRANDCHILD="孙子女 孙子 孙女 外孙 外孙子 外孙女",
    GRANDPARENT="祖父母 祖父 祖母 爷爷 奶奶 外祖父 外祖母 外公 外婆",
    SIBLING="兄弟姐妹 兄 弟 姐 妹 哥哥 弟弟 姐姐 妹妹",
    OTHER="其他 其他亲属 非亲属 儿媳 女婿 公公 婆婆 岳父 岳母 孙媳 侄子 侄女 外甥 外甥女",
)
NEEDS = words_of(
    Need,
    VISIT="走访 上门走访",
    TRANSPORT="出行 接送 出行接送",
    ERRANDS="代办 帮代办",
    HOME_CARE="居家照护 居家照料",
    CHILD_COMPANY="儿童陪伴 陪伴儿童",
    ACCESSIBLE_SERVICE="无障碍 无障碍服务",
    JOB_HELP="就业 就业帮助",
    LEGAL_HELP="法律 法律帮助",
)


def line_reader(most: int) -> Reader:
    """Read a text of at most so many characters."""

    def read(text: str, today: date) -> str:
        if codes.is_masked(text):
            raise refusal_for("MASKED")
        if len(text) > most:
            raise refusal_for("LONG", most=most)
        return text

    return read


def read_number(text: str, today: date) -> str:
    """Read a household number."""
    # A spreadsheet has turned it into a number and may have dropped leading zeros, so it is refused, not guessed at.
    if NUMBER.fullmatch(text):
        raise refusal_for("NUMBER")
    return str(line_reader(40)(text, today))


def word_reader(known: Mapping[str, W]) -> Reader:
    """Read one of these words."""

    def read(text: str, today: date) -> W:
        if codes.is_masked(text):
            raise refusal_for("MASKED")
        found = known.get(text.casefold())
        if found is None:
            raise refusal_for("WORD", words=join_values(known.values()))
        return found

    return read


def join_values(values: Iterable[StrEnum]) -> str:
    """Return the values of an enum as a list to be read."""
    return ", ".join(dict.fromkeys(values))


def read_needs(text: str, today: date) -> list[str]:
    """Read needs, separated by commas or the like."""
    read = word_reader(NEEDS)
    return [str(need) for need in dict.fromkeys(read(part, today) for part in split_parts(text))]


def split_parts(text: str) -> list[str]:
    """Split a cell at commas and the like."""
    return [part for piece in SEPARATORS.split(text) if (part := piece.strip())]


def birth_date(text: str, today: date) -> date:
    """Read a date written with hyphens, slashes, dots, 年月日, or as eight digits."""
    if codes.is_masked(text):
        raise refusal_for("MASKED")
    born = parse_day(text)
    if born > today:
        raise refusal_for("FUTURE")
    if today.year - born.year > OLDEST:
        raise refusal_for("AGE", years=OLDEST)
    return born


def parse_day(text: str) -> date:
    """Read a date. Raises Refusal."""
    # Excel's dates come with a time of midnight.
    found = DATE.fullmatch(text.removesuffix(" 00:00:00").removesuffix(" 0:00:00"))
    if not found or (not (found[2] and found[4]) and len(text) != 8):
        raise refusal_for("DATE")
    try:
        return date(int(found[1]), int(found[3]), int(found[5]))
    except ValueError:
        raise refusal_for("DATE") from None


def resident_id(text: str, today: date) -> str:
    """Read a resident ID; one of 15 digits is converted."""
    try:
        found = codes.resident_id(text, today, legacy=True)
    except CodeError:
        # A spreadsheet keeps 15 digits of a number and fills up with zeros.
        if NUMBER.fullmatch(text) or (len(text) == 18 and text.isdecimal() and text.endswith("000")):
            raise refusal_for("NUMBER") from None
        raise
    if today.year - codes.birth_date(found).year > OLDEST:
        raise refusal_for("AGE", years=OLDEST)
    return found


def read_phones(text: str, today: date) -> list[str]:
    """Read telephone numbers, separated by commas or the like."""
    if NUMBER.fullmatch(text):
        raise refusal_for("NUMBER")
    return [codes.check_phone(part) for part in split_parts(text)]


def read_grid(text: str, today: date) -> str:
    """Read the code of a village or of a grid below one."""
    try:
        code = codes.normalise_grid_code(text)
    except CodeError:
        if NUMBER.fullmatch(text):
            raise refusal_for("NUMBER") from None
        raise
    if codes.grid_kind(code) not in HOMES:
        raise refusal_for("COARSE_GRID")
    return code


COLUMNS = (
    ImportColumn("number", ("户号", "户编号", "household number"), filled=True, read=read_number),
    ImportColumn("address", ("地址", "住址", "家庭住址", "详细地址"), needed=True, read=line_reader(200)),
    ImportColumn("relation", ("与户主关系", "关系", "relation to head"), filled=True, read=word_reader(RELATIONS)),
    ImportColumn("name", ("姓名",), filled=True, read=line_reader(100)),
    ImportColumn("gender", ("性别",), read=word_reader(GENDERS)),
    ImportColumn("birth date", ("出生日期", "出生年月日", "birthday"), read=birth_date),
    ImportColumn("resident ID", ("身份证号", "身份证号码", "公民身份号码", "身份证", "证件号码"), read=resident_id),
    ImportColumn("phone", ("电话", "联系电话", "手机", "手机号", "手机号码", "电话号码", "phones"), read=read_phones),
    ImportColumn("phone 2", ("电话2", "备用电话", "其他电话"), read=read_phones),
    ImportColumn("residence", ("居住类型", "人口类型", "residence kind"), filled=True, read=word_reader(RESIDENCES)),
    ImportColumn("grid", ("网格编码", "网格", "网格代码", "grid code"), needed=True, read=read_grid),
    ImportColumn("needs", ("需求", "服务需求"), read=read_needs),
)
