"""Deliveries know in which batch they last went."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('webhooks', '0006_batches')]

    initial = False

    operations = [
        ops.AddField(model_name='DeliveryRow', name='batch_id', field=fields.UUIDField(null=True)),
        ops.AddField(model_name='DeliveryRow', name='batch_size', field=fields.SmallIntField(null=True)),
        ops.AddField(model_name='DeliveryRow', name='batch_place', field=fields.SmallIntField(null=True)),
    ]
