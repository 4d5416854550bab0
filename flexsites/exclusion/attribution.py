"""The stage that writes the ledger: what each rule covers, what it takes first, and what only it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, FloatArray, IntArray
from flexsites.config.rule_sets import PIECE_TESTS
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.kernels.ledger import Account, settle
from flexsites.exclusion.pieces import FAILURES, covers_of, position_of, takes_area
from flexsites.tables import (
    Faces,
    Frame,
    Parcels,
    Pieces,
    Reasons,
    RuleCoverage,
)
from flexsites.tables.stage import stage

_COVERAGES = ("covered", "partly", "not")


@stage(takes=(Parcels, Faces, Pieces, RuleCoverage), gives=Reasons)
def attribute(
    parcels: Frame,
    faces: Frame,
    pieces: Frame,
    rule_coverage: Frame,
    *,
    rules: tuple[ExclusionRule, ...],
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
    piece_tests = settle(*_tested(parcels, pieces), np.ones(len(PIECE_TESTS), dtype=bool), len(parcels))
    names = [rule.rule_id for rule in rules] + list(PIECE_TESTS)
    account = Account(
        *(
            np.hstack([getattr(layer_rules, name), getattr(piece_tests, name)])
            for name in ("covered_m2", "attributed_m2", "unique_m2")
        )
    )
    return _reasons(parcels, rule_coverage, rules, names, account)


def _tested(parcels: Frame, pieces: Frame) -> tuple[IntArray, FloatArray, BoolArray]:
    """Return what the tests take of pieces: the parcel of each part, its area, and which test it fails.

    A piece with a core part has two parts: that, and the rest, which is too thin.
    """
    mine = pieces[pieces["is_with_consent"].to_numpy()]
    site, whole = position_of(parcels, mine), mine["piece_area_m2"].to_numpy(dtype=np.float64)
    core = mine["core_area_m2"].to_numpy(dtype=np.float64)
    test = pd.Index(FAILURES).get_indexer(pd.Index(mine["failed_test"]))
    rest = np.where(core > 0, whole - core, 0.0)
    thin = np.full(len(mine), FAILURES.index("too_thin"))
    part, fails = np.where(core > 0, core, whole), np.concatenate([test, thin])
    is_failing = fails[:, None] == np.arange(len(PIECE_TESTS))
    return np.concatenate([site, site]), np.concatenate([part, np.maximum(rest, 0.0)]), is_failing


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
