from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import rasterio.shutil
import shapely

from flexsites.config.base import Label
from flexsites.config.rules import PlannedCapacity, RasterAbove
from flexsites.config.run import Area
from flexsites.config.study import resolve
from flexsites.config.vetoes import with_vetoes
from flexsites.errors import ConfigError, Fault, InputError, fault_of_system
from flexsites.inputs.prepare import Request, check, prepare
from flexsites.worlds.plain import inside
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares, vector, write

LABEL = {"nl": "r", "en": "r"}


def areas(folder: Path) -> Path:
    """Two gemeenten that share the line between the second and the third square, in degrees as PDOK gives them."""
    x, y = ORIGIN
    shapes = [shapely.box(x, y - 50, x + 200, y + 200), shapely.box(x + 200, y - 50, x + 400, y + 200)]
    frame = gpd.GeoDataFrame(
        {"statcode": ["GM0002", "GM0001"], "statnaam": ["Twee", "Een"], "inwoners": [-99997, 12]},
        geometry=[shapely.segmentize(shape, 10) for shape in shapes],
        crs=28992,
    )
    path = folder / "gemeenten.geojson"
    frame.to_crs(4326).to_file(path, driver="GeoJSON")
    return path


def raster(folder: Path, values: np.ndarray, *, nodata: float | None = None, cell_m: float = 50.0) -> Path:
    path = folder / "depth.tif"
    at = rasterio.Affine(cell_m, 0, ORIGIN[0], 0, -cell_m, ORIGIN[1] + values.shape[0] * cell_m)
    shape = {"height": values.shape[0], "width": values.shape[1], "count": 1}
    with rasterio.open(
        path, "w", driver="GTiff", dtype=values.dtype, crs="EPSG:28992", transform=at, nodata=nodata, **shape
    ) as sink:
        sink.write(values, 1)
    return path


def above(threshold: float, comparison: str = "above", unit: str = "m") -> RasterAbove:
    figure = {"value": threshold, "source": "x"}
    return RasterAbove.model_validate(
        {"kind": "raster_above", "rule_id": "flood", "label": LABEL, "effect": "exclude", "source": "x"}
        | {"raster": "flood", "unit": unit, "threshold": figure, "comparison": comparison}
    )


def test_parcels_know_their_gemeente(tmp_path: Path) -> None:
    given = sources(
        parcels=vector(write(squares(), tmp_path / "p.gpkg"), id_column="id"),
        areas={"gemeenten": vector(areas(tmp_path))},
    )
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path)
    codes = prepared.parcels().set_index("site_id")["gemeente_code"].to_dict()
    assert codes == {"p0": "GM0002", "p1": "GM0002", "p2": "GM0001", "p3": "GM0001"}
    table = prepared.areas().set_index("area_code")
    assert table["area_name"].to_dict() == {"GM0001": "Een", "GM0002": "Twee"}
    assert np.isnan(table.loc["GM0002", "inwoners"])
    assert table.loc["GM0001", "inwoners"] == 12
    record = next(r for r in prepared.records if r.id == "areas.gemeenten")
    assert "accuracy" in record.notes


@pytest.mark.parametrize(
    ("move", "told"),
    [
        (lambda shape, i: shape.buffer(150) if i == 0 else shape, "parcels lie in several areas of kind gemeente"),
        (lambda shape, _: shapely.transform(shape, lambda xy: xy + 9000), "no parcel lies in an area of kind gemeente"),
    ],
)
def test_areas_that_overlap_or_lie_elsewhere_are_told(tmp_path: Path, move: Any, told: str) -> None:
    path = areas(tmp_path)
    frame = gpd.read_file(path).to_crs(28992)
    write(frame.set_geometry([move(shape, i) for i, shape in enumerate(frame.geometry)]), tmp_path / "g.gpkg")
    given = sources(
        parcels=vector(write(squares(), tmp_path / "p.gpkg"), id_column="id"), areas={"gemeenten": vector("g.gpkg")}
    )
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path)
    assert [told in warning for warning in prepared.warnings] == [True]


