"""The arrays that geometry kernels take and give."""

from __future__ import annotations

from collections.abc import Iterable
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
