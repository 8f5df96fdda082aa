"""Fingerprints of the secret and of the keys that a database has been used with."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('accounts', '0005_two_persons'), ('grids', '0002_tree'), ('people', '0004_contests'), ('units', '0002_indexes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='FingerprintRow',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=60)),
                ('digest', BytesField(generated=False, null=False, unique=False)),
                ('since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'fingerprint', 'schema': 'accounts', 'app': 'accounts', 'pk_attr': 'name', 'table_description': 'The digest of a secret or of a key of the ring, as this database has been used with it since then.'},
            bases=['Model'],
        ),
    ]