def test_an_area_by_name_takes_its_own_parcels_only(tmp_path: Path) -> None:
    given = sources(
        parcels=vector(write(squares(), tmp_path / "p.gpkg"), id_column="id"),
        areas={"gemeenten": vector(areas(tmp_path))},
    )
    prepared = prepare(
        given, directory=tmp_path / "out", base=tmp_path, request=Request(area=Area(gemeenten=("GM0001",)))
    )
    assert sorted(prepared.parcels()["site_id"]) == ["p2", "p3"]
    record = next(r for r in prepared.records if r.id == "parcels")
    assert (record.n_read, record.n_features, record.n_outside_area) == (4, 2, 2)


def test_parcels_that_a_rule_lists_must_be_there(tmp_path: Path) -> None:
    """Of the run, or beside it; all that are not are told together, of every rule."""
    given = sources(
        parcels=vector(write(squares(), tmp_path / "p.gpkg"), id_column="id"),
        areas={"gemeenten": vector(areas(tmp_path))},
    )
    own = with_vetoes((), ["p3", "p1"])
    other = own[0].model_copy(update={"rule_id": "marked", "effect": "flag", "parcels": ("p2", "x", "y")})
    area = Area(gemeenten=("GM0001",))
    prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request(area=area, rules=own))
    mine = with_vetoes(own, ["P3"])
    of_variant = with_vetoes(mine, ["P4"])[0].model_copy(update={"rule_id": "own_vetoes__other"})
    asked = Request(area=area, rules=(*mine, other, of_variant))
    with pytest.raises(InputError) as caught:
        prepare(given, directory=tmp_path / "again", base=tmp_path, request=asked)
    told = [(one.where, one.count, list(one.ids)) for one in caught.value.faults if isinstance(one, Fault)]
    assert told == [
        ("vetoes", 1, ["P3"]), ("rules.marked.parcels", 2, ["x", "y"]), ("variants.other.vetoes", 1, ["P4"]),
    ]  # fmt: skip


def test_another_rule_with_the_name_of_vetoes_is_refused() -> None:
    """It would be lost, or do what its user made it for to parcels that are to stay out."""
    flagged = with_vetoes((), ["a"])[0].model_copy(update={"label": Label(nl="Mijn", en="Mine"), "effect": "flag"})
    for other in (inside("own_vetoes"), flagged):
        with pytest.raises(ConfigError, match="another rule has that name"):
            with_vetoes((other,), ["b"])


def test_parcels_around_the_area_count_with_any_part_of_them_and_too_large_a_one_is_told(tmp_path: Path) -> None:
    """Of the long parcel beside the area a point stands for it that lies far beyond what is read around."""
    x, y = ORIGIN
    plots = {
        "own": (0, 0, 200, 200), "beside": (200, 0, 300, 200), "long": (0, 200, 200, 2200),
        "far": (690, 0, 790, 200), "away": (720, 300, 800, 400),
    }  # fmt: skip
    boxes = [shapely.box(x + west, y + south, x + east, y + north) for west, south, east, north in plots.values()]
    frame = gpd.GeoDataFrame({"id": list(plots)}, geometry=boxes, crs=28992)
    given = sources(parcels=vector(write(frame, tmp_path / "p.gpkg"), id_column="id"))
    request = Request(area=Area(bbox=(x, y, x + 200, y + 200)))
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request)
    assert sorted(prepared.parcels()["site_id"]) == ["own"]
    around = gpd.read_parquet(prepared.tables["context_parcels"])
    assert sorted(around["site_id"]) == ["beside", "far", "long"]
    told = [warning for warning in prepared.warnings if "beyond it" in warning]
    assert [warning.partition(": ")[2][:45] for warning in told] == ["1 parcel beside the area reaches over 400 m b"]


def test_sites_are_cut_off_at_a_layer(tmp_path: Path) -> None:
    x, y = ORIGIN
    inside = gpd.GeoDataFrame({"id": ["e"]}, geometry=[shapely.box(x + 50, y, x + 250, y + 100)], crs=28992)
    given = sources(
        parcels=vector(write(squares(), tmp_path / "p.gpkg"), id_column="id"),
        layers={"extent": vector(write(inside, tmp_path / "e.gpkg"))},
    )
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request(area=Area(within="extent")))
    assert prepared.parcels().set_index("site_id")["parcel_area_m2"].round(6).to_dict() == {
        "p0": 5000.0, "p1": 10000.0, "p2": 5000.0,
    }  # fmt: skip


