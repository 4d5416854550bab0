"""A stable order for kernels of layout.

Numba's own ``argsort`` compiles a sort into every kernel that calls it: seconds of the first run, each time. This one
is compiled once, and is as fast on the short arrays that layouts have.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flexsites.compiled import kernel

__all__ = ["stable_order"]


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
