"""Near misses: sites that exactly one soft rule keeps from being eligible."""

from __future__ import annotations

import pandas as pd

from flexsites.config.rule_sets import PIECE_TESTS, PieceTests, TimeModel
from flexsites.config.rules import ExclusionRule, Hardness
from flexsites.exclusion.piece_stages import has_access, leave_pieces
from flexsites.stages import stage
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
    missed = exclusions.loc[exclusions["verdict"] != "eligible", "site_id"]
    found = [empty(NearMisses)]
    for rule in rules:
        if rule.effect not in ("exclude", "restrict") or rule.hardness not in soft:
            continue
        under = faces["rules"].str.split("|").map(lambda ids, rule_id=rule.rule_id: rule_id in ids).astype(bool)
        asked = set(faces.loc[under & faces["site_id"].isin(missed), "site_id"])
        others = tuple(other for other in rules if other.rule_id != rule.rule_id)
        asked -= _not_known(rule_coverage, others, tests)
        tables = (table[table["site_id"].isin(asked)] for table in (parcels, faces, rule_coverage))
        some, some_faces, some_coverage = tables
        if not len(some):
            continue
        pieces = leave_pieces(some, some_faces, streets, layers, some_coverage, rules=others, tests=tests, time=time)
        valid = pieces[pieces["is_valid"].to_numpy(dtype=bool)]
        eligible = valid.loc[(valid["restrictions"] == "") & has_access(valid, tests), "site_id"]
        found.append(valid[valid["site_id"].isin(eligible)].assign(rule_id=rule.rule_id))
    filled = [frame for frame in found if len(frame)] or found[:1]
    return pd.concat(filled, ignore_index=True)


def _not_known(rule_coverage: Frame, rules: tuple[ExclusionRule, ...], tests: PieceTests) -> set[str]:
    """Return the sites where a required rule has no coverage: these stay unknown."""
    required = [rule.rule_id for rule in rules if rule.required] + ([PIECE_TESTS[2]] if tests.road_required else [])
    rows = rule_coverage[rule_coverage["rule_id"].isin(required) & (rule_coverage["coverage"] == "not")]
    return set(rows["site_id"])
