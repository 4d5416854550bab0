"""The rules on real stock: 3DBAG of Echt-Susteren in both its forms, BAG of Den Haag and Voorburg without heights."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from flexsites.capacity.kernels.roof_lift import access_height
from flexsites.capacity.roofs import roof_reasons, roof_units, top_up
from flexsites.inputs.stock.buildings import Stock, join_stock, panden, verblijfsobjecten
from flexsites.inputs.stock.cityjson import read_cityjson
from flexsites.inputs.stock.files import read_stock_file
from flexsites.inputs.stock.roofs_3d import read_bag3d, read_bag3d_parts, roof_attributes
from flexsites.tables import Frame, RoofParts, empty
from tests.conftest import real_data
from tests.unit.roofs.stock import buildings, flat_block, rules


@cache
def echt_cityjson() -> Stock:
    model = read_cityjson(real_data("echt_susteren/limburg.city.json"))
    standing, left_out = panden(model.buildings, where="limburg")
    roofs_3d = roof_attributes(model.buildings, where="limburg")
    return join_stock(standing, left_out, roofs_3d=roofs_3d, roof_parts=model.roof_parts)


@cache
def echt_geopackage() -> Stock:
    path = real_data("echt_susteren/3dbag_echt_footprints.gpkg")
    rows = read_bag3d(path)
    standing, left_out = panden(rows, where="echt")
    return join_stock(
        standing, left_out, roofs_3d=roof_attributes(rows, where="echt"), roof_parts=read_bag3d_parts(path)
    )


@cache
def roofs_of(name: str) -> Frame:
    stock = {"cityjson": echt_cityjson, "geopackage": echt_geopackage}[name]()
    roofs = top_up(stock.buildings, stock.roof_parts, rules=rules())
    return roofs.sort_values("bag_pand_id").reset_index(drop=True)


@cache
def den_haag() -> Stock:
    folder = real_data("denhaag_voorburg")
    units, _ = verblijfsobjecten(read_stock_file(folder / "verblijfsobject.parquet", where="vbo"), where="vbo")
    standing, left_out = panden(read_stock_file(folder / "pand.parquet", where="pand"), where="pand")
    return join_stock(standing, left_out, units)


BY_ATTRIBUTES = [
    "year_built", "pand_status", "building_height_m", "n_storeys", "n_storeys_source", "roof_type",
    "roof_flat_area_m2", "roof_sloped_area_m2", "roof_flat_share", "roof_area_source", "access_height_m",
    "is_lift_needed", "is_lift_uncertain", "flags",
]  # fmt: skip


def test_both_forms_hold_the_same_840_buildings() -> None:
    assert len(roofs_of("cityjson")) == len(roofs_of("geopackage")) == 840


@pytest.mark.parametrize("column", BY_ATTRIBUTES)
def test_what_rests_on_attributes_is_the_same_in_both_forms(column: str) -> None:
    pd.testing.assert_series_equal(roofs_of("cityjson")[column], roofs_of("geopackage")[column])


def test_the_evidence_that_is_missing_is_the_same_but_for_functions_where_a_surface_excludes() -> None:
    """The functions are asked of roofs that nothing excludes, and a measured surface excludes another few."""
    one, other = roofs_of("cityjson"), roofs_of("geopackage")
    needed = [
        frame["missing_evidence"].map(lambda names: tuple(set(names) - {"unit_functions"})) for frame in (one, other)
    ]
    pd.testing.assert_series_equal(*needed)
    same = one["verdict"] == other["verdict"]
    assert same.sum() > 830
    pd.testing.assert_series_equal(one["missing_evidence"][same], other["missing_evidence"][same])


def test_every_rule_that_rests_on_attributes_answers_the_same_in_both_forms() -> None:
    by_attributes = [
        "roof_flat_share", "storeys_stec_2023", "storeys_load_1999", "dwellings_min", "functions", "lift",
        "monument", "plan_height", "parking", "consent", "demolition_permit", "pv", "plant", "roof_quality",
    ]  # fmt: skip
    found = {}
    for name in ("cityjson", "geopackage"):
        reasons = roof_reasons(roofs_of(name), rules=rules())
        assert set(reasons["rule_id"]) == {*by_attributes, "usable_roof_area"}
        found[name] = reasons[reasons["rule_id"] != "usable_roof_area"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found["cityjson"], found["geopackage"])


def test_surfaces_are_used_where_the_file_has_them() -> None:
    by_surface, by_footprint = roofs_of("cityjson"), roofs_of("geopackage")
    # A flat roof may stick out over its footprint: what is below 200 m2 on the ground has no usable 200 m2 on top.
    smallest = np.minimum(by_surface["roof_flat_area_m2"], by_footprint["footprint_area_m2"])
    large = (smallest >= 200).to_numpy()
    assert large.sum() == 5
    assert set(by_surface["usable_roof_source"][large]) == {"surfaces"}
    assert set(by_footprint["usable_roof_source"][large]) == {"footprint"}
    for roofs in (by_surface, by_footprint):
        assert (roofs["usable_roof_area_m2"][large] <= roofs["roof_flat_area_m2"][large]).all()


def test_flat_surfaces_add_up_to_the_flat_area_of_3dbag() -> None:
    """The attribute is a sum over the same surfaces: by our slope limit within 3 % over all, and never far off."""
    parts = echt_cityjson().roof_parts
    is_flat = parts["slope_deg"] <= float(rules().roof.max_flat_slope_deg)
    ours = parts["roof_part_area_m2"].where(is_flat, 0.0).groupby(parts["bag_pand_id"]).sum()
    theirs = roofs_of("cityjson").set_index("bag_pand_id")["roof_flat_area_m2"]
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.03)
    assert np.corrcoef(ours.reindex(theirs.index), theirs)[0, 1] > 0.99


def test_a_roof_typed_horizontal_may_have_no_flat_part() -> None:
    roofs = roofs_of("cityjson")
    typed = roofs["roof_type"].isin(["horizontal", "multiple horizontal"])
    assert (roofs["roof_flat_share"][typed] == 0).any()
    failing = roofs["failed_rules"].map(lambda names: "roof_flat_share" in names)
    assert failing[typed & (roofs["roof_flat_share"] < 0.75)].all()


@pytest.mark.parametrize(("name", "n_unknown"), [("cityjson", 2), ("geopackage", 3)])
def test_in_echt_what_fails_a_known_rule_is_no_in_every_variant_though_dwellings_are_not_given(
    name: str, n_unknown: int
) -> None:
    """Of 5a840e0 838 of 840 failed on flat share or area, and stayed unknown where a variant asks for dwellings."""
    roofs = roofs_of(name)
    fails = (roofs["roof_flat_share"] < 0.75) | (roofs["roof_flat_area_m2"] < 200) | (roofs["year_built"] < 1965)
    assert (roofs["verdict"][fails] == "excluded").all()
    units = roof_units(roofs, rules=rules())
    stec = units[units["age_rule"] == "stec_2023"]
    for variant, verdicts in stec.groupby("roof_variant")["verdict"]:
        assert verdicts.value_counts().to_dict() == {"excluded": 840 - n_unknown, "unknown": n_unknown}, variant
    corporation = stec[(stec["roof_variant"] == "corporation_cost") & (stec["verdict"] == "unknown")]
    assert set(corporation["missing_evidence"]) == {("n_dwellings",)}
    load = units[units["age_rule"] == "load_1999"]
    assert set(load["verdict"]) == {"excluded"}, "the three that are large and flat are of after 1975, or bear nothing"


@pytest.mark.parametrize("name", ["cityjson", "geopackage"])
def test_the_quality_that_3dbag_states_travels_to_the_count(name: str) -> None:
    """These files have no indicator: its own formula is applied to what they have. Counted from the raw attributes."""
    rows = pyogrio.read_dataframe(real_data("echt_susteren/3dbag_echt_footprints.gpkg"), layer="building")
    is_doubtful = (rows["b3_val3dity_lod22"] != "[]") | (rows["b3_bag_bag_overlap"] > 0)
    is_doubtful |= rows["b3_pw_selectie_reden"].isin(["_HIGHEST_YET_INSUFFICIENT_COVERAGE", "_LATEST_BUT_OUTDATED"])
    is_doubtful |= rows["b3_reconstructie_onvolledig"]
    is_sound = ~is_doubtful & rows["b3_bag_bag_overlap"].notna()
    expected = pd.Series(np.select([is_doubtful, is_sound], ["doubtful", "sound"], "null"))
    expected.index = rows["identificatie"].str[-16:]
    roofs = roofs_of(name).set_index("bag_pand_id")
    assert roofs["roof_quality"].fillna("null").sort_index().tolist() == expected.sort_index().tolist()
    assert (expected == "doubtful").sum() == 30
    assert (roofs["flags"].map(lambda flags: "roof_quality" in flags).sum()) == 30
    assert roofs["roof_rmse_m"].notna().all()
    units = roof_units(roofs_of(name), rules=rules())
    assert (units["roof_quality"] == "doubtful").sum() == 30 * len(rules().age_rules) * len(rules().variants)


def test_without_heights_a_roof_is_unknown_and_says_so_unless_it_fails_all_the_same() -> None:
    """Of Den Haag neither heights nor roofs are known; a footprint below 200 m2 or a year before 1965 decides."""
    roofs = top_up(den_haag().buildings, den_haag().roof_parts, rules=rules())
    assert len(roofs) == 15_301
    functions = roofs["functions"].map(lambda names: names or ())
    fits = functions.map(lambda words: bool({"woonfunctie", "winkelfunctie", "kantoorfunctie"} & set(words)))
    is_small, is_old = shapely.area(roofs.geometry.to_numpy()) < 200, (roofs["year_built"] < 1965).fillna(value=False)
    fails = is_small | is_old.to_numpy(dtype=bool) | ~(fits | (roofs["n_dwellings"] > 0)).to_numpy(dtype=bool)
    assert (roofs["verdict"].to_numpy() == np.where(fails, "excluded", "unknown")).all()
    assert 0 < (~fails).sum() < 1_500
    is_unknown = roofs["verdict"] == "unknown"
    assert set(roofs["missing_evidence"][is_unknown]) == {("building_height", "roof_area")}
    assert set(roofs["missing_evidence"][~is_unknown]) == {()}
    assert roofs["n_units_high"][is_unknown].isna().all()
    assert (roofs["n_units_high"][~is_unknown] == 0).all()


def test_what_does_not_stand_is_left_out_with_its_reason() -> None:
    reasons = den_haag().left_out["reason"].value_counts().to_dict()
    assert reasons == {"entered in the register by mistake": 74, "not built yet": 5}


def test_dwellings_are_counted_as_a_plain_loop_counts_them() -> None:
    """Written out in the dullest way, over the raw files."""
    folder = real_data("denhaag_voorburg")
    pand_rows = pd.read_parquet(folder / "pand.parquet", columns=["identificatie", "status"])
    away = ("Pand ten onrechte opgevoerd", "Bouw gestart")
    standing = {i for i, s in zip(pand_rows["identificatie"], pand_rows["status"], strict=True) if s not in away}
    counts: dict[str, int] = {}
    shared = 0
    rows = pd.read_parquet(folder / "verblijfsobject.parquet", columns=["status", "gebruiksdoel", "pandref"])
    for status, functions, refs in rows.itertuples(index=False):
        if status in ("Verblijfsobject ingetrokken", "Verblijfsobject gevormd"):
            continue
        lies_in = [ref for ref in refs.strip("{}").split(",") if ref in standing]
        if "woonfunctie" not in functions.strip("{}").split(",") or not lies_in:
            continue
        shared += len(lies_in) > 1
        if len(lies_in) == 1:
            counts[lies_in[0]] = counts.get(lies_in[0], 0) + 1
    buildings = den_haag().buildings.set_index("bag_pand_id")["n_dwellings"]
    ours = buildings.rename(index=lambda i: f"NL.IMBAG.Pand.{i}")
    assert int(ours.sum()) == sum(counts.values()) + shared
    alone = ours - pd.Series(counts).reindex(ours.index).fillna(0).astype("Int64")
    assert alone.ge(0).all()
    assert int(alone.sum()) == shared
    assert int((buildings >= 4).sum()) == 1_940


def test_sloped_roofs_without_a_register_fail_on_their_slope_whatever_their_year() -> None:
    """The roofs of Rotterdam Centrum: sloped surfaces with heights above ground, no BAG id and no year."""
    shapes = pyogrio.read_dataframe(real_data("rotterdam/rotterdam_centrum.gpkg"), layer="roofs_lod22")
    rows = [
        flat_block(
            number,
            geometry=shape,
            building_height_m=height,
            year_built=None,
            n_dwellings=None,
            roof_flat_area_m2=0.0,
            roof_sloped_area_m2=shape.area,
        )
        for number, (shape, height) in enumerate(zip(shapes.geometry, shapes["h_roof_med"], strict=True), start=1)
    ]
    roofs = top_up(buildings(*rows), empty(RoofParts), rules=rules())
    assert len(roofs) == 8_655
    assert set(roofs["verdict"]) == {"excluded"}
    assert set(roofs["missing_evidence"]) == {()}
    assert {names[:2] for names in roofs["failed_rules"]} == {("roof_flat_share", "usable_roof_area")}
    needs = access_height(roofs["building_height_m"].to_numpy(), 1, build_up_m=0.3, storey_height_m=3.0) > 12.5 + 1e-6
    assert (roofs["is_lift_needed"].to_numpy(dtype=bool) == needs).all()
    assert 0 < needs.sum() < len(roofs)
