"""Which parcels another reading of the rules changes: theirs are the pieces to be made and tested again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from flexsites.arrays import BoolArray, GeometryArray, IntArray
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.kernels.labels import has_label
from flexsites.exclusion.kernels.reached import reaching
from flexsites.exclusion.pieces import covers_of, position_of, takes_area
from flexsites.exclusion.selection import geometry_of
from flexsites.geometry.nearness import Near, near_any, near_pairs
from flexsites.geometry.polygons import explode
from flexsites.tables import Frame

Rules = tuple[ExclusionRule, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """The parcels that other rules change, shape (n,) each.

    Attributes
    ----------
    pieces
        Those of which pieces may be other ones, or marked otherwise.
    reasons
        Those, and parcels of which a rule that differs covers land that other rules take as well: why it is gone is
        told otherwise, what is left is the same.
    """

    pieces: BoolArray
    reasons: BoolArray


@dataclass(frozen=True, slots=True)
class _Left:
    """Of each face: whether a reading has it left where the other has not, and whether one has it left."""

    differs: BoolArray
    is_some: BoolArray


def changed_parcels(
    parcels: Frame,
    faces: Frame,
    pieces: Frame,
    *,
    before: Rules,
    after: Rules,
    is_cut: BoolArray,
    near_m: float,
    gap_m: float,
    near: Near | None = None,
) -> Changed:
    """Return which parcels may have other pieces, marks or reasons by other rules. All others are as they were.

    Pieces are made again where other faces are left, or faces left are covered by a rule that differs; where the land
    of a piece (METHOD 0) may hold pieces of those parcels; where a piece without a way in of its own shares a core
    with a piece of any of these, which may lend it another, or none; and where a piece names one of those parcels among
    those that it shares a core with, however far it lies.

    Parameters
    ----------
    parcels, faces
        The parcels of a run by id, and theirs, labelled with the rules of both.
    pieces
        Its pieces, as they were before.
    before, after
        The rules as the two readings have them.
    is_cut
        Shape (n,): the parcels whose faces were cut anew for the second.
    near_m
        How far parcels lie that bear on each other's pieces.
    gap_m
        The gap that a core can bridge.
    near
        Which parcels lie that near to each other, for who found it before.
    """
    site, n = position_of(parcels, faces), len(parcels)
    is_other = np.asarray(has_label(faces["rules"].to_numpy(), differing(before, after)).any(axis=1), dtype=bool)
    left = _left(faces, before, after)
    has_some = _any_of(site, left.is_some, n)
    is_seed = (_any_of(site, left.differs, n) | is_cut) & has_some
    is_marked = _any_of(site, is_other & left.is_some, n)
    # What lies farther from all seeds than this has none of their pieces in its land.
    beside = _within(geometry_of(parcels), np.flatnonzero(has_some), is_seed, near_m, near)
    pairs = near_pairs(geometry_of(parcels)[beside], within_m=near_m) if near is None else near.pairs(beside)
    shapes = _left_shapes(faces, site, left.is_some, beside)
    reached = is_seed.copy()
    reached[beside] |= reaching(pairs, shapes, is_seed[beside], gap_m=gap_m)
    changed = reached | is_marked | is_cut
    changed[_borrowing_from(parcels, pieces, reached)] = True
    changed[_mates_of(parcels, pieces, is_seed)] = True
    return Changed(changed, changed | _any_of(site, is_other, n))


def differing(before: Rules, after: Rules) -> list[str]:
    """Return the ids of rules that are not the same in both."""
    one, other = ({rule.rule_id: rule for rule in rules} for rules in (before, after))
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def _left(faces: Frame, before: Rules, after: Rules) -> _Left:
    is_land = (faces["face_area_m2"] > 0).to_numpy()
    differs, is_some = np.zeros(len(faces), dtype=bool), np.zeros(len(faces), dtype=bool)
    covers = [covers_of(faces, rules) for rules in (before, after)]
    for with_consent in (True, False):
        mine, theirs = (
            ~(cover & takes_area(rules, with_consent=with_consent)).any(axis=1) & is_land
            for cover, rules in zip(covers, (before, after), strict=True)
        )
        differs |= mine != theirs
        is_some |= mine | theirs
    return _Left(differs, is_some)


def _within(parcels: GeometryArray, among: IntArray, is_seed: BoolArray, near_m: float, near: Near | None) -> IntArray:
    """Return which parcels, of some that the seeds are among, lie near one that is a seed, ascending."""
    if near is not None:
        return np.intersect1d(near.around(np.flatnonzero(is_seed)), among).astype(np.int64)
    others = among[~is_seed[among]]
    is_near = near_any(parcels[others], parcels[is_seed], within_m=near_m)
    return np.union1d(np.flatnonzero(is_seed), others[is_near]).astype(np.int64)


def _left_shapes(faces: Frame, site: IntArray, is_left: BoolArray, parcels: IntArray) -> GeometryArray:
    """Return what is left of parcels in either reading, one shape for each: the parts of its faces, not joined."""
    rows = np.flatnonzero(is_left & np.isin(site, parcels))
    parts, owner = explode(geometry_of(faces)[rows])
    place = np.searchsorted(parcels, site[rows][owner])
    order = np.argsort(place, kind="stable")
    return np.asarray(shapely.multipolygons(parts[order], indices=place[order]), dtype=object)


def _borrowing_from(parcels: Frame, pieces: Frame, reached: BoolArray) -> IntArray:
    """Return the parcels with a piece without a way in of its own whose core is that of a piece of some parcels too."""
    is_landlocked = (pieces["failed_test"] == "landlocked").to_numpy(dtype=bool, na_value=False)
    is_without = is_landlocked | (pieces["has_borrowed_entrance"] | pieces["is_unknown"]).to_numpy(dtype=bool)
    asking = pieces[is_without]
    lenders = frozenset(parcels["site_id"][reached])
    rows = [bool(lenders & frozenset(_parcels_of(row))) for row in zip(*_mates(asking), strict=True)]
    return np.unique(position_of(parcels, asking[np.array(rows, dtype=bool)]))


def _mates_of(parcels: Frame, pieces: Frame, is_seed: BoolArray) -> IntArray:
    """Return the parcels with a piece that shares a core with a piece of some parcels."""
    seeds = frozenset(parcels["site_id"][is_seed])
    rows = [not seeds.isdisjoint(_parcels_of(row)) for row in zip(*_mates(pieces), strict=True)]
    return np.unique(position_of(parcels, pieces[np.array(rows, dtype=bool)]))


def _mates(pieces: Frame) -> tuple[Sequence[Sequence[str]], Sequence[Sequence[str]]]:
    return pieces["core_mates"].to_list(), pieces["free_core_mates"].to_list()


def _parcels_of(mates: Sequence[Sequence[str]]) -> Iterator[str]:
    return (name.rpartition("#")[0] for names in mates for name in names)


def _any_of(site: IntArray, which: BoolArray, n: int) -> BoolArray:
    """Return which parcels have a row that is marked."""
    return np.asarray(np.bincount(site[which], minlength=n) > 0, dtype=bool)
