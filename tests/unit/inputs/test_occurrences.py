"""One object of the BAG in several rows: which row is the object, and what of it is unknown."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from flexsites.errors import InputError
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.stock.buildings import panden, verblijfsobjecten
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, vector

ON = dt.date(2026, 1, 1)
STANDS, GONE = "Pand in gebruik", "Pand gesloopt"
IN_USE = "Verblijfsobject in gebruik"


def pand(number: int, gemeente: str = "0344") -> str:
    return f"{gemeente}100000{number:06d}"


def unit(number: int, gemeente: str = "0344") -> str:
    return f"{gemeente}010000{number:06d}"


def square(number: int) -> shapely.Polygon:
    x = ORIGIN[0] + 50 * number
    return shapely.box(x, ORIGIN[1], x + 10, ORIGIN[1] + 10)


def rows_of(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame([{"identificatie": pand(1), "bouwjaar": 1970, "status": STANDS} | row for row in rows])
    return gpd.GeoDataFrame(frame, geometry=[square(1)] * len(frame), crs=28992)


def write_unit(path: Path) -> None:
    shared = {"status": IN_USE, "oppervlakte": 80, "gebruiksdoel": "woonfunctie", "pandref": pand(1)}
    frame = pd.DataFrame([shared | {"identificatie": unit(1)}])
    gpd.GeoDataFrame(frame, geometry=[square(1).centroid], crs=28992).to_file(path)


OCCURRENCES: dict[str, tuple[list[dict[str, Any]], bool]] = {
    "one": ([{}], True),
    "the second was declared void": (
        [{"voorkomenidentificatie": 1, "tijdstipinactief": None},
         {"voorkomenidentificatie": 2, "tijdstipinactief": "2021-05-01", "status": GONE}], True),
    "the only one was declared void": ([{"tijdstipinactieflv": "2012-01-01T10:00:00"}], False),
    "void by the mark of older extracts": ([{"aanduidingrecordinactief": "J"}], False),
    "not void by the mark of older extracts": ([{"aanduidingrecordinactief": "N"}], True),
    "not of the BAG any more": ([{"tijdstipnietbaglv": pd.Timestamp("2020-01-01")}], False),
    "demolished from next year on": (
        [{"voorkomenidentificatie": 1, "begingeldigheid": "2000-01-01", "eindgeldigheid": "2027-01-01"},
         {"voorkomenidentificatie": 2, "begingeldigheid": "2027-01-01", "eindgeldigheid": None, "status": GONE}], True),
    "demolished on the day": (
        [{"begingeldigheid": "2000-01-01", "eindgeldigheid": "2026-01-01"},
         {"begingeldigheid": "2026-01-01", "eindgeldigheid": None, "status": GONE}], False),
    "history by dates, the valid row first": (
        [{"begingeldigheid": "2020-01-01", "eindgeldigheid": None},
         {"begingeldigheid": "2000-01-01", "eindgeldigheid": "2020-01-01", "status": GONE}], True),
    "dates without signs": (
        [{"begindatumtijdvakgeldigheid": "2020010100000000", "einddatumtijdvakgeldigheid": None},
         {"begindatumtijdvakgeldigheid": "2000010100000000", "einddatumtijdvakgeldigheid": "2020010100000000",
          "status": GONE}], True),
    "days as people write them": (
        [{"begingeldigheid": "01-01-2000", "eindgeldigheid": "31-12-2020"},
         {"begingeldigheid": "31-12-2020", "eindgeldigheid": "", "status": GONE}], False),
    "days with strokes": (
        [{"begingeldigheid": "2020/01/01 00:00:00", "eindgeldigheid": None},
         {"begingeldigheid": "2000/01/01 00:00:00", "eindgeldigheid": "2020/01/01 00:00:00", "status": GONE}], True),
    "an end that never comes": ([{"eindgeldigheid": "9999-12-31"}], True),
    "a higher number wins": (
        [{"voorkomenidentificatie": 2, "status": GONE}, {"voorkomenidentificatie": 1}], False),
    "the second has ended": (
        [{"voorkomenidentificatie": 1, "eindgeldigheid": None},
         {"voorkomenidentificatie": 2, "eindgeldigheid": "2025-01-01", "status": GONE}], True),
}  # fmt: skip


@pytest.mark.parametrize("name", OCCURRENCES)
def test_the_occurrence_that_is_valid_on_the_day_counts(name: str) -> None:
    rows, stands = OCCURRENCES[name]
    standing, left_out = panden(rows_of(*rows), where="panden", on=ON)
    assert len(standing) == stands
    assert len(standing) + len(left_out) == len(rows)
    assert set(standing["pand_status"]) <= {STANDS}


@pytest.mark.parametrize("day", ["12/31/2020", "1609372800000", "31-31-2020", "2020", "vorig jaar"])
def test_a_day_that_cannot_be_read_is_never_none(day: str) -> None:
    with pytest.raises(InputError, match=r"panden.eindgeldigheid: values that are no day \(1 row"):
        panden(rows_of({"eindgeldigheid": day}), where="panden", on=ON)


@pytest.mark.parametrize("suffix", ["shp", "gpkg"])
def test_names_that_are_cut_off_or_written_in_parts_are_the_register_s(tmp_path: Path, suffix: str) -> None:
    """A second occurrence, declared void, does not tear the pand down: a shapefile keeps ten letters of that name."""
    rows = rows_of(
        {"voorkomen_identificatie": 1, "tijdstip_inactief": None, "oorspronkelijk_bouwjaar": 1970},
        {
            "voorkomen_identificatie": 2,
            "tijdstip_inactief": "2021-05-01",
            "oorspronkelijk_bouwjaar": 1970,
            "status": GONE,
        },
    ).drop(columns="bouwjaar")
    if suffix == "shp":
        rows.columns = [name.replace("_", "")[:10] for name in rows.columns]
    rows.to_file(tmp_path / f"pand.{suffix}")
    write_unit(tmp_path / "vbo.gpkg")
    row = {"reader": "bag", "about": ABOUT, "bag_panden": vector(tmp_path / f"pand.{suffix}")}
    row["verblijfsobjecten"] = vector(tmp_path / "vbo.gpkg")
    given = sources(layers={"buildings": row})
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request(reference_date=ON))
    assert prepared.read_layers()["year_built"].tolist() == [1970]


def test_a_place_where_no_pand_stands_any_more_is_read(tmp_path: Path) -> None:
    rows_of({"status": GONE}).to_file(tmp_path / "pand.gpkg")
    write_unit(tmp_path / "vbo.gpkg")
    row = {"reader": "bag", "about": ABOUT, "bag_panden": vector(tmp_path / "pand.gpkg")}
    row["verblijfsobjecten"] = vector(tmp_path / "vbo.gpkg")
    given = sources(layers={"buildings": row})
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request(reference_date=ON))
    assert prepared.read_layers().empty


def test_an_id_that_comes_twice_and_nothing_tells_is_told(tmp_path: Path) -> None:
    found = made(tmp_path, [1, 1, 2], [1, 2])
    assert any("1 pand comes again under one id" in warning for warning in found.warnings)
    assert not any("come again" in warning for warning in made(tmp_path, [1, 2], [1, 2]).warnings)


def test_a_unit_with_a_row_per_function_has_all_of_them() -> None:
    base = {"identificatie": unit(1), "status": IN_USE, "oppervlakte": 80, "pandref": pand(1)}
    rows = pd.DataFrame([base | {"gebruiksdoel": word} for word in ("woonfunctie", "winkelfunctie")])
    units, _ = verblijfsobjecten(rows, where="units", on=ON)
    assert units["functions"].tolist() == [["woonfunctie", "winkelfunctie"]]
    assert units["floor_area_m2"].tolist() == [80]


def test_a_void_occurrence_of_a_unit_is_no_unit() -> None:
    base = {"status": IN_USE, "oppervlakte": 80, "gebruiksdoel": "woonfunctie", "pandref": pand(1)}
    rows = pd.DataFrame(
        [base | {"identificatie": unit(1)}, base | {"identificatie": unit(2), "tijdstipinactief": "2020-01-01"}]
    )
    units, counts = verblijfsobjecten(rows, where="units", on=ON)
    assert units["bag_verblijfsobject_id"].tolist() == [unit(1)]
    assert counts["n_units_not_in_use"] == 1


@pytest.mark.parametrize(
    ("year", "is_known"), [(1005, False), (1100, True), (1970, True), (2027, True), (2028, False), (9999, False)]
)
def test_a_year_that_no_standing_building_has_is_unknown(year: int, *, is_known: bool) -> None:
    standing, _ = panden(rows_of({"bouwjaar": year}), where="panden", on=ON)
    assert standing["year_built"].notna().tolist() == [is_known]


def made(folder: Path, numbers: list[int], units: list[int], *, of: str = "0344", pand_of: str = "0344") -> Prepared:
    """Prepare panden and the units that lie in panden of these numbers."""
    ids = [pand(n, pand_of) for n in numbers]
    frame = pd.DataFrame({"identificatie": ids, "status": STANDS, "bouwjaar": 1970})
    gpd.GeoDataFrame(frame, geometry=list(map(square, numbers)), crs=28992).to_parquet(folder / "pand.parquet")
    shared = {"status": IN_USE, "oppervlakte": 80, "gebruiksdoel": "woonfunctie"}
    content = pd.DataFrame([shared | {"identificatie": unit(n, of), "pandref": pand(n, of)} for n in units])
    points = [square(n).centroid for n in units]
    gpd.GeoDataFrame(content, geometry=points, crs=28992).to_parquet(folder / "vbo.parquet")
    row = {"reader": "bag", "about": ABOUT, "bag_panden": vector(folder / "pand.parquet")}
    row["verblijfsobjecten"] = vector(folder / "vbo.parquet")
    given = sources(layers={"buildings": row})
    return prepare(given, directory=folder / "out", base=folder, request=Request(reference_date=ON))


def test_units_of_another_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of the 2 verblijfsobjecten lies in one of the 3 panden"):
        made(tmp_path, [1, 2, 3], [8, 9], of="0518")


def test_whether_a_pand_is_lived_in_is_unknown_where_no_units_are_given(tmp_path: Path) -> None:
    """Panden of two gemeenten, units of one: a pand of the other is no shed because nothing lies in it."""
    first = made(tmp_path, [1, 2], [1])
    assert first.read_layers().set_index("feature_id")["has_dwelling"].to_dict() == {pand(1): True, pand(2): False}
    panden_of_two = gpd.read_parquet(tmp_path / "pand.parquet")
    panden_of_two.loc[1, "identificatie"] = pand(2, "0518")
    panden_of_two.to_parquet(tmp_path / "pand.parquet")
    row = {"reader": "bag", "about": ABOUT, "bag_panden": vector(tmp_path / "pand.parquet")}
    row["verblijfsobjecten"] = vector(tmp_path / "vbo.parquet")
    given = sources(layers={"buildings": row})
    found = prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request(reference_date=ON))
    lived = found.read_layers().set_index("feature_id")["has_dwelling"]
    assert lived.isna().to_dict() == {pand(1): False, pand(2, "0518"): True}
    assert any("1 of 2 panden are of a gemeente of which no unit is given" in one for one in found.warnings)
    stock = {"bag_panden": row["bag_panden"], "verblijfsobjecten": row["verblijfsobjecten"]}
    request = Request(reference_date=ON, with_stock=True)
    roofs = prepare(sources(buildings=stock), directory=tmp_path / "roofs", base=tmp_path, request=request)
    dwellings = gpd.read_parquet(roofs.tables["buildings"]).set_index("bag_pand_id")["n_dwellings"]
    assert dwellings.isna().to_dict() == {pand(1): False, pand(2, "0518"): True}


def test_panden_of_which_nearly_none_has_a_unit_are_told(tmp_path: Path) -> None:
    found = made(tmp_path, list(range(1, 41)), [1, *range(50, 60)])
    (told,) = (one for one in found.warnings if "one place?" in one)
    assert "10 of 11 verblijfsobjecten lie in no pand that is given" in told
