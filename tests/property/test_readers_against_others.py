"""What is read of a sound file is what is written there, by readers of another make: row by row, value by value.

Files are drawn from a seed, and written by what people write them with; `other_readers.py` reads them with the standard
library alone, and what the entry of the source asks (where, nulls, recode) is done anew in a line of Python.
"""

from __future__ import annotations

import math
import random
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmnx as ox
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity

from flexsites.errors import InputError
from flexsites.inputs.prepare import Request, prepare
from tests.conftest import examples
from tests.property import other_readers as others
from tests.property.deliveries import GML, request_of
from tests.property.other_readers import SHAPE, Row
from tests.unit.accessibility.maps import write_map
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares, vector, write
from tests.unit.inputs.test_prepare import above
from tests.unit.timetable import feeds

KINDS = ("gras", "weg", "Água à côté", "a;b", 'd\'Eik, "1"', "a  b", "0012", "-99997")
COLUMNS = ("soort", "getal", "maat", "gem")
SEEDS = st.integers(0, 2**32)
SQUARE_M2 = 1e-4


def _shape(chance: random.Random, i: int) -> shapely.Geometry:
    """Return a sound polygon of some kind: round, with a hole, or in two parts; no two of them meet."""
    x, y = ORIGIN[0] + 200.0 * i, ORIGIN[1]
    around = shapely.Point(x, y).buffer(chance.uniform(5, 60), quad_segs=chance.randint(1, 5))
    form = chance.choice(("plain", "hole", "parts"))
    if form == "hole":
        around = around - affinity.scale(around, 0.5, 0.5)
    elif form == "parts":
        around = around | affinity.translate(shapely.box(x, y, x + 7, y + 3), 80, chance.uniform(-50, 50))
    return shapely.set_precision(around, 0.001)


def _rows(chance: random.Random) -> gpd.GeoDataFrame:
    n = chance.randint(1, 12)
    numbers = [chance.choice((None, 0, -1, chance.randint(-(10**6), 10**6), 2**53 + 1)) for _ in range(n)]
    sizes = [chance.choice((None, 0.1, -99997.0, chance.uniform(-1e6, 1e6))) for _ in range(n)]
    columns = {
        "gem": [chance.choice((None, "0363", "0014", "1680")) for _ in range(n)],
        "code": [f"{chance.randint(0, 10**17):018d}" if chance.random() < 0.5 else f"p {i} é" for i in range(n)],
        "soort": [chance.choice((None, *KINDS)) for _ in range(n)],
        "getal": pd.array(numbers, dtype="Int64"),
        "maat": pd.array(sizes, dtype="Float64").astype("float64"),
    }
    return gpd.GeoDataFrame(columns, geometry=[_shape(chance, i) for i in range(n)], crs=28992)


def _write_gml(frame: gpd.GeoDataFrame, path: Path) -> None:
    members = []
    for i, row in enumerate(frame.itertuples()):
        texts = {name: getattr(row, name) for name in ("code", *COLUMNS)}
        told = "".join(f"<x:{k}>{_escaped(v)}</x:{k}>" for k, v in texts.items() if not pd.isna(v))
        told += f"<x:vlak>{_in_gml(row.geometry, i)}</x:vlak>"
        members.append(f'<gml:featureMember><x:P gml:id="i{i}">{told}</x:P></gml:featureMember>')
    path.write_text(GML.format("".join(members)), encoding="utf-8")


def _escaped(value: object) -> str:
    return str(value).replace("&", "&amp;").replace("<", "&lt;")


