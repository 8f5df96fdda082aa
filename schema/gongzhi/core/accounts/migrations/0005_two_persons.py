"""Roles, ways in and suspensions that wait for a second person."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_repetition"), ("grids", "0002_tree"), ("people", "0004_contests"), ("units", "0002_indexes")]

    operations = [
        ops.AddField(
            model_name="AccountRow",
            name="suspending_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="AccountRow",
            name="suspending_by",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name="GrantRow",
            name="agreed_by",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name="GrantRow",
            name="ending_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="GrantRow",
            name="ending_by",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name="GrantRow",
            name="granted_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="GrantRow",
            name="stopped_by",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name="GrantRow",
            name="stopped_why",
            field=fields.CharField(null=True, max_length=500),
        ),
        ops.AddField(
            model_name="GrantRow",
            name="waits_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="IdentityRow",
            name="confirmed_by",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name="IdentityRow",
            name="proposed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name="InvitationRow",
            name="mac",
            field=BytesField(null=True, unique=True, generated=False),
        ),
        ops.AddField(
            model_name="InvitationRow",
            name="printed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="InvitationRow",
            name="printed_by",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.RunSQL(
            [
                # A resident opens their own account; whoever invited them did not make it.
                "update accounts.account a set created_by = a.name where a.person_id is not null and exists("
                "select from accounts.invitation i where i.person_id = a.person_id and i.created_by = a.created_by)",
                # One worker knows the codes that are out: they are asked for anew, by two.
                "delete from accounts.invitation where used_at is null and person_id is not null",
            ]
        ),
    ]
