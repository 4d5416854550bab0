"""A stable order for kernels of layout.

Numba's own ``argsort`` compiles a sort into every kernel that calls it: seconds of the first run, each time. This one
is compiled once, and is as fast on the short arrays that layouts have.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flexsites.compiled import kernel

__all__ = ["order_by_more", "stable_order"]


@kernel
def stable_order(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the positions of values in ascending order, equal ones as they come: a merge sort from pairs upwards.

    Parameters
    ----------
    values
        Shape (n,), no NaN.

    Examples
    --------
    >>> stable_order(np.array([3.0, 1.0, 2.0, 1.0])).tolist()
    [1, 3, 2, 0]
    """
    n = len(values)
    order = np.arange(n)
    merged = np.empty(n, np.int64)
    width = 1
    while width < n:
        for start in range(0, n, 2 * width):
            middle, stop = min(start + width, n), min(start + 2 * width, n)
            left, right = start, middle
            for at in range(start, stop):
                if left < middle and (right >= stop or values[order[left]] <= values[order[right]]):
                    merged[at] = order[left]
                    left += 1
                else:
                    merged[at] = order[right]
                    right += 1
        order, merged = merged, order
        width *= 2
    return order


@kernel
def order_by_more(values: NDArray[np.float64], least: float) -> NDArray[np.int64]:
    """Return the positions of values in ascending order, as they come where the next is not more by a least amount.

    Parameters
    ----------
    values
        Shape (n,), no NaN.
    least
        What is more by no more than this is as much.

    Examples
    --------
    >>> order_by_more(np.array([3.0 + 1e-9, 1.0, 3.0]), 1e-6).tolist()
    [1, 0, 2]
    """
    order = stable_order(values)
    for i in range(1, len(values)):
        one, j = order[i], i
        # Among those as much as the one before them each goes before what comes after it.
        while j > 0 and order[j - 1] > one and values[order[j]] <= values[order[j - 1]] + least:
            order[j] = order[j - 1]
            j -= 1
        order[j] = one
    return order
