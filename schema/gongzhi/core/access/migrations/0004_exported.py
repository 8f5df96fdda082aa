"""A look may be at a list that was taken as a file."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.core.access.models import LookKind
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('access', '0003_county')]

    initial = False

    operations = [
        ops.AlterField(
            model_name='LookRow',
            name='kind',
            field=fields.CharEnumField(description='READ: READ\nREVEAL: REVEAL\nFIND: FIND\nBREAK_GLASS: BREAK_GLASS\nEXPORT: EXPORT', enum_type=LookKind, max_length=11),
        ),
    ]
