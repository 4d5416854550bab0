"""Variants added to a finished run of a small area: what its tests write, run and find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flexsites.config.study import resolve
from flexsites.runs.added import Beside, finished_beside
from flexsites.runs.cells import VARIANT_TABLES
from flexsites.runs.run import Options, held, place_of
from flexsites.tables import Clusters, LocationSuitability
from flexsites.tables.manifest import read_manifest
from pipelines import provincial_sweep
from tests.conftest import PROFILE
from tests.pipelines.small_run import CORNER, QUARTER, Content

AREA = CORNER if PROFILE == "ci" else QUARTER
"""Where it lies: the whole proving field in `.ci/deep`."""

ALL_TABLES = VARIANT_TABLES | {"location_suitability": LocationSuitability, "clusters": Clusters}


def figure(value: float, **more: Any) -> dict[str, Any]:
    return {"value": value, "source": "a test"} | more


def spread_of(low: float, expected: float, high: float) -> dict[str, Any]:
    return {"low": figure(low), "expected": figure(expected), "high": figure(high)}


def bare(content: Content) -> None:
    content |= {"assess": ["parcels"], "variants": [], "area": {"bbox": AREA}}


def with_variants(**variants: dict[str, Any]) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        content["variants"] = [{"id": name, "label": name} | one for name, one in variants.items()]

    return change


def run_tables(path: Path, outputs: Path) -> Path:
    """Run it without reports, and finish it: its manifest then tells the hashes of its tables."""
    study, options = resolve(str(path)), Options(outputs, scheduler="synchronous", workers=1)
    with held(place_of(study, options)):
        return provincial_sweep.assess_all(study, options)


def beside(path: Path, outputs: Path) -> Beside | None:
    study = resolve(str(path))
    options = Options(outputs)
    return finished_beside(place_of(study, options), study, options)


def own_directory(finished: Path) -> Path:
    (found,) = (one.parent for one in finished.glob("*/*/manifest.json") if read_manifest(one.parent).reused is None)
    return found
