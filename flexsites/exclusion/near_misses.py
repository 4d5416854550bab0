"""Near misses: sites that exactly one soft rule keeps from being eligible."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flexsites.arrays import BoolArray, IntArray
from flexsites.config.rule_sets import PIECE_TESTS, PieceTests, TimeModel
from flexsites.config.rules import ExclusionRule, Hardness
from flexsites.exclusion.kernels.labels import split_labels
from flexsites.exclusion.pieces import has_access, leave_pieces, position_of
from flexsites.tables import (
    Exclusions,
    Faces,
    Frame,
    Layers,
    NearMisses,
    Parcels,
    RuleCoverage,
    StreetLines,
    empty,
)
from flexsites.tables.contract import is_among, rows_of
from flexsites.tables.stage import stage


@stage(takes=(Parcels, Faces, StreetLines, Layers, RuleCoverage, Exclusions), gives=NearMisses)
def near_misses(
    parcels: Frame,
    faces: Frame,
    streets: Frame,
    layers: Frame,
    rule_coverage: Frame,
    exclusions: Frame,
    *,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
    time: TimeModel,
    soft: tuple[Hardness, ...],
) -> Frame:
    """Find the sites that one soft rule alone keeps from being eligible, and the pieces they would then have.

    A site is a near miss of a rule if it is not eligible, and would be without that rule and nothing else changed.
    It may be a near miss of two rules, each on a part of its own; where two rules lie on the same land, of neither.
    Homes that fit on the pieces are what the rule alone costs; figures of two rules are never added.

    Parameters
    ----------
    parcels, faces, streets, layers, rule_coverage, exclusions
        The tables of the run, the last with its verdicts.
    rules, tests, time
        As the verdicts were reached.
    soft
        The hardness classes that count as soft; rules that exclude and rules that restrict are tried.
    """
    is_missed = (exclusions["verdict"] != "eligible").to_numpy(dtype=bool)[
        pd.Index(exclusions["site_id"]).get_indexer(parcels["site_id"])
    ]
    face_site, coverage_site = position_of(parcels, faces), position_of(parcels, rule_coverage)
    is_under = split_labels(faces["rules"].to_numpy(), [rule.rule_id for rule in rules])
    lacks = _lacking(rule_coverage, coverage_site, len(parcels))
    found = [empty(NearMisses)]
    for number, rule in enumerate(rules):
        if rule.effect not in ("exclude", "restrict") or rule.hardness not in soft:
            continue
        is_asked = np.zeros(len(parcels), dtype=bool)
        is_asked[face_site[is_under[:, number]]] = True
        is_asked &= is_missed
        if not is_asked.any():
            continue
        others = tuple(other for other in rules if other.rule_id != rule.rule_id)
        required = [other.rule_id for other in others if other.required]
        for name in [*required, *([PIECE_TESTS[2]] if tests.road_required else [])]:
            is_asked &= ~lacks.get(name, np.zeros(len(parcels), dtype=bool))
        if not is_asked.any():
            continue
        some = rows_of(parcels, is_asked, Parcels)
        some_faces = rows_of(faces, is_asked[face_site], Faces)
        some_coverage = rows_of(rule_coverage, is_asked[coverage_site], RuleCoverage)
        pieces = leave_pieces(some, some_faces, streets, layers, some_coverage, rules=others, tests=tests, time=time)
        valid = pieces[pieces["is_valid"].to_numpy(dtype=bool)]
        is_free = (valid["restrictions"] == "").to_numpy(dtype=bool) & has_access(valid, tests)
        eligible = valid.loc[is_free, "site_id"]
        found.append(valid[is_among(valid["site_id"], eligible)].assign(rule_id=rule.rule_id))
    filled = [frame for frame in found if len(frame)] or found[:1]
    return pd.concat(filled, ignore_index=True)


def _lacking(rule_coverage: Frame, site: IntArray, n_sites: int) -> dict[str, BoolArray]:
    """Return per rule the sites where it has no coverage: these stay unknown."""
    rows = np.flatnonzero((rule_coverage["coverage"] == "not").to_numpy(dtype=bool))
    names = rule_coverage["rule_id"].to_numpy(dtype=object)[rows]
    lacks: dict[str, BoolArray] = {}
    for name in pd.unique(names):
        mask = np.zeros(n_sites, dtype=bool)
        mask[site[rows[names == name]]] = True
        lacks[str(name)] = mask
    return lacks
