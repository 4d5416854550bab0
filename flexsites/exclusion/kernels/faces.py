"""The labelled overlay: per parcel the faces that the rules cut it into, each with the set of rules that cover it.

How it stays exact and fast. The index is built on the many (parcels) and queried by the few (constraints, cut on the
national lattice). A parcel wholly inside a constraint gets its label without an intersection; only pairs whose
boundaries meet are intersected, and unions are taken only where several parts of one rule meet a parcel. Each parcel's
faces depend on its own candidates, in the order given, and on nothing else: results do not change with the cell.

Sources: shared faces as the cache of every variant, METHOD 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray, LabelArray
from flexsites.geometry.clips import clip_near
from flexsites.geometry.lattice import MAX_VERTICES, subdivide
from flexsites.geometry.nesting import AROUND, INSIDE, OPEN, Rings, nest, read_rings
from flexsites.geometry.robust import split, unite

WORD_BITS = 64


@dataclass(frozen=True, slots=True)
class Constraint:
    """What one rule covers: polygons in a fixed order, perhaps on some parcels only.

    Attributes
    ----------
    rule
        Position of the rule in the rule set.
    polygons
        Shape (m,), polygonal, in the order of their ids.
    is_asked
        Shape (n_parcels,): the parcels the rule applies to; None: all.
    is_whole
        The rule covers the parcels asked as a whole: no overlay is needed.
    only_on
        Shape (m,): the one parcel that each polygon bears on, by position; None: on all that it meets.
    """

    rule: int
    polygons: GeometryArray
    is_asked: BoolArray | None = None
    is_whole: bool = False
    only_on: IntArray | None = None


@dataclass(frozen=True, slots=True)
class LabelledFaces:
    """The faces of all parcels.

    Attributes
    ----------
    parcel
        Shape (n,), position of the parcel, ascending.
    labels
        Shape (n, n_words), the rules that cover the face, as bits.
    geometry, area_m2
        Shape (n,).
    n_repairs
        Shape (n_parcels,), pairs, unions and cuts repaired after a topology error.
    """

    parcel: IntArray
    labels: LabelArray
    geometry: GeometryArray
    area_m2: FloatArray
    n_repairs: IntArray


@dataclass(slots=True)
class _Work:
    """The parcels being cut: which rules cover them wholly (bits), and what covers them in part."""

    shapes: GeometryArray
    tree: shapely.STRtree
    rings: Rings
    whole: LabelArray
    n_repairs: IntArray
    cover_parcel: list[IntArray] = field(default_factory=list)
    cover_rule: list[IntArray] = field(default_factory=list)
    cover: list[GeometryArray] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Faces: their parcel, label and shape."""

    parcel: IntArray
    labels: LabelArray
    geometry: GeometryArray

    def take(self, rows: BoolArray | IntArray) -> _Rows:
        return _Rows(self.parcel[rows], self.labels[rows], self.geometry[rows])


def _join(parts: Sequence[_Rows]) -> _Rows:
    return _Rows(
        np.concatenate([part.parcel for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.geometry for part in parts]),
    )


