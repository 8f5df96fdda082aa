"""Places and boundaries: coordinate systems, GeoJSON rings, distance.

Everything is kept in CGCS2000, China's national frame. WGS84 is taken to be the same: the two ellipsoids differ by a
tenth of a millimetre and the frames by centimetres (the drift of the plate since, about 3 cm a year, stays below what
a phone can tell). GCJ-02 is the shifted system of Chinese web maps, hundreds of metres away. The published libraries
for it are unmaintained, untyped or bound to one Python version, so its thirty lines stand here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gongzhi.values.errors import Text

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon

MAX_POINTS = 10_000
"""How many points a boundary may have, all rings together."""

Steps = tuple[str | int, ...]
Pair = tuple[float, float]


class GeometryError(ValueError):
    """Say what is wrong with a place or a boundary; `path` leads into the GeoJSON object, empty for a single point."""

    def __init__(self, en: str, zh: str, path: Steps = ()) -> None:
        super().__init__(en, zh, path)
        self.text = Text(en, zh)
        self.path = path

    def __str__(self) -> str:
        steps = "".join(f"[{step}]" if isinstance(step, int) else step for step in self.path)
        return f"{steps}: {self.text.en}" if steps else self.text.en


class Crs(StrEnum):
    """A coordinate system (坐标系)."""

    CGCS2000 = "CGCS2000"
    WGS84 = "WGS84"
    GCJ02 = "GCJ02"


@dataclass(frozen=True, slots=True)
class Point:
    """A place in degrees; raises GeometryError outside the world or where the two axes seem swapped."""

    longitude: float
    latitude: float
    crs: Crs = Crs.CGCS2000

    def __post_init__(self) -> None:
        _range(self.longitude, self.latitude, ())

    def to(self, crs: Crs) -> Point:
        """Return the same place in another coordinate system, within a millimetre."""
        pair = self.longitude, self.latitude
        if self.crs is Crs.GCJ02 and crs is not Crs.GCJ02:
            pair = _straight(*pair)
        elif self.crs is not Crs.GCJ02 and crs is Crs.GCJ02:
            pair = _shift_to_gcj02(*pair)
        return Point(*pair, crs)


@dataclass(frozen=True, slots=True)
class Ring:
    """One closed line of a boundary in CGCS2000, its last point equal to its first; a hole is not in the area."""

    points: tuple[Point, ...]
    hole: bool = False


def distance(a: Point, b: Point) -> float:
    """Return the metres between two places along a sphere of the earth's mean radius (haversine, within 0.5 %)."""
    a, b = a.to(Crs.CGCS2000), b.to(Crs.CGCS2000)
    south, north = math.radians(a.latitude), math.radians(b.latitude)
    across = math.sin(math.radians(b.longitude - a.longitude) / 2) ** 2
    chord = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * across
    return 2 * 6_371_008.8 * math.asin(math.sqrt(min(chord, 1.0)))


# --- boundaries ---


def read_rings(geometry: Mapping[str, Any], crs: Crs) -> list[Ring]:
    """Read the rings of a GeoJSON Polygon or MultiPolygon given in `crs`: each outer ring, then its holes.

    Outer rings run counter-clockwise and holes clockwise (RFC 7946, 3.1.6), whichever way they came; heights are
    dropped. Raises GeometryError with a path for anything that is not a valid area of at most MAX_POINTS points.
    """
    from shapely.geometry import MultiPolygon  # with numpy, which a server needs first when a boundary is drawn

    polygons = [_polygon(raw, path) for path, raw in _parts(geometry)]
    # Each polygon was looked at by itself; this finds those that overlap.
    _valid(MultiPolygon(polygons), ("coordinates",))
    return [ring for polygon in polygons for ring in _orient_rings(polygon, crs)]


