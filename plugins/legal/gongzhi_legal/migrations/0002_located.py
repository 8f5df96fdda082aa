"""Where rows lie, the indexes that find them, what the database holds by itself, and the types of dispute."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops

LOCATED = ("adviser", "matter", "template", "entry", "screening", "article", "lecture", "quiz", "clue", "rate")
TYPES = (
    ("MARRIAGE_FAMILY", "婚姻家庭纠纷"),
    ("NEIGHBOR", "邻里纠纷"),
    ("HOUSING_HOMESTEAD", "房屋宅基地纠纷"),
    ("CONTRACT", "合同纠纷"),
    ("BUSINESS", "生产经营纠纷"),
    ("DAMAGES", "损害赔偿纠纷"),
    ("FOREST_LAND", "山林土地纠纷"),
    ("EXPROPRIATION", "征地拆迁纠纷"),
    ("LABOR", "劳动争议纠纷"),
    ("VILLAGE_AFFAIRS", "村务管理纠纷"),
    ("ENVIRONMENT", "环境污染纠纷"),
    ("TRAFFIC", "道路交通事故纠纷"),
    ("MEDICAL", "医疗纠纷"),
    ("PROPERTY_MGMT", "物业纠纷"),
    ("CONSUMER", "消费纠纷"),
    ("OTHER", "其他纠纷"),
)
EDITION = "2026"


class Migration(migrations.Migration):
    dependencies = [("legal", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *(one for table in LOCATED for one in locate(f"legal.{table}")),
                *levels("legal.article", "published_at", "id"),
                *levels("legal.lecture", "starts_at", "id"),
                *levels("legal.quiz", "published_at", "id"),
                *levels("legal.screening", "review_on", "id"),
                *levels("legal.clue", "reported_at", "id"),
                *levels("legal.matter", "opened_at", "id"),
                "create unique index on legal.booking (slot_id) where cancelled_at is null",
                "create index on legal.seat (person_id) where left_at is null",
                "create index on legal.seat (account) where left_at is null",
                "create index on legal.seat (unit_id) where left_at is null",
                "create unique index on legal.seat (matter_id, account) where left_at is null and account is not null",
                "create unique index on legal.mediation (case_id) where ended_at is null and case_id is not null",
                "create index on legal.mediation (due_at) where ended_at is null",
                "create index on legal.advice (due_at) where state='ASKED'",
                "create index on legal.term (due_on) where kept is null",
                "create index on legal.slot (adviser_id, starts_at)",
                "create index on legal.entry using gin ((gongzhi.grams(question)))",
                "create index on legal.entry using gin ((gongzhi.grams(answer)))",
                *(
                    f"insert into legal.dispute_type (code, name, edition) values ('{code}', '{name}', '{EDITION}')"
                    for code, name in TYPES
                ),
            ]
        )
    ]
