"""Delivers events to endpoints: signed, in order for each case, again and again until they are taken."""

from .courier import Courier as Courier
from .selection import Selections as Selections
from .tellers import Tellers as Tellers

__all__ = ["Courier", "Selections", "Tellers"]
