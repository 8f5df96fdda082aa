"""The access log by person, account and time, the chain's start, and where alerts lie."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("access.alert"),
                *levels("access.alert", "at", "id"),
                "create index on access.look using gin (persons)",
                "create index on access.look (at, id)",
                "create index on access.look (account, at, id)",
                "create unique index on access.look (link, place)",
                "create index on access.act (account, at, id)",
                "create unique index on access.act (link, place)",
                "create index on access.act (id) where link is null",
                "create index on access.glass (account, until)",
                "create index on access.alert (account, kind, at)",
                "insert into access.head (id, number, hash) values (1, 0, decode(repeat('00', 32), 'hex'))",
            ]
        )
    ]
