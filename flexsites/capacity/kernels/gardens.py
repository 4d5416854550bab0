"""What of a yard may be built on: a share of it, that falls with its size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["may_be_built_on"]

Floats = NDArray[np.float64]


def may_be_built_on(yard_m2: Floats, from_m2: Floats, share: Floats, most_m2: float) -> Floats:
    """Return the area of each yard that may be built on: of each band its share, up to a most.

    Parameters
    ----------
    yard_m2
        Area of each yard, shape (n,); NaN where it is not known.
    from_m2, share
        Where each band begins, rising from 0, and the share of it that may be built on, shape (bands,).
    most_m2
        The most, however large the yard is.

    Returns
    -------
        Shape (n,); NaN where the yard is not known. Never falls when the yard grows.

    Examples
    --------
    >>> bands = np.array([0.0, 100.0, 300.0]), np.array([0.5, 0.2, 0.1])
    >>> may_be_built_on(np.array([80.0, 200.0, 400.0, 9_000.0, np.nan]), *bands, 150.0).tolist()
    [40.0, 70.0, 100.0, 150.0, nan]
    """
    to_m2 = np.append(from_m2[1:], np.inf)
    within = np.clip(yard_m2[:, None] - from_m2, 0.0, to_m2 - from_m2)
    return np.asarray(np.minimum((within * share).sum(axis=1), most_m2))
