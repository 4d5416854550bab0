"""Kampen from open data: areas, access over the streets, unknowns, outputs, stories.

`.ci/run` sweeps meadows and town on both banks of the IJssel; the whole map takes minutes, and shows the same laws.
"""

import json
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from flexsites.accessibility.contract_streets import open_access
from flexsites.accessibility.kernels.export import to_networkx
from flexsites.accessibility.kernels.snap import snap
from flexsites.config.access import CostToClosest
from tests.conftest import real_data
from tests.pipelines.real_runs import assert_areas_close, assert_remainder_is_that_of_a_naive_overlay, run_real
from tests.pipelines.small_run import told_by

pytestmark = pytest.mark.slow

FLEXMILIEUS = {"stedelijk_ov", "campus", "fietsstad", "zorg_nabij", "werk_nabij", "groen_tiny"}
SITES = {
    "site_id", "gemeente_code", "parcel_area_m2", "buildable_area_m2", "n_pieces", "location_id", "verdict",
    "available_years_low", "available_years_expected", "available_years_high", "n_common_low",
    "n_common_expected", "n_common_high", "flexmilieu_first",
}  # fmt: skip
SUITABILITY = {"site_id", "flexmilieu", "is_suitable", "failed_criterion", "score", "rank", "n_room_expected"}
WALKS = ("walk_distance_supermarket_m", "walk_distance_gp_m", "bicycle_distance_supermarket_m")


@dataclass(frozen=True)
class Extent:
    """Where Kampen is swept, and what is known of it from the map."""

    name: str
    gemeenten: frozenset[str]
    n_parcels: int
    n_cut: int
    n_eligible: int
    n_natura: int
    bbox: list[int] | None = None

    def change(self, content: dict[str, Any]) -> None:
        """Change the area of the run."""
        if self.bbox is not None:
            content["area"]["bbox"] = self.bbox


BANKS = Extent("banks", frozenset({"GM0166"}), 100, 30, 5, 1, bbox=[191_000, 505_800, 192_500, 507_300])
WHOLE = Extent("whole", frozenset({"GM0166", "GM0303", "GM1896"}), 2_500, 500, 100, 4)


@pytest.fixture(scope="module", params=[BANKS, pytest.param(WHOLE, marks=pytest.mark.deep)], ids=lambda one: one.name)
def extent(request):
    return request.param


@pytest.fixture(scope="module")
def run(extent, tmp_path_factory):
    needs = "kampen/kampen.osm.pbf"
    return run_real("kampen_sweep", tmp_path_factory, needs=needs, change=extent.change, place=extent.name)


def test_areas_close_for_every_parcel(run):
    assert_areas_close(run)


def test_remainder_equals_a_naive_overlay_on_every_parcel(run, extent):
    assert assert_remainder_is_that_of_a_naive_overlay(run) > extent.n_cut


def test_the_manifest_closes_and_names_its_sources(run, extent):
    manifest = json.loads((run.directory / "manifest.json").read_text(encoding="utf-8"))
    closes = manifest["closes"]
    assert np.isclose(
        closes["area_in_m2"], closes["buildable_area_m2"] + closes["attributed_area_m2"], rtol=1e-12, atol=0.01
    )
    assert np.isclose(closes["area_in_m2"], run.table("sites")["parcel_area_m2"].sum(), rtol=1e-12)
    assert not manifest["is_synthetic"]
    natura = next(row for row in manifest["sources"] if row["id"] == "layers.natura2000")
    assert natura["n_features"] == extent.n_natura, "of the areas, those within what rules look at"
    assert all(row["licence"] and row["attribution"] and row["edition"] for row in manifest["sources"])
    assert {row["id"] for row in manifest["flexmilieus"]} == FLEXMILIEUS
    assert manifest["assumptions"]


def test_parcels_are_cut_off_at_the_edge_of_the_area(run, extent):
    parcels = run.inputs.parcels()
    source = gpd.read_file(real_data("kampen/landuse.gpkg"))
    box = shapely.box(*run.study.run.area.bbox)
    inside = source.geometry.intersection(box).area
    assert box.buffer(0.001).covers(shapely.union_all(shapely.envelope(parcels.geometry.to_numpy())))
    assert np.isclose(parcels.area.sum(), inside.sum(), rtol=1e-6)
    assert extent.n_parcels < len(parcels) < len(source)
    assert set(parcels["gemeente_code"].dropna()) == extent.gemeenten


