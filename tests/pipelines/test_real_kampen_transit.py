"""Kampen with a timetable invented on its real stops: what was unknown is known, and is called a trial.

By its name it comes after the sweep, whose inputs it borrows: a process that asks for them sooner waits for them.
"""

import json

import pytest

from tests.pipelines.real_runs import run_real
from tests.pipelines.test_real_kampen import BANKS

CENTRE = [190_000, 506_800, 193_200, 509_200]


@pytest.fixture(
    scope="module", params=[BANKS.bbox, pytest.param(CENTRE, marks=pytest.mark.deep)], ids=["banks", "centre"]
)
def run(request, tmp_path_factory):
    """Return the run: of what the sweep of the same area has read, and of the timetable, which that has not."""

    def change(content):
        content["area"]["bbox"] = request.param

    asked = {"needs": "kampen/kampen.osm.pbf", "change": change}
    place = "banks" if request.param == BANKS.bbox else "centre"
    swept = run_real("kampen_sweep", tmp_path_factory, place=place, **asked)
    return run_real("kampen_shortlist", tmp_path_factory, place=place, lender=swept, **asked)


def test_transit_is_known(run):
    reach = run.table("accessibility")
    walks = reach[(reach["measure"] == "walk_distance_transit_m") & (reach["why"] != "no_access_point")]
    assert (walks["status"] == "reached").mean() > 0.8
    travel = reach[reach["measure"] == "travel_time_higher_education_min"]
    assert "no_timetable" not in set(travel["why"].dropna())
    judged = run.table("suitability").query("flexmilieu == 'stedelijk_ov'")
    assert judged["is_suitable"].notna().mean() > 0.8
    assert judged["is_suitable"].fillna(value=False).any()
    assert run.table("transit_quality")["transit_class"].notna().any()


def test_the_diagnostic_can_be_read_off_and_the_stricter_variant_loses_more(run):
    told = run.table("transit").query("area_kind == 'run'").set_index(["variant", "quantity"])
    share = told["share_falls"].xs("reach_default")
    assert share["locations"] == pytest.approx(
        told.loc[("reach_default", "locations"), "falls"]
        / (told.loc[("reach_default", "locations"), "total"] - told.loc[("reach_default", "locations"), "unknown"])
    )
    assert (told["share_falls"].xs("reach_by_mode") >= share - 1e-12).all()
    variants = run.table("variants").query("population == 'stedelijk_ov'").set_index("variant")
    assert variants["n_sites"]["stop_800m"] <= variants["n_sites"]["base"]


def test_only_the_municipality_is_assessed(run):
    assert set(run.table("sites")["gemeente_code"]) == {"GM0166"}


def test_every_file_says_that_the_timetable_is_invented(run):
    manifest = json.loads((run.directory / "manifest.json").read_text(encoding="utf-8"))
    assert not manifest["is_synthetic"], "the place is real"
    assert "verzonnen" in manifest["notes"][0]["nl"]
    assert "invented" in manifest["notes"][0]["en"]
    sources = {row["id"]: row for row in manifest["sources"]}
    assert "INVENTED" in sources["stops.timetable"]["notes"]
    assert "synthetic" in sources["stops.timetable"]["notes"]
    assert sources["stops.osm"]["provider"] == "OpenStreetMap contributors"
    assert "INVENTED" in sources["stops.osm"]["notes"]
    assert sources["stops.osm"]["n_features"] == sources["stops.timetable"]["n_features"]
    assert manifest["notes"][0]["nl"] in (run.directory / "report.html").read_text(encoding="utf-8")


def test_the_stops_stand_where_they_stand_and_once(run):
    import geopandas as gpd  # noqa: PLC0415

    stops = gpd.read_parquet(run.inputs.tables["stops"])
    assert len(stops) == 112
    assert stops["departures_per_hour_day"].notna().all()
    assert set(stops["mode"]) == {"bus", "train"}


def test_the_shortlist_has_factsheets(run):
    assert list(run.directory.glob("**/factsheets*.html")), sorted(path.name for path in run.directory.iterdir())
