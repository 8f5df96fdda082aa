"""Places and boundaries."""

from __future__ import annotations

import json
import math
import pickle

import asyncpg
import pytest
from gongzhi.values.geometry import (
    MAX_POINTS,
    Crs,
    GeometryError,
    Point,
    Ring,
    distance,
    point_text,
    polygon_text,
    read_rings,
    write_geojson,
)
from hypothesis import given
from hypothesis import strategies as st

SQUARE = [[108.0, 32.0], [109.0, 32.0], [109.0, 33.0], [108.0, 33.0], [108.0, 32.0]]
HOLE = [[108.2, 32.2], [108.2, 32.4], [108.4, 32.4], [108.4, 32.2], [108.2, 32.2]]
ISLAND = [[110.0, 32.0], [111.0, 32.0], [111.0, 33.0], [110.0, 32.0]]

chinese = st.builds(Point, st.floats(73.5, 135.0), st.floats(18.0, 53.5))


def polygon(*lines):
    return {"type": "Polygon", "coordinates": list(lines)}


def multi(*polygons):
    return {"type": "MultiPolygon", "coordinates": list(polygons)}


def refused(geometry, path, words):
    with pytest.raises(GeometryError, match=words) as caught:
        read_rings(geometry, Crs.CGCS2000)
    assert caught.value.path == path
    return caught.value


# --- points ---


@pytest.mark.parametrize(
    ("place", "shifted"),
    [
        # Two independent public implementations agree on these within a centimetre.
        ((108.50, 32.89), (108.5045345, 32.8879491)),
        ((116.377817, 39.911954), (116.3840472, 39.9133455)),
        ((121.5272106, 31.1774276), (121.5315419, 31.1753039)),
        ((87.6, 43.8), (87.6028390, 43.8012120)),
    ],
)
def test_shift_matches_others(place, shifted):
    there = Point(*place, Crs.WGS84).to(Crs.GCJ02)
    assert (there.longitude, there.latitude) == pytest.approx(shifted, abs=3e-7)
    assert distance(Point(*shifted, Crs.GCJ02), Point(*place)) < 0.05


@given(chinese)
def test_shift_round_trip(place):
    there = place.to(Crs.GCJ02)
    apart = distance(Point(there.longitude, there.latitude), place)
    assert 1 < apart < 1200
    assert distance(there, place) < 0.001
    back = there.to(Crs.CGCS2000).to(Crs.GCJ02)
    assert (back.longitude, back.latitude) == pytest.approx((there.longitude, there.latitude), abs=1e-8)


def test_satellite_frames_equal():
    assert Point(108.5, 32.9, Crs.WGS84).to(Crs.CGCS2000) == Point(108.5, 32.9, Crs.CGCS2000)
    assert Point(108.5, 32.9, Crs.GCJ02).to(Crs.GCJ02) == Point(108.5, 32.9, Crs.GCJ02)


def test_abroad_not_shifted():
    assert Point(2.35, 48.85).to(Crs.GCJ02) == Point(2.35, 48.85, Crs.GCJ02)


@pytest.mark.parametrize("pair", [(32.9, 108.5), (48.0, 87.0), (39.9, 116.4)])
def test_swapped_axes_told(pair):
    with pytest.raises(GeometryError, match="seem swapped"):
        Point(*pair)


@pytest.mark.parametrize(
    "pair",
    [(181.0, 0.0), (0.0, 200.0), (math.nan, 32.9), (108.5, math.nan), (math.inf, 0.0), (36_542_000.5, 3_640_000.1)],
)
def test_impossible_places_refused(pair):
    with pytest.raises(GeometryError, match="in degrees") as caught:
        Point(*pair)
    assert str(pair[0]) not in str(caught.value)


def test_distance_in_metres():
    assert distance(Point(108.5, 32.0), Point(108.5, 33.0)) == pytest.approx(111_195, abs=1)
    assert distance(Point(0, 0), Point(180, 0)) == pytest.approx(math.pi * 6_371_008.8)
    assert distance(Point(108.5, 32.9), Point(108.5, 32.9)) == 0


