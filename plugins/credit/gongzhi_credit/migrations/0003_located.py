"""Where rows lie, the indexes that find them, the standard indicators, and the prime rate as it was published."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops

INDICATORS = (
    ("deliberation", "SELF", "参与议事", "参加村民会议、院坝会并发表意见，以会议记录核实。"),
    ("volunteering", "SELF", "志愿服务", "参加村组织的志愿服务，以服务记录核实。"),
    ("surroundings", "SELF", "环境卫生", "保持自家庭院和门前整洁，以巡查记录核实。"),
    ("rules-kept", "LAW", "遵守村规民约", "遵守本人参与通过的村规民约，以村务记录核实。"),
    ("promises-kept", "LAW", "履约守信", "按约履行本人签订的承包、买卖等合同，以合同和收据核实。"),
    ("honesty", "VIRTUE", "诚实守信", "邻里和交易中言行一致，由评判团成员依所知评分。"),
    ("neighbourly", "VIRTUE", "邻里互助", "帮助邻里，以受助人确认核实。"),
)
# One year, and more than five years; only the days on which something changed. Each was published by the National
# Interbank Funding Center, authorised by the People's Bank of China, in a notice of that day.
SOURCE = "中国人民银行授权全国银行间同业拆借中心公布贷款市场报价利率（LPR）公告"
PRIME = (
    ("2019-08-20", 42500, 48500),
    ("2019-09-20", 42000, 48500),
    ("2019-11-20", 41500, 48000),
    ("2020-02-20", 40500, 47500),
    ("2020-04-20", 38500, 46500),
    ("2021-12-20", 38000, 46500),
    ("2022-01-20", 37000, 46000),
    ("2022-05-20", 37000, 44500),
    ("2022-08-22", 36500, 43000),
    ("2023-06-20", 35500, 42000),
    ("2023-08-21", 34500, 42000),
    ("2024-02-20", 34500, 39500),
    ("2024-07-22", 33500, 38500),
    ("2024-10-21", 31000, 36000),
    ("2025-05-20", 30000, 35000),
)


class Migration(migrations.Migration):
    dependencies = [("credit", "0002_books"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *(
                    one
                    for table in ("product", "application", "loan", "pool", "model", "panelist", "appraisal")
                    for one in locate(f"credit.{table}")
                ),
                *levels("credit.application", "created_at", "id"),
                *levels("credit.loan", "next_due_on", "id"),
                *levels("credit.appraisal", "requested_at", "id"),
                "create index on credit.application (lender_id, due_at, id)",
                "create index on credit.application (person_id, created_at, id)",
                "create index on credit.application (state, expires_on)",
                "create index on credit.loan (lender_id, next_due_on, id)",
                "create index on credit.loan (person_id, disbursed_at, id)",
                "create index on credit.loan (household_id, disbursed_at, id)",
                "create index on credit.appraisal (person_id, requested_at, id)",
                "create index on credit.product (grid_id, code)",
                "create index on credit.prime_rate (tenor, since)",
                "create index on credit.repayment (loan_id, paid_on, id)",
                "create index on credit.pool_entry (pool_id, at, id)",
                *(
                    "insert into credit.indicator (code, governance, name, description) "
                    f"values ('{code}', '{governance}', '{name}', '{said}')"
                    for code, governance, name, said in INDICATORS
                ),
                *(
                    f"insert into credit.prime_rate (since, tenor, rate, source) values ('{day}', '{tenor}', {rate}, "
                    f"'{SOURCE}（{day}）')"
                    for day, short, long in PRIME
                    for tenor, rate in (("ONE_YEAR", short), ("FIVE_YEARS", long))
                ),
            ]
        )
    ]
