"""The core's share of the schema, room by room."""

from __future__ import annotations

from .grids import types as grids
from .people import types as people
from .units import types as units

EXTENSIONS = (*grids.EXTENSIONS, *units.EXTENSIONS, *people.EXTENSIONS)

TYPES: tuple[type, ...] = (grids.Grid, units.Unit, people.Person, people.Household)
