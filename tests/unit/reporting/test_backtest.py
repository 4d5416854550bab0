"""Realised projects beside a run: on which parcel, excluded by what, scoring where, and how dense."""

import geopandas as gpd
import pytest

from flexsites.errors import InputError
from flexsites.inputs.land.projects import TEMPLATE, read_projects
from flexsites.reporting.report.backtest import write_backtest
from flexsites.reporting.results import open_results
from flexsites.reporting.summaries.backtest import backtest

GROUPS = {"campus": ("studenten",), "stedelijk_ov": ("starters",), "groen_tiny": ("tiny_house_bewoners",)}
DENSITIES = {"campus": (50.0, 150.0), "stedelijk_ov": (40.0, 120.0), "groen_tiny": (10.0, 20.0)}


@pytest.fixture
def told(run_directory, tmp_path):
    sites = gpd.GeoDataFrame(open_results(run_directory).table("sites")).set_index("site_id")
    excluded = sites[sites["verdict"] == "excluded"].geometry.iloc[0].representative_point()
    good = sites[sites["verdict"] == "eligible"].geometry.iloc[0].representative_point()
    rows = [
        f"Taken,{excluded.x},{excluded.y},60,10000,2020,",
        f"Found,{good.x},{good.y},100,10000,2021,studenten",
        f"Dense,{good.x},{good.y},500,10000,,studenten",
        "Elsewhere,100000,400000,10,,,starters",
    ]
    path = tmp_path / "projects.csv"
    path.write_text("project_id,x,y,n_homes,area_m2,year,target_group\n" + "\n".join(rows) + "\n")
    results = open_results(run_directory)
    return backtest(read_projects(path), results, groups=GROUPS, densities=DENSITIES).set_index("project_id")


def test_what_excludes_a_project_is_told(told):
    assert told.loc["Taken", "verdict"] == "excluded"
    assert len(told.loc["Taken", "excluded_by"]) > 0


def test_a_project_outside_the_run_is_not_judged(told):
    assert told.loc["Elsewhere", ["site_id", "verdict", "density_outcome"]].isna().all()
    assert told.loc["Elsewhere", "excluded_by"] == ()


def test_densities_are_held_beside_those_of_the_flexmilieu_that_serves_the_group(told):
    assert told.loc["Found", ["flexmilieu", "homes_per_ha", "density_outcome"]].tolist() == ["campus", 100.0, "within"]
    assert told.loc["Dense", "density_outcome"] == "above"


def test_the_share_that_scores_lower_is_that_of_the_run(told, run_directory):
    suitability = open_results(run_directory).table("suitability")
    scores = suitability.loc[suitability["flexmilieu"] == "campus", "score"].dropna()
    score = told.loc["Found", "best_score"]
    assert told.loc["Found", "score_share"] == pytest.approx((scores < score).mean())


def test_the_page_says_it_in_a_sentence(told, run_directory, tmp_path):
    (tmp_path / "run").symlink_to(run_directory)
    page, lead = write_backtest(tmp_path / "run", told.reset_index(), "en")
    assert "Of 4 projects 3 stand on parcels of this run: 2 on land that the model finds available, 1 on" in lead
    assert lead in page.read_text(encoding="utf-8").replace("&#39;", "'")


def test_the_template_can_be_read_and_faults_are_told_together(tmp_path):
    path = tmp_path / "projects.csv"
    path.write_text(TEMPLATE)
    built = read_projects(path).iloc[0]
    assert round(built["n_homes_built"] / built["built_area_m2"] * 10_000) == 30
    path.write_text("project_id,x,y,n_homes\nA,5.1,52.1,10\nA,150000,450000,many\n")
    with pytest.raises(InputError) as caught:
        read_projects(path)
    assert len(caught.value.faults) == 3
