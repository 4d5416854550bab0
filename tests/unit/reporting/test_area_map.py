"""A run over several gemeenten is shown by gemeente: what each offers for its size, and the unknown apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from flexsites.reporting.names import words_of
from flexsites.reporting.report import page
from flexsites.reporting.report.area_map import _of_homes, area_maps, breaks_of
from flexsites.reporting.report.page import render_report
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.words import Words
from flexsites.tables import Sites
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.files import write_table

KNOWN, OTHER = "GM9001", "GM9002"


def test_it_tells_homes_by_the_land_examined_and_what_is_unknown(run_directory: Path) -> None:
    results = open_results(run_directory)
    homes, unknown = area_maps(results, words_of(results, "en"))
    assert homes.n_areas == unknown.n_areas == 2
    assert {name for name, _, _ in homes.names} == {"Waterdam", "Hoogveen & <Laag>"}
    told = summary(results, "verdicts").query("area_kind == 'gemeente'")
    examined = told.groupby("area_code")["parcel_area_m2"].sum() / 1e6
    offered = told[told["verdict"].isin(AVAILABLE)].groupby("area_code")["n_common_expected"].sum()
    lowest = (offered / examined).min()
    labels = [one.label for one in homes.classes]
    begin = float(labels[0].split(" ")[0].replace(",", ""))
    assert begin <= lowest <= begin * 1.1
    # Each gemeente lies in one class.
    assert sum(one.path.count("M") for one in homes.classes) == 2
    assert sum(one.path.count("M") for one in unknown.classes) == 2


def test_where_none_is_known_to_be_available_it_is_unknown_and_not_none(run_directory: Path, tmp_path: Path) -> None:
    results = _with_verdicts(run_directory, tmp_path, {OTHER: "unknown"})
    homes, unknown = area_maps(results, words_of(results, "en"))
    fills = {one.label: one.fill for one in homes.classes}
    assert fills["unknown"] == "unknown"
    assert "none" not in fills
    assert "75% – 100%" in {one.label for one in unknown.classes}


def test_a_gemeente_of_which_all_is_excluded_has_none(run_directory: Path, tmp_path: Path) -> None:
    results = _with_verdicts(run_directory, tmp_path, {OTHER: "excluded"})
    homes, unknown = area_maps(results, words_of(results, "en"))
    assert homes.classes[0].label == "none"
    assert unknown.classes[0].label == "none"
    assert "unknown" not in {one.fill for one in homes.classes}


def test_of_more_than_a_few_gemeenten_it_is_the_map_of_the_first_page(
    run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = open_results(run_directory)
    words = words_of(results, "nl")
    few = render_report(results, words).partition('<section id="explained"')
    assert 'of-areas">' not in few[0]
    assert few[2].count('of-areas">') == 1
    monkeypatch.setattr(page, "_FEW_AREAS", 1)
    many = render_report(results, words).partition('<section id="explained"')
    assert many[0].count('"overview of-areas">') == 1
    assert many[2].count('of-areas">') == 1


def test_classes_hold_every_value() -> None:
    rng = np.random.default_rng(7)
    for n in (1, 2, 3, 40, 342):
        values = np.exp(rng.normal(2.0, 2.0, n))
        breaks = breaks_of(values, 5)
        assert breaks == sorted(set(breaks))
        assert breaks[0] <= values.min()
        held = np.bincount(np.searchsorted(breaks, values, side="right"), minlength=6)[1:]
        assert held.sum() == n
        assert held.max() <= max(1, 0.3 * n)


def test_small_figures_are_told_apart() -> None:
    words = Words("en")
    labels = [label for label, _ in _of_homes(np.array([0.012, 0.034, 0.9, 7.25, 640.0]), words)[0][2:]]
    ends = [one for label in labels for one in label.removesuffix(" and more").split(" – ")]
    assert ends[0] == "0.012"
    assert all(float(low) < float(high) for low, high in (label.split(" – ") for label in labels[:-1]))


def _with_verdicts(run_directory: Path, tmp_path: Path, verdicts: dict[str, str]) -> Results:
    """Return a run in which all parcels of some gemeenten have one verdict."""
    place = Path(shutil.copytree(run_directory, tmp_path / "run"))
    sites = open_results(place).table("sites")
    there = sites["gemeente_code"].map(verdicts)
    write_table(sites.assign(verdict=there.fillna(sites["verdict"])), Sites, place / "sites.parquet")
    return open_results(place)
