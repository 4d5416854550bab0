"""The stage that gives every parcel its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from flexsites.arrays import BoolArray
from flexsites.config.rule_sets import PIECE_TESTS, PieceTests
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.exclusion.kernels.verdicts import judge_sites, least_years, worst_coverage
from flexsites.exclusion.pieces import has_access, position_of
from flexsites.tables import (
    Exclusions,
    Frame,
    Parcels,
    Pieces,
    Reasons,
)
from flexsites.tables.stage import stage


@stage(takes=(Parcels, Pieces, Reasons), gives=Exclusions)
def decide(
    parcels: Frame, pieces: Frame, reasons: Frame, *, rules: tuple[ExclusionRule, ...], tests: PieceTests
) -> Frame:
    """Give every site its verdict, and what stays of it.

    ``excluded`` without a valid piece; else ``unknown`` where a required rule has no coverage, or where road access is
    required and known of no valid piece; else ``conditional`` if every valid piece (of known access) needs consent;
    else ``eligible``. ``available_years`` is the least of the valid pieces', and null as soon as one of them is
    unknown, or when there is none.
    """
    n = len(parcels)
    valid = pieces[pieces["is_valid"].to_numpy(dtype=bool)]
    site = position_of(parcels, valid)
    n_pieces = np.bincount(site, minlength=n)
    # a valid piece without a street in reach is one where streets are not (all) known: its access is not known either
    is_entered = has_access(valid, tests)
    needs_consent = (valid["restrictions"] != "").to_numpy(dtype=bool)
    n_free = np.bincount(site[is_entered & ~needs_consent], minlength=n)
    required = [rule.rule_id for rule in rules if rule.required] + ([PIECE_TESTS[2]] if tests.road_required else [])
    lacks = _lacks(parcels, reasons, required) | (np.bincount(site[is_entered], minlength=n) == 0)
    years = least_years(site, valid["available_years"].to_numpy(), n)
    return pd.DataFrame(
        {
            "site_id": parcels["site_id"],
            "buildable_area_m2": np.bincount(site, valid["piece_area_m2"].to_numpy(), minlength=n),
            "n_pieces": n_pieces,
            "verdict": pd.Series(judge_sites(n_pieces, n_free, lacks), dtype="str"),
            "available_years": years,
            "plan_coverage": _coverage(parcels, reasons, [r.rule_id for r in rules if isinstance(r, PlannedCapacity)]),
            "provincial_coverage": _coverage(parcels, reasons, [r.rule_id for r in rules if r.scope == "provincial"]),
            "restrictions": _marks(valid["restrictions"], site, n),
            "flags": _marks(valid["flags"], site, n),
        }
    )


def _lacks(parcels: Frame, reasons: Frame, required: Sequence[str]) -> BoolArray:
    missing = reasons[reasons["rule_id"].isin(list(required)) & (reasons["coverage"] == "not")]
    return np.bincount(position_of(parcels, missing), minlength=len(parcels)) > 0


def _coverage(parcels: Frame, reasons: Frame, rule_ids: Sequence[str]) -> pd.Series[Any]:
    """Return the joint coverage of several rules per site; rules without a row are covered."""
    mine = reasons[reasons["rule_id"].isin(list(rule_ids))]
    site = position_of(parcels, mine)
    counts = [
        np.bincount(site[(mine["coverage"] == kind).to_numpy(dtype=bool)], minlength=len(parcels))
        for kind in ("partly", "not")
    ]
    return pd.Series(worst_coverage(counts[0], counts[1], len(rule_ids)), dtype="str")


def _marks(texts: pd.Series[Any], site: np.ndarray, n_sites: int) -> pd.Series[Any]:
    """Return per site all marks of its valid pieces, sorted and joined."""
    found: list[set[str]] = [set() for _ in range(n_sites)]
    for position, text in zip(site, texts, strict=True):
        if text:
            found[position] |= set(text.split("|"))
    return pd.Series(["|".join(sorted(marks)) for marks in found], dtype="str")