def write_geojson(rings: Iterable[Ring], crs: Crs = Crs.CGCS2000) -> dict[str, Any]:
    """Write rings as GeoJSON, in the order `read_rings` gave them: an outer ring, then its holes."""
    polygons: list[list[list[list[float]]]] = []
    for ring in rings:
        line = [[place.longitude, place.latitude] for place in (point.to(crs) for point in ring.points)]
        if not ring.hole:
            polygons.append([line])
        elif polygons:
            polygons[-1].append(line)
        else:
            raise GeometryError("a hole comes after the outer ring it lies in", "内环应排在它所在的外环之后")
    if not polygons:
        raise GeometryError("a boundary has at least one ring", "边界至少有一个环")
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


MICRO = 1e6
"""Millionths of a degree to a degree."""


def point_text(point: Point) -> str:
    """Write a CGCS2000 point for PostgreSQL's built-in type point, in millionths of a degree.

    PostgreSQL takes what lies within a fixed 1e-6 of a line to be on it, by a cross product: in degrees that is
    twenty metres beside a slanted border, in millionths of a degree it is nothing.
    """
    return f"({point.longitude * MICRO!r},{point.latitude * MICRO!r})"


def polygon_text(ring: Ring) -> str:
    """Write a ring for PostgreSQL's built-in type polygon, which closes it by itself, as `point_text` does a point."""
    return "(" + ",".join(map(point_text, ring.points[:-1])) + ")"


def _parts(geometry: Mapping[str, Any]) -> list[tuple[Steps, Sequence[Any]]]:
    """List the polygons of a geometry, unread, each with its path."""
    name = geometry.get("type") if isinstance(geometry, Mapping) else None
    path: Steps = ("coordinates",)
    if name == "Polygon":
        parts = [(path, _list(geometry.get("coordinates"), path))]
    elif name == "MultiPolygon":
        members = enumerate(_list(geometry.get("coordinates"), path))
        parts = [((*path, index), _list(member, (*path, index))) for index, member in members]
    else:
        raise GeometryError(
            "a boundary is a GeoJSON Polygon or MultiPolygon, without a Feature around it",
            "边界应为GeoJSON的Polygon或MultiPolygon，外层不带Feature",
            ("type",),
        )
    # Counted before anything is read: the checks below are not free.
    if sum(len(line) for _, lines in parts for line in lines if isinstance(line, Sequence)) > MAX_POINTS:
        raise GeometryError(
            f"a boundary has at most {MAX_POINTS} points: simplify it", f"边界最多{MAX_POINTS}个点：请简化", path
        )
    return parts


def _polygon(raw: Sequence[Any], path: Steps) -> Polygon:
    from shapely.geometry import Polygon

    lines = [_line(line, (*path, index)) for index, line in enumerate(raw)]
    polygon = Polygon(lines[0], lines[1:])
    _valid(polygon, path)
    return polygon


def _line(raw: Any, path: Steps) -> list[Pair]:
    line = [_position(position, (*path, index)) for index, position in enumerate(_list(raw, path))]
    if len(line) < 4:
        raise GeometryError(
            "a ring has at least four points, the last equal to the first", "环至少有四个点，末点与首点相同", path
        )
    if line[0] != line[-1]:
        raise GeometryError(
            "the ring is not closed: repeat its first point at the end", "环未闭合：末尾应重复首点", path
        )
    return line


