"""Rotterdam Centrum, cadastral parcels with ownership: areas, slivers, ownership, a network of geometry alone.

No numbers of homes are claimed from this set: flat roofs, water and land use are missing from it.
"""

import geopandas as gpd
import numpy as np
import pytest

from tests.conftest import real_data
from tests.pipelines.real_runs import assert_areas_close, assert_remainder_is_that_of_a_naive_overlay, run_real
from tests.pipelines.small_run import told_by

FILE = "rotterdam/rotterdam_centrum.gpkg"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_real("rotterdam_ownership", tmp_path_factory, needs=FILE)


@pytest.fixture(scope="module")
def cadastre():
    return gpd.read_file(real_data(FILE), layer="brk_percelen").set_index("KAD_ADRES")


def test_every_parcel_is_there_slivers_too(run, cadastre):
    sites = run.table("sites").set_index("site_id")
    assert len(cadastre) == 971
    assert sorted(sites.index) == sorted(cadastre.index)
    np.testing.assert_allclose(sites["parcel_area_m2"], cadastre.area.reindex(sites.index), rtol=1e-9)
    np.testing.assert_array_equal(sites["registered_area_m2"], cadastre["OPPERVLAK"].reindex(sites.index))
    slivers = sites[sites["parcel_area_m2"] < 1.0]
    assert len(slivers) >= 6
    assert slivers["parcel_area_m2"].min() < 0.02
    assert set(slivers["verdict"]) == {"excluded"}


def test_areas_close_for_every_parcel(run):
    assert_areas_close(run)


def test_remainder_equals_a_naive_overlay_on_every_parcel(run):
    assert assert_remainder_is_that_of_a_naive_overlay(run) > 50


def test_ownership_is_what_the_municipality_says_and_no_more(run, cadastre):
    sites = run.table("sites").set_index("site_id")
    told = cadastre["EXPCODOMS"].reindex(sites.index)
    third = told.str.startswith("Derden")
    assert third.sum() == 532
    assert set(sites["owner_class"][third]) == {"onbekend"}
    assert sites["tenure"][third].isna().all()
    owned = told.isin(["Vol eigendom", "Erfpacht uitgegeven", "Recht van opstal verleend"])
    assert set(sites["owner_class"][owned]) == {"gemeente"}
    assert sites["tenure"][owned].value_counts().to_dict() == {"vol eigendom": 255, "erfpacht": 124, "opstal": 26}
    assert not sites["owner_class"].isin(["corporatie", "particulier", "commercieel"]).any()


def test_ownership_table_adds_up(run):
    sites, table = run.table("sites"), run.table("ownership")
    assessed = table[table["population"] == "assessed"]
    assert assessed["n_sites"].sum() == len(sites) == 971
    assert np.isclose(assessed["parcel_area_m2"].sum(), sites["parcel_area_m2"].sum(), rtol=1e-12)
    assert np.isclose(assessed["share_of_sites"].sum(), 1.0)
    by_owner = assessed.groupby("owner_class")["n_sites"].sum().to_dict()
    assert by_owner == sites["owner_class"].value_counts().to_dict() == {"onbekend": 561, "gemeente": 410}
    left = table[table["population"] == "not_excluded"]
    assert left["n_sites"].sum() == (sites["verdict"] != "excluded").sum()
    assert np.isclose(left["buildable_area_m2"].sum(), sites["buildable_area_m2"].sum(), rtol=1e-12)


def test_without_buildings_water_and_plans_nothing_is_called_eligible(run):
    assert set(run.table("sites")["verdict"]) == {"excluded", "unknown"}
    report = (run.directory / "report.html").read_text(encoding="utf-8")
    assert run.study.run.notes[0].nl in report


def test_streets_connect_at_shared_vertices_and_stops_of_unknown_mode_stay_unknown(run):
    reach = run.table("accessibility")
    walks = reach[reach["measure"].str.startswith("walk_distance_") & (reach["why"] != "no_access_point")]
    transit = walks[walks["measure"].isin(["walk_distance_transit_m", "walk_distance_train_m"])]
    assert len(transit)
    assert set(transit["why"]) == {"service_unknown"}
    stops = run.inputs.tables["stops"]
    assert len(gpd.read_parquet(stops)) == 889 - 266
    assert any("stop areas, left out (266 rows)" in warning for warning in run.inputs.warnings)
    assert any("network of walk" in warning and "97" in warning for warning in run.inputs.warnings)


@pytest.mark.parametrize("verdict", ["excluded", "unknown"])
def test_the_story_of_a_parcel_can_be_told(run, verdict):
    sites = run.table("sites")
    one = sites[sites["verdict"] == verdict].iloc[0]
    told = told_by("explain", one.site_id, "--run", run.directory, "--lang", "en")
    assert f"Verdict: {verdict}" in told
    assert "owner " in told