def _in_gml(shape: shapely.Geometry, i: int) -> str:
    system = 'srsName="urn:ogc:def:crs:EPSG::28992"'
    polygons = []
    for k, one in enumerate(shapely.get_parts(shape)):
        rings = [("exterior", one.exterior), *(("interior", ring) for ring in one.interiors)]
        told = "".join(
            f"<gml:{role}><gml:LinearRing><gml:posList>{' '.join(f'{x:.3f} {y:.3f}' for x, y in ring.coords)}"
            f"</gml:posList></gml:LinearRing></gml:{role}>"
            for role, ring in rings
        )
        polygons.append(f'<gml:Polygon gml:id="g{i}.{k}" {system}>{told}</gml:Polygon>')
    if len(polygons) == 1:
        return polygons[0]
    members = "".join(f"<gml:surfaceMember>{one}</gml:surfaceMember>" for one in polygons)
    return f'<gml:MultiSurface gml:id="m{i}" {system}>{members}</gml:MultiSurface>'


def _write_shapefile(frame: gpd.GeoDataFrame, path: Path) -> None:
    frame.to_file(path.with_suffix(".shp"), encoding="utf-8")
    with zipfile.ZipFile(path, "w") as packed:
        for one in path.parent.glob(f"{path.stem}.*"):
            if one != path:
                packed.write(one, one.name)


FILES: dict[str, tuple[Callable[[gpd.GeoDataFrame, Path], object], Callable[[Path], list[Row]]]] = {
    "gpkg": (write, others.of_geopackage),
    "geojson": (lambda frame, path: frame.to_file(path, driver="GeoJSON"), others.of_geojson),
    "zip": (_write_shapefile, others.of_shapefile),
    "gml": (_write_gml, others.of_gml),
    "parquet": (lambda frame, path: frame.to_parquet(path), others.of_geoparquet),
}


def _asked(chance: random.Random) -> dict[str, Any]:
    """Return what an entry asks of rows and values, of every kind that it may."""
    return {
        "where": {"soort": [*chance.sample(KINDS, 5), *chance.choice(((), (None,)))]} if chance.random() < 0.5 else {},
        "nulls": chance.choice(((), (-99997,))),
        "rename": {"maat": "size"} if chance.random() < 0.5 else {},
        "recode": {"soort": {one: f"{i % 3}" for i, one in enumerate(KINDS)}} if chance.random() < 0.5 else {},
    }


def _expected(rows: list[Row], asked: dict[str, Any]) -> dict[str, Row]:
    """Do what the entry asks, row by row."""
    found = {}
    for row in rows:
        if asked["where"] and row.get("soort") not in asked["where"]["soort"]:
            continue
        told = {name: row.get(name) for name in COLUMNS}
        told = {name: None if _number(one) in asked["nulls"] else one for name, one in told.items()}
        if asked["recode"]:
            told["soort"] = asked["recode"]["soort"].get(told["soort"])
        found[row["code"]] = {asked["rename"].get(name, name): one for name, one in told.items()} | {SHAPE: row[SHAPE]}
    return found


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _same(ours: Any, theirs: Any) -> bool:
    if pd.isna(ours) or theirs is None:
        return pd.isna(ours) and theirs is None
    if isinstance(ours, str):
        return ours == str(theirs)
    if re.match(r"-?0\d", str(theirs)):
        return False  # a code, whose zeros a number loses
    return (
        math.isclose(float(ours), float(theirs), rel_tol=1e-15) if isinstance(ours, float) else int(ours) == int(theirs)
    )


@pytest.mark.parametrize("kind", FILES)
@examples(50)
@given(seed=SEEDS)
def test_features_are_as_another_reader_reads_them(kind: str, seed: int) -> None:
    chance = random.Random(seed)
    frame, asked = _rows(chance), _asked(chance)
    to_file, from_file = FILES[kind]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        to_file(frame, folder / f"plan.{kind}")
        keep = [one for one in COLUMNS if frame[one].notna().any() or kind != "gml"]
        entry = vector(f"plan.{kind}", keep=keep, id_column="code", coverage="run", **asked)
        if "maat" not in keep:
            entry["rename"] = {}
        if "soort" not in keep:
            entry |= {"where": {}, "recode": {}}
        asked |= {one: entry[one] for one in ("where", "recode", "rename")}
        expected = _expected(from_file(folder / f"plan.{kind}"), asked)
        if not expected:
            with pytest.raises(InputError, match=r"layers\.plan: no row passes `where`"):
                prepare(sources(layers={"plan": entry}), directory=folder / "out", base=folder)
            return
        found = prepare(sources(layers={"plan": entry}), directory=folder / "out", base=folder)
        record, layers = found.records[0], found.read_layers()
    assert record.n_read == len(frame)
    assert record.n_features == len(expected)
    assert set(layers["feature_id"]) == set(expected)
    for code, parts in layers.groupby("feature_id"):
        told = expected[str(code)]
        shape = shapely.union_all(parts.geometry.to_numpy())
        assert shapely.area(shapely.symmetric_difference(shape, told.pop(SHAPE))) < SQUARE_M2
        for column, value in told.items():
            if column in parts:
                assert _same(parts[column].iloc[0], value), (code, column, parts[column].iloc[0], value)


