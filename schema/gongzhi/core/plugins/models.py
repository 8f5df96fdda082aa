"""Models: in which counties plugins are switched on, and what counties choose about them."""

from __future__ import annotations

from tortoise import fields

from gongzhi.declare.columns import Located, primary_key


class Decided(Located):
    """What a county decided, from when to when; its grid is the county."""

    # Ended by `until` and followed by another row, so that it stays known what held when.
    id = primary_key()
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        abstract = True


class ActivationRow(Decided):
    """What a county decided about a plugin, from when to when; its grid is the county. None: the plugin is off."""

    plugin = fields.CharField(max_length=31)
    active = fields.BooleanField()

    class Meta:
        schema = "plugins"
        table = "activation"


class SettingRow(Decided):
    """What a county chose for a setting. None: what the plugin says holds."""

    name = fields.CharField(max_length=80)
    value = fields.CharField(max_length=200)

    class Meta:
        schema = "plugins"
        table = "setting"
