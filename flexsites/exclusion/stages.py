"""The stages of exclusion: overlay, coverage of rules, pieces, the ledger, the verdict, locations, near misses.

    faces = overlay(parcels, layers, rules=..., time=...)
    rule_coverage = cover_rules(parcels, coverages, layers, rules=..., tests=...)
    pieces = leave_pieces(parcels, faces, streets, layers, rule_coverage, rules=..., tests=..., time=...)
    reasons = attribute(parcels, faces, pieces, rule_coverage, rules=..., tests=...)
    exclusions = decide(parcels, pieces, reasons, rules=..., tests=...)

The faces are the cache: a variant calls the last three with its own rules. Words and law: METHOD 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flexsites.config.rule_sets import PIECE_TESTS, PieceTests, TimeModel
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.exclusion.constraint_stages import constrain
from flexsites.exclusion.coverage_stages import cover_rules
from flexsites.exclusion.labels import join_labels
from flexsites.exclusion.ledger import Account, settle
from flexsites.exclusion.location_stages import group_locations, link_pieces
from flexsites.exclusion.near_miss_stages import near_misses
from flexsites.exclusion.overlay import has_rule, label_faces
from flexsites.exclusion.piece_stages import covers_of, failures, has_access, leave_pieces, position_of, takes_area
from flexsites.exclusion.verdicts import judge_sites, least_years, worst_coverage
from flexsites.geometry.types import BoolArray, FloatArray
from flexsites.stages import stage
from flexsites.tables import (
    CRS,
    Exclusions,
    Faces,
    Frame,
    Layers,
    Parcels,
    Pieces,
    Reasons,
    RuleCoverage,
)

_COVERAGES = ("covered", "partly", "not")

__all__ = [
    "attribute",
    "cover_rules",
    "decide",
    "group_locations",
    "leave_pieces",
    "link_pieces",
    "near_misses",
    "overlay",
]


@stage(takes=(Parcels, Layers), gives=Faces)
def overlay(parcels: Frame, layers: Frame, *, rules: tuple[ExclusionRule, ...], time: TimeModel) -> Frame:
    """Cut parcels into faces labelled with every rule that covers them, whatever its effect.

    The areas of a site's faces sum to its area. Give all rules of all variants: a variant then selects among labels.

    Parameters
    ----------
    parcels, layers
        Tables; features are taken in the order of their key, whatever the order of the rows.
    rules
        The rules to label with.
    time
        Reference date and horizon, for planned capacity.

    Raises
    ------
    InputError
        If a rule asks for an attribute that its layer does not have, or for areas of lines.
    """
    ordered = layers.sort_values(["layer", "feature_id", "part"], kind="stable", ignore_index=True)
    constraints = constrain(parcels, ordered, rules=rules, time=time)
    cut = label_faces(np.asarray(parcels.geometry.to_numpy(), dtype=object), constraints, len(rules))
    is_first = np.r_[True, cut.parcel[1:] != cut.parcel[:-1]][: len(cut.parcel)]
    labels = join_labels(has_rule(cut.labels, len(rules)), [rule.rule_id for rule in rules])
    columns = {
        "site_id": parcels["site_id"].to_numpy()[cut.parcel],
        "rules": pd.Series(labels, dtype="str"),
        "face_area_m2": cut.area_m2,
        "n_repairs": np.where(is_first, cut.n_repairs[cut.parcel], 0),
    }
    frame: Frame = gpd.GeoDataFrame(columns, geometry=cut.geometry, crs=CRS)
    return frame


@stage(takes=(Parcels, Faces, Pieces, RuleCoverage), gives=Reasons)
def attribute(
    parcels: Frame,
    faces: Frame,
    pieces: Frame,
    rule_coverage: Frame,
    *,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
) -> Frame:
    """Write the ledger: per site and rule what it covers, what it takes first, and what only it takes.

    Layer rules come first in their order, then the piece tests in theirs. A row stands where a rule covers area or
    where it is not fully covered by its source; a rule without a row covers nothing there, and that is known.
    Per site the buildable area and the attributed areas sum to the area of the site.
    """
    layer_rules = settle(
        position_of(parcels, faces),
        faces["face_area_m2"].to_numpy(),
        covers_of(faces, rules),
        takes_area(rules),
        len(parcels),
    )
    piece_tests = settle(
        position_of(parcels, pieces),
        pieces["piece_area_m2"].to_numpy(),
        failures(pieces, rule_coverage, tests),
        np.ones(len(PIECE_TESTS), dtype=bool),
        len(parcels),
    )
    names = [rule.rule_id for rule in rules] + list(PIECE_TESTS)
    account = Account(
        *(
            np.hstack([getattr(layer_rules, name), getattr(piece_tests, name)])
            for name in ("covered_m2", "attributed_m2", "unique_m2")
        )
    )
    return _reasons(parcels, rule_coverage, rules, names, account)


def _reasons(
    parcels: Frame, rule_coverage: Frame, rules: tuple[ExclusionRule, ...], names: Sequence[str], account: Account
) -> Frame:
    codes, share = _dense(parcels, rule_coverage, names)
    row, rule = np.nonzero((account.covered_m2 > 0) | (codes != 0))
    effects = [rule.effect for rule in rules] + ["test"] * len(PIECE_TESTS)
    hardness = [rule.hardness for rule in rules] + [None] * len(PIECE_TESTS)
    site_id = parcels["site_id"].take(row).reset_index(drop=True)
    return pd.DataFrame(
        {
            "site_id": site_id,
            "rule_id": _texts(names, rule),
            "effect": _texts(effects, rule),
            "hardness": _texts(hardness, rule),
            "covered_area_m2": account.covered_m2[row, rule],
            "attributed_area_m2": account.attributed_m2[row, rule],
            "unique_area_m2": account.unique_m2[row, rule],
            "coverage": _texts(_COVERAGES, codes[row, rule]),
            "covered_share": share[row, rule],
        }
    )


def _texts(words: Sequence[str | None], place: NDArray[np.integer[Any]]) -> pd.Series[Any]:
    """Return the word at each place, without making a Python text per row."""
    taken = pa.DictionaryArray.from_arrays(pa.array(place, pa.int32()), pa.array(list(words), pa.large_string()))
    return pd.Series(pd.array(taken.cast(pa.large_string()), dtype="str"))


def _dense(parcels: Frame, rule_coverage: Frame, names: Sequence[str]) -> tuple[NDArray[np.int8], FloatArray]:
    """Return coverage (its place in the words) and share per site and rule; a rule without a row is covered nowhere."""
    codes = np.full((len(parcels), len(names)), len(_COVERAGES) - 1, dtype=np.int8)
    share = np.zeros((len(parcels), len(names)))
    column = pd.Index(names).get_indexer(pd.Index(rule_coverage["rule_id"]))
    site, is_known = position_of(parcels, rule_coverage), column >= 0
    code = pc.index_in(pa.array(rule_coverage["coverage"].array), value_set=pa.array(_COVERAGES, pa.large_string()))
    codes[site[is_known], column[is_known]] = code.to_numpy()[is_known]
    share[site[is_known], column[is_known]] = rule_coverage["covered_share"].to_numpy(dtype=np.float64)[is_known]
    return codes, share


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
