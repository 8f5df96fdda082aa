"""Types: the registers as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry

from gongzhi.declare.entity import embedded
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Build
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql, bind


@strawberry.type(description="A rule that decides about people or households, in one version (算法卡片).")
class AlgorithmCard:
    name: str = strawberry.field(description="Its name (名称).")
    version: str = strawberry.field(description="Its version (版本).")
    purpose: str = strawberry.field(description="What it is for (目的).")
    basis: str = strawberry.field(description="On which legal basis (法律依据).")
    inputs: list[str] = strawberry.field(description="All that it looks at (输入).")
    formula: str = strawberry.field(description="How it decides (规则内容).")
    outcomes: list[str] = strawberry.field(description="What it may come to, as codes (可能的结果).")
    owner: str = strawberry.field(description="Who answers for it (责任单位).")
    since: datetime.date = strawberry.field(description="The first day it is used (启用日期).")
    limits: str = strawberry.field(description="What is known not to work well (已知局限).")
    contact: str = strawberry.field(description="Where to ask and object (联系方式).")


@strawberry.type(description="A figure and how it is computed (指标口径).")
class KpiFormula:
    name: str = strawberry.field(description="Its name in the schema (名称).")
    formula: str = strawberry.field(description="How it is computed (公式).")
    numerator: str = strawberry.field(description="What is counted above the line (分子).")
    denominator: str = strawberry.field(description="What it is divided by (分母).")
    unit: str = strawberry.field(description="What it is measured in (单位).")
    version: int = strawberry.field(
        description="Grows when it is computed otherwise; do not compare figures of two versions (口径版本)."
    )


@strawberry.type(description="How long a table keeps what it holds about people, and what becomes of it (保存期限).")
class RetentionTerm:
    table: str = strawberry.field(description="The table (数据表).")
    what: str = strawberry.field(description="What it holds (内容).")
    basis: str = strawberry.field(description="On which legal basis (法律依据).")
    months: int | None = strawberry.field(
        description="How many months it is kept; null as long as the matter or the person's file (保存月数)."
    )
    personal: bool = strawberry.field(description="Whether rows are about a person (是否涉及个人).")
    deleted: bool = strawberry.field(description="Whether rows are deleted afterwards (期满是否删除).")
    anonymised: list[str] = strawberry.field(description="The columns that are emptied otherwise (期满清除的字段).")


@strawberry.type(description="The text people are shown about a purpose, in one version (个人信息告知书).")
class PrivacyText:
    purpose: str = strawberry.field(description="The purpose, as a code (目的代码).")
    recipient: str | None = strawberry.field(
        description="Who receives the data, as a code; null where each consent names one (接收方代码)."
    )
    version: int = strawberry.field(description="Its version; the highest that has begun is in force (版本).")
    title: str = strawberry.field(description="Its title (标题).")
    text: str = strawberry.field(description="The text (正文).")
    basis: str = strawberry.field(description="On which legal basis (法律依据).")
    since: datetime.date = strawberry.field(description="The first day it is in force (启用日期).")
    months: int | None = strawberry.field(description="How many months a consent lasts (同意有效月数).")
    consent: bool = strawberry.field(description="Whether nothing is done without consent (是否须经同意).")


@strawberry.type(description="A kind of positive statement that people may release to others (可授权披露的证明).")
class StatementKind:
    kind: str = strawberry.field(description="The kind (种类).")
    description: str = strawberry.field(description="What it says (内容).")


def register_entries(what: str) -> Build:
    """Return a register, in the caller's language."""

    def build(at: Any) -> Any:
        # Made once a language when the server runs, so anybody may ask for it at the price of a parameter.
        read = bind(lambda variables, context: context.registers.told(what, context.viewer.language), "jsonb")
        return Sql("{0}", read)

    return build


EXTENSIONS = (
    extend(
        Query,
        algorithms=embedded(
            "Every automated rule that decides about people or households (算法公示).",
            register_entries("algorithms"),
            type=list[AlgorithmCard],
        ),
        kpis=embedded(
            "Every figure and how it is computed (指标口径).", register_entries("kpis"), type=list[KpiFormula]
        ),
        retention=embedded(
            "How long data are kept, table by table, and why (保存期限公示).",
            register_entries("retention"),
            type=list[RetentionTerm],
        ),
        privacy_notices=embedded(
            "What people are told about the use of their data, every version (个人信息告知书).",
            register_entries("privacyNotices"),
            type=list[PrivacyText],
        ),
        statement_kinds=embedded(
            "What people may release to others about themselves (可授权披露的证明种类).",
            register_entries("statementKinds"),
            type=list[StatementKind],
        ),
    ),
)
