"""Reading the stock: what counts, what does not, in every dialect; nothing is lost and nothing counts twice."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from flexsites.errors import CrsError, InputError
from flexsites.inputs.stock.buildings import is_dwelling, join_stock, panden, verblijfsobjecten
from flexsites.inputs.stock.files import bag_ids, members, read_stock_file
from flexsites.inputs.stock.roofs_3d import read_bag3d, read_bag3d_parts, roof_attributes
from flexsites.tables import Buildings, Frame, conform

A, B, C = "0518100000000001", "0518100000000002", "0518100000000003"
V = "0518010000000001"


def pand(number: str, status: str = "Pand in gebruik", year: object = 1970, side_m: float = 10.0) -> dict[str, object]:
    x = 80_000 + 100 * int(number[-2:])
    shape = shapely.box(x, 450_000, x + side_m, 450_000 + side_m)
    return {"identificatie": number, "status": status, "oorspronkelijkbouwjaar": year, "geometry": shape}


def pand_rows(*rows: dict[str, object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(list(rows), geometry="geometry", crs=28992)


def unit(
    number: str,
    pandref: object,
    function: object = "{woonfunctie}",
    status: str = "Verblijfsobject in gebruik",
    area: object = 75,
) -> dict[str, object]:
    return {
        "identificatie": number, "pandref": pandref, "gebruiksdoel": function, "status": status, "oppervlakte": area,
    }  # fmt: skip


def stock_of(pand_frame: gpd.GeoDataFrame, *units: dict[str, object]) -> Frame:
    standing, left_out = panden(pand_frame, where="panden")
    spread, _ = verblijfsobjecten(pd.DataFrame(list(units)), where="units")
    return join_stock(standing, left_out, spread).buildings.set_index("bag_pand_id")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("Pand in gebruik", None),
        ("Pand in gebruik (niet ingemeten)", None),
        ("Verbouwing pand", None),
        ("Sloopvergunning verleend", None),
        ("Pand buiten gebruik", None),
        ("Bouwvergunning verleend", "not built yet"),
        ("Bouw gestart", "not built yet"),
        ("Niet gerealiseerd pand", "never built"),
        ("Pand gesloopt", "demolished"),
        ("Pand ten onrechte opgevoerd", "entered in the register by mistake"),
    ],
)
def test_a_pand_counts_when_it_stands(status: str, reason: str | None) -> None:
    standing, left_out = panden(pand_rows(pand(A, status)), where="panden")
    assert len(standing) == (reason is None)
    assert left_out["reason"].tolist() == ([] if reason is None else [reason])


def test_an_unlisted_status_is_a_fault_that_names_it() -> None:
    with pytest.raises(InputError, match="pand op de maan"):
        panden(pand_rows(pand(A, "Pand op de maan")), where="panden")


@pytest.mark.parametrize(
    ("written", "year"), [(1970, 1970), (9999, None), (None, None), ("1970-01-01", 1970), (0, None)]
)
def test_the_building_year_is_null_when_it_is_not_known(written: object, year: int | None) -> None:
    standing, _ = panden(pand_rows(pand(A, year=written)), where="panden")
    found = standing["year_built"].iloc[0]
    assert (None if pd.isna(found) else found) == year


def test_a_building_year_that_is_no_number_is_a_fault_of_what_stands() -> None:
    rows = pand_rows(pand(A, year="onbekend"), pand(B, "Pand gesloopt", year="weg"), pand(C))
    with pytest.raises(
        InputError, match=r"panden.oorspronkelijkbouwjaar: cannot be read as a number \(1 row: onbekend\)"
    ):
        panden(rows, where="panden")


def test_a_floor_area_that_is_no_number_is_a_fault() -> None:
    rows = pd.DataFrame([unit(V, A, area="75 m2")])
    with pytest.raises(InputError, match=r"units.oppervlakte: cannot be read as a number \(1 row: 75 m2\)"):
        verblijfsobjecten(rows, where="units")


def test_identifications_keep_their_leading_zeros_in_every_spelling() -> None:
    written = pd.Series(
        [f"NL.IMBAG.Pand.{A}", A, A.lstrip("0"), f"{A.lstrip('0')}.0", int(A), None, "house 3"], dtype=object
    )
    assert bag_ids(written).fillna("").tolist() == [A, A, A, A, A, "", ""]


def test_an_identification_that_is_not_the_registers_is_a_fault() -> None:
    with pytest.raises(InputError, match="16 digits"):
        panden(pand_rows({**pand(A), "identificatie": "house 3"}), where="panden")


@pytest.mark.parametrize(
    "written",
    [
        "{woonfunctie,winkelfunctie}",
        "woonfunctie|winkelfunctie",
        ["woonfunctie", "winkelfunctie"],
        "[woonfunctie, winkelfunctie]",
    ],
)
def test_lists_are_read_in_every_spelling(written: object) -> None:
    assert members(pd.Series([written], dtype=object)).iloc[0] == ["woonfunctie", "winkelfunctie"]


@pytest.mark.parametrize(
    ("status", "function", "dwellings", "others"),
    [
        ("Verblijfsobject in gebruik", "{woonfunctie}", 1, 0),
        ("Verblijfsobject in gebruik", "{woonfunctie,winkelfunctie}", 1, 0),
        ("Verblijfsobject in gebruik", "{winkelfunctie}", 0, 1),
        ("Verbouwing verblijfsobject", "{woonfunctie}", 1, 0),
        ("Verblijfsobject buiten gebruik", "{woonfunctie}", 1, 0),
        ("Verblijfsobject gevormd", "{woonfunctie}", 0, 0),
        ("Verblijfsobject ingetrokken", "{woonfunctie}", 0, 0),
        ("Niet gerealiseerd verblijfsobject", "{woonfunctie}", 0, 0),
        ("Verblijfsobject ten onrechte opgevoerd", "{woonfunctie}", 0, 0),
    ],
)
def test_a_dwelling_counts_by_status_and_function(status: str, function: str, dwellings: int, others: int) -> None:
    found = stock_of(pand_rows(pand(A)), unit(V, f"{{{A}}}", function, status)).loc[A]
    assert (found["n_dwellings"], found["n_other_units"]) == (dwellings, others)


def test_a_unit_in_several_buildings_counts_once_in_the_largest_that_stands() -> None:
    frame = pand_rows(pand(A, side_m=10), pand(B, side_m=12), pand(C, "Pand gesloopt", side_m=50))
    found = stock_of(frame, unit(V, f"{{{A},{B},{C}}}"))
    assert found["n_dwellings"].to_dict() == {A: 0, B: 1}
    equal = pand_rows(pand(B), pand(A))
    assert stock_of(equal, unit(V, f"{{{B},{A}}}"))["n_dwellings"].to_dict() == {B: 0, A: 1}


def test_functions_and_floor_areas_are_gathered_per_building() -> None:
    found = stock_of(
        pand_rows(pand(A), pand(B)),
        unit(V, f"{{{A}}}", "{woonfunctie}", area=70),
        unit("0518010000000002", f"{{{A}}}", "{winkelfunctie,woonfunctie}", area=30),
        unit("0518010000000003", f"{{{B}}}", "{woonfunctie}", area=999999),
    )
    assert found.loc[A, "functions"] == ("winkelfunctie", "woonfunctie")
    assert found.loc[A, "floor_area_m2"] == 100
    assert pd.isna(found.loc[B, "floor_area_m2"])


def test_without_units_the_number_of_dwellings_is_unknown_not_none() -> None:
    standing, left_out = panden(pand_rows(pand(A)), where="panden")
    assert pd.isna(join_stock(standing, left_out).buildings.loc[0, "n_dwellings"])


def test_an_earlier_version_of_a_pand_and_a_broken_shape_are_set_apart() -> None:
    frame = pand_rows(pand(A, year=1900), pand(A, year=1970), {**pand(B), "geometry": None})
    standing, left_out = panden(frame, where="panden")
    assert standing["year_built"].tolist() == [1970]
    assert sorted(left_out["reason"]) == ["no geometry", "the same id again, and nothing tells which row is valid"]


NEW = {"b3_h_maaiveld": 1.0, "b3_h_dak_50p": 12.2, "b3_dak_type": "multiple horizontal", "b3_opp_dak_plat": 90.0,
       "b3_opp_dak_schuin": 10.0, "b3_bouwlagen": 4}  # fmt: skip
OLD = {name.removeprefix("b3_"): value for name, value in NEW.items()}
FIRST = {"ground-0.50": 1.0, "roof-0.50": 12.2}


@pytest.mark.parametrize("dialect", [NEW, OLD, FIRST])
def test_the_dialects_of_3dbag_give_the_same_heights(dialect: dict[str, object]) -> None:
    roofs = roof_attributes(pd.DataFrame([{"identificatie": f"NL.IMBAG.Pand.{A}", **dialect}]), where="3dbag").iloc[0]
    assert roofs["bag_pand_id"] == A
    assert roofs["building_height_m"] == pytest.approx(11.2)
    if dialect is not FIRST:
        assert (roofs["roof_flat_area_m2"], roofs["roof_sloped_area_m2"], roofs["n_storeys"]) == (90.0, 10.0, 4)
        assert roofs["n_storeys_source"] == "3dbag"


@pytest.mark.parametrize("missing", ["b3_h_maaiveld", "b3_h_dak_50p", "b3_opp_dak_plat", "b3_bouwlagen"])
def test_missing_heights_and_areas_stay_missing(missing: str) -> None:
    roofs = roof_attributes(pd.DataFrame([{"identificatie": A, **NEW, missing: None}]), where="3dbag").iloc[0]
    assert pd.isna(roofs["building_height_m"]) == missing.startswith("b3_h_")
    assert pd.isna(roofs["roof_flat_area_m2"]) == (missing == "b3_opp_dak_plat")
    assert pd.isna(roofs["n_storeys"]) == (missing == "b3_bouwlagen")


@pytest.mark.parametrize("wrong", ["b3_h_maaiveld", "b3_h_dak_50p", "b3_opp_dak_plat", "b3_bouwlagen"])
def test_heights_and_areas_that_are_no_numbers_are_a_fault(wrong: str) -> None:
    with pytest.raises(InputError, match=rf"3dbag.{wrong}: cannot be read as a number \(1 row: 12,2\)"):
        roof_attributes(pd.DataFrame([{"identificatie": A, **NEW, wrong: "12,2"}]), where="3dbag")


def test_a_roof_below_the_ground_is_no_height() -> None:
    roofs = roof_attributes(pd.DataFrame([{"identificatie": A, **NEW, "b3_h_maaiveld": 20.0}]), where="3dbag")
    assert pd.isna(roofs.loc[0, "building_height_m"])


@pytest.mark.parametrize("placeholder", [-9999.0, 9999.0, 1220.0])
def test_heights_that_cannot_be_are_unknown(placeholder: float) -> None:
    roofs = roof_attributes(pd.DataFrame([{"identificatie": A, **NEW, "b3_h_dak_50p": placeholder}]), where="3dbag")
    assert roofs[["roof_height_m_nap", "building_height_m"]].isna().all(axis=None)
    assert roofs["ground_height_m_nap"].tolist() == [1.0]


def test_a_table_without_heights_names_what_it_lacks() -> None:
    with pytest.raises(InputError, match=r"h_maaiveld or ground-0.50"):
        roof_attributes(pd.DataFrame([{"identificatie": A}]), where="3dbag")


def test_the_owner_knows_better_where_he_says_something() -> None:
    standing, left_out = panden(pand_rows(pand(A), pand(B)), where="panden")
    roofs = roof_attributes(pd.DataFrame([{"identificatie": A, **NEW}, {"identificatie": B, **NEW}]), where="3dbag")
    known = pd.DataFrame({"bag_pand_id": [A], "n_storeys": [5], "has_lift": [True]})
    found = conform(join_stock(standing, left_out, roofs_3d=roofs, known=known).buildings, Buildings, where="test")
    found = found.set_index("bag_pand_id")
    assert found["n_storeys"].to_dict() == {A: 5, B: 4}
    assert found["n_storeys_source"].to_dict() == {A: "owner", B: "3dbag"}
    assert found.loc[A, "has_lift"]
    assert pd.isna(found.loc[B, "has_lift"])


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".gml"])
def test_every_format_gives_the_same_stock(tmp_path: Path, suffix: str) -> None:
    frame = pand_rows(pand(A), pand(B, year=9999))
    path = tmp_path / f"panden{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, engine="pyogrio")
    rows = read_stock_file(path, where=path.name, crs="EPSG:28992" if suffix == ".gml" else None)
    standing, _ = panden(rows, where=path.name)
    assert standing["bag_pand_id"].tolist() == [A, B]
    assert standing["year_built"].fillna(-1).tolist() == [1970, -1]
    assert standing.geometry.area.tolist() == pytest.approx([100, 100])


def test_degrees_labelled_as_metres_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "panden.gpkg"
    gpd.GeoDataFrame({"identificatie": [A]}, geometry=[shapely.box(4.3, 52.0, 4.31, 52.01)], crs=28992).to_file(path)
    with pytest.raises(CrsError, match="degrees"):
        read_stock_file(path, where="panden.gpkg")


def test_a_3dbag_geopackage_is_read_with_its_roof_planes(tmp_path: Path) -> None:
    path = tmp_path / "3dbag.gpkg"
    pand_rows({**pand(A), **NEW}).to_file(path, layer="pand")
    planes = gpd.GeoDataFrame(
        {"identificatie": [f"NL.IMBAG.Pand.{A}"] * 2, "b3_hellingshoek": [0.5, 30.0], "b3_h_dak_50p": [12.2, 14.0]},
        geometry=[shapely.box(80_000, 450_000, 80_006, 450_010), shapely.box(80_006, 450_000, 80_010, 450_010)],
        crs=28992,
    )
    planes.to_file(path, layer="lod22_2d")
    assert roof_attributes(read_bag3d(path), where="3dbag")["roof_type"].tolist() == ["multiple horizontal"]
    parts = read_bag3d_parts(path)
    assert parts["roof_part_area_m2"].tolist() == [60.0, 40.0]
    assert parts["roof_part"].tolist() == [0, 1]


def test_the_latest_version_counts_whatever_the_order_of_the_rows() -> None:
    frame = pand_rows(
        {**pand(A, year=1970), "voorkomenidentificatie": 2}, {**pand(A, year=1900), "voorkomenidentificatie": 1}
    )
    standing, left_out = panden(frame, where="panden")
    assert standing["year_built"].tolist() == [1970]
    assert left_out["reason"].tolist() == ["an earlier version of the same object"]
    latest = {**unit(V, f"{{{B}}}"), "voorkomenidentificatie": 3}
    earlier = {**unit(V, f"{{{A}}}"), "voorkomenidentificatie": 2}
    found = stock_of(pand_rows(pand(A, side_m=30), pand(B)), latest, earlier)
    assert found["n_dwellings"].to_dict() == {A: 0, B: 1}


def test_a_unit_written_once_per_building_still_counts_once() -> None:
    found = stock_of(pand_rows(pand(A, side_m=30), pand(B)), unit(V, A), unit(V, B))
    assert found["n_dwellings"].to_dict() == {A: 1, B: 0}


def test_identifications_of_which_none_is_given_are_all_null() -> None:
    for column in (pd.Series([None, None], dtype=object), pd.Series([], dtype="str"), pd.Series([float("nan")])):
        assert bag_ids(column).isna().all()
        assert len(bag_ids(column)) == len(column)


@pytest.mark.parametrize(
    ("function", "is_home"), [("Woonfunctie", 1), ("{WOONFUNCTIE,winkelfunctie}", 1), ("logiesfunctie", 0)]
)
def test_functions_are_read_whatever_their_capitals(function: str, is_home: int) -> None:
    units, _ = verblijfsobjecten(pd.DataFrame([unit(V, A, function)]), where="test")
    assert is_dwelling(units["functions"]).tolist() == [bool(is_home)]


@pytest.mark.parametrize("function", ["wonen", "{woonfunctie,zorg}"])
def test_a_function_that_the_register_does_not_have_is_no_silent_no(function: str) -> None:
    with pytest.raises(InputError, match=r"words that the register does not have: .*woonfunctie"):
        verblijfsobjecten(pd.DataFrame([unit(V, A, function)]), where="test")
