"""Built-in plugins: the packages of the core, in the order in which their tables are made.

Each is a module with the hooks of `gongzhi.hooks`, which the server asks like those of any other plugin. A package is
added by one line here.
"""

from __future__ import annotations

from collections.abc import Mapping

BUILT_IN = (
    "gongzhi.grids.plugin",
    "gongzhi.units.plugin",
    "gongzhi.people.plugin",
    "gongzhi.calendars.plugin",
    "gongzhi.cases.plugin",
    "gongzhi.clocks.plugin",
    "gongzhi.journal.plugin",
    "gongzhi.plugins.plugin",
    "gongzhi.notices.plugin",
    "gongzhi.events.plugin",
    "gongzhi.access.plugin",
    "gongzhi.accounts.plugin",
    "gongzhi.registers.plugin",
    "gongzhi.rights.plugin",
    "gongzhi.resolutions.plugin",
    "gongzhi.dispatch.plugin",
    "gongzhi.attachments.plugin",
    "gongzhi.patrols.plugin",
    "gongzhi.centers.plugin",
    "gongzhi.sync.plugin",
    "gongzhi.webhooks.plugin",
    "gongzhi.intake.plugin",
    "gongzhi.statistics.plugin",
    "gongzhi.emergency.plugin",
    "gongzhi.whistles.plugin",
    "gongzhi.supervision.plugin",
    "gongzhi.contacts.plugin",
    "gongzhi.exports.plugin",
    "gongzhi.findings.plugin",
)

FLOOR: Mapping[str, str] = {}
"""The last migration of each label in the oldest contract that this one can stand in for (`gongzhi>=0.1,<0.2`: the
first 0.1). What a plugin's new migrations depend on is no later than these, so that they run on that contract as well.
Of a label that is not named there is nothing older than what is here: nothing has been released yet.
"""
