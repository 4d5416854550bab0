"""The arrays that geometry kernels take and give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

GeometryArray: TypeAlias = NDArray[Any]
"""Shapely geometries, dtype object."""
IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
LabelArray: TypeAlias = NDArray[np.uint64]
"""Sets of rules as bits, shape (n, n_words)."""
ListArray: TypeAlias = NDArray[np.object_]
"""Tuples of texts, dtype object."""


def lists(of: Iterable[tuple[str, ...]], n: int) -> ListArray:
    """Return ``n`` tuples as an array of shape (n,): of those of one length numpy would make a table.

    Examples
    --------
    >>> lists([("a", "b"), ()], 2).tolist()
    [('a', 'b'), ()]
    """
    return np.fromiter(of, dtype=object, count=n)


def named(holds: BoolArray, names: Sequence[str]) -> ListArray:
    """Return per row the names of what holds in it, in the order of the names; a combination is made once.

    Examples
    --------
    >>> named(np.array([[True, True], [False, False]]), ["far", "noisy"]).tolist()
    [('far', 'noisy'), ()]
    """
    if not len(holds):
        return lists((), 0)
    packed = np.packbits(holds, axis=1) if holds.shape[1] else np.zeros((len(holds), 1), dtype=np.uint8)
    distinct, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    made = [tuple(names[int(i)] for i in np.flatnonzero(holds[row])) for row in first[: len(distinct)]]
    return lists((made[i] for i in which.ravel()), len(holds))
