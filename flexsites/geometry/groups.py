"""Groups of what is linked: pieces to locations, buildings to complexes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from flexsites.arrays import IntArray

__all__ = ["group_labels", "positions_of"]

Names = NDArray[np.object_]


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


def positions_of(names: Names, known: Names) -> IntArray:
    """Return the positions of names among those known.

    Parameters
    ----------
    names
        Shape (n,).
    known
        Shape (m,), ascending, each once.

    Raises
    ------
    ValueError
        If a name is not among them: what is linked with it would be grouped wrongly.

    Examples
    --------
    >>> positions_of(np.array(["b", "a"], dtype=object), np.array(["a", "b", "c"], dtype=object)).tolist()
    [1, 0]
    """
    found = np.searchsorted(known, names)
    is_there = found < len(known)
    is_there[is_there] = known[found[is_there]] == names[is_there]
    if not is_there.all():
        message = f"links name what is not given, {names[~is_there][0]} first: give every member of a group"
        raise ValueError(message)
    return np.asarray(found, dtype=np.int64)