def test_owners_by_id_go_over_null_only(tmp_path: Path) -> None:
    (tmp_path / "owners.csv").write_text("perceel;soort\np0;Gem.\np1;Derden\n", encoding="utf-8")
    table = {
        "reader": "table", "about": ABOUT, "path": "owners.csv", "key": "perceel", "rename": {"soort": "owner_class"},
        "recode": {"owner_class": {"Gem.": "gemeente", "Derden": None}},
    }  # fmt: skip
    given = sources(parcels=vector(write(squares(), tmp_path / "p.gpkg"), id_column="id"), ownership=table)
    owners = prepare(given, directory=tmp_path / "out", base=tmp_path).parcels().set_index("site_id")["owner_class"]
    assert owners.loc["p0"] == "gemeente"
    assert owners.drop("p0").isna().all()


def test_an_owner_class_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    frame = squares().assign(owner="Derden")
    row = vector(write(frame, tmp_path / "p.gpkg"), id_column="id", rename={"owner": "owner_class"})
    with pytest.raises(InputError, match=r"owner_class: .*: not one of gemeente"):
        prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)


def test_cells_of_a_raster_are_exact(tmp_path: Path) -> None:
    values = np.array([[0, 1, 2, 3], [2, 2, 0, -1]], dtype="int8")
    flood = {"reader": "raster", "about": ABOUT, "path": str(raster(tmp_path, values, nodata=-1)), "unit": "m"}
    prepared = prepare(
        sources(layers={"flood": flood}),
        directory=tmp_path / "out",
        base=tmp_path,
        request=Request(
            rules=(
                above(1),
                above(2, "at_least"),
            )
        ),
    )
    assert set(prepared.layers) == {"flood>1", "flood>=2"}
    layer = prepared.read_layers(names=["flood>1"])
    assert layer.area.sum() == 4 * 2500
    assert set(layer["layer"]) == {"flood>1"}
    covered = prepared.coverages()
    assert covered[covered["layer"] == "flood>1"].area.sum() == 7 * 2500
    unknown = shapely.Point(ORIGIN[0] + 175, ORIGIN[1] + 25)
    assert not covered.geometry.intersects(unknown).any()


def test_a_raster_without_a_cell_that_a_rule_asks_for_is_not_told_to_lie_elsewhere(tmp_path: Path) -> None:
    flood = {"reader": "raster", "about": ABOUT, "path": str(raster(tmp_path, np.zeros((2, 4)))), "unit": "m"}
    given = sources(layers={"flood": flood})
    for _ in ("read", "remembered"):
        prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request(rules=(above(1),)))
        told = [one for one in prepared.warnings if one.startswith("layers.flood")]
        assert told == ["layers.flood: no cell that the rule asks for lies in the area of the run"]
    assert prepared.coverages().area.sum() == 8 * 2500


def test_cells_are_the_same_whatever_the_window(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 3, (700, 600)).astype("uint8")
    flood = {"reader": "raster", "about": ABOUT, "path": str(raster(tmp_path, values, cell_m=5.0)), "unit": "m"}
    x, y = ORIGIN
    tables = []
    for name, box in (("a", (x + 900, y + 900, x + 1000, y + 1000)), ("b", (x + 100, y + 800, x + 1200, y + 2100))):
        one = sources(
            parcels=vector(write(squares(), tmp_path / f"{name}.gpkg"), id_column="id"), layers={"flood": flood}
        )
        assert one.parcels is not None
        frame = gpd.GeoDataFrame({"id": ["w"]}, geometry=[shapely.box(*box)], crs=28992)
        one = sources(parcels=vector(write(frame, tmp_path / f"{name}.gpkg"), id_column="id"), layers={"flood": flood})
        tables.append(
            prepare(one, directory=tmp_path / name, base=tmp_path, request=Request(rules=(above(1),))).read_layers()
        )
    small, large = (t.set_index(["feature_id", "part"]).geometry for t in tables)
    shared = small.index.intersection(large.index)
    assert len(shared) == len(small) > 100
    assert small.loc[shared].geom_equals_exact(large.loc[shared], 0).all()


