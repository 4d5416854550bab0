"""Real Dutch data as it is delivered, with its traps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from flexsites.config.run import Area
from flexsites.errors import InputError
from flexsites.geometry.lattice import MAX_VERTICES
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.prepared import Prepared
from tests.conftest import real_data
from tests.unit.inputs.makers import sources, vector


def made(folder: Path, *, area: Area | None = None, **given: Any) -> Prepared:
    return prepare(sources(**given), directory=folder / "out", base=folder, request=Request(area=area or Area()))


def test_a_perceel_of_the_brk_is_its_polygon_not_its_label(tmp_path: Path) -> None:
    path = real_data("otterlo/brk_v5_sample.zip")
    row = vector(
        f"{path}/files/kadastralekaart_perceel.gml",
        geometry_column="begrenzingPerceel",
        id_column="identificatie",
        rename={"kadastraleGrootte|TypeOppervlak|waarde": "registered_area_m2"},
    )
    parcels = made(tmp_path, parcels=row).parcels().set_index("site_id")
    assert len(parcels) == 11
    assert "84920229870000" in parcels.index
    difference = (parcels["parcel_area_m2"] - parcels["registered_area_m2"]).abs()
    assert (difference < 3).all()


def test_without_a_choice_the_label_is_refused(tmp_path: Path) -> None:
    path = real_data("otterlo/brk_v5_sample.zip")
    with pytest.raises(InputError, match=r"not a polygon \(11 rows.*geometry_column"):
        made(tmp_path, parcels=vector(path, layer="Perceel", id_column="identificatie"))
    with pytest.raises(InputError, match="no element begrenzing"):
        made(tmp_path, parcels=vector(path, layer="Perceel", geometry_column="begrenzing"))


def test_inspire_parcels_have_latitude_first(tmp_path: Path) -> None:
    row = vector(real_data("otterlo/inspire_cp_maastricht.gml"), id_column="inspireId_localId")
    prepared = made(tmp_path, parcels=row)
    parcels = prepared.parcels()
    assert len(parcels) == 50
    assert parcels["site_id"].str.startswith("MTT00G").all()
    west, south, east, north = parcels.total_bounds
    assert 177_000 < west < east < 179_000
    assert 318_000 < south < north < 320_000
    assert "accuracy 0.25 m" in prepared.records[0].notes or "with the RDNAPTRANS grid" in prepared.records[0].notes


def test_curves_of_the_bgt_are_drawn_as_closely_as_asked(tmp_path: Path) -> None:
    path = f"{real_data('otterlo/otterlo_bgt.zip')}/bgt_wegdeel.gml"
    areas = {}
    for step in (8.0, 1.0):
        row = vector(
            path,
            id_column="lokaalID",
            where={"bgt-status": ["bestaand"], "eindRegistratie": [None]},
            keep=["relatieveHoogteligging", "bronhouder"],
            arc_step_degrees={"value": step, "assumption": True, "why": "test"},
        )
        prepared = made(tmp_path / str(step), layers={"wegdeel": row})
        layer = prepared.read_layers()
        areas[step] = layer.area.sum()
        assert layer["feature_id"].nunique() == prepared.records[0].n_features == 1252
        assert f"chords of at most {step:g} degrees" in prepared.records[0].notes
        assert set(layer["relatieveHoogteligging"].dropna()) <= {-1, 0, 1}
    assert areas[8.0] != areas[1.0]
    assert areas[8.0] == pytest.approx(areas[1.0], rel=1e-4)


def test_history_of_the_bgt_is_double_ids(tmp_path: Path) -> None:
    path = f"{real_data('otterlo/otterlo_bgt.zip')}/bgt_waterdeel.gml"
    with pytest.raises(InputError, match=r"an id that another feature has \(\d+ rows"):
        made(tmp_path, layers={"water": vector(path, id_column="lokaalID")})


def test_arcs_of_a_zoning_plan(tmp_path: Path) -> None:
    path = real_data("imro/stationspleinzuidoost.gml")
    before = sorted(item.name for item in path.parent.iterdir())
    row = vector(path, layer="Enkelbestemming", id_column="lokaalID", keep=["bestemmingshoofdgroep"])
    layer = made(tmp_path, layers={"plan": row}).read_layers()
    assert layer["feature_id"].nunique() == 11
    assert layer.area.sum() == pytest.approx(188_419.5, abs=0.1)
    assert {"wonen", "verkeer", "groen"} <= set(layer["bestemmingshoofdgroep"])
    assert sorted(item.name for item in path.parent.iterdir()) == before


def test_slivers_of_rotterdam_are_kept(tmp_path: Path) -> None:
    row = vector(
        real_data("rotterdam/rotterdam_centrum.gpkg"),
        layer="brk_percelen",
        id_column="BRON_ID",
        rename={"OPPERVLAK": "registered_area_m2"},
    )
    prepared = made(tmp_path, parcels=row)
    parcels = prepared.parcels()
    assert len(parcels) == prepared.records[0].n_features == 971
    assert (parcels["parcel_area_m2"] < 0.1).any()
    assert parcels["parcel_area_m2"].max() > 170_000


def test_land_use_of_kampen_has_no_ids(tmp_path: Path) -> None:
    path = real_data("kampen/landuse.gpkg")
    with pytest.raises(InputError, match=r"no id \(6,483 rows"):
        made(tmp_path / "a", parcels=vector(path, id_column="osm_id"))
    prepared = made(
        tmp_path / "b",
        parcels=vector(path, rename={"landuse": "land_use"}),
        areas={
            "gemeenten": vector(real_data("nationwide/pdok_cbs_municipalities_nl_2025.json")),
            "provincies": vector(real_data("nationwide/pdok_cbs_provinces_nl_2025.json")),
        },
        area=Area(gemeenten=("GM0166",)),
    )
    parcels = prepared.parcels()
    record = next(record for record in prepared.records if record.id == "parcels")
    assert (record.n_read, record.n_repaired, record.n_repeated) == (6615, 2, 0)
    assert parcels["site_id"].is_unique
    assert set(parcels["gemeente_code"]) == {"GM0166"}
    assert set(parcels["provincie_code"]) == {"PV23"}
    assert (prepared.areas().groupby("area_kind").size() == [342, 12]).all()


def test_natura_2000_keeps_its_area(tmp_path: Path) -> None:
    path = real_data("nationwide/natura2000_pdok_202608.gpkg")
    given = gpd.read_file(path, bbox=(180_000, 480_000, 210_000, 520_000))
    kampen = vector(path, keep=["naam"])
    whole = {"gemeenten": vector(real_data("nationwide/pdok_cbs_municipalities_nl_2025.json"))}
    prepared = made(
        tmp_path,
        layers={"natura2000": kampen},
        areas=whole,
        area=Area(bbox=(180_000, 480_000, 210_000, 520_000)),
    )
    layer = prepared.read_layers()
    assert set(layer["naam"]) == set(given["naam"])
    assert layer.dissolve("feature_id").area.sum() == pytest.approx(given.area.sum(), rel=1e-9)
    assert shapely.get_num_coordinates(layer.geometry.to_numpy()).max() <= MAX_VERTICES


def test_the_accuracy_of_the_projection_is_told() -> None:
    """The tower of Amersfoort, the origin of RD New, whose place in degrees is published."""
    projection = to_rd("EPSG:4258", where="test")
    moved = projection.apply(np.array([shapely.Point(5.387203658, 52.155172897)], dtype=object))[0]
    assert projection.accuracy_m is not None
    assert projection.accuracy_m <= 0.25
    assert moved.distance(shapely.Point(155_000, 463_000)) <= projection.accuracy_m
    assert ("without the RDNAPTRANS grid" in projection.notes) is not projection.has_official_grid
