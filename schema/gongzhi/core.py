"""The core's share of the schema, room by room."""

from __future__ import annotations

from .cases import commands as case_commands
from .cases import types as cases
from .grids import types as grids
from .people import types as people
from .units import types as units

EXTENSIONS = (*grids.EXTENSIONS, *units.EXTENSIONS, *people.EXTENSIONS, *cases.EXTENSIONS, *case_commands.EXTENSIONS)

TYPES: tuple[type, ...] = (grids.Grid, units.Unit, people.Person, people.Household, cases.Case, cases.CaseEvent)