def test_a_unit_that_differs_is_a_fault(tmp_path: Path) -> None:
    flood = {
        "reader": "raster", "about": ABOUT, "unit": "cm", "path": str(raster(tmp_path, np.ones((2, 2), dtype="uint8"))),
    }  # fmt: skip
    with pytest.raises(InputError, match="reads it in m, the source is in cm"):
        prepare(
            sources(layers={"flood": flood}),
            directory=tmp_path / "out",
            base=tmp_path,
            request=Request(rules=(above(1),)),
        )


def flood(folder: Path, values: np.ndarray, change: Any = None, **more: Any) -> tuple[float, float, list[str]]:
    """Return the area of cells above 1 m, the area covered, and faults, of a grid that says more of its numbers."""
    path = raster(folder, values)
    if change is not None:
        with rasterio.open(path, "r+") as file:
            change(file)
    row = {"reader": "raster", "about": ABOUT, "path": path.name, "unit": "m", **more}
    given, request = sources(layers={"flood": row}), Request(rules=(above(1),))
    if faults := [str(one) for one in check(given, base=folder, request=request).faults]:
        return 0.0, 0.0, faults
    found = prepare(given, directory=folder / "out", base=folder, request=request)
    return float(found.read_layers().area.sum()), float(found.coverages().area.sum()), []


def test_a_raster_says_how_its_numbers_are_read(tmp_path: Path) -> None:
    """Four cells of 50 x 50 m in centimetres: 50 is half a metre; with an offset of -4.5 m nothing is above 1 m."""
    cells = np.array([[50, 150], [50, 150]], dtype="uint16")

    def scaled(file: Any) -> None:
        file.scales = (0.01,)

    def moved(file: Any) -> None:
        file.offsets = (-150.0,)

    assert flood(tmp_path, cells, scaled)[:2] == (5_000.0, 10_000.0)
    assert flood(tmp_path, cells, moved)[:2] == (0.0, 10_000.0)
    assert flood(tmp_path, cells)[:2] == (10_000.0, 10_000.0)
    (fault,) = flood(tmp_path, cells, scaled, scale=0.01)[2]
    assert "times 0.01 plus 0" in fault
    assert "remove `scale`" in fault
    assert flood(tmp_path, cells, scale=0.01)[:2] == (5_000.0, 10_000.0)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("float32", float(np.finfo("float32").max)),
        ("float32", 1e20),
        ("uint16", 65535),
        ("int16", 32767),
        ("uint8", 255),
    ],
)
def test_a_number_for_no_number_that_nobody_declared_is_no_depth(tmp_path: Path, kind: str, number: float) -> None:
    cells = np.array([[0, number], [0, number]]).astype(kind)
    (fault,) = flood(tmp_path, cells)[2]
    assert "and no nodata is said or declared" in fault
    assert flood(tmp_path, cells, nodata=number)[:2] == (0.0, 5_000.0)


def test_a_raster_in_another_unit_than_declared_is_refused(tmp_path: Path) -> None:
    """Half a metre, written as 50 cm, is no 50 m; a scale that is declared says what the file's numbers become."""

    def in_centimetres(file: Any) -> None:
        file.units = ("cm",)

    cells = np.array([[50, 150], [50, 150]], dtype="uint16")
    (fault,) = flood(tmp_path, cells, in_centimetres)[2]
    assert "the file says its numbers are in cm, the configuration declares m" in fault
    assert flood(tmp_path, cells, in_centimetres, scale=0.01)[:2] == (5_000.0, 10_000.0)


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        ({"units": "cm"}, "the file says its numbers are in cm, the configuration declares m"),
        ({"scale_factor": "0.01"}, "the file notes scale_factor 0.01 and does not say it"),
        ({"add_offset": "-4.5", "scale_factor": "1.0"}, "the file notes add_offset -4.5 and does not say it"),
    ],
)
def test_what_a_file_only_notes_of_its_numbers_is_told(tmp_path: Path, notes: dict[str, str], told: str) -> None:
    cells = np.array([[50, 150], [50, 150]], dtype="uint16")
    (fault,) = flood(tmp_path, cells, lambda file: file.update_tags(1, **notes))[2]
    assert told in fault
    assert flood(tmp_path, cells, lambda file: file.update_tags(1, **notes), scale=0.01)[:2] == (5_000.0, 10_000.0)


