"""Homes of land whose verdict is unknown are told as homes that are there only if the land proves available."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from flexsites.reporting import explain, open_results, write_factsheets, write_geopackage
from flexsites.reporting.maps.content import map_content
from flexsites.reporting.names import words_of
from flexsites.reporting.words import LANGUAGES, Words
from flexsites.tables import LocationSuitability, Sites, Suitability, Units
from tests.reporting_fixture import write_results

SAID = {"nl": "mits beschikbaar", "en": "if available"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_click_says_it_beside_every_number_of_homes(summed_run: Path, lang: str) -> None:
    results = open_results(summed_run)
    words = words_of(results, lang)
    content = map_content(results, words).content
    told = content["parcels"]
    (homes,) = [column for column in told["panel"] if any(SAID[lang] in text for text in column["texts"])]
    for verdict, cell in zip(told["properties"]["verdict"], homes["of"], strict=True):
        assert homes["texts"][-1 - cell].endswith(SAID[lang]) == (verdict == "unknown")
    ranks = [text for one in told["locations"]["flexmilieus"].values() for text in one["texts"]]
    assert any(text.endswith(SAID[lang]) for text in ranks), "a place of which the verdict is unknown has a rank"
    assert content["homes_if_available"] == words.texts["homes_if_available"]


def test_lists_beside_a_map_say_it() -> None:
    panel = (files("flexsites.reporting") / "templates/map/panel.js").read_text(encoding="utf-8")
    assert 'verdict === "unknown" ? flexsites.filled(this.settings.homes_if_available, { homes })' in panel


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_story_and_a_sheet_say_it(tmp_path: Path, lang: str) -> None:
    place = write_results(tmp_path / "run")
    results = open_results(place)
    words = words_of(results, lang)
    suits = results.table("suitability").query("is_suitable == True")
    sites = pd.DataFrame(results.table("sites")[["site_id", "verdict"]])
    sites = sites[sites["site_id"].isin(suits["site_id"])].drop_duplicates("verdict").set_index("verdict")["site_id"]
    for verdict, site in sites.items():
        story = explain(place, site, lang).splitlines()
        titles = [words.text(f"explain.{one}") for one in ("units", "criteria", "exploitation", "conclusion")]
        for title in titles:
            start = story.index(f"## {title}") + 2
            end = next((i for i in range(start, len(story)) if not story[i]), len(story))
            said = [line for line in story[start:end] if SAID[lang] in line]
            assert bool(said) == (verdict == "unknown"), title
        sheet = write_factsheets(place, [site], lang).read_text(encoding="utf-8")
        assert (words.text("factsheet.units_if_available") in sheet) == (verdict == "unknown")
    assert {"eligible", "unknown"} <= set(sites.index)


def test_a_tip_in_qgis_says_it(tmp_path: Path) -> None:
    place = write_results(tmp_path / "run")
    with closing(sqlite3.connect(write_geopackage(place, "nl"))) as file:
        (style,) = file.execute("SELECT styleQML FROM layer_styles WHERE f_table_name = 'sites'").fetchone()
    tip = style.partition("<mapTip>")[2].partition("</mapTip>")[0]
    homes = """format_number(round("n_common_expected"), 0, 'nl')"""
    asked = f"""if("verdict" = 'unknown', {homes} || ', mits beschikbaar', {homes})"""
    assert asked in tip.replace("&quot;", '"')


@pytest.mark.parametrize("lang", LANGUAGES)
def test_columns_of_homes_say_it(lang: str) -> None:
    """Sheets and tables have no room beside each number: what the column means tells it."""
    said = {"nl": "beschikbaar blijkt", "en": "proves available"}[lang]
    for table in (Sites, Suitability, LocationSuitability, Units):
        for field in table.fields:
            # Without consent they are null there; clusters are formed on available land alone.
            if field.name.startswith(("n_room_", "n_per_cluster_", "n_common_")) and not field.name.startswith(
                ("n_room_clusters", "n_room_without_consent", "n_per_cluster_without_consent")
            ):
                assert said in Words(lang).meaning(field, table.name), (table.name, field.name)
