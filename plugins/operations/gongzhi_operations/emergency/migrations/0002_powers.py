"""Where emergencies lie, and the powers there are."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("emergency", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("emergency.emergency"),
                *levels("emergency.emergency", "starts_at", "id"),
                "create index on emergency.emergency (grid_id, ends_at) where state in ('PENDING', 'ACTIVE')",
                "create index on emergency.mark (emergency_id, at, id)",
                "insert into emergency.power (code, name, description, commands, basis) values "
                "('EMERGENCY_WHISTLE', '应急哨免审批', "
                "'An emergency whistle is blown by a village without the town''s approval.', "
                "'{callWhistle}', '中华人民共和国突发事件应对法'), "
                "('DIRECT_DISPATCH', '直接派单', "
                "'A town dispatches a case that was returned too often, without the county naming the unit.', "
                "'{dispatchCase}', '中华人民共和国突发事件应对法')",
            ]
        )
    ]