def test_every_band_has_a_nodata_of_its_own(tmp_path: Path) -> None:
    at = rasterio.Affine(50, 0, ORIGIN[0], 0, -50, ORIGIN[1] + 100)
    profile = {"driver": "GTiff", "height": 2, "width": 2, "count": 2, "dtype": "float32", "crs": "EPSG:28992"}
    with rasterio.open(tmp_path / "two.tif", "w", transform=at, **profile) as file:
        file.write(np.full((2, 2, 2), 2, dtype="float32"))
    rasterio.shutil.copy(tmp_path / "two.tif", tmp_path / "two.vrt", driver="VRT")
    text = (tmp_path / "two.vrt").read_text()
    text = text.replace('band="2">', 'band="2"><NoDataValue>2</NoDataValue>', 1)
    (tmp_path / "two.vrt").write_text(text)
    found = []
    for band in (1, 2):
        row = {"reader": "raster", "about": ABOUT, "path": "two.vrt", "unit": "m", "band": band}
        request = Request(rules=(above(1),))
        made = prepare(sources(layers={"flood": row}), directory=tmp_path / f"{band}", base=tmp_path, request=request)
        found.append((float(made.read_layers().area.sum()), float(made.coverages().area.sum())))
    assert found == [(10_000.0, 10_000.0), (0.0, 0.0)]


def test_cells_that_a_raster_masks_are_unknown(tmp_path: Path) -> None:
    """Half of the cells are masked, by a mask or by an alpha of 0: they are neither listed nor covered."""
    cells = np.array([[2, 2], [2, 2]], dtype="uint8")

    def masked(file: Any) -> None:
        file.write_mask(np.array([[255, 0], [255, 0]], dtype="uint8"))

    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        assert flood(tmp_path, cells, masked)[:2] == (5_000.0, 5_000.0)
    path = tmp_path / "alpha.tif"
    at = rasterio.Affine(50, 0, ORIGIN[0], 0, -50, ORIGIN[1] + 100)
    profile = {"driver": "GTiff", "height": 2, "width": 2, "count": 2, "dtype": "uint8", "crs": "EPSG:28992"}
    with rasterio.open(path, "w", transform=at, **profile) as file:
        file.write(cells, 1)
        file.write(np.array([[255, 0], [255, 0]], dtype="uint8"), 2)
        file.colorinterp = (rasterio.enums.ColorInterp.gray, rasterio.enums.ColorInterp.alpha)
    row = {"reader": "raster", "about": ABOUT, "path": "alpha.tif", "unit": "m"}
    given = sources(layers={"flood": row})
    found = prepare(given, directory=tmp_path / "alpha", base=tmp_path, request=Request(rules=(above(1),)))
    assert (found.read_layers().area.sum(), found.coverages().area.sum()) == (5_000.0, 5_000.0)


@pytest.mark.parametrize(
    ("coverage", "codes"),
    [
        ("run", {"in": "covered", "edge": "covered", "out": "covered"}),
        ("everywhere", {"in": "covered", "edge": "covered", "out": "covered"}),
        ("none", {"in": None, "edge": None, "out": None}),
        (
            {"bbox": [ORIGIN[0], ORIGIN[1], ORIGIN[0] + 400, ORIGIN[1] + 100]},
            {"in": "covered", "edge": "covered", "out": None},
        ),
        ({"gemeenten": ["GM0002"], "gemeenten_partly": ["GM0001"]}, {"in": "covered", "edge": "partly", "out": None}),
        ({"path": "drawn.gpkg"}, {"in": "covered", "edge": None, "out": None}),
    ],
)
def test_coverage_is_what_the_user_says(tmp_path: Path, coverage: object, codes: dict[str, str | None]) -> None:
    x, y = ORIGIN
    drawn = gpd.GeoDataFrame({"id": ["d"]}, geometry=[shapely.box(x, y, x + 150, y + 100)], crs=28992)
    write(drawn, tmp_path / "drawn.gpkg")
    layer = vector(write(squares(), tmp_path / "l.gpkg"), coverage=coverage)
    given = sources(layers={"nnn": layer}, areas={"gemeenten": vector(areas(tmp_path))})
    covered = prepare(given, directory=tmp_path / "out", base=tmp_path).coverages()
    places = {"in": (x + 50, y + 50), "edge": (x + 350, y + 50), "out": (x + 50, y + 90_000)}
    for name, place in places.items():
        found = covered[covered.geometry.intersects(shapely.Point(place))]
        assert list(found["coverage"]) == ([codes[name]] if codes[name] else [])