OWNERS = ("gemeente", "corporatie", "rijk", "particulier", "waterschap", None)
TABLES: dict[str, tuple[Callable[[pd.DataFrame, Path], object], Callable[[Path], list[Row]]]] = {
    "csv": (lambda frame, path: frame.to_csv(path, index=False), others.of_csv),
    "xlsx": (lambda frame, path: frame.to_excel(path, index=False), others.of_workbook),
}


@pytest.mark.parametrize("kind", TABLES)
@examples(30)
@given(seed=SEEDS)
def test_tables_are_as_another_reader_reads_them(kind: str, seed: int) -> None:
    chance = random.Random(seed)
    n = chance.randint(2, 15)
    ids = [f"{chance.choice(('00', 'é ', 'a,b', ''))}{i}" for i in range(n)]
    listed = chance.sample(ids, chance.randint(1, n))
    table = pd.DataFrame({"perceel": listed, "van wie": [chance.choice(OWNERS) for _ in listed]}, dtype=object)
    to_file, from_file = TABLES[kind]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        to_file(table, folder / f"own.{kind}")
        write(squares(n).assign(id=ids), folder / "p.gpkg")
        entry = {"reader": "table", "about": ABOUT, "path": f"own.{kind}", "key": "perceel"}
        entry |= {"rename": {"van wie": "owner_class"}}
        given = sources(parcels=vector("p.gpkg", id_column="id"), ownership=entry)
        expected = {row["perceel"]: row["van wie"] for row in from_file(folder / f"own.{kind}")}
        found = prepare(given, directory=folder / "out", base=folder).parcels().set_index("site_id")["owner_class"]
    assert {code: None if pd.isna(one) else one for code, one in found.items()} == {
        one: expected.get(one) for one in ids
    }


ROADS = ("residential", "footway", "motorway", "track")
MODES_OF_STOPS = {"b": "bus", "t": "tram", "m": "metro"}


