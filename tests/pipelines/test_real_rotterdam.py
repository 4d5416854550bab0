"""Rotterdam Centrum, cadastral parcels with ownership: areas, slivers, ownership, a network of geometry alone.

No numbers of homes are claimed from this set: flat roofs, water and land use are missing from it.
`.ci/run` assesses one block with its slivers and all kinds of owner; the whole set shows the same laws.
"""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from tests.conftest import real_data
from tests.pipelines.real_runs import assert_areas_close, assert_remainder_is_that_of_a_naive_overlay, run_real
from tests.pipelines.small_run import told_by

FILE = "rotterdam/rotterdam_centrum.gpkg"


@dataclass(frozen=True)
class Extent:
    """What of Rotterdam is assessed, and what is known of it from the file."""

    name: str
    n_parcels: int
    n_slivers: int
    least_m2: float
    n_third: int
    tenure: dict[str, int]
    owners: dict[str, int]
    n_cut: int
    bbox: list[int] | None = None

    def change(self, content: dict[str, Any]) -> None:
        """Change the area of the run."""
        if self.bbox is not None:
            content["area"] = {"bbox": self.bbox}


BLOCK = Extent(
    "block", 96, 8, 0.3, 51, {"vol eigendom": 21, "erfpacht": 11, "opstal": 12},
    {"onbekend": 52, "gemeente": 44}, 10,
    bbox=[93_000, 436_500, 93_500, 437_000],
)  # fmt: skip
WHOLE = Extent(
    "whole",
    971,
    19,
    0.02,
    532,
    {"vol eigendom": 255, "erfpacht": 124, "opstal": 26},
    {"onbekend": 561, "gemeente": 410},
    50,
)


@pytest.fixture(scope="module", params=[BLOCK, pytest.param(WHOLE, marks=pytest.mark.deep)], ids=lambda one: one.name)
def extent(request):
    return request.param


@pytest.fixture(scope="module")
def run(extent, tmp_path_factory):
    return run_real("rotterdam_ownership", tmp_path_factory, needs=FILE, change=extent.change, place=extent.name)


@pytest.fixture(scope="module")
def cadastre(extent):
    parcels = gpd.read_file(real_data(FILE), layer="brk_percelen").set_index("KAD_ADRES")
    return parcels if extent.bbox is None else parcels[parcels.representative_point().within(shapely.box(*extent.bbox))]


def test_every_parcel_is_there_slivers_too(run, cadastre, extent):
    sites = run.table("sites").set_index("site_id")
    assert len(cadastre) == extent.n_parcels
    assert sorted(sites.index) == sorted(cadastre.index)
    np.testing.assert_allclose(sites["parcel_area_m2"], cadastre.area.reindex(sites.index), rtol=1e-9)
    np.testing.assert_array_equal(sites["registered_area_m2"], cadastre["OPPERVLAK"].reindex(sites.index))
    slivers = sites[sites["parcel_area_m2"] < 1.0]
    assert len(slivers) == extent.n_slivers
    assert slivers["parcel_area_m2"].min() < extent.least_m2
    assert set(slivers["verdict"]) == {"excluded"}


def test_areas_close_for_every_parcel(run):
    assert_areas_close(run)


def test_remainder_equals_a_naive_overlay_on_every_parcel(run, extent):
    assert assert_remainder_is_that_of_a_naive_overlay(run) > extent.n_cut


def test_ownership_is_what_the_municipality_says_and_no_more(run, cadastre, extent):
    sites = run.table("sites").set_index("site_id")
    told = cadastre["EXPCODOMS"].reindex(sites.index)
    third = told.str.startswith("Derden")
    assert third.sum() == extent.n_third
    assert set(sites["owner_class"][third]) == {"onbekend"}
    assert sites["tenure"][third].isna().all()
    owned = told.isin(["Vol eigendom", "Erfpacht uitgegeven", "Recht van opstal verleend"])
    assert set(sites["owner_class"][owned]) == {"gemeente"}
    assert sites["tenure"][owned].value_counts().to_dict() == extent.tenure
    assert not sites["owner_class"].isin(["corporatie", "particulier", "commercieel"]).any()


def test_ownership_table_adds_up(run, extent):
    sites, table = run.table("sites"), run.table("ownership")
    assessed = table[table["population"] == "assessed"]
    assert assessed["n_sites"].sum() == len(sites) == extent.n_parcels
    assert np.isclose(assessed["parcel_area_m2"].sum(), sites["parcel_area_m2"].sum(), rtol=1e-12)
    assert np.isclose(assessed["share_of_sites"].sum(), 1.0)
    by_owner = assessed.groupby("owner_class")["n_sites"].sum().to_dict()
    assert by_owner == sites["owner_class"].value_counts().to_dict() == extent.owners
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
