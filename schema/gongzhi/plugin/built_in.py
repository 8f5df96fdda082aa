"""Built-in plugins: the packages of the core, in the order in which their tables are made.

Each is a module with the hooks of `gongzhi.plugin.hooks`, which the server asks like those of any other plugin. A
package is added by one line here.
"""

from __future__ import annotations

from collections.abc import Mapping

# Tables are made in this order, so a package stands behind those that its foreign keys point to.
BUILT_IN = (
    "gongzhi.core.grids.plugin",
    "gongzhi.core.units.plugin",
    "gongzhi.core.people.plugin",
    "gongzhi.core.cases.plugin",
    "gongzhi.core.journal.plugin",
    "gongzhi.core.plugins.plugin",
    "gongzhi.core.inbox.plugin",
    "gongzhi.core.events.plugin",
    "gongzhi.core.access.plugin",
    "gongzhi.core.accounts.plugin",
    "gongzhi.core.registers.plugin",
    "gongzhi.core.attachments.plugin",
)

FLOOR: Mapping[str, str] = {
    "grids": "0003_counties",
    "units": "0002_indexes",
    "people": "0006_contested",
    "cases": "0008_similar",
    "journal": "0001_initial",
    "plugins": "0002_located",
    "notices": "0004_due",
    "events": "0004_months",
    "access": "0005_concerned",
    "accounts": "0005_two_persons",
    "attachments": "0002_indexes",
}
"""The last migration of each label of the core in the oldest contract that this one can stand in for
(`gongzhi>=0.2,<0.3`: 0.2.0). What a plugin's new migrations depend on is no later than these, so that they run on that
contract as well. Of a label that is not named there is nothing older than what is here.
"""
