"""Models: in which counties plugins are switched on."""

from __future__ import annotations

from tortoise import fields

from gongzhi.declare.columns import Located, primary_key


class ActivationRow(Located):
    """What a county decided about a plugin, from when to when; its grid is the county. None: the plugin is off."""

    id = primary_key()
    plugin = fields.CharField(max_length=31)
    active = fields.BooleanField()
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "plugins"
        table = "activation"