@pytest.mark.parametrize("kind", ["geojson", "gpkg"])
@examples(10)
@given(seed=SEEDS)
def test_points_stops_and_lines_are_as_another_reader_reads_them(kind: str, seed: int) -> None:
    """With their rows chosen, words recoded and weights not told: one way of reading, whatever a source becomes."""
    chance = random.Random(seed)
    n = chance.randint(2, 12)
    x, y = ORIGIN
    at = [(x + 100 * i, y + chance.uniform(0, 900)) for i in range(n)]
    columns = {
        "code": [f"{i:03d}" for i in range(n)],
        "staat": [chance.choice(("open", "dicht")) for _ in range(n)],
        "soort": [chance.choice(tuple(MODES_OF_STOPS)) for _ in range(n)],
        "banen": [chance.choice((1.0, 2.5, chance.uniform(1, 1e5))) for _ in range(n)],
        "weg": [chance.choice(ROADS) for _ in range(n)],
    }
    columns |= {"staat": ["open", *columns["staat"][1:]], "weg": ["residential", *columns["weg"][1:]]}
    points = gpd.GeoDataFrame(columns, geometry=[shapely.Point(*one) for one in at], crs=28992)
    # Each line stands alone and is long enough to be a network of its own.
    lines = points.set_geometry([shapely.LineString([(a, b), (a + 10, b + 5000)]) for a, b in at], crs=28992)
    to_file, from_file = FILES[kind]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        to_file(points, folder / f"p.{kind}")
        to_file(lines, folder / f"l.{kind}")
        row = {"about": ABOUT, "where": {"staat": ["open"]}}
        given = sources(
            streets=row | {
                "reader": "lines", "path": f"l.{kind}", "class_column": "weg",
                "recode": {"weg": {one: "path" if one == "track" else one for one in ROADS}}},
            amenities={"own": row | {
                "reader": "points", "path": f"p.{kind}", "category": "supermarket", "weight_column": "banen",
                "id_column": "code"}},
            stops={"own": row | {
                "reader": "stops", "path": f"p.{kind}", "mode_column": "soort", "modes": MODES_OF_STOPS,
                "id_column": "code"}},
        )  # fmt: skip
        found = prepare(given, directory=folder / "out", base=folder, request=request_of(given))
        tables = {name: gpd.read_parquet(path) for name, path in found.tables.items() if name != "coverages"}
        theirs = [one for one in from_file(folder / f"p.{kind}") if one["staat"] == "open"]
        ways = [one for one in from_file(folder / f"l.{kind}") if one["staat"] == "open"]
    records = {one.id: (one.n_read, one.n_features) for one in found.records}
    assert {records[one] for one in ("amenities.own", "stops.own")} == {(n, len(theirs))}
    assert records["streets"][0] == n
    place = tables["amenities"].geometry
    ours = sorted(zip(place.x.round(2), place.y.round(2), tables["amenities"]["weight"], strict=True))
    told = sorted((round(one[SHAPE].x, 2), round(one[SHAPE].y, 2), one["banen"]) for one in theirs)
    assert np.array(ours) == pytest.approx(np.array(told))
    place = tables["stops"].geometry
    assert sorted(zip(tables["stops"]["mode"], place.x.round(1), place.y.round(1), strict=True)) == sorted(
        (MODES_OF_STOPS[one["soort"]], round(one[SHAPE].x, 1), round(one[SHAPE].y, 1)) for one in theirs
    )
    walked = sum(one[SHAPE].length for one in ways if one["weg"] != "motorway")
    streets = tables["streets"]
    assert streets.geometry.length[streets["is_walk"].to_numpy(dtype=bool)].sum() == pytest.approx(walked, rel=1e-4)


@examples(60)
@given(seed=SEEDS)
def test_cells_are_as_their_numbers_and_masks_say(seed: int) -> None:
    """Stored numbers, scale and offset, no-data, a mask: which cells lie above a threshold, counted on the array."""
    chance, rng = random.Random(seed), np.random.default_rng(seed)
    stored = rng.integers(0, 200, (chance.randint(1, 9), chance.randint(1, 9))).astype(
        chance.choice(("uint8", "int16", "float32"))
    )
    scale, offset = chance.choice(((1.0, 0.0), (0.5, 0.0), (0.25, -8.0)))
    nodata = chance.choice((None, 0, 199))
    masked = rng.random(stored.shape) < chance.choice((0.0, 0.4))
    threshold, side_m = chance.uniform(0, 60), chance.choice((5.0, 25.0))
    # What either says is not known is not: GDAL's own mask would forget the no-data where there is a mask besides.
    known = ~masked & (True if nodata is None else stored != nodata)
    is_above = known & (stored.astype("float64") * scale + offset > threshold)
    with tempfile.TemporaryDirectory() as name, rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        folder = Path(name)
        at = rasterio.Affine(side_m, 0, ORIGIN[0], 0, -side_m, ORIGIN[1])
        form = {
            "height": stored.shape[0],
            "width": stored.shape[1],
            "count": 1,
            "dtype": stored.dtype,
            "nodata": nodata,
        }
        with rasterio.open(folder / "g.tif", "w", driver="GTiff", crs="EPSG:28992", transform=at, **form) as sink:
            sink.write(stored, 1)
            sink.scales, sink.offsets = (scale,), (offset,)
            if masked.any():
                sink.write_mask(~masked)
        given = sources(layers={"flood": {"reader": "raster", "about": ABOUT, "path": "g.tif", "unit": "m"}})
        found = prepare(given, directory=folder / "out", base=folder, request=Request(rules=(above(threshold),)))
        layers = found.read_layers()
    assert layers.geometry.area.sum() == pytest.approx(is_above.sum() * side_m**2)
    rows, columns = np.nonzero(is_above)
    centres = shapely.points(ORIGIN[0] + side_m * (columns + 0.5), ORIGIN[1] - side_m * (rows + 0.5))
    assert shapely.contains(shapely.union_all(layers.geometry.to_numpy()), centres).all() or not len(centres)