def test_where_a_users_own_layer_is_complete_is_asked_by_name(tmp_path: Path) -> None:
    """A plan of one corner says nothing of the land beside it: neither its features nor a default may tell."""
    rule = PlannedCapacity.model_validate(
        {"kind": "planned_capacity", "rule_id": "plans", "label": LABEL, "effect": "exclude", "source": "x"}
        | {"layer": "plans", "plan_hardness": ["hard"]}
    )
    path = write(squares(1).assign(plan_hardness="hard"), tmp_path / "plans.gpkg")
    rows = {"plans": vector(path, keep=["plan_hardness"]), "unread": vector(path)}
    (found,) = check(sources(layers=rows), base=tmp_path, request=Request(rules=(rule,))).faults
    assert str(found).startswith("layers.plans.coverage: it is not stated where the file is complete")
    assert "coverage: run" in str(found)
    rows["plans"] |= {"coverage": "run"}
    assert check(sources(layers=rows), base=tmp_path, request=Request(rules=(rule,))).faults == []


def test_attributes_that_rules_read_travel_and_absent_ones_are_null(tmp_path: Path) -> None:
    frame = squares().assign(hardheid=["H", "Z", "H", "H"])
    row = vector(
        write(frame, tmp_path / "plans.gpkg"),
        rename={"hardheid": "plan_hardness"},
        recode={"plan_hardness": {"H": "hard", "Z": "zacht"}},
        coverage="run",
    )
    rule = PlannedCapacity.model_validate(
        {"kind": "planned_capacity", "rule_id": "plans", "label": LABEL, "effect": "exclude", "source": "x"}
        | {"layer": "plans", "plan_hardness": ["hard"]}
    )
    layers = prepare(
        sources(layers={"plans": row}), directory=tmp_path / "out", base=tmp_path, request=Request(rules=(rule,))
    ).read_layers()
    assert sorted(layers["plan_hardness"]) == ["hard", "hard", "hard", "zacht"]
    assert layers["plan_start_year"].isna().all()
    assert str(layers["plan_start_year"].dtype) == "Int64"


def test_made_ids_do_not_depend_on_order(tmp_path: Path) -> None:
    frame = squares()
    first = vector(write(frame, tmp_path / "a.gpkg"))
    second = vector(write(frame.iloc[::-1], tmp_path / "b.gpkg"))
    ids = [
        sorted(prepare(sources(parcels=row), directory=tmp_path / name, base=tmp_path).parcels()["site_id"])
        for name, row in (("x", first), ("y", second))
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 4


def test_nothing_is_read_again_until_something_changes(tmp_path: Path) -> None:
    row = vector(write(squares(), tmp_path / "p.gpkg"), id_column="id")
    first = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)
    stamp = first.tables["parcels"].stat().st_mtime_ns
    again = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)
    assert again == first
    assert again.tables["parcels"].stat().st_mtime_ns == stamp
    (tmp_path / "p.gpkg").unlink()
    write(squares(6), tmp_path / "p.gpkg")
    assert len(prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path).parcels()) == 6
    changed = sources(parcels=row | {"where": {"use": ["road"]}})
    assert len(prepare(changed, directory=tmp_path / "out", base=tmp_path).parcels()) == 3


def test_paths_of_a_world_and_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "world").mkdir()
    write(squares(), tmp_path / "world" / "parcels.gpkg")
    given = sources(parcels=vector("world://parcels.gpkg", id_column="id"))
    assert len(prepare(given, directory=tmp_path / "a", base=tmp_path, world=tmp_path / "world").parcels()) == 4
    with pytest.raises(InputError, match="names a synthetic place"):
        prepare(given, directory=tmp_path / "b", base=tmp_path)
    monkeypatch.setenv("PARCELS_HERE", "world")
    given = sources(parcels=vector("${PARCELS_HERE}/parcels.gpkg", id_column="id"))
    assert len(prepare(given, directory=tmp_path / "c", base=tmp_path).parcels()) == 4