@given(chinese, chinese, chinese)
def test_distance_is_metric(a, b, c):
    assert distance(a, b) == pytest.approx(distance(b, a))
    assert distance(a, c) <= distance(a, b) + distance(b, c) + 1e-3


# --- rings ---


def test_rings_in_order():
    read = read_rings(multi([SQUARE, HOLE], [ISLAND]), Crs.CGCS2000)
    assert [ring.hole for ring in read] == [False, True, False]
    assert read[0].points == tuple(Point(*pair) for pair in SQUARE)
    assert write_geojson(read) == multi([SQUARE, HOLE], [ISLAND])


def test_single_polygon_stays():
    text = json.dumps(polygon(SQUARE, HOLE))
    assert json.dumps(write_geojson(read_rings(json.loads(text), Crs.WGS84))) == text


def test_direction_is_mended():
    turned = read_rings(polygon(SQUARE[::-1], HOLE[::-1]), Crs.CGCS2000)
    assert write_geojson(turned) == polygon(SQUARE, HOLE)


def test_heights_are_dropped():
    assert write_geojson(read_rings(polygon([[*pair, 500.0] for pair in SQUARE]), Crs.CGCS2000)) == polygon(SQUARE)


def test_shifted_boundary_straightened():
    shifted = write_geojson(read_rings(polygon(SQUARE), Crs.CGCS2000), Crs.GCJ02)
    assert shifted["coordinates"][0][0] != SQUARE[0]
    [ring] = read_rings(shifted, Crs.GCJ02)
    assert all(distance(a, Point(*b)) < 0.001 for a, b in zip(ring.points, SQUARE, strict=True))
    assert {point.crs for point in ring.points} == {Crs.CGCS2000}
    assert ring.points[0] == ring.points[-1]


@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=40), chinese, st.sampled_from(Crs))
def test_star_round_trip(radii, centre, crs):
    turn = 2 * math.pi / len(radii)
    line = [
        [centre.longitude + radius * math.cos(index * turn), centre.latitude + radius * math.sin(index * turn)]
        for index, radius in enumerate(radii)
    ]
    line.append(line[0])
    again = write_geojson(read_rings(polygon(line), crs), crs)["coordinates"][0]
    for was, now in zip(line, again, strict=True):
        assert now == pytest.approx(was, abs=1e-8)


@pytest.mark.parametrize(
    "geometry",
    [
        {},
        None,
        [],
        "Polygon",
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Feature", "geometry": polygon(SQUARE)},
    ],
)
def test_other_geometry_refused(geometry):
    refused(geometry, ("type",), "GeoJSON Polygon or MultiPolygon")


@pytest.mark.parametrize(
    ("geometry", "path"),
    [
        ({"type": "Polygon"}, ("coordinates",)),
        (polygon(), ("coordinates",)),
        (multi(), ("coordinates",)),
        (multi([]), ("coordinates", 0)),
        (polygon([]), ("coordinates", 0)),
        (polygon("abcd"), ("coordinates", 0)),
        (polygon({"a": 1}), ("coordinates", 0)),
        (multi([SQUARE], [None]), ("coordinates", 1, 0)),
        (polygon([*SQUARE[:2], 5, *SQUARE[2:]]), ("coordinates", 0, 2)),
    ],
)
def test_missing_list_refused(geometry, path):
    refused(geometry, path, "expected a list")


@pytest.mark.parametrize("position", [[108.5], ["108.5", 32.9], [None, 32.9], [True, False]])
def test_odd_position_refused(position):
    refused(polygon([position, *SQUARE]), ("coordinates", 0, 0), "two numbers")


def test_open_ring_refused():
    error = refused(multi([ISLAND], [SQUARE, HOLE[:-1]]), ("coordinates", 1, 1), "not closed")
    assert str(error).startswith("coordinates[1][1]: ")


def test_few_points_refused():
    refused(polygon([*SQUARE[:2], SQUARE[0]]), ("coordinates", 0), "at least four")