HIGHWAYS = {"residential": "wbc", "footway": "w", "steps": "w", "motorway": "c", "unclassified": "wbc"}
"""Who may use a street of a class, where no other tag says so: walkers, bicycles, cars."""

MODES = {"is_walk": ("w", "foot"), "is_bicycle": ("b", "bicycle")}
PER_CENT = 0.01


@examples(30)
@given(seed=SEEDS)
def test_streets_are_as_long_as_osmnx_finds_them(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of each mode, over a map with ways that are closed to all, to walkers or to bicycles, or of one direction."""
    chance = random.Random(seed)
    places = {
        1 + i: (5.38 + 0.002 * (i % 6) + chance.uniform(0, 5e-4), 52.15 + 0.002 * (i // 6) + chance.uniform(0, 5e-4))
        for i in range(30)
    }
    ways = {}
    for number in range(100, 100 + chance.randint(3, 15)):
        tags = {"highway": chance.choice(list(HIGHWAYS))}
        for key, values in (
            ("access", ("no", "private")),
            ("foot", ("no",)),
            ("bicycle", ("no",)),
            ("oneway", ("yes", "-1")),
        ):
            if chance.random() < 0.2:
                tags[key] = chance.choice(values)
        ways[number] = (chance.sample(list(places), chance.randint(2, 5)), tags)
    ways[99] = ([1, 2, 3], {"highway": "residential"})
    folder = tmp_path_factory.mktemp("map")
    for name in ("m.osm.pbf", "m.osm"):
        write_map(folder / name, ways, places=places)
    entry = {"reader": "osm_pbf", "about": ABOUT, "path": "m.osm.pbf"}
    given = sources(streets=entry)
    found = prepare(given, directory=folder / "out", base=folder, request=request_of(given))
    streets = gpd.read_parquet(found.tables["streets"])
    theirs = _edges(folder / "m.osm")
    for column, (letter, key) in MODES.items():
        is_open = [_is_open(ways[number][1], letter, key) for number in theirs["osmid"]]
        ours_m = streets.geometry.length[streets[column].to_numpy(dtype=bool)].sum()
        assert ours_m == pytest.approx(theirs.loc[is_open, "length"].sum(), rel=PER_CENT)


def _edges(path: Path) -> pd.DataFrame:
    """Return every piece of every way, once whatever its direction, with its length on the globe."""
    graph = ox.graph_from_xml(path, simplify=False, retain_all=True)
    edges = pd.DataFrame([(*sorted((a, b)), one["osmid"], one["length"]) for a, b, one in graph.edges(data=True)])
    return edges.set_axis(["a", "b", "osmid", "length"], axis=1).drop_duplicates(["a", "b", "osmid"])


def _is_open(tags: dict[str, str], letter: str, key: str) -> bool:
    return letter in HIGHWAYS[tags["highway"]] and "access" not in tags and key not in tags


DAY = "20260105"
"""A Monday."""


@examples(30)
@given(seed=SEEDS)
def test_departures_are_as_counted_row_by_row(seed: int) -> None:
    """Of calendars and their exceptions, of trips that are there twice, of stops where none may board."""
    chance = random.Random(seed)
    services = {f"s{i}": _service(chance) for i in range(chance.randint(1, 4))}
    services["s0"] = (True, "20260101", "20261231", None)
    trips = {f"t{i}": (f"r{chance.randint(1, 2)}", chance.choice(list(services))) for i in range(chance.randint(1, 9))}
    calls = {trip: _calls(chance) for trip in trips}
    calls["t0"], trips["t0"] = [("A", "08:00:00", "0"), ("B1", "08:10:00", "0"), ("C", "08:20:00", "0")], ("r1", "s0")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        feeds.write_zip(folder, **_texts(services, trips, calls))
        write_map(folder / "m.osm.pbf", {10: ([1, 2, 3], {"highway": "residential"})})
        stops = {"reader": "gtfs", "about": ABOUT, "path": "feed.zip", "reference_date": "2026-01-05"}
        given = sources(streets={"reader": "osm_pbf", "about": ABOUT, "path": "m.osm.pbf"}, stops={"t": stops})
        prepared = prepare(given, directory=folder / "out", base=folder, request=request_of(given))
        found = pd.read_parquet(prepared.tables["stops"]).set_index("stop_id")
    runs = {(trips[one][0], *calls[one]) for one in trips if _runs(*services[trips[one][1]])}
    for stop in {at for _, *stops in runs for at, *_ in stops}:
        area = stop[0]  # both sides of B have the buses of B
        boarded = [
            (route, time)
            for route, *stops in runs
            for at, time, pickup in stops[:-1]
            if at[0] == area and pickup == "0"
        ]
        ours = found["n_departures_day"].get(stop, 0)
        assert (0 if pd.isna(ours) else ours) == len(boarded), stop
        if boarded:
            assert found.loc[stop, "n_lines"] == len({route for route, _ in boarded})


Service = tuple[bool, str, str, str | None]


def _service(chance: random.Random) -> Service:
    """Return whether a service runs on Mondays, its first and last day, and the exception of the day, if any."""
    first, last = chance.choice((("20260101", "20261231"), ("20260105", "20260105"), ("20260106", "20261231")))
    return chance.random() < 0.7, first, last, chance.choice((None, None, "1", "2"))


def _runs(is_on_mondays: bool, first: str, last: str, exception: str | None) -> bool:  # noqa: FBT001 - a row of a calendar
    return exception == "1" if exception else is_on_mondays and first <= DAY <= last


def _calls(chance: random.Random) -> list[tuple[str, str, str]]:
    """Return the stops of a trip with the time and whether one may board (0) there; of few kinds: some come twice."""
    stops = chance.choice((("A", "B1", "C"), ("C", "B2", "A"), ("A", "C")))
    hour = chance.choice((6, 8, 12, 22))
    return [(stop, f"{hour:02d}:{10 * i:02d}:00", "1" if i and hour == 12 else "0") for i, stop in enumerate(stops)]


def _texts(services: dict[str, Service], trips: dict[str, tuple[str, str]], calls: dict[str, Any]) -> dict[str, str]:
    days = [f"{one},{int(on)},0,0,0,0,0,0,{first},{last}" for one, (on, first, last, _) in services.items()]
    exceptions = [f"{one},{DAY},{kind}" for one, (*_, kind) in services.items() if kind]
    rows = [
        f"{trip},{time},{time},{stop},{i},{pickup}"
        for trip, stops in calls.items() for i, (stop, time, pickup) in enumerate(stops)
    ]  # fmt: skip
    head = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date"
    return {
        "calendar_txt": "\n".join([head, *days]),
        "calendar_dates_txt": "\n".join(["service_id,date,exception_type", *exceptions]),
        "trips_txt": "\n".join(["route_id,service_id,trip_id", *(f"{r},{s},{t}" for t, (r, s) in trips.items())]),
        "stop_times_txt": "\n".join(["trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type", *rows]),
    }
