"""Which parcels another reading of the rules changes: theirs are the pieces to be made and tested again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from flexsites.arrays import BoolArray
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.kernels.labels import has_label
from flexsites.exclusion.pieces import covers_of, position_of, takes_area
from flexsites.exclusion.selection import geometry_of
from flexsites.tables import Frame

Rules = tuple[ExclusionRule, ...]

_HOPS = 2
"""Size and width look at the pieces of near parcels; a borrowed entrance at a lender's, whose size looks as far."""


@dataclass(frozen=True, slots=True)
class _Left:
    """Of each parcel: whether other faces are left of it than before, and whether some are left, before or after."""

    differs: BoolArray
    has_some: BoolArray


def changed_parcels(
    parcels: Frame, faces: Frame, *, before: Rules, after: Rules, is_cut: BoolArray, near_m: float
) -> BoolArray:
    """Return which parcels may have other pieces, marks or reasons by other rules, shape (n,).

    A parcel is among them if a rule that differs covers some of it, or if within two steps of it, over parcels with
    land left, one lies of which other faces are left. All others are as they were, whatever the rules say.

    Parameters
    ----------
    parcels, faces
        The parcels of a run by id, and theirs, labelled with the rules of both.
    before, after
        The rules as the two readings have them.
    is_cut
        Shape (n,): the parcels whose faces were cut anew for the second.
    near_m
        How far parcels lie that bear on each other's pieces.
    """
    site, n = position_of(parcels, faces), len(parcels)
    labels = faces["rules"].to_numpy()
    is_other = np.asarray(has_label(labels, _differing(before, after)).any(axis=1), dtype=bool)
    is_covered = _any_of(site, is_other, n)
    left = _left(faces, site, n, before, after)
    reached = (left.differs | is_cut) & left.has_some
    lie = np.flatnonzero(left.has_some)
    shapes = geometry_of(parcels)[lie]
    tree, now = shapely.STRtree(shapes), reached[lie]
    for _ in range(_HOPS):
        found = tree.query(shapes[now], predicate="dwithin", distance=near_m)[1]
        now = now.copy()
        now[found] = True
    reached[lie] |= now
    return np.asarray(is_covered | is_cut | reached, dtype=bool)


def _differing(before: Rules, after: Rules) -> list[str]:
    """Return the ids of rules that are not the same in both."""
    one, other = ({rule.rule_id: rule for rule in rules} for rules in (before, after))
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def _left(faces: Frame, site: np.ndarray, n: int, before: Rules, after: Rules) -> _Left:
    is_land = (faces["face_area_m2"] > 0).to_numpy()
    differs, has_some = np.zeros(len(faces), dtype=bool), np.zeros(len(faces), dtype=bool)
    for with_consent in (True, False):
        mine, theirs = (
            ~(covers_of(faces, rules) & takes_area(rules, with_consent=with_consent)).any(axis=1) & is_land
            for rules in (before, after)
        )
        differs |= mine != theirs
        has_some |= mine | theirs
    return _Left(_any_of(site, differs, n), _any_of(site, has_some, n))


def _any_of(site: np.ndarray, which: BoolArray, n: int) -> BoolArray:
    """Return which parcels have a row that is marked."""
    return np.asarray(np.bincount(site[which], minlength=n) > 0, dtype=bool)
