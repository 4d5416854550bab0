"""What benchmarks compare: an answer of a peer that is another ends them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from tests.benchmarks import exclusion
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
