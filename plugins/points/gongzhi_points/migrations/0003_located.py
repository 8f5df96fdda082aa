"""Where rows lie, the indexes that find them, and the standard acts."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops

ACTS = (
    ("problem.reported", "问题上报", "上报的问题经核实属实。"),
    ("volunteering", "志愿服务", "参加有组织的志愿服务。"),
    ("deliberation", "参加议事", "参加村民议事、院坝会。"),
    ("courtyard.tidy", "庭院整洁", "自家庭院及门前整洁。"),
    ("activity.checkin", "活动签到", "参加公益、文化活动并签到。"),
    ("neighbour.help", "邻里互助", "帮助邻里，双方认可。"),
    ("rubbish.sorted", "垃圾分类", "按要求分类投放垃圾。"),
    ("skills.shared", "技能传授", "向村民传授技能。"),
)


class Migration(migrations.Migration):
    dependencies = [("points", "0002_ledger"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *(
                    one
                    for table in ("programme", "merchant", "account", "claim", "reward")
                    for one in locate(f"points.{table}")
                ),
                *levels("points.account", "opened_at", "id"),
                *levels("points.claim", "claimed_at", "id"),
                *levels("points.reward", "price", "id"),
                "create index on points.reward (grid_id, price, id)",
                "create index on points.programme (grid_id)",
                "create index on points.entry (account_id, posted_at, id) include (amount, expires_on)",
                "create index on points.posting (rule_id, occurred_on) where rule_id is not null",
                "create index on points.posting (redemption_id) where redemption_id is not null",
                "create index on points.posting (programme_id, posted_at)",
                "create index on points.redemption (account_id, held_at, id)",
                "create index on points.redemption (merchant_id, held_at, id)",
                "create index on points.redemption (held_until) where state = 'HELD'",
                "create index on points.settlement (merchant_id, at, id)",
                "create index on points.merchant (unit_id)",
                "create index on points.award (account_id, awarded_at, id)",
                "create index on points.rule (programme_id, title)",
                "create index on points.rule (event) where state <> 'PROPOSED'",
                *(
                    f"insert into points.act (code, name, description) values ('{code}', '{name}', '{said}')"
                    for code, name, said in ACTS
                ),
            ]
        )
    ]
