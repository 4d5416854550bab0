"""Variants added to a finished run of a small area: what its tests write, run and find."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from flexsites.config.study import resolve
from flexsites.runs.added import Beside, finished_beside
from flexsites.runs.cells import VARIANT_TABLES
from flexsites.runs.run import Options, held, place_of
from flexsites.tables import Clusters, LocationSuitability
from flexsites.tables.manifest import read_manifest
from pipelines import provincial_sweep
from tests.conftest import PROFILE
from tests.pipelines.small_run import CORNER, QUARTER, VARIANTS, Content

AREA = CORNER if PROFILE == "ci" else QUARTER
"""Where it lies: the whole proving field in `.ci/deep`."""

ALL_TABLES = VARIANT_TABLES | {"location_suitability": LocationSuitability, "clusters": Clusters}


def figure(value: float, **more: Any) -> dict[str, Any]:
    return {"value": value, "source": "a test"} | more


def spread_of(low: float, expected: float, high: float) -> dict[str, Any]:
    return {"low": figure(low), "expected": figure(expected), "high": figure(high)}


def bare(content: Content) -> None:
    content |= {"assess": ["parcels"], "variants": [], "area": {"bbox": AREA}}


IN_TOWN = [154_950, 472_700, 155_200, 472_900]
"""Around a hard plan that starts in 2031: five years ahead."""


def bridging(content: Content) -> None:
    """Bridge that plan, with the years that groen_tiny asks and with fewer, before what other variants there are."""
    label, least = {"nl": "v", "en": "v"}, {"value": 4, "unit": "year", "source": "a test"}
    before = [one for one in content["variants"] if one["id"] not in VARIANTS]
    content |= {"assess": ["parcels"], "area": {"bbox": IN_TOWN}}
    content["variants"] = [
        {"id": "five_years", "label": label, "bridging": "groen_tiny"},
        {"id": "four_years", "label": label, "bridging": "groen_tiny",
         "replace": {"flexmilieus.groen_tiny.least_term_years": least}},
        *before,
    ]  # fmt: skip


def with_variants(**variants: dict[str, Any]) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        content["variants"] = [{"id": name, "label": name} | one for name, one in variants.items()]

    return change


def run_tables(path: Path, outputs: Path, *, lender: Path | None = None) -> Path:
    """Run it without reports, and finish it: its manifest then tells the hashes of its tables.

    What the only run in another folder of results prepared of the same sources and area is found, not read again.
    """
    study, options = resolve(str(path)), Options(outputs, scheduler="synchronous", workers=1)
    if lender is not None:
        shutil.copytree(own_directory(lender) / "canonical", place_of(study, options).canonical)
    with held(place_of(study, options)):
        return provincial_sweep.assess_all(study, options)


def beside(path: Path, outputs: Path) -> Beside | None:
    study = resolve(str(path))
    options = Options(outputs)
    return finished_beside(place_of(study, options), study, options)


def assert_counts_are(counted: Mapping[str, Mapping[str, float | None]], totals: pd.DataFrame, variant: str) -> None:
    """Hold what was counted on arrays to the totals of tables, population by population; null where these have none."""
    rows = totals[(totals["variant"] == variant).to_numpy()].set_index("population")
    assert set(counted) == set(rows.index)
    for population, row in counted.items():
        told = {key: None if pd.isna(rows.loc[population, key]) else float(rows.loc[population, key]) for key in row}
        assert dict(row) == told


def own_directory(finished: Path) -> Path:
    (found,) = (one.parent for one in finished.glob("*/*/manifest.json") if read_manifest(one.parent).reused is None)
    return found
