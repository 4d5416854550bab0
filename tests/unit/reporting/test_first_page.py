"""The first page of the report alone answers a council, with the numbers that stand elsewhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.reporting.maps.content import map_content
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.answer import answer
from flexsites.reporting.report.first_page import first_page, of_roofs
from flexsites.reporting.report.first_places import FirstPlace, first_places
from flexsites.reporting.report.land import run_row, verdict_counts
from flexsites.reporting.report.page import render_report, write_report
from flexsites.reporting.report.parcel_map import parcel_map
from flexsites.reporting.report.roof_map import roof_map
from flexsites.reporting.report.shortlist import Ranked, ranked_locations
from flexsites.reporting.results import open_results
from flexsites.reporting.summaries.portfolio import headline
from flexsites.reporting.words import Words
from flexsites.tables import Sites
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.files import write_table
from tests.reporting_fixture import write_results


def test_its_numbers_are_those_of_the_report(run_directory: Path) -> None:
    results = open_results(run_directory)
    words = words_of(results, "nl")
    told = {one.question: one for one in [*first_page(results, words), *of_roofs(results, words)]}
    tiles = {tile["kind"]: tile for tile in answer(results, words)["tiles"]}
    homes = told[words.text("first.ask_homes")]
    assert homes.answer == tiles["homes"]["value"]
    assert told[words.text("first.ask_roofs")].answer == tiles["roof_homes"]["value"]
    more = told[words.text("first.ask_consent")].answer
    assert more.removesuffix(" erbij") in tiles["homes"]["note"]
    assert {words.text(f"first.ask_{key}") for key in ("where", "whom", "owner", "do", "sure")} <= set(told)


def test_where_no_parcel_is_known_to_be_available_it_says_unknown(run_directory: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(run_directory, tmp_path / "run"))
    results = open_results(directory)
    sites = results.table("sites")
    open_sites = sites.assign(verdict=sites["verdict"].mask(sites["verdict"] != "excluded", "unknown"))
    write_table(open_sites, Sites, directory / "sites.parquet")
    results = open_results(directory)
    words = words_of(results, "en")
    told = {one.question: one for one in first_page(results, words)}
    for key in ("homes", "where", "whom"):
        assert told[words.text(f"first.ask_{key}")].answer == words.unknown, key
    tiles = {tile["kind"]: (tile["value"], tile["note"]) for tile in answer(results, words)["tiles"]}
    assert {tiles[kind] for kind in ("available", "suitable", "homes")} == {(words.unknown, "")}


def test_it_tells_where_to_look_first(run_directory: Path) -> None:
    """The place with homes that heads the list of a flexmilieu, by street and number on the map, each place once."""
    results = open_results(run_directory)
    words = words_of(results, "nl")
    ranked = ranked_locations(results, 25)
    places = first_places(results, ranked, words)
    holds = ranked.rows[ranked.rows["n_per_cluster_expected"] >= 1]
    asked = holds[~holds["flexmilieu"].isin(list(results.undemanding))]
    # Of those with homes without consent the first, where there is one.
    needs = asked["n_per_cluster_without_consent_expected"].lt(1)
    heads = asked.assign(needs=needs).sort_values("needs", kind="stable").groupby("flexmilieu", sort=False).first()
    assert len(heads) > 1
    assert len(places) == heads["location_id"].nunique()
    for name, head in heads.iterrows():
        homes = f"{words.name('flexmilieu', name)} {words.number(head['n_per_cluster_expected'])}"
        told = next(one.told for one in places if homes in one.told)
        assert pd.isna(head["entrance_street_name"]) or head["entrance_street_name"] in told
        assert ("met toestemming" in told) == (head["verdict"] == "conditional" or head["needs"])
    row = {one.question: one for one in first_page(results, words, places)}[words.text("first.ask_first")]
    assert row.answer.endswith(", ".join(str(one.number) for one in places))
    assert [one.number for one in places] == list(range(1, len(places) + 1))
    asked_none = [one.question for one in first_page(results, words)]
    assert words.text("first.ask_first") not in asked_none


def test_a_place_all_of_whose_homes_need_consent_is_named_after_one_that_has_some_without(run_directory: Path) -> None:
    """An eligible place may hold homes with consent alone: it heads its list, and is not where to look first."""
    results = open_results(run_directory)
    words = words_of(results, "nl")
    rows = ranked_locations(results, 25, with_homes=True).rows
    rows = rows[~rows["flexmilieu"].isin(list(results.undemanding))]
    name = rows["flexmilieu"].value_counts().index[0]
    own = rows[rows["flexmilieu"] == name].head(2).reset_index(drop=True)
    assert len(own) == 2
    free = "n_per_cluster_without_consent_expected"
    own = own.assign(verdict="eligible", n_per_cluster_expected=[1400.0, 30.0])
    for homes, number, told in (([0.0, 30.0], "30", ""), ([0.0, 0.0], "1.400", ", met toestemming")):
        ranked = Ranked(own.assign(**{free: homes}), {}, {}, {})
        (place,) = first_places(results, ranked, words)
        assert f"{words.name('flexmilieu', name)} {number}" in place.told
        assert (", met toestemming (" in place.told) == bool(told)
    assert "1.400, zonder toestemming 0" in place.told


def test_numbers_of_places_that_lie_together_are_all_read() -> None:
    town = gpd.GeoDataFrame({"verdict": ["eligible"]}, geometry=[shapely.box(0, 0, 900, 600)])
    places = [FirstPlace(number, (450.0 + number, 300.0), "") for number in range(1, 6)]
    made = parcel_map(town, {}, places)
    assert made is not None
    assert [one.number for one in made.numbers] == [1, 2, 3, 4, 5]
    at = np.array([(one.x, one.y) for one in made.numbers])
    assert {one.place[1] for one in made.numbers} == {made.numbers[0].y}
    assert made.numbers[0].place == (made.numbers[0].x, made.numbers[0].y)
    apart = np.linalg.norm(at[:, None] - at[None], axis=2)[~np.eye(5, dtype=bool)]
    assert apart.min() >= 28  # a circle of 14 pixels around each


@pytest.mark.parametrize(("lang", "told"), [("nl", "en 1 andere"), ("en", "and 1 more")])
def test_one_more_rule_is_not_told_as_several(lang: str, told: str) -> None:
    assert Words(lang).text("first.rules_more", n=1) == told


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_what_supports_the_answer_stands_in_the_appendix(written, lang: str) -> None:
    page = written(write_report, lang).read_text(encoding="utf-8")
    main, _, appendix = page.partition('class="appendix"')
    for section in ("answer", "explained", "map", "flexmilieus", "shortlist", "ownership", "roofs"):
        assert f'<section id="{section}"' in main, section
    for section in ("funnel", "drop", "verdicts", "totals", "assumptions", "sources", "method"):
        assert f'<section id="{section}"' in appendix, section


def test_a_class_of_owners_is_no_answer_where_nobody_knows_of_most_of_the_land(
    run_directory: Path, tmp_path: Path
) -> None:
    directory = Path(shutil.copytree(run_directory, tmp_path / "run"))
    sites = open_results(directory).table("sites")
    available = sites["verdict"].isin(AVAILABLE)
    one = sites.index[available & sites["owner_class"].eq("gemeente")][0]
    owners = sites["owner_class"].mask(available & (sites.index != one), "onbekend")
    write_table(sites.assign(owner_class=owners), Sites, directory / "sites.parquet")
    results = open_results(directory)
    words = words_of(results, "en")
    told = {question.question: question for question in first_page(results, words)}[words.text("first.ask_owner")]
    assert told.answer == words.unknown
    assert told.beside.startswith(f"{words.name('owner', 'gemeente')} ")


def test_no_rule_asks_consent_of_more_parcels_than_consent_is_needed_on(run_directory: Path) -> None:
    results = open_results(run_directory)
    words = words_of(results, "en")
    told = {one.question: one for one in first_page(results, words)}[words.text("first.ask_do")]
    n_asked = [int(n) for n in re.findall(r"\((\d+) of them\)", told.beside)]
    assert n_asked
    assert max(n_asked) <= verdict_counts(results)["conditional"]


def test_what_suits_is_told_without_what_nearly_everything_passes(run_directory: Path) -> None:
    results = open_results(run_directory)
    words = words_of(results, "nl")
    told = {one.question: one for one in first_page(results, words)}[words.text("first.ask_whom")]
    assert results.undemanding
    n_sites = words.number(run_row(results, "suitable_demanding")["n_sites"])
    assert told.beside.startswith("zonder het weinig eisende ")
    assert f": {n_sites} percelen; woningen van één soort" in told.beside


def test_a_run_of_roofs_alone_asks_of_roofs(tmp_path: Path) -> None:
    place = write_results(tmp_path / "run")
    (place / "sites.parquet").unlink()
    results = open_results(place)
    assert [one.question for one in of_roofs(results, Words("nl"))] == ["Hoeveel woningen passen op de daken?"]


def test_a_run_of_roofs_alone_has_its_map_on_the_first_page(tmp_path: Path) -> None:
    """A corporation sees where its buildings stand; on paper too, without a script."""
    place = write_results(tmp_path / "run")
    (place / "sites.parquet").unlink()
    results = open_results(place)
    words = words_of(results, "en")
    made = roof_map(results, words)
    assert made is not None
    assert made.note == ""
    told = {key: int(label.rpartition(" ")[2]) for key, label, _ in made.buildings}
    age_rule, variant = headline(results)
    units = results.table("roof_units")
    own = units[units["age_rule"].eq(age_rule) & units["roof_variant"].eq(variant)]
    assert told == own["verdict"].value_counts().to_dict()
    assert len(made.marks) == sum(n for verdict, n in told.items() if verdict != "excluded")
    first, _, rest = render_report(results, words).partition('<section id="explained"')
    assert first.count('class="roof-map"') == 1
    assert 'class="roof-map"' not in rest


def test_the_map_of_the_first_page_needs_no_script(run_directory: Path) -> None:
    """A browser without WebGL, and one that prints at once, has it on paper as any other."""
    results = open_results(run_directory)
    words = words_of(results, "nl")
    shown = map_content(results, words)
    made = parcel_map(shown.parcels, shown.around)
    assert made is not None
    is_open = shown.parcels["verdict"].ne("excluded")
    rings = shown.parcels[is_open].geometry.map(lambda shape: len(shapely.get_rings(shape))).groupby(
        shown.parcels["verdict"]
    )  # fmt: skip
    drawn = {verdict: path.count("M") for verdict, path in made.parcels}
    assert {one: n for one, n in drawn.items() if one != "excluded"} == rings.sum().to_dict()
    first, _, rest = render_report(results, words).partition('<section id="explained"')
    assert first.count('class="overview"') == 1
    assert all(path in first for _, path in made.parcels)
    assert "<img" not in first
    assert 'class="overview"' not in rest


def test_of_more_buildings_than_a_page_carries_those_that_qualify_stay(
    run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = open_results(run_directory)
    words = words_of(results, "nl")
    told = presentation()
    few = told.model_copy(update={"map": told.map.model_copy(update={"max_sites": 3})})
    monkeypatch.setattr("flexsites.reporting.report.roof_map.presentation", lambda: few)
    made = roof_map(results, words)
    assert made is not None
    assert "3 van de" in made.note
    assert {mark.verdict for mark in made.marks} == {"eligible"}
