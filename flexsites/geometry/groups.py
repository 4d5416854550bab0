"""Groups of what is linked: pieces to locations, buildings to complexes."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from flexsites.geometry.types import IntArray

__all__ = ["group_labels"]


def group_labels(n: int, first: IntArray, second: IntArray) -> IntArray:
    """Return per item the number of the lowest item it is connected with, over any number of pairs.

    Parameters
    ----------
    n
        Number of items.
    first, second
        Pairs of connected items.

    Returns
    -------
        Shape (n,): an item that is connected with none has its own number. Does not depend on the order of the pairs.

    Examples
    --------
    >>> group_labels(5, np.array([3, 1]), np.array([4, 3])).tolist()
    [0, 1, 2, 1, 1]
    """
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    links = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n, n))
    _, component = connected_components(links, directed=False)
    _, lowest = np.unique(component, return_index=True)
    return np.asarray(lowest[component], dtype=np.int64)