def test_a_path_that_leads_nowhere_names_the_variable_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is filled in when the run file is read; whoever must set it is told its name all the same."""
    monkeypatch.delenv("FLEXSITES_DATA", raising=False)
    study = resolve("kampen_sweep")
    found = [str(fault) for fault in check(study.run.sources, base=tmp_path).faults]
    missing = [fault for fault in found if "no such file" in fault]
    assert missing
    assert all(fault.endswith("Remedy: mend the path, or set FLEXSITES_DATA (is not set).") for fault in missing)
    plain = check(sources(parcels=vector("gone.gpkg")), base=tmp_path).faults
    assert str(plain[0]).endswith("Remedy: mend the path.")


def test_a_full_disk_names_the_source_and_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who write seldom say where: nothing of it is in their error."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "Error writing bytes to file")

    monkeypatch.setattr("flexsites.inputs.prepare_layers.write_layer", refuse)
    row = vector(write(squares(), tmp_path / "l.gpkg"), coverage="run")
    with pytest.raises(OSError, match="No space left on device") as told:
        prepare(sources(layers={"l": row}), directory=tmp_path / "o", base=tmp_path)
    assert str(fault_of_system(told.value)).startswith(f"layers.l ({tmp_path / 'o'}): No space left on device. Remedy:")


def test_object_stores_are_read(tmp_path: Path) -> None:
    write(squares(), tmp_path / "p.gpkg")
    given = sources(parcels=vector((tmp_path / "p.gpkg").as_uri(), id_column="id"))
    assert len(prepare(given, directory=tmp_path / "a", base=tmp_path).parcels()) == 4


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("natura200", "nothing in this run reads it, and no source gives natura2000: is it that?"),
        ("trees", "nothing in this run reads it: name it in a rule, or leave it out"),
        ("natura2000", ""), ("water", ""), ("extent", ""),
    ],
)  # fmt: skip
def test_a_layer_that_nothing_reads_is_told_with_what_may_be_meant(name: str, told: str, tmp_path: Path) -> None:
    """It is a warning, for the run stands. A rule reads a layer, or an entrance looks for it, or sites end at it."""
    write(squares(), tmp_path / "l.gpkg")
    row = vector(tmp_path / "l.gpkg", coverage="run")
    area = Area(within="extent") if name == "extent" else Area()
    request = Request(area=area, rules=(inside("natura2000"),), layers=("water",))
    found = prepare(sources(layers={name: row}), directory=tmp_path / name, base=tmp_path, request=request)
    assert [one for one in found.warnings if "reads it" in one] == ([f"layers.{name}: {told}"] if told else [])


def test_large_polygons_are_cut_and_keep_their_area(tmp_path: Path) -> None:
    disc = shapely.Point(*ORIGIN).buffer(5_000, quad_segs=500)
    frame = gpd.GeoDataFrame({"id": ["disc"]}, geometry=[disc], crs=28992)
    row = vector(write(frame, tmp_path / "l.gpkg"), id_column="id")
    layers = prepare(sources(layers={"l": row}), directory=tmp_path / "out", base=tmp_path).read_layers()
    assert len(layers) > 10
    assert sorted(layers["part"]) == list(range(len(layers)))
    assert layers.area.sum() == pytest.approx(disc.area, rel=1e-12)


def test_several_layers_are_one_table(tmp_path: Path) -> None:
    given = sources(
        layers={
            "b": vector(write(squares(), tmp_path / "b.gpkg"), id_column="id", keep=["use"]),
            "a": vector(write(squares(2), tmp_path / "a.gpkg"), id_column="id"),
        }
    )
    layers = prepare(given, directory=tmp_path / "out", base=tmp_path).read_layers()
    assert list(layers.groupby("layer").size().items()) == [("a", 2), ("b", 4)]
    assert layers.loc[layers["layer"] == "a", "use"].isna().all()
    assert pd.api.types.is_string_dtype(layers["use"])


def test_columns_of_layers_do_not_depend_on_the_window(tmp_path: Path) -> None:
    given = sources(
        layers={
            "a": vector(write(squares().assign(v=[1, 2, 3, 4], flag=True), tmp_path / "a.gpkg"), keep=["v", "flag"]),
            "b": vector(write(squares().assign(v=0.5, t="x"), tmp_path / "b.gpkg"), keep=["v", "t"]),
        }
    )
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path)
    whole, nowhere = prepared.read_layers(), prepared.read_layers((0, 0, 1, 1))
    assert len(nowhere) == 0
    assert whole.dtypes.astype(str).to_dict() == nowhere.dtypes.astype(str).to_dict()
    assert str(whole["v"].dtype) == "float64"
    assert str(whole["flag"].dtype) == "boolean"


def test_an_area_around_which_no_parcel_lies_is_told_as_such(tmp_path: Path) -> None:
    given = sources(parcels=vector(write(squares(), tmp_path / "p.gpkg"), id_column="id"))
    x, y = ORIGIN
    request = Request(area=Area(bbox=(x - 1000, y - 1000, x + 2000, y + 2000)))
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request)
    told = [one for one in prepared.warnings if one.startswith("context_parcels")]
    assert told == [
        "context_parcels: no parcel lies around the area of the run: at its edge pieces lack their neighbours"
    ]


def test_a_layer_with_nothing_in_the_area_keeps_its_columns(tmp_path: Path) -> None:
    far = gpd.GeoDataFrame({"status": ["x"]}, geometry=[shapely.box(1e5, 4e5, 1.1e5, 4.1e5)], crs=28992)
    given = sources(
        parcels=vector(write(squares(), tmp_path / "p.gpkg"), id_column="id"),
        layers={"far": vector(write(far, tmp_path / "far.gpkg"), keep=["status"])},
    )
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path)
    assert "status" in prepared.read_layers()
    assert len(prepared.read_layers()) == 0
    assert "layers.far: nothing of it lies in the area of the run" in prepared.warnings


def test_an_attribute_that_one_layer_has_without_values_makes_no_text_of_it(tmp_path: Path) -> None:
    """Roads that `has_dwelling` was asked of, beside buildings that have it; and a layer of which nothing is near."""
    houses = squares().assign(has_dwelling=[True, False, True, False])
    roads = squares().assign(has_dwelling=pd.array([None] * 4, dtype="str"))
    away = squares().set_geometry(squares().translate(50_000, 0), crs=28992).assign(has_dwelling="x")
    given = sources(
        parcels=vector(write(squares(), tmp_path / "p.gpkg"), id_column="id"),
        layers={
            name: vector(write(frame, tmp_path / f"{name}.gpkg"), keep=["has_dwelling"])
            for name, frame in {"away": away, "houses": houses, "roads": roads}.items()
        },
    )
    layers = prepare(given, directory=tmp_path / "out", base=tmp_path).read_layers()
    assert str(layers["has_dwelling"].dtype) == "boolean"
    by_layer = layers.groupby("layer")["has_dwelling"]
    assert by_layer.sum().to_dict() == {"houses": 2, "roads": 0}
    assert by_layer.count().to_dict() == {"houses": 4, "roads": 0}


@pytest.mark.parametrize("name", ["hashes.json", "parcels.json", "parcels.parquet", "layers/l.parquet"])
@pytest.mark.parametrize("damage", ["empty", "cut off", "one bit"])
def test_what_is_damaged_among_the_prepared_inputs_is_made_again(tmp_path: Path, name: str, damage: str) -> None:
    path = write(squares(), tmp_path / "p.gpkg")
    given = sources(parcels=vector(path, id_column="id"), layers={"l": vector(path)})
    first = prepare(given, directory=tmp_path / "out", base=tmp_path)
    target = tmp_path / "out" / name
    content = bytearray(target.read_bytes())
    if damage == "one bit":
        content[len(content) // 2] ^= 1
    target.write_bytes(
        b"" if damage == "empty" else bytes(content[: len(content) // 2 if damage == "cut off" else None])
    )
    again = prepare(given, directory=tmp_path / "out", base=tmp_path)
    assert again.hashes == first.hashes
    assert sorted(again.parcels()["site_id"]) == ["p0", "p1", "p2", "p3"]