@pytest.mark.parametrize("name", WALKS)
def test_distances_equal_networkx_on_the_exported_graph(run, name, record_property):
    """Pieces drawn at random, two hundred where there are; the same snapping, the same lengths, another search."""
    import networkx as nx  # noqa: PLC0415

    measure = next(one for one in run.study.street_measures if one.id == name)
    assert isinstance(measure, CostToClosest)
    access = open_access(run.inputs.directory / "access")
    pieces = run.table("pieces").query("is_valid").dropna(subset=["access_x_m"])
    pieces = pieces.sample(min(200, len(pieces)), random_state=20)
    points = pieces[["access_x_m", "access_y_m"]].to_numpy(dtype=np.float64)
    at = snap(access.networks[measure.mode], points, max_snap_m=access.max_snap_m[measure.mode])
    targets = access.opportunities(measure, certain=True).opportunities
    graph = to_networkx(access.networks[measure.mode].graph, {"site": at, "target": targets})
    starts = {("target", i) for i in range(len(targets.edge))}
    found = nx.multi_source_dijkstra_path_length(graph.reverse(copy=False), starts, weight="length")
    expected = np.array([found.get(("site", i), np.inf) for i in range(len(points))])
    expected[expected > float(measure.limit_m)] = np.nan
    told = run.table("accessibility")
    told = told[told["measure"] == name].set_index("piece_id").reindex(pieces["piece_id"])
    assert np.isfinite(expected).mean() > 0.75
    assert len(pieces) > 50
    np.testing.assert_allclose(told["value"].to_numpy(dtype=np.float64), expected, rtol=0, atol=0.01)
    record_property("spherical_minus_plane_m_per_km", _spherical_excess_m_per_km(run))


def _spherical_excess_m_per_km(run):
    """Return by how much osmnx's lengths (on a sphere) differ from those in RD New: told, not asserted."""
    from osmnx.distance import great_circle  # noqa: PLC0415

    streets = gpd.read_parquet(run.inputs.tables["streets"])
    xy, line = shapely.get_coordinates(streets.geometry.to_numpy(), return_index=True)
    lon, lat = pyproj.Transformer.from_crs(28992, 4326, always_xy=True).transform(xy[:, 0], xy[:, 1])
    is_step = line[1:] == line[:-1]
    spherical = great_circle(lat[:-1][is_step], lon[:-1][is_step], lat[1:][is_step], lon[1:][is_step]).sum()
    plane = streets.length.sum()
    # Recorded with the report, which the workers of pytest-xdist can send as numbers of Python only.
    return round(float(1000.0 * (spherical - plane) / plane), 3)


def test_without_a_timetable_what_rests_on_transit_is_unknown(run):
    reach = run.table("accessibility")
    transit = reach[reach["measure"] == "walk_distance_transit_m"]
    assert set(transit["status"]) == {"unknown"}
    assert "service_unknown" in set(transit["why"])
    travel = reach[reach["measure"].str.startswith("travel_time_")]
    assert set(travel["why"]) == {"no_timetable"}
    judged = run.table("suitability")
    urban = judged[judged["flexmilieu"] == "stedelijk_ov"]
    assert not urban["is_suitable"].fillna(value=False).any()
    assert urban["is_suitable"].isna().any(), "unknown, not a no, where nothing else fails"
    diagnostic = run.table("transit")
    assert diagnostic["share_falls"].isna().all()
    assert (diagnostic["stays"] == 0.0).all(), "of no stop is it known that anything runs"
    whole = diagnostic[diagnostic["area_kind"] == "run"]
    assert (whole["falls"] > 0.0).all(), "where no stop is near at all, that is known"
    assert (whole["unknown"] > 0.0).all()
    assert (diagnostic.loc[diagnostic["total"] > 0.0, "share_falls_high"] == 1.0).all()


def test_walking_access_is_known(run):
    reach = run.table("accessibility")
    for name in ("walk_distance_supermarket_m", "walk_distance_gp_m", "walk_distance_park_m"):
        rows = reach[reach["measure"] == name]
        assert (rows["status"] == "reached").mean() > 0.6, name
        is_known = rows["status"] == "reached"
        assert rows["value"][is_known].between(0, 5_000).all()
        assert rows["value"][~is_known].isna().all()
    edge = reach[reach["why"] == "data_edge"]
    assert len(edge), "where the map ends before the search does, the answer is unknown"
    assert edge["value"].isna().all()


def test_urbanity_of_the_district_is_read(run):
    reach = run.table("accessibility")
    urbanity = reach[reach["measure"] == "district_urbanity_class"]["value"]
    assert urbanity.notna().mean() > 0.9, "one new district has no class"
    assert set(urbanity.dropna()) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    tiny = run.table("suitability").query("flexmilieu == 'groen_tiny'")
    # Kampen's own district is strongly urban; whether a neighbourhood in it is, only neighbourhoods would tell.
    assert 0.1 < tiny["is_suitable"].notna().mean() < 1.0
    assert tiny["is_suitable"].fillna(value=False).any()


