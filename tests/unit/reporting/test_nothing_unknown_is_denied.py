"""What is unknown or was not checked of a parcel is never told as none, and nothing is told that nobody looked for."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import geopandas as gpd
import pandas as pd
import pytest

from flexsites.config.run import Shortlist
from flexsites.reporting import explain, open_results, write_factsheets, write_geopackage, write_workbook
from flexsites.reporting.maps.content import map_content
from flexsites.reporting.names import words_of
from flexsites.reporting.story.shortlist_lines import shortlist_lines
from flexsites.reporting.why import told_of_sites
from flexsites.reporting.words import Words
from flexsites.runs.shortlist import choose
from tests.reporting_fixture import write_results


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write_results(tmp_path / "run")


@pytest.fixture
def site(place: Path) -> str:
    """Return an eligible parcel on which nothing asks attention, as far as the run knows."""
    sites = gpd.read_parquet(place / "sites.parquet")
    unmarked = (sites["flags"].str.len() == 0) & (sites["restrictions"].str.len() == 0)
    return str(sites.loc[unmarked & sites["verdict"].eq("eligible"), "site_id"].iloc[0])


def _change(place: Path, name: str, site: str, **columns: object) -> None:
    table = gpd.read_parquet(place / f"{name}.parquet")
    own = table["site_id"] == site
    for column, value in columns.items():
        table[column] = table[column].astype(object).mask(own, value).astype(table[column].dtype)
    table.to_parquet(place / f"{name}.parquet")


def _unchecked(place: Path, site: str, **rules: str) -> None:
    """Say that the sources of some rules, by their effect, do not speak on a parcel."""
    _change(place, "sites", site, rule_coverage_id="here")
    told = pd.read_parquet(place / "rule_coverage.parquet")
    rows = [{"rule_coverage_id": "here", "rule_id": rule, "effect": effect} for rule, effect in rules.items()]
    more = pd.DataFrame(rows).assign(hardness=None, coverage="not", covered_share=0.0)
    pd.concat([told, more], ignore_index=True).to_parquet(place / "rule_coverage.parquet")


def test_what_was_not_checked_is_not_none(place: Path, site: str) -> None:
    assert "consent needed: none\n" in explain(place, site, "en")
    _unchecked(place, site, airport_zone="restrict", orchard="flag")
    lines = ["none known; not (fully) checked: airport zone", "none known; not (fully) checked: orchard"]
    story, sheet = explain(place, site, "en"), write_factsheets(place, [site], "en").read_text(encoding="utf-8")
    assert f"consent needed: {lines[0]}\n" in story
    assert f"points of attention: {lines[1]}\n" in story
    assert f"Consent needed: {lines[0]}." in sheet
    assert f"<p>{lines[1]}</p>" in sheet


def test_of_land_of_which_nothing_is_known_nothing_is_denied(place: Path, site: str) -> None:
    _change(place, "sites", site, verdict="unknown", n_pieces=0, location_id=None, available_years_expected=None)
    _change(place, "pieces", site, is_valid=False, is_unknown=True, road_distance_m=None)
    told = explain(place, site, "en")
    assert "location unknown\n" in told
    assert "consent needed: unknown\n" in told
    assert "points of attention: unknown\n" in told
    assert "is wide enough; unknown whether a street is near\n" in told


def test_a_reason_for_an_unknown_term_is_only_given_where_it_is_one(place: Path, site: str) -> None:
    reason = "plan capacity is not known here"
    _change(place, "sites", site, available_years_expected=None, plan_coverage="not")
    assert reason in write_factsheets(place, [site], "en").read_text(encoding="utf-8")
    _change(place, "sites", site, plan_coverage="covered")
    assert reason not in write_factsheets(place, [site], "en").read_text(encoding="utf-8")


def test_pieces_are_told_by_number_and_only_with_what_was_looked_for(place: Path, site: str) -> None:
    pieces = gpd.read_parquet(place / "pieces.parquet")
    own = pieces[pieces["site_id"] == site].iloc[[0]]
    more = [own.assign(piece_id=f"{site}#{n}", piece_number=n, is_valid=False, failed_test="too_small",
                       road_distance_m=None) for n in (10, 2)]  # fmt: skip
    lent = own.assign(has_borrowed_entrance=True, needs_culvert=True, road_distance_m=12.0)
    rows = pd.concat([lent, *more, pieces[pieces["site_id"] != site]], ignore_index=True)
    gpd.GeoDataFrame(rows, geometry="geometry").to_parquet(place / "pieces.parquet")
    told = [line for line in explain(place, site, "en").splitlines() if "is wide enough" in line]
    assert [line.partition(":")[0].partition("#")[2] for line in told] == ["1", "2", "10"]
    assert "12 m from a road, entrance over a neighbouring parcel, needs a culvert; usable" in told[0]
    assert all(line.endswith("is wide enough; drops out: too small") for line in told[1:])


def test_a_term_that_differs_by_estimate_says_so(place: Path, site: str) -> None:
    _change(place, "sites", site, available_years_low=3.0, available_years_expected=15.0, available_years_high=15.0)
    assert "available: 15 years (3 – 15)\n" in explain(place, site, "en")
    _change(place, "sites", site, available_years_low=None)
    assert "available: 15 years (unknown – 15)\n" in explain(place, site, "en")


def test_a_measured_value_in_a_score_has_its_unit(place: Path, site: str) -> None:
    names = ("measured_value", "full_at", "zero_at", "weight_share", "worth", "contribution")
    row = {"site_id": site, "flexmilieu": "campus", "status": "reached", **dict.fromkeys(names, 0.5)}
    rows = [{**row, "measure": measure} for measure in ("walk_distance_gp_m", "n_shops")]
    pd.DataFrame(rows).to_parquet(place / "score_parts.parquet")
    distance, count = (line for line in explain(place, site, "en").splitlines() if "full at" in line)
    assert "0.5 m (full at" in distance
    assert "0.5 (full at" in count


def test_land_that_needs_consent_is_told_apart_where_none_is_needed_on_the_rest(place: Path, site: str) -> None:
    """An eligible parcel is counted on the land that needs no consent; the rest is buildable too."""
    table = gpd.read_parquet(place / "sites.parquet").set_index("site_id")
    area = round(float(table.loc[site, "buildable_area_m2"]))
    _change(place, "sites", site, buildable_without_consent_m2=500.0)
    reasons = pd.read_parquet(place / "reasons.parquet")
    mark = reasons.head(1).assign(site_id=site, rule_id="noise", effect="restrict", covered_area_m2=700.0)
    pd.concat([reasons, mark.assign(attributed_area_m2=0.0, coverage="covered")]).to_parquet(place / "reasons.parquet")
    elsewhere = "consent needed, on land that does not (yet) count: Noise"
    story, sheet = explain(place, site, "en"), write_factsheets(place, [site], "en").read_text(encoding="utf-8")
    assert f"{area:,} m² buildable, of which 500 m² without consent (usable" in story
    assert elsewhere.lower() in story.lower()
    assert elsewhere.lower() in sheet.lower()
    assert "<dt>buildable without consent (m²)</dt><dd>500</dd>" in sheet


def test_no_rule_is_told_to_take_nothing(place: Path) -> None:
    sites, reasons = gpd.read_parquet(place / "sites.parquet"), pd.read_parquet(place / "reasons.parquet")
    one = reasons[reasons["attributed_area_m2"] > 1].head(1)
    both = pd.concat([one, one.assign(rule_id="sliver", attributed_area_m2=0.4)])
    words = Words("en")
    told = [line for line in told_of_sites(both, sites, words) if line]
    assert len(told) == 1
    assert "sliver" not in told[0]


def test_where_part_of_the_land_needs_consent_a_map_a_list_and_files_say_so_as_a_sheet_does(
    place: Path, site: str
) -> None:
    """A click told "consent needed: none known" of it, and so did a shortlist, a workbook and a GeoPackage."""
    reasons = pd.read_parquet(place / "reasons.parquet")
    rule = {"site_id": site, "rule_id": "airport_zone", "effect": "restrict", "covered_area_m2": 900.0}
    row = reasons.iloc[[0]].assign(**rule, attributed_area_m2=0.0, unique_area_m2=0.0, coverage="covered")
    pd.concat([reasons, row], ignore_index=True).to_parquet(place / "reasons.parquet")
    results = open_results(place)
    words = words_of(results, "en")
    label, name = "consent needed, on land that does not (yet) count", words.name("rule", "airport_zone")
    assert f"{label}: {name}" in write_factsheets(place, [site], "en").read_text(encoding="utf-8")
    assert f"{label}: {name}" in explain(place, site, "en")

    told = map_content(results, words).content["parcels"]
    at = told["properties"]["id"].index(site)
    panel = {one["heading"]: one["texts"][-1 - one["of"][at]] for one in told["panel"] if one["of"][at] < 0}
    assert panel["consent needed"] == "none known"
    assert panel[label] == name

    ranked = results.table("location_suitability").query("rank.notna()")
    served = set(ranked["site_id"])
    assert site in served, "the parcel to look at of a place"
    rows = choose(results, Shortlist(n=100)).rows
    listed, _ = shortlist_lines(place, rows[rows["site_id"] == site], {}, "en")
    assert any(f"{label}: {name}" in line for one in listed for line in one.lines)

    with ZipFile(write_workbook(place, "en")) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
    assert label in texts
    layer = gpd.read_file(write_geopackage(place, "en"), layer="sites").set_index("site_id")
    assert layer.loc[site, "restrictions_elsewhere_name"] == name
    excluded = layer["verdict"] == "excluded"
    assert not layer.loc[excluded, "restrictions_elsewhere_name"].fillna("").any()
