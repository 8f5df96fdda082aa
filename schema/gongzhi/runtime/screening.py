"""Screening: free texts are looked through for what must not be stored. It warns and refuses nothing.

The words are data, in `screening.csv`; numbers are told by their check digits, so that a house number alarms nobody.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import strawberry
from stdnum import luhn
from stdnum.cn import ric
from strawberry.types.base import has_object_definition
from strawberry.utils.str_converters import to_camel_case

from gongzhi.declare.enums import describe_enum
from gongzhi.values.errors import Language, Text

# 11 to 19 digits, with single blanks or hyphens among them, as people write long numbers.
NUMBERS = re.compile(r"(?<![0-9A-Za-z])(?:\d[ -]?){10,18}[0-9Xx](?![0-9A-Za-z])")


class Concern(StrEnum):
    """What must not be stored in free text."""

    RELIGION = "RELIGION"
    ETHNICITY = "ETHNICITY"
    POLITICS = "POLITICS"
    HEALTH = "HEALTH"
    HISTORY = "HISTORY"
    FAMILY = "FAMILY"
    RESIDENT_ID = "RESIDENT_ID"
    PHONE = "PHONE"
    BANK_CARD = "BANK_CARD"


describe_enum(
    Concern,
    "TextConcern",
    "What must not be stored in free text (不应写入的内容).",
    RELIGION="Somebody's religion (宗教信仰)",
    ETHNICITY="Somebody's ethnicity (民族)",
    POLITICS="Somebody's political view (政治倾向)",
    HEALTH="Somebody's health (健康状况)",
    HISTORY="Petitions, sentences and the like, held against somebody (信访、前科等经历)",
    FAMILY="What relatives did (亲属情况)",
    RESIDENT_ID="A resident ID number (身份证号)",
    PHONE="A mobile number (手机号)",
    BANK_CARD="A bank card number (银行卡号)",
)

SAID = {
    Concern.RESIDENT_ID: Text(
        "The text holds a resident ID number. Take it out: it is not needed to handle the case.",
        "文本中含有身份证号，办理无需此信息，请删除。",
    ),
    Concern.PHONE: Text(
        "The text holds a mobile number. Keep it with the person instead.", "文本中含有手机号，请改存于人员信息。"
    ),
    Concern.BANK_CARD: Text("The text holds a bank card number. Take it out.", "文本中含有银行卡号，请删除。"),
}
ELSE = Text(
    "The text may say something of a person that must not be stored. Write what is to be done, not what somebody is.",
    "文本中可能含有不应记录的个人情况，请只写需要办理的事项。",
)


@strawberry.type(description="Something in a text that had better not be there; nothing was refused (文本提示).")
class TextWarning:
    field: str = strawberry.field(description="In which field of the input, such as `text` or `tasks.0.text` (字段).")
    concern: Concern = strawberry.field(description="What it may be (类别).")
    message: str = strawberry.field(description="What to do (说明).")


# Read once: the list comes with the package.
@cache
def load_words() -> Mapping[str, Concern]:
    with (files(__package__) / "screening.csv").open(encoding="utf-8") as lines:
        return {row["word"]: Concern(row["concern"]) for row in csv.DictReader(lines)}


def screen_text(text: str) -> list[Concern]:
    """Return what a text should not hold, each once."""
    found = [concern for word, concern in load_words().items() if word in text]
    return list(dict.fromkeys([*found, *screen_numbers(text)]))


def screen_numbers(text: str) -> Iterator[Concern]:
    """Yield what the long numbers in a text are."""
    for match in NUMBERS.finditer(text):
        digits = re.sub("[ -]", "", match[0])
        if len(digits) == 18 and ric.is_valid(digits.upper()):
            yield Concern.RESIDENT_ID
        elif len(digits) == 11 and digits[0] == "1" and digits[1] in "3456789":
            yield Concern.PHONE
        elif len(digits) in range(16, 20) and luhn.is_valid(digits):
            yield Concern.BANK_CARD


SCREENED = "screened"
"""The mark of input fields that hold free text."""


def screen_input(input: Any, language: Language) -> list[TextWarning]:
    """Return what is to be said of the free texts of an input. It is found anew each time; nothing of it is stored."""
    return [
        TextWarning(field=".".join(path), concern=concern, message=SAID.get(concern, ELSE).say(language))
        for path, text in iterate_free_texts(input)
        for concern in screen_text(text)
    ]


def iterate_free_texts(input: Any, *path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the free texts of an input and of the inputs in it, with where they stand."""
    for one in input.__strawberry_definition__.fields:
        value, here = getattr(input, one.python_name), (*path, to_camel_case(one.python_name))
        if isinstance(value, str) and SCREENED in one.metadata:
            yield here, value
        for at, each in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if has_object_definition(each):
                yield from iterate_free_texts(each, *here, *([] if at is None else [str(at)]))
