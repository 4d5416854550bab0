"""The presets on real deliveries: named in a line, read at the first try. What each file holds is in its inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from flexsites.config.run import Area
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.prepared import Prepared
from tests.conftest import real_data
from tests.unit.inputs.makers import sources


def made(folder: Path, **given: Any) -> Prepared:
    return prepare(sources(**given), directory=folder / "out", base=folder, request=Request(area=Area()))


def layer(folder: Path, name: str, preset: str, path: object, **more: object) -> Any:
    used = {"use": preset, "path": str(path), **more}
    found = made(folder, layers={name: used})
    return found.read_layers(), found.records[0]


def test_parcels_as_the_download_gives_them(tmp_path: Path) -> None:
    parcels = made(
        tmp_path, parcels={"use": "brk_percelen", "path": str(real_data("otterlo/brk_v5_sample.zip"))}
    ).parcels()
    assert len(parcels) == 11
    assert "84920229870000" in set(parcels["site_id"])
    assert ((parcels["parcel_area_m2"] - parcels["registered_area_m2"]).abs() < 3).all()


def test_parcels_of_inspire(tmp_path: Path) -> None:
    path = real_data("otterlo/inspire_cp_maastricht.gml")
    parcels = made(tmp_path, parcels={"use": "brk_percelen", "path": str(path)}).parcels()
    assert len(parcels) == 50
    assert parcels["site_id"].str.startswith("MTT00").all()


@pytest.mark.parametrize(("name", "n"), [("yards", 193), ("water", 296), ("buildings", 1681), ("public_green", 428)])
def test_layers_of_the_bgt(tmp_path: Path, name: str, n: int) -> None:
    rows, record = layer(tmp_path, name, "bgt", real_data("otterlo/otterlo_bgt.zip"))
    assert record.n_features == rows["feature_id"].nunique() == n
    assert rows.area.min() > 0


def test_planned_homes_as_provinces_gave_them(tmp_path: Path) -> None:
    rows, record = layer(tmp_path, "plan_capacity", "plancapaciteit", real_data("plans/eib.zip"), coverage="none")
    plans = rows.drop_duplicates("feature_id")
    assert record.n_features == len(plans) == 3667
    assert "681 plans without homes in any period are left out" in record.notes
    assert plans["plan_hardness"].value_counts().to_dict() == {"hard": 1950, "zacht": 1387}  # of 330 it is not known
    assert set(plans["plan_start_year"].dropna()) == {2020, 2025, 2030}
    assert (plans.area < 1).any()  # points that are drawn as slivers stay


@pytest.mark.parametrize(
    ("file", "n", "n_housing"), [("NL.IMRO.0664.BPBS03-ON99.gml", 13, 0), ("stationspleinzuidoost.gml", 11, 2)]
)
def test_zoning_plans(tmp_path: Path, file: str, n: int, n_housing: int) -> None:
    rows, record = layer(tmp_path, "zoning", "ruimtelijke_plannen", real_data(f"imro/{file}"))
    assert record.n_features == n
    assert rows.drop_duplicates("feature_id")["is_housing"].sum() == n_housing


@pytest.mark.parametrize(("file", "n"), [("NL.IMRO.0664.BPBS03-ON99.gml", 0), ("stationspleinzuidoost.gml", 26)])
def test_heights_of_zoning_plans(tmp_path: Path, file: str, n: int) -> None:
    """As the plan itself tells, read without GDAL; of storeys and built shares alone no height is made."""
    path = real_data(f"imro/{file}")
    rows, _ = layer(tmp_path, "plan_height", "ruimtelijke_plannen", path)
    found = rows.drop_duplicates("feature_id").set_index("feature_id")["height_max_m"].dropna()
    told: dict[str, float] = {}
    root = ET.parse(path).getroot()  # noqa: S314 - a published plan, kept beside the tests
    for area in (one for one in root.iter() if one.tag.endswith("}Maatvoering")):
        name = next(one.text for one in area.iter() if one.tag.endswith("}lokaalID"))
        kinds = [one.text for one in area.iter() if one.tag.endswith("}waardeType")]
        values = [one.text for one in area.iter() if one.tag.endswith("}waarde")]
        heights = [float(v) for kind, v in zip(kinds, values, strict=True) if kind == "maximum bouwhoogte (m)"]
        told |= {str(name): min(heights)} if heights else {}
    assert found.to_dict() == told
    assert len(found) == n


def test_buildings_of_the_bag_with_what_is_in_them(tmp_path: Path) -> None:
    folder = real_data("denhaag_voorburg/pand.parquet").parent
    used = {
        "use": "bag",
        "bag_panden": {"use": "bag_panden", "path": str(folder / "pand.parquet")},
        "verblijfsobjecten": {"use": "bag_verblijfsobjecten", "path": str(folder / "verblijfsobject.parquet")},
    }
    rows = made(tmp_path, layers={"buildings": used}).read_layers()
    assert rows["has_dwelling"].sum() > 5_000
    assert rows["feature_id"].str.fullmatch(r"\d{16}").all()


def test_areas_of_cbs(tmp_path: Path) -> None:
    folder = real_data("nationwide/pdok_cbs_provinces_nl_2025.json").parent
    used = {
        "gemeenten": {"use": "gemeenten", "path": str(folder / "pdok_cbs_municipalities_nl_2025.json")},
        "provincies": {"use": "provincies", "path": str(folder / "pdok_cbs_provinces_nl_2025.json")},
    }
    found = made(tmp_path, areas=used)
    areas = found.areas()
    assert areas["area_kind"].value_counts().to_dict() == {"gemeente": 342, "provincie": 12}


def test_nature_areas(tmp_path: Path) -> None:
    rows, record = layer(tmp_path, "natura2000", "natura2000", real_data("nationwide/natura2000_pdok_202608.gpkg"))
    assert record.n_features == 158  # two more lie outside the country, at sea
    assert {"Veluwe", "Naardermeer"} <= set(rows["naam"])
