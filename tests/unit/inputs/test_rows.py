"""The smaller faults: names, zips, rasters, owners; and what the user's mapping does to rows."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from flexsites.config.rules import RasterAbove
from flexsites.config.source_rows import CoverageOf
from flexsites.config.sources import Sources
from flexsites.errors import InputError
from flexsites.inputs.formats.archives import features_of
from flexsites.inputs.formats.files import Places
from flexsites.inputs.land.coverages import coverage_of
from flexsites.inputs.prepare import Request, check, prepare
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.rows.selection import plain
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares, vector, write

LABEL = {"nl": "r", "en": "r"}


def faults(folder: Path, given: Sources, **more: Any) -> list[str]:
    return [str(fault) for fault in check(given, base=folder, **more).faults]


def layer(folder: Path, frame: gpd.GeoDataFrame, **more: object) -> Prepared:
    row = vector(write(frame, folder / "l.gpkg"), **more)
    return prepare(sources(layers={"l": row}), directory=folder / "out", base=folder)


def test_an_attribute_may_not_take_the_name_of_a_column(tmp_path: Path) -> None:
    frame = squares().assign(layer=1)
    row = vector(write(frame, tmp_path / "l.gpkg"), keep=["layer"])
    assert faults(tmp_path, sources(layers={"l": row})) == [
        "layers.l (l.gpkg): an attribute is called layer, as a column of every layer is. Remedy: `rename` layer."
    ]
    assert layer(tmp_path, frame, rename={"layer": "level"}).read_layers()["level"].tolist() == [1] * 4


def test_two_columns_may_not_become_one(tmp_path: Path) -> None:
    frame = squares().assign(a=1, b=2)
    row = vector(write(frame, tmp_path / "l.gpkg"), rename={"a": "x", "b": "x"})
    assert "two columns become x" in faults(tmp_path, sources(layers={"l": row}))[0]


def test_the_mapping_of_rows_and_columns(tmp_path: Path) -> None:
    frame = squares(6).assign(
        year=[1990, 9999, 2000, 2001, 2002, 2003],
        status=["in use", "in use", "demolished", None, "in use", "in use"],
        flag=[True, False, True, False, True, False],
    )
    found = layer(
        tmp_path,
        frame,
        id_column="id",
        id_prefix="x-",
        where={"status": ["in use", None], "use": ["grass", "road"]},
        keep=["flag"],
        rename={"year": "year_built", "use": "kind"},
        recode={"kind": {"grass": "gras", "road": None}},
        constants={"plan_hardness": "hard"},
        nulls=[9999],
    )
    rows = found.read_layers().sort_values("feature_id", ignore_index=True)
    assert rows["feature_id"].tolist() == ["x-p0", "x-p1", "x-p3", "x-p4", "x-p5"]
    assert rows["year_built"].isna().tolist() == [False, True, False, False, False]
    assert str(rows["year_built"].dtype) == "Int64"
    assert str(rows["flag"].dtype) == "boolean"
    assert rows["kind"].fillna("-").tolist() == ["gras", "-", "-", "gras", "-"]
    assert set(rows["plan_hardness"]) == {"hard"}
    assert "status" not in rows
    assert (found.records[0].n_read, found.records[0].n_left_out) == (6, 1)


def test_ids_that_look_like_numbers_stay_as_they_are_written(tmp_path: Path) -> None:
    frame = squares(2).assign(id=["0363100012000001", "0363100012000002"])
    assert sorted(layer(tmp_path, frame, id_column="id").read_layers()["feature_id"]) == list(frame["id"])


def test_numbers_as_ids(tmp_path: Path) -> None:
    found = layer(tmp_path, squares(2).assign(id=[1, 22]), id_column="id")
    assert sorted(found.read_layers()["feature_id"]) == ["1", "22"]


@pytest.mark.parametrize(
    ("given", "expected", "dtype"),
    [
        ([1, 2], [1, 2], "Int64"),
        ([1.5, None], [1.5, np.nan], "float64"),
        ([True, None], [True, pd.NA], "boolean"),
        (["a", None], ["a", np.nan], "str"),
        (pd.to_datetime(["2024-01-02", None]), ["2024-01-02T00:00:00", np.nan], "str"),
        ([["a", "b"], None], ["a|b", np.nan], "str"),
        (["{a,b}", "{}"], ["a|b", ""], "str"),
    ],
)
def test_columns_are_of_plain_types(given: Any, expected: list[Any], dtype: str) -> None:
    column = pd.Series(given, dtype="boolean" if dtype == "boolean" else None)
    expected_column = pd.Series(expected, dtype=dtype)
    pd.testing.assert_series_equal(plain(column, ()), expected_column, check_names=False)


def test_a_zip_of_several_files_must_say_which(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(squares(), tmp_path / f"{name}.gpkg")
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as packed:
        for name in ("a", "b"):
            packed.write(tmp_path / f"{name}.gpkg", f"{name}.gpkg")
    row = vector("both.zip", id_column="id")
    assert "2 files fit in this zip (a.gpkg, b.gpkg)" in faults(tmp_path, sources(parcels=row))[0]
    assert faults(tmp_path, sources(parcels=vector("both.zip/a.gpkg", id_column="id"))) == []
    assert "0 files fit in this zip" in faults(tmp_path, sources(parcels=vector("both.zip/c.gpkg")))[0]


def test_a_file_of_a_zip_is_itself_alone_though_others_are_numbered_like_it(tmp_path: Path) -> None:
    names = ["map.gml", "map_2024.gml", "map-000001.gml"]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for name in names:
            packed.writestr(name, "<a/>")

    def found(member: str) -> list[str]:
        paths = features_of(f"{tmp_path}/a.zip/{member}", None, where="a", scratch=tmp_path / "scratch")
        return [path.name for path in paths]

    assert [found(name) for name in names] == [[name] for name in names]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("map_2024.gml", "<a/>")
    with pytest.raises(InputError, match="0 files fit"):
        found("map.gml")


def test_a_shapefile_in_a_zip(tmp_path: Path) -> None:
    squares().to_file(tmp_path / "s.shp")
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as packed:
        for path in tmp_path.glob("s.*"):
            if path.suffix != ".zip":
                packed.write(path, path.name)
    found = prepare(
        sources(parcels=vector("s.zip", id_column="id")), directory=tmp_path / "out", base=tmp_path
    ).parcels()
    assert sorted(found["site_id"]) == ["p0", "p1", "p2", "p3"]


def test_several_layers_must_say_which(tmp_path: Path) -> None:
    for name in ("one", "two"):
        squares().to_file(tmp_path / "l.gpkg", driver="GPKG", layer=name)
    assert "2 layers and none is named" in faults(tmp_path, sources(parcels=vector("l.gpkg")))[0]


def test_several_files_are_one_source(tmp_path: Path) -> None:
    write(squares(2), tmp_path / "a.gpkg")
    write(squares(4).iloc[2:], tmp_path / "b.gpkg")
    row = {"reader": "vector", "about": ABOUT, "path": ["a.gpkg", "b.gpkg"], "id_column": "id"}
    found = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)
    assert sorted(found.parcels()["site_id"]) == ["p0", "p1", "p2", "p3"]


def test_geojson_that_says_no_crs_may_be_declared(tmp_path: Path) -> None:
    frame = squares()
    text = frame.to_json()
    (tmp_path / "p.geojson").write_text(text.replace('"crs"', '"was"'), encoding="utf-8")
    wrong = faults(tmp_path, sources(parcels=vector("p.geojson", id_column="id")))
    assert "coordinates in metres, labelled EPSG:4326" in wrong[0]
    assert faults(tmp_path, sources(parcels=vector("p.geojson", id_column="id", crs="EPSG:28992"))) == []


def test_heights_are_dropped_and_compound_systems_are_rd(tmp_path: Path) -> None:
    frame = squares()
    high = frame.set_geometry(shapely.force_3d(frame.geometry.to_numpy(), 7.5), crs=7415)
    found = prepare(
        sources(parcels=vector(write(high, tmp_path / "p.gpkg"), id_column="id")),
        directory=tmp_path / "out",
        base=tmp_path,
    )
    assert not shapely.has_z(found.parcels().geometry.to_numpy()).any()
    assert found.parcels().total_bounds == pytest.approx(frame.total_bounds)


def _raster(folder: Path, **profile: Any) -> None:
    at = rasterio.Affine(50, 0, ORIGIN[0], 0, -50, ORIGIN[1] + 100)
    shape = {"height": 2, "width": 2, "count": 1, "dtype": "uint8", "transform": at, "crs": "EPSG:28992"}
    with rasterio.open(folder / "r.tif", "w", driver="GTiff", **(shape | profile)) as sink:
        sink.write(np.ones((2, 2), dtype="uint8"), 1)


@pytest.mark.parametrize(
    ("profile", "row", "what"),
    [
        ({"crs": None}, {}, "the CRS is missing"),
        ({}, {"band": 2}, "no band 2"),
        ({}, {"crs": "EPSG:4326"}, "the file says its CRS is EPSG:28992"),
        ({"nodata": 0}, {"nodata": 255}, "the file says nodata is 0, the configuration declares 255"),
        ({"crs": "EPSG:4326"}, {}, "coordinates in metres, labelled EPSG:4326"),
        ({"transform": rasterio.Affine(50, 5, ORIGIN[0], 5, -50, ORIGIN[1])}, {}, "turned against its axes"),
    ],
)
def test_faults_of_rasters(tmp_path: Path, profile: dict[str, Any], row: dict[str, Any], what: str) -> None:
    _raster(tmp_path, **profile)
    flood = {"reader": "raster", "about": ABOUT, "path": "r.tif", "unit": "m", **row}
    rule = RasterAbove.model_validate(
        {"kind": "raster_above", "rule_id": "f", "label": LABEL, "effect": "flag", "source": "x"}
        | {"raster": "flood", "unit": "m", "threshold": {"value": 0, "source": "x"}}
    )
    found = faults(tmp_path, sources(layers={"flood": flood}), request=Request(rules=(rule,)))
    assert len(found) == 1
    assert what in found[0]


@pytest.mark.parametrize(("value", "n"), [(1, 0), (9, 2)])
def test_tiles_that_contradict_each_other_where_they_overlap_are_told(tmp_path: Path, value: int, n: int) -> None:
    """Two of the cells of the second tile lie over the first; where they say the same nothing is told."""
    for name, shift, worth in (("a", 0, 1), ("b", 50, value)):
        _raster(tmp_path, transform=rasterio.Affine(50, 0, ORIGIN[0] + shift, 0, -50, ORIGIN[1] + 100))
        with rasterio.open(tmp_path / "r.tif", "r+") as sink:
            sink.write(np.full((2, 2), worth, dtype="uint8"), 1)
        (tmp_path / "r.tif").rename(tmp_path / f"{name}.tif")
    flood = {"reader": "raster", "about": ABOUT, "path": ["a.tif", "b.tif"], "unit": "m", "nodata": 0}
    rule = RasterAbove.model_validate(
        {"kind": "raster_above", "rule_id": "f", "label": LABEL, "effect": "flag", "source": "x"}
        | {"raster": "flood", "unit": "m", "threshold": {"value": 5, "source": "x"}}
    )
    rows = sources(layers={"flood": flood})
    found = prepare(rows, directory=tmp_path / "o", base=tmp_path, request=Request(rules=(rule,)))
    told = f"{n} cells are told otherwise by another file of the same ground"
    assert [note.startswith(told) for note in found.records[0].notes.split("; ")[1:]] == [True] * bool(n)
    assert found.read_layers().area.sum() == (10_000 if n else 0), "listed where one of them lists"


def test_a_raster_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "r.tif").write_bytes(b"no")
    rule = RasterAbove.model_validate(
        {"kind": "raster_above", "rule_id": "f", "label": LABEL, "effect": "flag", "source": "x"}
        | {"raster": "flood", "unit": "m", "threshold": {"value": 0, "source": "x"}}
    )
    flood = {"reader": "raster", "about": ABOUT, "path": "r.tif", "unit": "m"}
    found = faults(tmp_path, sources(layers={"flood": flood}), request=Request(rules=(rule,)))
    assert "cannot be read as a raster" in found[0]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("perceel,owner_class\np0,gemeente\np0,rijk\n", "parcels named twice with different owners (1 row: p0)"),
        ("perceel,owner_class\np1,gemeente\np0,rijk\np0,gemeente\n", "with different owners (1 row: p0)"),
        ("id,owner_class\np0,gemeente\n", "no column perceel, which `key` names"),
        ("perceel,soort\np0,x\n", "no column owner_class, which `keep` names"),
    ],
)
def test_faults_of_owners(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "o.csv").write_text(text, encoding="utf-8")
    row = {"reader": "table", "about": ABOUT, "path": "o.csv", "key": "perceel", "keep": ["owner_class"]}
    parcels = vector(write(squares(), tmp_path / "p.gpkg"), id_column="id")
    found = faults(tmp_path, sources(parcels=parcels, ownership=row))
    assert len(found) == 1
    assert what in found[0]


def test_how_many_owners_are_known_is_told(tmp_path: Path) -> None:
    """A table by other ids than those of the parcels is no fault, but nobody must miss it."""
    for text, n in (("p0,gemeente", 1), ("P0,gemeente", 0)):
        (tmp_path / "o.csv").write_text(f"perceel,owner_class\n{text}\n")
        row = {"reader": "table", "about": ABOUT, "path": "o.csv", "key": "perceel", "keep": ["owner_class"]}
        parcels = vector(write(squares(), tmp_path / "p.gpkg"), id_column="id")
        read = prepare(sources(parcels=parcels, ownership=row), directory=tmp_path / str(n), base=tmp_path)
        notes = next(record.notes for record in read.records if record.id == "parcels")
        known = f"the class of owner is known of {n} of 4 parcels"
        assert (known in notes, f"parcels: {known}" in read.warnings) == (n > 0, n == 0)


def test_where_polygons_of_several_owners_lie_over_each_other_the_owner_is_unknown(tmp_path: Path) -> None:
    x, y = ORIGIN
    shapes = [
        shapely.box(x, y, x + 300, y + 100),
        shapely.box(x + 100, y, x + 200, y + 100),
        shapely.box(x, y, x + 99, y + 99),
    ]
    held = gpd.GeoDataFrame({"owner_class": ["gemeente", "rijk", "gemeente"]}, geometry=shapes, crs=28992)
    row = vector(write(held, tmp_path / "o.gpkg"), keep=["owner_class"])
    parcels = vector(write(squares(), tmp_path / "p.gpkg"), id_column="id")
    found = prepare(sources(parcels=parcels, ownership=row), directory=tmp_path / "out", base=tmp_path)
    owners = found.parcels().set_index("site_id")["owner_class"]
    assert owners.dropna().to_dict() == {"p0": "gemeente", "p2": "gemeente"}
    assert any("1 parcel lies in polygons of several owners" in one for one in found.warnings)


def test_owners_as_polygons(tmp_path: Path) -> None:
    x, y = ORIGIN
    held = gpd.GeoDataFrame(
        {"owner_class": ["gemeente"], "tenure": ["erfpacht"]}, geometry=[shapely.box(x, y, x + 150, y + 100)], crs=28992
    )
    row = vector(write(held, tmp_path / "o.gpkg"), keep=["owner_class", "tenure"])
    parcels = vector(write(squares(), tmp_path / "p.gpkg"), id_column="id")
    found = prepare(sources(parcels=parcels, ownership=row), directory=tmp_path / "out", base=tmp_path).parcels()
    table = found.set_index("site_id")
    assert table["owner_class"].dropna().to_dict() == {"p0": "gemeente", "p1": "gemeente"}
    assert table["tenure"].dropna().unique().tolist() == ["erfpacht"]


@pytest.mark.parametrize(
    ("codes", "what"),
    [(["GM0001", None], "codes that are not of a gemeente"), (["GM0001", "PV20"], "codes that are not of a gemeente")],
)
def test_faults_of_areas(tmp_path: Path, codes: list[str | None], what: str) -> None:
    frame = squares(2).assign(statcode=codes)
    row = vector(write(frame, tmp_path / "g.gpkg"))
    found = faults(tmp_path, sources(areas={"gemeenten": row}))
    assert len(found) == 1
    assert what in found[0]


def test_areas_without_codes(tmp_path: Path) -> None:
    row = vector(write(squares(2), tmp_path / "g.gpkg"))
    assert "no column of codes" in faults(tmp_path, sources(areas={"gemeenten": row}))[0]


def test_bare_numbers_are_codes(tmp_path: Path) -> None:
    row = vector(write(squares(2).assign(statcode=[363, 14]), tmp_path / "g.gpkg"))
    found = prepare(sources(areas={"gemeenten": row}), directory=tmp_path / "out", base=tmp_path).areas()
    assert sorted(found["area_code"]) == ["GM0014", "GM0363"]


def test_coverage_of_an_unknown_gemeente(tmp_path: Path) -> None:
    areas = {"gemeenten": vector(write(squares(2).assign(statcode=["GM0001", "GM0002"]), tmp_path / "g.gpkg"))}
    row = vector(write(squares(), tmp_path / "l.gpkg"), coverage={"gemeenten": ["GM0009"]})
    assert "no area GM0009" in faults(tmp_path, sources(layers={"l": row}, areas=areas))[0]
    assert "add sources.areas.gemeenten" in faults(tmp_path, sources(layers={"l": row}))[0]


def test_areas_without_extent_cover_nothing(tmp_path: Path) -> None:
    """Cut to a run they may be empty: coverage is then nowhere, which is no fault of anyone."""
    codes = squares(1).assign(statcode=["GM0001"])
    found = prepare(
        sources(areas={"gemeenten": vector(write(codes, tmp_path / "g.gpkg"))}),
        directory=tmp_path / "out", base=tmp_path,
    ).areas()  # fmt: skip
    nowhere = found.set_geometry(gpd.GeoSeries([shapely.Polygon()] * len(found), crs=found.crs))
    places = Places(base=tmp_path, scratch=tmp_path, world=None)
    stated = CoverageOf(gemeenten=("GM0001",))
    assert coverage_of("l", stated, areas=nowhere, places=places).empty
    assert len(coverage_of("l", stated, areas=found, places=places))
