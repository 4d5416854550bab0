"""One number, one source: what two places of a report tell cannot differ."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from flexsites.reporting import explain, open_results, write_factsheets
from flexsites.reporting.maps.content import map_content
from flexsites.reporting.names import words_of
from flexsites.reporting.report.answer import answer
from flexsites.reporting.report.land import verdict_rows
from flexsites.reporting.report.origin import repairs
from flexsites.reporting.report.page import render_report
from flexsites.reporting.report.rules import closing_line
from flexsites.reporting.report.shortlist import ranked_locations, shortlist
from flexsites.reporting.report.transit import transit
from flexsites.tables import LocationSuitability, Sites, Suitability
from flexsites.tables.files import write_table


def copied(run: Path, tmp_path: Path) -> Path:
    """Return a copy of a run, to change."""
    return Path(shutil.copytree(run, tmp_path / "run"))


def test_sentence_and_table_of_the_diagnostic_are_unknown_together(run_directory: Path, tmp_path: Path) -> None:
    """Where no stop is known to be served a share cannot be told, though some locations surely fall."""
    place = copied(run_directory, tmp_path)
    access = pd.read_parquet(place / "accessibility.parquet")
    surely_none = np.where(np.arange(len(access)) % 4 == 0, 5000.0, np.nan)
    unserved = access.assign(status="unknown", value=np.nan, why="no_timetable", complete_to_m=surely_none)
    unserved.to_parquet(place / "accessibility.parquet")
    results = open_results(place)
    told = transit(results, words_of(results, "en"))
    wholes = {whole for chart in told["charts"] for _, _, whole in chart["stack"].bars}
    assert wholes == {"unknown"}
    assert all(sentence.startswith("Unknown:") for sentence in told["sentences"])


def test_no_tile_says_zero_beside_unknown(run_directory: Path, tmp_path: Path) -> None:
    """Of roofs of which none is known to qualify and some may, neither roofs nor homes are zero."""
    place = copied(run_directory, tmp_path)
    units = pd.read_parquet(place / "roof_units.parquet")
    numbers = [name for name in units.columns if name.startswith("n_")]
    is_unknown = units["verdict"] != "excluded"
    for name in numbers:
        units[name] = units[name].mask(is_unknown)
    units.assign(verdict=units["verdict"].mask(is_unknown, "unknown")).to_parquet(place / "roof_units.parquet")
    results = open_results(place)
    told = answer(results, words_of(results, "en"))
    tiles = {tile["kind"]: tile["value"] for tile in told["tiles"]}
    assert (tiles["roofs"], tiles["roof_homes"], tiles["roofs_unknown"]) == ("unknown", "unknown", "6")
    assert any("Of 8 buildings none is known to qualify" in sentence for sentence in told["sentences"])


def test_a_flag_in_the_ledger_is_never_denied(run_directory: Path, tmp_path: Path) -> None:
    """A flag on land that drops out is not on what remains: both are told, in the story and on the factsheet."""
    place = copied(run_directory, tmp_path)
    reasons = pd.read_parquet(place / "reasons.parquet")
    sites = open_results(place).table("sites")
    site = sites[~sites["flags"].map(bool) & (sites["verdict"] == "eligible")].iloc[0]["site_id"]
    flag = reasons[reasons["rule_id"] == "zoning"].head(1).assign(site_id=site, covered_area_m2=104.0)
    pd.concat([reasons, flag], ignore_index=True).to_parquet(place / "reasons.parquet")
    told = explain(place, site, "en")
    assert "Zoning is not housing (BOPA) [point of attention]: covers 104 m²\n" in told
    assert "points of attention: none\n" in told
    assert "points of attention, on land that does not (yet) count: Zoning is not housing (BOPA)" in told
    sheet = write_factsheets(place, [site], "en").read_text(encoding="utf-8")
    assert "points of attention, on land that does not (yet) count: Zoning is not housing (BOPA)" in sheet


def test_map_and_list_give_a_site_one_score(run_directory: Path) -> None:
    results = open_results(run_directory)
    words = words_of(results, "en")
    told = map_content(results, words).content["parcels"]["properties"]
    place = {site: i for i, site in enumerate(told["id"])}
    sites = results.table("sites").set_index("site_id")["location_id"]
    for flexmilieu, listed in zip(
        results.flexmilieus, shortlist(results, words, ranked_locations(results, 25)), strict=True
    ):
        for row in listed["table"].rows:
            # A location has the best score of its parcels that suit.
            own = [place[one] for one in sites.index[sites == sites[row[1]]] if one in place]
            scores = [told[f"s:{flexmilieu}"][i] for i in own if told[f"m:{flexmilieu}"][i] == 1]
            assert f"{max(scores) / 100:.2f}" == row[4]


def test_what_is_buildable_is_told_apart_and_adds_up(run_directory: Path) -> None:
    """The answer counts what is available, the balance all that is buildable: the difference is said."""
    results = open_results(run_directory)
    areas = verdict_rows(results)["buildable_area_m2"]
    closes = results.manifest.closes.buildable_area_m2
    assert abs(areas.sum() - closes) < 1e-6
    said, _ = closing_line(results, words_of(results, "en"))
    available, unknown = (float(one) for one in re.findall(r"([\d.]+) ha", said))
    assert abs((available + unknown) * 1e4 - closes) < 200
    assert f"{areas[['eligible', 'conditional']].sum() / 1e4:.1f}" == f"{available:.1f}"


def test_repairs_are_told_where_they_were_made(summed_run: Path) -> None:
    """Two repaired on reading are not denied by none on cutting."""
    results = open_results(summed_run)
    parcels, *others = results.manifest.sources
    cells = (results.manifest.cells[0].model_copy(update={"n_repairs": 0}),)
    read = (parcels.model_copy(update={"n_repaired": 7}), others[0].model_copy(update={"n_repaired": 2}))
    told = replace(results, manifest=results.manifest.model_copy(update={"sources": read, "cells": cells}))
    assert repairs(told) == {"read": 9, "cut": 0}
    html = render_report(told, words_of(told, "en"))
    assert "9 when the sources were read" in html
    assert "repaired: 7" in html
    assert "geometries repaired." not in html


def test_a_flexmilieu_of_which_nothing_is_known_is_not_told_to_hold_zero(run_directory: Path, tmp_path: Path) -> None:
    place = copied(run_directory, tmp_path)
    suitability = pd.read_parquet(place / "suitability.parquet")
    is_tiny = suitability["flexmilieu"] == "groen_tiny"
    suitability["is_suitable"] = suitability["is_suitable"].mask(is_tiny)
    suitability["rank"] = suitability["rank"].mask(is_tiny)
    suitability.to_parquet(place / "suitability.parquet")
    results = open_results(place)
    assert not any("Green and tiny" in one for one in answer(results, words_of(results, "en"))["sentences"])


def test_a_list_of_places_tells_where_the_parcel_it_shows_is_judged_otherwise(
    run_directory: Path, tmp_path: Path
) -> None:
    """A place goes by its best piece, and shows its largest parcel, of which the map tells its own verdict."""
    place = copied(run_directory, tmp_path)
    results = open_results(place)
    words = words_of(results, "en")
    first = next(one for one in shortlist(results, words, ranked_locations(results, 25)) if one["table"].rows)
    names = [column.name for column in first["table"].columns]
    row = dict(zip(names, first["table"].rows[0], strict=True))
    assert row["verdict"] == words.name("verdict", "eligible")
    sites = results.table("sites")
    conditional = sites["verdict"].mask(sites["site_id"].eq(row["site_id"]), "conditional")
    write_table(sites.assign(verdict=conditional), Sites, place / "sites.parquet")
    told = dict(zip(names, _list_of(place, first["name"])[0], strict=True))
    assert told["verdict"] == "eligible (this parcel: conditional)"
    suits = results.table("suitability")
    flexmilieu = next(one for one in results.flexmilieus if words.name("flexmilieu", one) == first["name"])
    is_it = suits["site_id"].eq(row["site_id"]) & suits["flexmilieu"].eq(flexmilieu)
    write_table(
        suits.assign(is_suitable=suits["is_suitable"].mask(is_it, other=False)),
        Suitability,
        place / "suitability.parquet",
    )
    told = dict(zip(names, _list_of(place, first["name"])[0], strict=True))
    assert told["verdict"] == "eligible (this parcel: conditional, not suitable)"
    headings = {column.name: column.heading for column in first["table"].columns}
    assert (headings["score"], headings["verdict"]) == ("score of the location", "verdict of the location")


def _list_of(place: Path, flexmilieu: str) -> list[list[str]]:
    """Return the rows of the list of a flexmilieu."""
    results = open_results(place)
    lists = shortlist(results, words_of(results, "en"), ranked_locations(results, 25))
    return next(one["table"].rows for one in lists if one["name"] == flexmilieu)


def test_a_click_tells_the_score_that_the_list_of_places_shows(run_directory: Path) -> None:
    results = open_results(run_directory)
    words = words_of(results, "en")
    places = map_content(results, words).content["parcels"]["locations"]
    served = results.table("location_suitability").set_index(["flexmilieu", "location_id"])
    assert places["flexmilieus"]
    for flexmilieu, coded in places["flexmilieus"].items():
        for location, i in zip(places["id"], coded["of"], strict=True):
            if coded["texts"][i]:
                score = words.number(served.loc[(flexmilieu, location), "score"], 2)
                assert coded["texts"][i].startswith(f"location: score {score}, rank ")


def test_a_rank_beside_the_score_of_a_parcel_is_told_as_that_of_its_place(run_directory: Path) -> None:
    """A place goes by its best piece: of two parcels on rank 1 one may have a lower score."""
    results = open_results(run_directory)
    ranked = results.table("suitability").dropna(subset=["rank"])
    site = str(ranked["site_id"].iloc[0])
    sheet = write_factsheets(run_directory, [site], "en").read_text(encoding="utf-8")
    assert re.search(r"<th[^>]*>rank of the location</th>", sheet)
    assert not re.search(r"<th[^>]*>rank</th>", sheet)
    story = explain(run_directory, site, "en")
    assert len(re.findall(r"score [\d.]+, its location on rank", story)) == int(ranked["site_id"].eq(site).sum())


def test_a_list_of_best_places_is_of_places_that_hold_homes(run_directory: Path, tmp_path: Path) -> None:
    """Where fewer fit than the minimum of a cluster a place keeps its rank, and is counted beside the list."""
    place = copied(run_directory, tmp_path)
    results = open_results(place)
    words = words_of(results, "en")
    before = ranked_locations(results, 25, with_homes=True)
    head = before.rows.iloc[0]
    name = str(head["flexmilieu"])
    served = results.table("location_suitability")
    is_it = served["flexmilieu"].eq(name) & served["location_id"].eq(head["location_id"])
    assert is_it.sum() == 1
    for emptied, n_with_homes in ((is_it, before.n_with_homes[name] - 1), (served["flexmilieu"].eq(name), 0)):
        few = served["n_per_cluster_expected"].mask(emptied, 0)
        write_table(
            served.assign(n_per_cluster_expected=few, n_per_cluster_low=served["n_per_cluster_low"].mask(emptied, 0)),
            LocationSuitability,
            place / "location_suitability.parquet",
        )
        results = open_results(place)
        ranked = ranked_locations(results, 25, with_homes=True)
        told = next(one for one in shortlist(results, words, ranked) if one["name"] == words.name("flexmilieu", name))
        assert ranked.n_with_homes[name] == n_with_homes
        assert ranked.n_ranked == before.n_ranked
        assert f"of {n_with_homes} locations with homes; suitable: {before.n_ranked[name]}" in told["summary"]
        assert head["location_id"] not in set(ranked.rows.loc[ranked.rows["flexmilieu"].eq(name), "location_id"])
        assert bool(told["empty"]) == (n_with_homes == 0)
    assert head["location_id"] in set(ranked_locations(results, 25).rows["location_id"])
