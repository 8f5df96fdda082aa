"""Delivers events to endpoints: signed, in order for each case, again and again until they are taken."""

from .courier import Courier as Courier
from .selection import Selections as Selections

__all__ = ["Courier", "Selections"]
