"""Texts: what an import says about files, rows and cells. No text holds a value: it may be personal."""

from __future__ import annotations

from typing import Any

from gongzhi.values.codes import CodeError
from gongzhi.values.errors import Refusal, Text

FILES = {
    "NO_FILE": Text(
        "there is nothing to import: name CSV or XLSX files, or a folder that has some",
        "没有可导入的文件：请指定 CSV 或 XLSX 文件，或存放这些文件的文件夹",
    ),
    "ENCODING": Text(
        "{file} line {line} cannot be read as {encoding}: save the file anew as CSV UTF-8",
        "{file} 第 {line} 行无法按 {encoding} 读取：请另存为“CSV UTF-8”",
    ),
    "UTF_16": Text("{file} is in UTF-16: save it as CSV UTF-8", "{file} 是 UTF-16 编码：请另存为“CSV UTF-8”"),
    "NOT_XLSX": Text(
        "{file} cannot be read as a workbook: save it as .xlsx without a password, or as CSV",
        "{file} 不是可读取的工作簿：请另存为不带密码的 .xlsx，或存为 CSV",
    ),
    "BOMB": Text(
        "{file} unfolds to more than a workbook has: save it anew, without empty rows and columns, or as CSV",
        "{file} 展开后超出工作簿应有的大小：请删去多余的空行空列后另存，或存为 CSV",
    ),
    "LONG_LINE": Text(
        "{file} line {line} is longer than {most} characters: look for a quotation mark that is not closed",
        "{file} 第 {line} 行超过 {most} 个字符：请检查引号是否成对",
    ),
    "NO_HEADER": Text("{file} is empty: the first row names the columns", "{file} 是空的：第一行应为列名"),
    "MISSING_COLUMNS": Text(
        "{file} lacks columns that its first row must name: {columns}", "{file} 的第一行缺少列：{columns}"
    ),
    "COLUMN_TWICE": Text(
        "{file} names the column {column} twice: remove or rename one", "{file} 有两列都是“{column}”：请删去或改名其一"
    ),
}

CELLS = {
    "UNKNOWN_COLUMN": Text("no such column is known; it is not read", "不认识的列，没有读取"),
    "NOT_CSV": Text(
        "the row is no CSV: a quotation mark is not closed; rows up to the next quotation mark were not read",
        "本行不是正确的 CSV：引号没有成对，到下一个引号为止的各行没有读取",
    ),
    "CELLS": Text("the row has {cells} cells, the first row has {columns}", "本行有 {cells} 格，首行有 {columns} 列"),
    "REQUIRED": Text("the cell is empty", "不能为空"),
    "LONG": Text("the text is longer than {most} characters", "超过 {most} 个字"),
    "NUMBER": Text(
        "the cell is a number and digits may be lost: format the column as text and enter it again",
        "单元格是数字，可能已丢失位数：请把该列设为文本格式后重新填写",
    ),
    "FORMULA": Text("the cell holds a formula's error", "单元格是公式错误值"),
    "CONTROL": Text("the cell holds characters that cannot be printed", "单元格含有不可打印的字符"),
    "MASKED": Text(
        "a masked value cannot be written back: give the value itself or leave it out",
        "打码后的值不能写回：请填写原值或留空",
    ),
    "WORD": Text("the word is not known: write one of {words}", "不认识的词：请填写 {words} 之一"),
    "DATE": Text("no such date: write it like 1990-01-31", "日期不存在：请写成 1990-01-31 的样子"),
    "FUTURE": Text("the date is in the future", "日期在今天之后"),
    "VALUE": Text("the value does not fit", "填写的值不符合要求"),
    "AGE": Text("the date is more than {years} years ago", "日期在 {years} 年以前"),
}

DIVISIONS = {
    "PREFIX": Text("the code does not lie below the code in this cell, as it should", "编码不在本格所填的上级编码之下"),
    "TWICE": Text("the same code is further up in these files", "前面已有相同的编码"),
    "NO_PARENT": Text(
        "the level above, {parent}, is neither in these files nor in the database, or its row has a problem",
        "上级 {parent} 不在这些文件和数据库中，或其所在行有问题",
    ),
    "ENDED": Text(
        "this code ended on {day}; an import does not bring it back", "该编码已于 {day} 停用，导入不会恢复它"
    ),
}

