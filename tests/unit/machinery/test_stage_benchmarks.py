"""What benchmarks compare: an answer of a peer that is another ends them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.exclusion.kernels.spoken import COVERED, PARTLY, Spoken
from flexsites.worlds.country_files import Written
from tests.benchmarks import coverage, exclusion, measuring, national, pieces, suitability
from tests.benchmarks._exclusion_ground import Ground, make, read, write
from tests.benchmarks._exclusion_runs import Run
from tests.benchmarks.registry import SUBJECT, Peak


def _run(found: list[list[float]]) -> Run:
    return Run((1.0,), (1.0,), 0.0, Peak(1.0, 1.0, 1.0), np.array(found))


def test_exact_ways_that_differ_beyond_the_bar_are_no_comparison() -> None:
    runs = {SUBJECT: _run([[5.0, 3.0], [2.0, 0.0]]), "peer": _run([[5.0, 3.02], [2.0, 0.0]])}
    area_m2 = np.array([10.0, 10.0])
    with pytest.raises(ValueError, match=r"largest 0\.02 m2, 1 parcels"):
        exclusion._compare("ledger, CPU seconds", runs, area_m2)
    told = exclusion._compare("rasters, CPU seconds", runs, area_m2, is_exact=False)
    assert told.differences["peer"].startswith("largest 0.02 m2, 1 parcels")
    assert exclusion._compare("of large parcels, CPU seconds", runs, area_m2 * 1e4).ratios == {"peer": 1.0}


def test_the_ledger_of_three_rules_closes_and_only_it_reads_the_third(tmp_path: Path) -> None:
    """Rules overlap in all ways on this land: what is attributed sums to what all take, and no figure is zero."""
    write(make(500), str(tmp_path))
    place = read(str(tmp_path), third=True)
    covered, attributed, unique = np.hsplit(exclusion.ledger_of_three(place, 1), 3)
    together = Ground(place.parcels, np.concatenate([place.areas, place.zones]), place.buildings, place.zones[:0])
    left = exclusion.remainder(together, 1)
    assert np.allclose(np.hstack([left[:, None], attributed]).sum(axis=1), shapely.area(place.parcels))
    assert (unique <= attributed + 1e-9).all()
    assert (attributed <= covered + 1e-9).all()
    assert (np.vstack([covered, attributed, unique]).sum(axis=0) > 0).all()
    assert not len(read(str(tmp_path)).zones)


def test_a_word_or_a_share_of_coverage_that_differs_is_refused() -> None:
    ours = Spoken.of(["a"], np.array([[COVERED], [PARTLY]], dtype=np.int8), np.array([[1.0], [0.4]]))
    codes, shares = np.array([COVERED, PARTLY]), np.array([1.0, 0.4])
    assert coverage.difference(ours, {"a": (codes, shares)}) == "1 rules, largest 0 of a parcel"
    with pytest.raises(ValueError, match="1 parcels told otherwise"):
        coverage.difference(ours, {"a": (np.array([COVERED, COVERED]), shares)})
    with pytest.raises(ValueError, match="0 parcels told otherwise"):
        coverage.difference(ours, {"a": (codes, shares + 0.1)})


def _left(area_m2: list[float], reading: str = "first") -> pd.DataFrame:
    return pd.DataFrame({"site_id": "a", "reading": reading, "area_m2": area_m2, "opened_m2": area_m2})


def test_a_piece_that_differs_in_area_or_is_split_is_refused() -> None:
    ours = pd.DataFrame(
        {"site_id": "a", "piece_area_m2": [60.0, 40.0], "is_with_consent": True, "is_without_consent": [True, False]}
    )
    same = [_left([60.0, 40.0]), _left([60.0], "second")]
    assert "2 pieces" in pieces.difference(ours, pd.concat(same))
    for other in ([_left([60.0, 40.02]), same[1]], [_left([60.0, 30.0, 10.0]), same[1]], [same[0]]):
        with pytest.raises(ValueError, match="off on some parcel"):
            pieces.difference(ours, pd.concat(other))


def test_a_verdict_or_a_score_that_differs_is_refused() -> None:
    ours = pd.DataFrame(
        {
            "piece_id": ["a#1", "a#2"],
            "flexmilieu": "campus",
            "is_suitable": pd.array([True, None], dtype="boolean"),
            "score": [0.5, np.nan],
        }
    )
    theirs = pd.DataFrame(
        {"piece_id": ["a#1", "a#2"], "flexmilieu": "campus", "suits": [1.0, np.nan], "score": [0.501, np.nan]}
    )
    assert suitability.difference(ours, theirs).startswith("2 verdicts equal")
    for wrong in (
        {"suits": [1.0, 0.0]},
        {"score": [0.502, np.nan]},
        {"score": [0.5, 0.0]},
        {"piece_id": ["a#1", "b#1"]},
    ):
        with pytest.raises(ValueError, match="verdicts differ"):
            suitability.difference(ours, theirs.assign(**wrong))


def test_whole_runs_repeat_and_tell_medians_and_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each where nothing stands of the one before; the country is written once."""
    outputs: list[Path] = []

    def run_once(_: object, folder: Path, *, n_parcels: int) -> national.Run:
        assert n_parcels
        outputs.append(folder)
        assert not list(folder.iterdir())
        spent = float(len(outputs))
        phase = {"seconds": 2 * spent, "cpu_seconds": spent, "peak_main_mib": 100.0 * spent, "peak_worker_mib": 0.0}
        areas = {"area_in_m2": 3.0, "buildable_area_m2": 1.0, "attributed_area_m2": 2.0}
        row = {"n_sites": 10, "stages": {"overlay": 0.5}} | areas
        return national.Run({"prepare": dict(phase), "cells": dict(phase)}, [row], {})

    written: list[Path] = []

    def write_country(folder: Path, *_: object, **__: object) -> Written:
        written.append(folder)
        return Written()

    monkeypatch.setattr(national, "write_country", write_country)
    monkeypatch.setattr(national, "run_once", run_once)
    monkeypatch.setattr(measuring, "WHOLE_RUNS", 3)
    found = national.national(1_000)
    assert len(written) == 1
    assert len(set(outputs)) == 3
    assert found.notes["cpu_seconds"] == {
        "prepare": {"median": 2.0, "least": 1.0, "most": 3.0},
        "cells": {"median": 2.0, "least": 1.0, "most": 3.0},
        "all": {"median": 4.0, "least": 2.0, "most": 6.0},
    }
    wall, cpu = found.comparisons
    assert wall.timings["flexsites"].seconds == (4.0, 8.0, 12.0)
    assert cpu.timings["flexsites"].median_s == 4.0
    assert wall.peaks["flexsites"].peak_mib == 300.0
    assert found.notes["cpu_milliseconds_per_parcel"] == {"prepare": 200.0, "cells": 200.0}