def label_faces(
    parcels: GeometryArray, constraints: Sequence[Constraint], n_rules: int, *, begun: LabelledFaces | None = None
) -> LabelledFaces:
    """Cut parcels into faces labelled with the rules that cover them.

    The areas of a parcel's faces sum to the parcel's area, faces do not overlap, and no two have the same label.

    Parameters
    ----------
    parcels
        Shape (n,), polygonal, valid. An empty one gives one empty face.
    constraints
        What the rules cover; several may belong to one rule, and polygons may overlap.
    n_rules
        Number of rules: the width of a label.
    begun
        Faces that earlier rules have cut the parcels into already, labelled as wide: constraints are of later rules.
        What comes out is to the last bit what all rules together cut.

    Examples
    --------
    >>> parcel = np.array([shapely.box(0, 0, 10, 10)])
    >>> left, top = shapely.box(-5, -5, 4, 20), shapely.box(-5, 5, 20, 20)
    >>> faces = label_faces(parcel, [Constraint(0, np.array([left])), Constraint(1, np.array([top]))], 2)
    >>> sorted(zip(faces.labels[:, 0].tolist(), faces.area_m2.tolist()))
    [(0, 30.0), (1, 20.0), (2, 30.0), (3, 20.0)]
    >>> begun = label_faces(parcel, [Constraint(0, np.array([left]))], 2)
    >>> further = label_faces(parcel, [Constraint(1, np.array([top]))], 2, begun=begun)
    >>> sorted(zip(further.labels[:, 0].tolist(), further.area_m2.tolist()))
    [(0, 30.0), (1, 20.0), (2, 30.0), (3, 20.0)]
    """
    words = max(1, -(-n_rules // WORD_BITS))
    whole, n_repairs = np.zeros((len(parcels), words), dtype=np.uint64), np.zeros(len(parcels), dtype=np.int64)
    work = _Work(parcels, shapely.STRtree(parcels), read_rings(parcels), whole, n_repairs)
    for rule in range(n_rules):
        asked = [constraint for constraint in constraints if constraint.rule == rule]
        if asked:
            _cover_rule(work, rule, asked)
    faces = _split(work, _whole(work) if begun is None else _Rows(begun.parcel, begun.labels, begun.geometry))
    labels = faces.labels | whole[faces.parcel]
    return LabelledFaces(faces.parcel, labels, faces.geometry, shapely.area(faces.geometry), n_repairs)


def has_rule(labels: LabelArray, n_rules: int) -> BoolArray:
    """Return labels as a table of booleans, shape (n, n_rules).

    Examples
    --------
    >>> has_rule(np.array([[5]], dtype=np.uint64), 3).tolist()
    [[True, False, True]]
    """
    number = np.arange(n_rules)
    shift = (number % WORD_BITS).astype(np.uint64)
    return np.asarray((labels[:, number // WORD_BITS] >> shift) & np.uint64(1), dtype=bool)


def words_of(covers: BoolArray) -> LabelArray:
    """Return a table of booleans as labels: what `has_rule` reads.

    Examples
    --------
    >>> words_of(np.array([[True, False, True]])).tolist()
    [[5]]
    """
    words = max(1, -(-covers.shape[1] // WORD_BITS))
    bits = np.zeros((len(covers), words * WORD_BITS), dtype=bool)
    bits[:, : covers.shape[1]] = covers
    return np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def _cover_rule(work: _Work, rule: int, asked: Sequence[Constraint]) -> None:
    """Find what one rule covers: parcels wholly (their bit in ``whole``), or in part (a cover to split them by)."""
    is_whole = np.zeros(len(work.shapes), dtype=bool)
    for constraint in asked:
        if constraint.is_whole and constraint.is_asked is not None:
            is_whole |= constraint.is_asked
    pairs = [_pairs(work, constraint) for constraint in asked if not constraint.is_whole]
    if pairs:
        parcel = np.concatenate([pair[0] for pair in pairs])
        polygon = np.concatenate([pair[1] for pair in pairs])
        is_whole[parcel[np.concatenate([pair[2] for pair in pairs])]] = True
        rest = ~is_whole[parcel]
        _add_covers(work, rule, parcel[rest], polygon[rest])
    work.whole[is_whole, rule // WORD_BITS] |= np.uint64(1) << np.uint64(rule % WORD_BITS)


def _add_covers(work: _Work, rule: int, parcel: IntArray, polygon: GeometryArray) -> None:
    """Add one cover per parcel: the polygon that meets it, or the union of those that do.

    What is united is clipped near the parcel first, a margin beyond it: clips to the parcel itself would share its
    edges up to rounding, which is where overlays go wrong.
    """
    met, group, size = np.unique(parcel, return_inverse=True, return_counts=True)
    is_shared = size[group] > 1
    near = polygon.copy()
    near[is_shared] = clip_near(polygon[is_shared], shapely.bounds(work.shapes[parcel[is_shared]]))
    united, is_repaired = unite(near, group, len(met))
    work.n_repairs[met] += is_repaired
    work.cover_parcel.append(met)
    work.cover_rule.append(np.full(len(met), rule, dtype=np.int64))
    work.cover.append(united)


def _pairs(work: _Work, constraint: Constraint) -> tuple[IntArray, GeometryArray, BoolArray]:
    """Return the pairs of parcel and (cut) polygon that meet, by parcel and then in the order of the polygons."""
    polygons, owner, is_repaired = subdivide(constraint.polygons, max_vertices=MAX_VERTICES)
    which, parcel = work.tree.query(polygons)
    if constraint.only_on is not None:
        bears = constraint.only_on[owner[which]] == parcel
        which, parcel = which[bears], parcel[bears]
    if constraint.is_asked is not None:
        which, parcel = which[constraint.is_asked[parcel]], parcel[constraint.is_asked[parcel]]
    # a cell reads a halo for rules of distance: what lies there only is left out before its vertices are read
    near, which = np.unique(which, return_inverse=True)
    polygons, is_repaired = polygons[near], is_repaired[near]
    order = np.lexsort((which, parcel))
    which, parcel = which[order], parcel[order].astype(np.int64)
    lies = nest(read_rings(polygons), which, work.rings, parcel)
    is_inside, meets = lies == AROUND, (lies == AROUND) | (lies == INSIDE)
    rows = np.flatnonzero(lies == OPEN)
    used, place = np.unique(which[rows], return_inverse=True)
    # copies, because another thread may be preparing the very same geometries
    ready = shapely.force_2d(polygons[used])
    shapely.prepare(ready)
    met = shapely.intersects(ready[place], work.shapes[parcel[rows]])
    rows, place = rows[met], place[met]
    is_inside[rows] = shapely.covers(ready[place], work.shapes[parcel[rows]])
    meets[rows] = True
    rows, place = rows[~is_inside[rows]], place[~is_inside[rows]]
    meets[rows] = ~shapely.touches(ready[place], work.shapes[parcel[rows]])
    np.add.at(work.n_repairs, parcel[meets], is_repaired[which[meets]])
    return parcel[meets], polygons[which[meets]], is_inside[meets]


def _whole(work: _Work) -> _Rows:
    """Return parcels as one face each, that no rule covers."""
    return _Rows(np.arange(len(work.shapes), dtype=np.int64), np.zeros_like(work.whole), work.shapes)


def _split(work: _Work, faces: _Rows) -> _Rows:
    """Split faces by what covers their parcels in part: the k-th such rule of all at once, for k = 0, 1, ..."""
    n = len(work.shapes)
    if not work.cover:
        return faces
    parcel, rule = np.concatenate(work.cover_parcel), np.concatenate(work.cover_rule)
    order = np.lexsort((rule, parcel))
    parcel, rule, cover = parcel[order], rule[order], np.concatenate(work.cover)[order]
    level = np.arange(len(parcel)) - np.searchsorted(parcel, parcel)
    done: list[_Rows] = []
    for step in range(int(level.max(initial=-1)) + 1):
        cover_of = np.full(n, -1, dtype=np.int64)
        cover_of[parcel[level == step]] = np.flatnonzero(level == step)
        which = cover_of[faces.parcel]
        done.append(faces.take(which < 0))
        faces, which = faces.take(which >= 0), which[which >= 0]
        faces = _split_once(faces, cover[which], rule[which], work.n_repairs)
    joined = _join([*done, faces])
    return joined.take(np.argsort(joined.parcel, kind="stable"))


def _split_once(faces: _Rows, covers: GeometryArray, rules: IntArray, n_repairs: IntArray) -> _Rows:
    """Split each face by one cover; the inside gets the rule's bit."""
    inside, outside, is_repaired = split(faces.geometry, covers)
    np.add.at(n_repairs, faces.parcel, is_repaired)
    covered = faces.labels.copy()
    covered[np.arange(len(rules)), rules // WORD_BITS] |= np.uint64(1) << (rules % WORD_BITS).astype(np.uint64)
    within = _Rows(faces.parcel, covered, inside).take(~shapely.is_empty(inside))
    # an empty parcel stays one empty face
    stays = ~shapely.is_empty(outside) | shapely.is_empty(faces.geometry)
    without = _Rows(faces.parcel, faces.labels, outside).take(stays)
    return _join([within, without])