@pytest.mark.parametrize("far", [[999.0, 500.0], [10**400, 5], [math.nan, 32.0], [36_542_000.5, 3_640_000.1]])
def test_far_point_refused(far):
    refused(polygon([*SQUARE[:2], far, *SQUARE[2:]]), ("coordinates", 0, 2), "in degrees")


def test_swapped_boundary_refused():
    refused(polygon([pair[::-1] for pair in SQUARE]), ("coordinates", 0, 0), "swapped")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]], "crosses itself.* near 108.5 32.5"),
        ([[[100, 30], [104, 30], [102, 32], [104, 34], [100, 34], [102, 32], [100, 30]]], "touches itself"),
        ([[[100, 30], [101, 31], [102, 32], [100, 30]]], "crosses itself"),
        ([[[100, 30]] * 4], "no area"),
        ([SQUARE, ISLAND], "outside its outer ring"),
        ([SQUARE, [[108.5, 32.5], [109.5, 32.5], [108.5, 32.6], [108.5, 32.5]]], "crosses itself or another"),
        ([SQUARE, HOLE, [[108.25, 32.25], [108.3, 32.25], [108.3, 32.3], [108.25, 32.25]]], "within another hole"),
    ],
)
def test_crossing_rings_refused(lines, words):
    refused(polygon(*lines), ("coordinates",), words)
    refused(multi([ISLAND], lines), ("coordinates", 1), words)


def test_overlapping_parts_refused():
    inner = [[108.1, 32.1], [108.2, 32.1], [108.2, 32.2], [108.1, 32.1]]
    refused(multi([SQUARE], [inner]), ("coordinates",), "within another")
    across = [[108.5, 32.5], [109.5, 32.5], [109.5, 32.6], [108.5, 32.5]]
    refused(multi([SQUARE], [across]), ("coordinates",), "another ring")


def circle(count):
    turns = [2 * math.pi * index / (count - 1) for index in range(count - 1)]
    line = [[108.5 + 0.1 * math.cos(turn), 32.9 + 0.1 * math.sin(turn)] for turn in turns]
    return [*line, line[0]]


def test_points_are_capped():
    assert len(read_rings(polygon(circle(MAX_POINTS)), Crs.CGCS2000)[0].points) == MAX_POINTS
    refused(polygon(circle(MAX_POINTS + 1)), ("coordinates",), "at most 10000 points")
    refused(multi(*[[SQUARE]] * (MAX_POINTS // 5 + 1)), ("coordinates",), "at most 10000 points")


def test_holes_need_outer():
    [outer, hole] = read_rings(polygon(SQUARE, HOLE), Crs.CGCS2000)
    with pytest.raises(GeometryError, match="after the outer ring"):
        write_geojson([hole, outer])
    with pytest.raises(GeometryError, match="at least one ring"):
        write_geojson([])


def test_postgres_text_closes():
    ring = Ring((Point(108.5, 32.25), Point(109, 32.25), Point(109.1, 33), Point(108.5, 32.25)))
    assert polygon_text(ring) == "((108500000.0,32250000.0),(109000000.0,32250000.0),(109100000.0,33000000.0))"


def test_errors_speak_chinese():
    crossed = refused(polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]), ("coordinates",), "crosses")
    assert crossed.text.zh == "环自相交或与其他环相交，在 108.5 32.5 附近"


def test_errors_survive_pickling():
    error = refused(polygon([]), ("coordinates", 0), "list")
    again = pickle.loads(pickle.dumps(error))
    assert (again.path, again.text, str(again)) == (error.path, error.text, str(error))


async def test_slanted_borders_are_sharp(empty):
    """In degrees, PostgreSQL's fixed tolerance would take in what lies twenty metres outside."""
    slope = Ring((Point(108.5, 32.5), Point(108.505, 32.503), Point(108.5, 32.51), Point(108.5, 32.5)))
    outside, inside = Point(108.5025, 32.50148), Point(108.5025, 32.50152)
    connection = await asyncpg.connect(empty)
    try:
        query = "select $1::text::polygon @> $2::text::point"
        found = [await connection.fetchval(query, polygon_text(slope), point_text(at)) for at in (outside, inside)]
    finally:
        await connection.close()
    assert found == [False, True]