RESIDENTS = {
    "NO_GRID": Text("there is no grid of this code, or it has ended", "没有这个编码的网格，或已停用"),
    "COARSE_GRID": Text(
        "people are registered in a village or in a grid below it: give a longer code",
        "人口登记到村（社区）或其下网格：请填写更长的编码",
    ),
    "CONTRADICTS": Text("it contradicts the resident ID", "与身份证号不一致"),
    "OTHER_COUNTY": Text("the grid lies in another county than the household", "网格与该户不在同一个县"),
    "NO_HEAD": Text("the household has no head, or its head's row was left out", "该户没有户主，或户主所在行未导入"),
    "TWO_HEADS": Text("the household has two heads: lines {lines}", "该户有两个户主：第 {lines} 行"),
    "TWO_ADDRESSES": Text("the household has two addresses: lines {lines}", "该户有两个地址：第 {lines} 行"),
    "NUMBER_TAKEN": Text("another county has a household of this number", "该户号已被其他县使用"),
    "HEAD_TAKEN": Text(
        "the household is registered with another head, or with none: change that first",
        "该户已登记了其他户主或没有户主：请先变更户主",
    ),
    "ADDRESS_KEPT": Text(
        "the household is registered with another address, which is kept", "该户登记的地址与此不同，保留原地址"
    ),
    "NEEDS_KEPT": Text(
        "the household is registered without this need: declare it in the household's file",
        "该户登记的需求中没有此项：请在该户档案中申报",
    ),
    "DUPLICATE": Text("registered already: {name}, person {person}", "已登记：{name}，编号 {person}"),
    "DUPLICATE_LINE": Text("the same person is on line {line}", "与第 {line} 行是同一人"),
    "POSSIBLE_DUPLICATE": Text(
        "somebody of this name and birth date is registered in this grid: {name}, person {person}",
        "该网格已登记有同名同出生日期的人：{name}，编号 {person}",
    ),
    "POSSIBLE_DUPLICATE_LINE": Text(
        "somebody of this name and birth date in this grid is on line {line}", "与第 {line} 行同名、同出生日期、同网格"
    ),
    "MEMBER_ELSEWHERE": Text(
        "the person belongs to another household, or to none, and stays there: move them there",
        "此人登记在其他户或没有户，导入不会迁移：请另行办理",
    ),
    "CHANGED_MEANWHILE": Text(
        "somebody registered the same household or person during the import; nothing was imported: start it again",
        "导入期间有人登记了相同的户或人，本次没有导入任何数据：请重新导入",
    ),
}

BATCHES = {
    "NO_BATCH": Text("there is no such import", "没有这次导入"),
    "UNDONE": Text("this import was undone on {day}", "这次导入已于 {day} 撤销"),
    "REFERRED": Text(
        "what this import added is in use by now: {users}; nothing was removed",
        "这次导入的数据已被使用：{users}；没有删除任何数据",
    ),
}

TEXTS = FILES | CELLS | DIVISIONS | RESIDENTS | BATCHES

REASONS = {
    "CHECK_DIGIT": "校验码不符：有一位填写错误",
    "DATE": "号码中的日期不存在",
    "DIGITS": "含有不允许的字符",
    "FUTURE": "号码中的出生日期在今天之后",
    "LEGACY": "15 位号码已停用：请填写 18 位号码",
    "LENGTH": "位数不对",
    "MASKED": CELLS["MASKED"].zh,
    "RANGE": "超出允许的范围",
    "SHAPE": "格式不对",
}


def refusal_for(code: str, **facts: Any) -> Refusal:
    """Return the refusal of this code with its facts filled in."""
    text = TEXTS[code]
    return Refusal(code, text.en.format(**facts), text.zh.format(**facts))


def translate_error(error: CodeError) -> Refusal:
    """Return what `gongzhi.values.codes` found wrong as a refusal."""
    return Refusal(error.reason, str(error), REASONS[error.reason])