def _position(raw: Any, path: Steps) -> Pair:
    position = _list(raw, path)
    # To Python a bool is an int.
    numbers = [value for value in position[:2] if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < 2:
        raise GeometryError(
            "a position is a list of two numbers, longitude and latitude", "坐标点应为两个数字的数组：经度和纬度", path
        )
    _range(numbers[0], numbers[1], path)
    return float(numbers[0]), float(numbers[1])


def _list(raw: Any, path: Steps) -> Sequence[Any]:
    if not isinstance(raw, list | tuple) or not raw:
        raise GeometryError("expected a list that is not empty", "此处应为非空数组", path)
    return raw


_FLAWS = {
    "Self-intersection": Text("a ring crosses itself or another ring", "环自相交或与其他环相交"),
    "Ring Self-intersection": Text("a ring touches itself", "环与自身相接"),
    "Too few points in geometry component": Text("a ring encloses no area", "环没有围成面积"),
    "Hole lies outside shell": Text("a hole lies outside its outer ring", "内环在外环之外"),
    "Holes are nested": Text("a hole lies within another hole", "内环套在另一内环之中"),
    "Interior is disconnected": Text(
        "holes cut the area in two: make it a MultiPolygon", "内环把区域切成两块：请改用MultiPolygon"
    ),
    "Nested shells": Text("an outer ring lies within another", "外环套在另一外环之中"),
    "Duplicate Rings": Text("a ring occurs twice", "环重复"),
}


def _valid(area: Polygon | MultiPolygon, path: Steps) -> None:
    """Refuse crossing rings. Shapely knows how, robustly and in n log n; comparing all pairs would take a minute."""
    from shapely import is_valid_reason

    if not area.is_valid:
        reason, _, place = is_valid_reason(area).partition("[")
        flaw, place = _FLAWS.get(reason, Text(reason, "边界无效")), place.rstrip("]")
        raise GeometryError(f"{flaw.en}, near {place}", f"{flaw.zh}，在 {place} 附近", path)


def _orient_rings(polygon: Polygon, crs: Crs) -> Iterable[Ring]:
    for index, line in enumerate((polygon.exterior, *polygon.interiors)):
        hole = index > 0
        pairs = line.coords if line.is_ccw != hole else line.coords[::-1]
        yield Ring(tuple(Point(x, y, crs).to(Crs.CGCS2000) for x, y in pairs), hole)


# --- ranges and GCJ-02 ---

_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271  # where GCJ-02 is shifted
_AXIS = 6_378_245.0  # metres, Krasovsky 1940
_ECCENTRICITY = 0.00669342162296594323  # squared


def _china(longitude: float, latitude: float) -> bool:
    return _WEST <= longitude <= _EAST and _SOUTH <= latitude <= _NORTH


def _range(longitude: float, latitude: float, path: Steps) -> None:
    # Comparisons are so put that NaN fails them.
    inside = -180 <= longitude <= 180 and -90 <= latitude <= 90
    turned = -180 <= latitude <= 180 and -90 <= longitude <= 90
    # Outside of China, but in China with the axes turned round: they were swapped.
    if inside and (_china(longitude, latitude) or not _china(latitude, longitude)):
        return
    if turned:
        raise GeometryError(
            "longitude and latitude seem swapped: give the longitude first", "经度和纬度似乎颠倒：请先写经度", path
        )
    raise GeometryError(
        "longitude is -180 to 180 and latitude -90 to 90, in degrees, not metres",
        "经度应为-180至180，纬度应为-90至90，单位为度而非米",
        path,
    )


def _shift_to_gcj02(longitude: float, latitude: float) -> Pair:
    """Shift a true place to where GCJ-02 has it."""
    if not _china(longitude, latitude):
        return longitude, latitude
    # The published formula of the shift; its constants mean nothing by themselves.
    x, y = longitude - 105, latitude - 35
    common = 20 * _wave(6 * x) + 20 * _wave(2 * x)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (common + 20 * _wave(x) + 40 * _wave(x / 3) + 150 * _wave(x / 12) + 300 * _wave(x / 30)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (common + 20 * _wave(y) + 40 * _wave(y / 3) + 160 * _wave(y / 12) + 320 * _wave(y / 30)) * 2 / 3
    phi = math.radians(latitude)
    bulge = 1 - _ECCENTRICITY * math.sin(phi) ** 2
    meridian = _AXIS * (1 - _ECCENTRICITY) / bulge**1.5
    parallel = _AXIS / math.sqrt(bulge) * math.cos(phi)
    return longitude + math.degrees(east / parallel), latitude + math.degrees(north / meridian)


def _wave(value: float) -> float:
    return math.sin(value * math.pi)


def _straight(longitude: float, latitude: float) -> Pair:
    """Undo the shift: it changes so slowly that each correction leaves under a hundredth of the error."""
    x, y = longitude, latitude
    # From some hundred metres, four rounds lead below a millimetre.
    for _ in range(4):
        there = _shift_to_gcj02(x, y)
        x, y = x + longitude - there[0], y + latitude - there[1]
    return x, y
