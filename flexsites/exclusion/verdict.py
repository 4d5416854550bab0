"""The stage that gives every parcel its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from flexsites.arrays import BoolArray, FloatArray, IntArray, ListArray, lists
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.exclusion.attribution import names_of
from flexsites.exclusion.kernels.labels import list_labels
from flexsites.exclusion.kernels.spoken import COVERED, Spoken
from flexsites.exclusion.kernels.verdicts import joint_coverage, judge_sites, least_years
from flexsites.exclusion.pieces import position_of
from flexsites.tables import (
    Exclusions,
    Frame,
    Parcels,
    Pieces,
)
from flexsites.tables.counting import counts
from flexsites.tables.stage import stage


@stage(takes=(Parcels, Pieces), gives=Exclusions)
def decide(parcels: Frame, pieces: Frame, *, spoken: Spoken, rules: tuple[ExclusionRule, ...]) -> Frame:
    """Give every parcel its verdict, what stays of it, and what was checked.

    ``excluded`` if every piece is invalid; else ``unknown`` if no piece is valid, or a required rule has no full
    coverage; else ``eligible`` if a valid piece remains where every rule that asks consent excludes; else
    ``conditional``. The years of a parcel are the least of its valid pieces', and null as soon as those of one are.

    Parameters
    ----------
    parcels, pieces
        Tables of the parcels asked, the pieces of both readings.
    spoken
        Where the rules' sources speak, of the parcels, in their order.
    rules
        The rules as the reading has them, in order.

    Examples
    --------
    >>> import numpy as np
    >>> from flexsites.exclusion.kernels.spoken import COVERED, NOT, Spoken
    >>> from flexsites.exclusion.verdict import decide
    >>> from flexsites.tables import Parcels
    >>> from flexsites.worlds.plain import inside, plain, plain_pieces, plot
    >>> parcels = plain(Parcels, [plot(), plot(200)], site_id=["a", "b"])
    >>> codes = np.array([[COVERED], [NOT]], dtype=np.int8)
    >>> spoken, rule = Spoken.of(["water"], codes, np.array([[1.0], [0.0]])), inside("water")
    >>> told = decide(parcels, plain_pieces(plot()), spoken=spoken, rules=(rule,))
    >>> told[["site_id", "verdict", "unchecked_rules", "buildable_area_m2"]].to_numpy().tolist()
    [['a', 'eligible', (), 5000.0], ['b', 'excluded', ('water',), 0.0]]
    """
    n = len(parcels)
    first, second = (pieces[pieces[name].to_numpy()] for name in ("is_with_consent", "is_without_consent"))
    n_valid, n_unknown, buildable = _counted(parcels, first)
    n_free, _, free_area = _counted(parcels, second)
    lacks = _unchecked(spoken, [rule.rule_id for rule in rules if rule.required])
    verdict = pd.Series(judge_sites(n_valid, n_unknown, n_free, np.logical_or.reduce(lacks, axis=1)), dtype="str")
    # Less land can be usable where more is not: the whole of it lies enclosed by roads, and a part of it does not. What
    # is no site with consent is none without.
    free_area[(verdict == "excluded").to_numpy()] = 0.0
    counting = pieces[counts(pieces, parcels["site_id"], verdict)]
    site = position_of(parcels, counting)
    excluding = [rule.rule_id for rule in rules if rule.effect == "exclude"]
    unchecked = _unchecked(spoken, excluding)
    told = spoken.among(names_of(rules))
    return pd.DataFrame(
        {
            "site_id": parcels["site_id"],
            "buildable_area_m2": buildable,
            "buildable_without_consent_m2": free_area,
            "n_pieces": n_valid,
            "verdict": verdict,
            "n_rules_checked": len(excluding) - unchecked.sum(axis=1),
            "n_rules_excluding": len(excluding),
            "unchecked_rules": list_labels(unchecked, excluding),
            "rule_coverage_id": pd.Series(np.array(told.ids(), dtype=object)[told.combination], dtype="str"),
            **{
                f"available_years_{one}": least_years(site, counting[f"available_years_{one}"].to_numpy(), n)
                for one in ("low", "expected", "high")
            },
            "plan_coverage": _coverage(spoken, [r.rule_id for r in rules if isinstance(r, PlannedCapacity)]),
            "provincial_coverage": _coverage(spoken, [r.rule_id for r in rules if r.scope == "provincial"]),
            "restrictions": _marks(counting["restrictions"], site, n),
            "flags": _marks(counting["flags"], site, n),
        }
    )


def _counted(parcels: Frame, pieces: Frame) -> tuple[IntArray, IntArray, FloatArray]:
    """Return per parcel how many pieces are valid and how many unknown, and the core area of both."""
    n, site = len(parcels), position_of(parcels, pieces)
    is_valid, is_unknown = (pieces[name].to_numpy() for name in ("is_valid", "is_unknown"))
    stays = is_valid | is_unknown
    area = np.bincount(site[stays], pieces["core_area_m2"].to_numpy(dtype=np.float64)[stays], minlength=n)
    n_valid, n_unknown = (np.bincount(site[which], minlength=n).astype(np.int64) for which in (is_valid, is_unknown))
    return n_valid, n_unknown, np.asarray(area, dtype=np.float64)


def _unchecked(spoken: Spoken, rule_ids: Sequence[str]) -> BoolArray:
    """Return which rules are not checked at which parcel: their source does not cover it in full."""
    return np.asarray(spoken.among(rule_ids).of_parcels() != COVERED, dtype=bool)


def _coverage(spoken: Spoken, rule_ids: Sequence[str]) -> pd.Series[Any]:
    """Return the joint coverage of several rules per site."""
    return pd.Series(joint_coverage(spoken.among(rule_ids).of_parcels()), dtype="str")


def _marks(of_pieces: pd.Series[Any], site: np.ndarray, n_sites: int) -> ListArray:
    """Return per site all marks of its valid pieces, sorted."""
    found: list[set[str]] = [set() for _ in range(n_sites)]
    for position, marks in zip(site, of_pieces, strict=True):
        found[position].update(marks)
    return lists((tuple(sorted(marks)) for marks in found), n_sites)
