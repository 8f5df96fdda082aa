"""Land: invented, a rectangle cut into rectangles without gaps and without overlaps.

Sides run along the axes, so that neighbours share their cuts exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import cos, radians

from asyncpg import Polygon
from gongzhi.values.geometry import Point, Ring

MICRO = 1_000_000
"""Sides are whole millionths of a degree, so that a cut is the same number on both of its sides."""


@dataclass(frozen=True, slots=True)
class Land:
    """A rectangle between meridians and parallels, in millionths of a degree (CGCS2000)."""

    west: int
    south: int
    east: int
    north: int

    @property
    def wide(self) -> bool:
        """Whether it is longer from west to east than from south to north, in metres."""
        # Meridians draw together towards the poles.
        shrink = cos(radians((self.south + self.north) / 2 / MICRO))
        return (self.east - self.west) * shrink > self.north - self.south

    @property
    def ring(self) -> Ring:
        west, south, east, north = (side / MICRO for side in (self.west, self.south, self.east, self.north))
        corners = (west, south), (east, south), (east, north), (west, north), (west, south)
        return Ring(tuple(Point(*corner) for corner in corners))

    @property
    def polygon(self) -> Polygon:
        return Polygon(*((point.longitude * MICRO, point.latitude * MICRO) for point in self.ring.points[:-1]))

    def place_at(self, across: float, up: float) -> Point:
        """Return the place this far (0 to 1) from west to east and from south to north."""
        longitude = self.west + (self.east - self.west) * across
        latitude = self.south + (self.north - self.south) * up
        # Seven decimals are a centimetre.
        return Point(round(longitude / MICRO, 7), round(latitude / MICRO, 7))

    def divide(self, weights: Sequence[float]) -> list[Land]:
        """Cut into areas in proportion to these weights, numbered from west to east and from north to south."""
        if len(weights) == 1:
            return [self]
        sums = list(accumulate(weights))
        # In halves rather than strips, so that pieces stay about as wide as they are high.
        half = min(range(1, len(weights)), key=lambda place: abs(sums[place - 1] - sums[-1] / 2))
        first, second = self._cut(sums[half - 1] / sums[-1])
        return first.divide(weights[:half]) + second.divide(weights[half:])

    def _cut(self, share: float) -> tuple[Land, Land]:
        """Cut in two across the longer side."""
        if self.wide:
            middle = self.west + round((self.east - self.west) * share)
            return Land(self.west, self.south, middle, self.north), Land(middle, self.south, self.east, self.north)
        middle = self.north - round((self.north - self.south) * share)
        return Land(self.west, middle, self.east, self.north), Land(self.west, self.south, self.east, middle)


COUNTY = Land(108_310_000, 32_725_000, 108_710_000, 33_055_000)
"""About the county's true size (1 365 km²), around 108.51° E, 32.89° N. Its true border looks nothing like it."""
