"""The core's share of the schema, room by room."""

from __future__ import annotations

from .attachments import commands as attachment_commands
from .attachments import types as attachments
from .cases import commands as case_commands
from .cases import types as cases
from .centers import commands as center_commands
from .centers import types as centers
from .grids import commands as grid_commands
from .grids import types as grids
from .notices import commands as notice_commands
from .notices import types as notices
from .patrols import commands as patrol_commands
from .patrols import types as patrols
from .people import care_commands, household_commands
from .people import commands as person_commands
from .people import types as people
from .plugins import commands as plugin_commands
from .plugins import types as plugins
from .sync import commands as sync_commands
from .sync import types as sync
from .units import commands as unit_commands
from .units import types as units

EXTENSIONS = (
    *plugins.EXTENSIONS,
    *plugin_commands.EXTENSIONS,
    *grids.EXTENSIONS,
    *units.EXTENSIONS,
    *people.EXTENSIONS,
    *cases.EXTENSIONS,
    *grid_commands.EXTENSIONS,
    *unit_commands.EXTENSIONS,
    *person_commands.EXTENSIONS,
    *household_commands.EXTENSIONS,
    *care_commands.EXTENSIONS,
    *case_commands.EXTENSIONS,
    *notices.EXTENSIONS,
    *notice_commands.EXTENSIONS,
    *attachments.EXTENSIONS,
    *attachment_commands.EXTENSIONS,
    *patrols.EXTENSIONS,
    *patrol_commands.EXTENSIONS,
    *centers.EXTENSIONS,
    *center_commands.EXTENSIONS,
    *sync.EXTENSIONS,
    *sync_commands.EXTENSIONS,
)

TYPES: tuple[type, ...] = (grids.Grid, units.Unit, people.Person, people.Household, cases.Case, cases.CaseEvent)
