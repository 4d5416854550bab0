"""The arrays that geometry kernels take and give."""

from __future__ import annotations

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
