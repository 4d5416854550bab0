"""Labels of faces as text and as a table of booleans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flexsites.arrays import BoolArray

SEPARATOR = "|"


def join_labels(covers: BoolArray, rule_ids: Sequence[str]) -> list[str]:
    """Return per row the ids of the rules that cover it, sorted and joined; empty where none does.

    Rows repeat a few combinations many times, so that each combination is written once.

    Examples
    --------
    >>> join_labels(np.array([[True, True], [False, False]]), ["natura2000", "flood"])
    ['flood|natura2000', '']
    """
    if not len(covers):
        return []
    packed = np.packbits(covers, axis=1) if covers.shape[1] else np.zeros((len(covers), 1), dtype=np.uint8)
    distinct, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    texts = [
        SEPARATOR.join(sorted(rule_ids[int(i)] for i in np.flatnonzero(covers[row]))) for row in first[: len(distinct)]
    ]
    return [texts[i] for i in which.ravel()]


def split_labels(texts: Sequence[str] | NDArray[Any], rule_ids: Sequence[str]) -> BoolArray:
    """Return which rules cover each row, shape (n, n_rules); ids that are not asked for are left out.

    Examples
    --------
    >>> split_labels(["flood|natura2000", "", "old_rule"], ["natura2000", "flood"]).tolist()
    [[True, True], [False, False], [False, False]]
    """
    if not len(texts):
        return np.zeros((0, len(rule_ids)), dtype=bool)
    distinct, which = np.unique(np.asarray(texts, dtype=object).astype(str), return_inverse=True)
    rows = [[rule_id in set(text.split(SEPARATOR)) for rule_id in rule_ids] for text in distinct]
    return np.array(rows, dtype=bool).reshape(len(distinct), len(rule_ids))[which.ravel()]