def test_all_six_flexmilieus_have_homes_and_a_verdict_on_every_site_left(run):
    sites, judged = run.table("sites"), run.table("suitability")
    left = sites[sites["verdict"] != "excluded"]["site_id"]
    assert set(judged["flexmilieu"]) == FLEXMILIEUS
    valid = sites[(sites["verdict"] != "excluded") & (sites["n_pieces"] > 0)]["site_id"]
    assert set(judged["site_id"]) == set(valid)
    assert len(judged) == 6 * len(valid)
    # At the edge of the streets no way in is known: nothing can be reached from there, which is unknown, not a no.
    edge = sites[~sites["site_id"].isin(valid) & sites["site_id"].isin(left)]
    assert (edge["verdict"] == "unknown").all()
    assert edge["is_suitable"].isna().all()
    assert len(edge) < 0.01 * len(sites)
    bounds = judged[["n_room_low", "n_room_expected", "n_room_high"]].to_numpy(dtype=float)
    assert (np.diff(bounds, axis=1) >= 0).all()
    assert (judged.groupby("flexmilieu")["n_room_expected"].sum() > 0).all()
    units = run.table("units")
    assert set(units["bound_by"].dropna()) <= {"density", "layout", "min_cluster", "max_cluster", "parking"}
    assert {"density", "layout"} <= set(units["bound_by"])


def test_verdicts_say_what_is_known_and_plans_are_not(run, extent):
    sites = run.table("sites")
    assert set(sites["verdict"]) <= {"excluded", "unknown", "conditional", "eligible"}
    counts = sites["verdict"].value_counts()
    assert counts["excluded"] > counts["eligible"] > extent.n_eligible
    assert set(sites["plan_coverage"]) == {"not"}
    assert sites["available_years_high"].isna().all(), "no plans known: the years are unknown, not the whole term"
    assert (sites["buildable_area_m2"][sites["verdict"] == "excluded"] == 0).all()


def test_the_report_opens_with_what_was_not_checked(run):
    sites = run.table("sites")
    unchecked = set().union(*sites["unchecked_rules"])
    n_excluding = sites["n_rules_excluding"].max()
    assert len(unchecked) > 10, "plans, nature networks and most contours are no open data"
    page = (run.directory / "report.html").read_text(encoding="utf-8").split("<body", 1)[1]
    told = page.index(f"{len(unchecked)} van {n_excluding} uitsluitende regels niet getoetst")
    assert told < page.index("<table"), "before any number in a table"
    assert (sites["n_rules_checked"] < n_excluding).all()


def test_variants_move_as_they_must(run):
    told = run.table("variants").query("population == 'available'").set_index("variant")
    assert {"base", "pbl_strict_nature", "yard_5m", "density_low", "density_high"} <= set(told.index)
    assert told["buildable_area_m2"]["pbl_strict_nature"] > told["buildable_area_m2"]["base"]
    assert told["buildable_area_m2"]["yard_5m"] > told["buildable_area_m2"]["base"]
    assert told["buildable_area_m2"]["density_low"] == told["buildable_area_m2"]["base"]
    assert told["n_common_expected"]["density_low"] < told["n_common_expected"]["base"]
    assert told["n_common_expected"]["density_high"] > told["n_common_expected"]["base"]
    # Another estimate chooses which of the three is expected: none of them lies beyond those of the run itself.
    bounds = told.loc[["base", "density_low", "density_high"], ["n_common_low", "n_common_high"]]
    assert (bounds == bounds.loc["base"]).all(axis=None)


def test_every_output_is_there_with_its_columns(run):
    assert set(run.table("sites").columns) >= SITES
    assert set(run.table("suitability").columns) >= SUITABILITY
    for name in ("reasons", "accessibility", "pieces", "faces", "units", "totals", "drop", "variants", "transit"):
        assert len(run.table(name)), name
    layers = set(gpd.list_layers(run.directory / "sites.gpkg")["name"])
    assert {"sites", "layer_styles"} <= layers
    report = (run.directory / "report.html").read_text(encoding="utf-8")
    assert "OpenStreetMap" in report
    assert "vertekenend" in report, "PBL's warning stands in every report"
    assert "http://" not in report.split("<body", 1)[1].replace("http://www.w3.org", "")
    totals = run.table("totals").query("coverage_scope == 'all' and population == 'available'")
    whole = totals[totals["area_kind"] == "run"]["n_sites"].sum()
    assert totals[totals["area_kind"] == "gemeente"]["n_sites"].sum() == whole
    with pd.ExcelFile(run.directory / "workbook.xlsx") as book:
        assert book.sheet_names


@pytest.mark.parametrize("verdict", ["excluded", "eligible"])
def test_the_story_of_a_parcel_can_be_told(run, verdict):
    sites = run.table("sites")
    one = sites[sites["verdict"] == verdict].iloc[0]
    told = told_by("explain", one.site_id, "--run", run.directory, "--lang", "en")
    assert f"Verdict: {verdict}" in told
    if verdict == "eligible":
        assert "supermarket" in told
