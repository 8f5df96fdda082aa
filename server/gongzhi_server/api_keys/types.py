"""Types: what the schema says of an API key beside what `accounts` does."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.accounts.types import ApiKey
from gongzhi.declare.entity import embedded, expression
from gongzhi.declare.extend import extend
from gongzhi.declare.sql import Sql

KIDS = "array(select one::jsonb->>'kid' from unnest({0}) with ordinality k (one, at) order by at)"
USED = "(select max(u.last_at) from api_keys.usage u where u.key_id={0})"
DAYS = 92
USAGE = f"""(select coalesce(jsonb_agg(
  jsonb_build_object('day',u.day,'requests',u.requests,'refused',u.refused) order by u.day desc),'[]')
  from api_keys.usage u where u.key_id={{0}} and u.day>({{1}} at time zone 'Asia/Shanghai')::date-{DAYS})"""


@strawberry.type(description="How much a key was used on a day (接口密钥用量).")
class ApiKeyUsage:
    day: datetime.date = strawberry.field(description="The day in China (日期).")
    requests: int = strawberry.field(description="How many requests and connections were answered with it (请求数).")
    refused: int = strawberry.field(
        description="How many were refused for the address that they came from (来源被拒数)."
    )


EXTENSIONS = (
    extend(
        ApiKey,
        networks=expression(
            "The addresses from which it counts, as networks; everywhere, if there are none (来源网段).",
            lambda at: at.row.networks,
            type=list[str],
        ),
        public_keys=expression(
            "The public keys of its holder, whose assertions are taken for tokens, by their thumbprints (RFC 7638) "
            "(客户端公钥指纹).",
            lambda at: Sql(KIDS, at.row.public_keys),
            type=list[str],
        ),
        last_used_at=expression(
            "When it was last used, up to some seconds ago; null if it was not for three months (最近使用时间).",
            lambda at: Sql(USED, at.row.id),
            type=datetime.datetime | None,
        ),
        usage=embedded(
            f"How much it was used on each of the last {DAYS} days on which it was, the last first (每日用量).",
            lambda at: Sql(USAGE, at.row.id, at.viewer.now),
            type=list[ApiKeyUsage],
        ),
    ),
)
