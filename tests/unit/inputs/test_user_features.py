"""A user's own points and lines: every option is obeyed, every row is told, nothing is dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from flexsites.config.study import resolve
from flexsites.inputs.prepare import Request, check, prepare
from flexsites.inputs.prepared import Prepared
from flexsites.runs.prepare import reach_request
from flexsites.tables import Amenities, Stops, StreetLines
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, vector, write

REACH = Request(reach=reach_request(resolve("demo_province")))


def grid(n: int = 4) -> gpd.GeoDataFrame:
    """Return n streets side by side and one across, 100 m apart, each a kilometre long."""
    x, y = ORIGIN
    lines = [shapely.LineString([(x + 100 * i, y), (x + 100 * i, y + 1000)]) for i in range(n)]
    across = shapely.LineString([(x + 100 * i, y) for i in range(n)])
    return gpd.GeoDataFrame({"kind": "residential", "nr": range(n + 1)}, geometry=[*lines, across], crs=28992)


def places(n: int = 3) -> gpd.GeoDataFrame:
    x, y = ORIGIN
    points = [shapely.Point(x + 100 * i, y + 100) for i in range(n)]
    return gpd.GeoDataFrame({"nr": range(n), "soort": "supermarket"}, geometry=points, crs=28992)


def lines_of(path: Path | str, **more: Any) -> dict[str, Any]:
    return {**vector(path), "reader": "lines", "class_column": "kind", **more}


def points_of(path: Path, **more: Any) -> dict[str, Any]:
    return {**vector(path), "reader": "points", "category": "supermarket", "id_column": "nr", **more}


def stops_of(path: Path, **more: Any) -> dict[str, Any]:
    return {**vector(path), "reader": "stops", "mode": "bus", "id_column": "nr", **more}


def faults(folder: Path, **given: Any) -> list[str]:
    given.setdefault("streets", lines_of(write(grid(), folder / "streets.gpkg")))
    return [str(one) for one in check(sources(**given), base=folder, request=REACH).faults]


def made(folder: Path, **given: Any) -> Prepared:
    given.setdefault("streets", lines_of(write(grid(), folder / "streets.gpkg")))
    return prepare(sources(**given), directory=folder / "out", base=folder, request=REACH)


def record(prepared: Prepared, name: str) -> Any:
    return next(one for one in prepared.records if one.id == name)


@pytest.mark.parametrize("reader", [points_of, stops_of])
def test_rows_that_cannot_be_used_are_faults_and_not_gone(tmp_path: Path, reader: Any) -> None:
    x, y = ORIGIN
    frame = places(4)
    frame.loc[1, "nr"] = 0
    frame.loc[2, "geometry"] = None
    frame.loc[3, "geometry"] = shapely.LineString([(x, y), (x + 5, y)])
    group = "amenities" if reader is points_of else "stops"
    row = reader(write(frame, tmp_path / "p.gpkg"))
    found = faults(tmp_path, **{group: {"s": row}})
    kind = "place" if reader is points_of else "point"
    parts = (
        "nr: an id that another feature has (1 row", "geometry: no geometry (1 row", f"geometry: not a {kind} (1 row",
    )  # fmt: skip
    assert len(found) == 3
    for part in parts:
        assert any(fault.startswith(f"{group}.s (p.gpkg).{part}") for fault in found), part
    told = record(made(tmp_path, **{group: {"s": row}}, faulty_rows="quarantine"), f"{group}.s")
    assert (told.n_read, told.n_features, told.n_quarantined) == (4, 1, 3)


def test_points_are_chosen_renamed_recoded_and_weighed_as_every_source(tmp_path: Path) -> None:
    frame = places(4).assign(
        soort=["AH", "AH", "HA", "?"], status=["open", "dicht", "open", "open"], plaatsen=[1, 2, 3, 4]
    )
    row = points_of(
        write(frame, tmp_path / "p.gpkg"), category_column="category", weight_column="plaatsen",
        where={"status": ["open"]}, rename={"soort": "category"},
        recode={"category": {"AH": "supermarket", "HA": "gp", "?": None}},
    )  # fmt: skip
    del row["category"]
    (fault,) = faults(tmp_path, amenities={"s": row})
    assert fault.startswith("amenities.s (p.gpkg).soort: no category (1 row: 3)")
    prepared = made(tmp_path, amenities={"s": row}, faulty_rows="quarantine")
    table = prepared.read("amenities", Amenities).set_index("amenity_id")
    assert table["category"].to_dict() == {"s/0": "supermarket", "s/2": "gp"}
    assert table["weight"].to_dict() == {"s/0": 1.0, "s/2": 3.0}
    told = record(prepared, "amenities.s")
    assert (told.n_read, told.n_left_out, told.n_features, told.n_quarantined) == (4, 1, 2, 1)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"soort": ["supermarket", "Supermarket", "gp"]}, "words that are not known (1 row: Supermarket)"),
        ({"banen": ["12", "veel", "3"]}, "cannot be read as a number (1 row: veel)"),
        ({"banen": [1, -1, 2]}, "a weight that is below zero or no amount (1 row"),
        ({"banen": [1, None, 2]}, "no weight (1 row"),
    ],
)
def test_categories_and_weights_that_mean_nothing_are_faults(tmp_path: Path, change: Any, part: str) -> None:
    frame = places(3).assign(**({"banen": 1} | change))
    row = points_of(write(frame, tmp_path / "p.gpkg"), category_column="soort", weight_column="banen")
    del row["category"]
    (fault,) = faults(tmp_path, amenities={"s": row})
    assert part in fault


@pytest.mark.parametrize(("moved_m", "told"), [(0.0, True), (9.0, True), (11.0, False)])
def test_one_amenity_of_two_sources_is_told(tmp_path: Path, moved_m: float, *, told: bool) -> None:
    two = places(1).assign(geometry=places(1).translate(moved_m))
    rows = {name: points_of(write(one, tmp_path / f"{name}.gpkg")) for name, one in (("a", places()), ("b", two))}
    found = made(tmp_path, amenities=rows)
    warning = "amenities: 2 of supermarket lie within 10 m of one of another source: each counts"
    assert [one for one in found.warnings if one.startswith("amenities: ")] == ([warning] if told else [])


def test_an_area_is_an_amenity_at_a_point_on_it(tmp_path: Path) -> None:
    x, y = ORIGIN
    frame = places(2)
    frame.loc[1, "geometry"] = shapely.box(x, y, x + 10, y + 10)
    prepared = made(tmp_path, amenities={"s": points_of(write(frame, tmp_path / "p.gpkg"))})
    shapes = prepared.read("amenities", Amenities).set_index("amenity_id").geometry
    assert shapes["s/1"] == shapely.Point(x + 5, y + 5)
    assert "1 is no point" in record(prepared, "amenities.s").notes


def test_lines_are_chosen_and_counted_as_every_source(tmp_path: Path) -> None:
    frame = grid().assign(status=["open", "plan", "open", "open", "open"])
    row = lines_of(write(frame, tmp_path / "l.gpkg"), where={"status": ["open"]}, id_column="nr")
    prepared = made(tmp_path, streets=row)
    told = record(prepared, "streets")
    assert (told.n_read, told.n_left_out, told.n_features) == (5, 1, 4)
    boxes = prepared.read("streets", StreetLines).bounds
    upright = boxes[boxes["minx"] == boxes["maxx"]]
    assert sorted(set(upright["minx"] - ORIGIN[0])) == [0.0, 200.0, 300.0]


@pytest.mark.parametrize(
    ("change", "more", "part"),
    [
        (
            {"kind": ["residential", None, "service", "service", "path"]},
            {},
            "streets (l.gpkg).kind: no class of road (1 row: 1)",
        ),
        (
            {"kind": ["residential", "Service", "service", "path", "path"]},
            {},
            "classes of road not known: Service (1 row)",
        ),
        ({"kind": ["laan"] * 5}, {}, "classes of road not known: laan"),
        ({"kind": ["bridleway"] * 5}, {}, "no line may be used by anybody (5 rows)"),
        ({"kant": ["H", "yes", "no", "-1", None]}, {"oneway_column": "kant"}, "words for one-way not known: H (1 row)"),
        ({"kind": ["residential"] * 5}, {"where": {"weg": ["x"]}}, "no column weg, which `where` names"),
    ],
)
def test_lines_that_are_no_streets_are_told(tmp_path: Path, change: Any, more: Any, part: str) -> None:
    frame = grid().assign(**change)
    row = lines_of(write(frame, tmp_path / "l.gpkg"), id_column="nr", **more)
    (fault,) = faults(tmp_path, streets=row)
    assert part in fault


def test_lines_that_are_all_set_apart_are_told_as_such(tmp_path: Path) -> None:
    row = lines_of(write(grid().assign(kind=None), tmp_path / "l.gpkg"), id_column="nr")
    (fault,), told = check(sources(streets=row, faulty_rows="quarantine"), base=tmp_path, request=REACH)
    assert str(fault).startswith("streets: no line is left: 5 were set apart")
    assert told[0].startswith("streets: 5 rows not used (no class of road: 5)")


def test_a_damaged_file_of_lines_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "l.gpkg").write_text("<html>503</html>", encoding="utf-8")
    (fault,) = faults(tmp_path, streets=lines_of("l.gpkg"))
    assert fault.startswith("streets (l.gpkg): cannot be read")


def test_the_declared_reference_system_of_lines_holds(tmp_path: Path) -> None:
    """GeoJSON without a `crs` member is in degrees by its standard; a file in RD New is declared to be so."""
    content = json.loads(grid().drop(columns="nr").to_json())
    content.pop("crs", None)
    (tmp_path / "l.geojson").write_text(json.dumps(content), encoding="utf-8")
    assert "coordinates in metres" in faults(tmp_path, streets=lines_of("l.geojson"))[0]
    prepared = made(tmp_path, streets=lines_of("l.geojson", crs="EPSG:28992"))
    assert prepared.read("streets", StreetLines).total_bounds[:2].tolist() == list(ORIGIN)
    write(grid(), tmp_path / "l.gpkg")
    assert "the configuration declares EPSG:4326" in faults(tmp_path, streets=lines_of("l.gpkg", crs="EPSG:4326"))[0]


def test_a_member_of_an_archive_is_read_as_lines_and_points(tmp_path: Path) -> None:
    import zipfile  # noqa: PLC0415

    write(grid(), tmp_path / "l.gpkg")
    write(places(), tmp_path / "p.gpkg")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        packed.write(tmp_path / "l.gpkg", "map/l.gpkg")
        packed.write(tmp_path / "p.gpkg", "map/p.gpkg")
    streets, stops = lines_of("all.zip/map/l.gpkg"), {"s": stops_of(Path("all.zip/map/p.gpkg"))}
    assert len(made(tmp_path, streets=streets, stops=stops).read("stops", Stops)) == 3


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"amenities": {"s": points_of(Path("p.gpkg"), keep=["nr"])}}, "sources.amenities.s: `keep` has no effect"),
        ({"parcels": vector("p.gpkg", coverage="run")}, "sources.parcels: `coverage` has no effect"),
        ({"areas": {"wijken": vector("p.gpkg", coverage="none")}}, "sources.areas.wijken: `coverage` has no effect"),
        (
            {"demand": {"reader": "table", "about": ABOUT, "path": "p.csv", "key": "a", "id_column": "a"}},
            "sources.demand: `id_column` has no effect",
        ),
        (
            {"buildings": {"bag_panden": vector("p.gpkg", where={"status": ["x"]})}},
            "sources.buildings.bag_panden: `where` has no effect",
        ),
    ],
)
def test_an_option_that_a_source_does_not_use_is_refused(tmp_path: Path, given: Any, part: str) -> None:
    write(places(), tmp_path / "p.gpkg")
    (tmp_path / "p.csv").write_text("a,target_group,n_homes\nGM0001,starters,3\n", encoding="utf-8")
    assert any(part in fault for fault in faults(tmp_path, **given))
