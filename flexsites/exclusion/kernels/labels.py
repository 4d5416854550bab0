"""Labels of faces as lists and as a table of booleans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flexsites.arrays import BoolArray, ListArray, named


def list_labels(covers: BoolArray, rule_ids: Sequence[str]) -> ListArray:
    """Return per row the ids of the rules that cover it, sorted; empty where none does.

    Examples
    --------
    >>> list_labels(np.array([[True, True], [False, False]]), ["natura2000", "flood"]).tolist()
    [('flood', 'natura2000'), ()]
    """
    order = np.argsort(np.asarray(rule_ids, dtype=object), kind="stable")
    return named(covers[:, order], [rule_ids[int(i)] for i in order])


def has_label(labels: Sequence[tuple[str, ...]] | ListArray, rule_ids: Sequence[str]) -> BoolArray:
    """Return which rules cover each row, shape (n, n_rules); ids that are not asked for are left out.

    Examples
    --------
    >>> has_label([("flood", "natura2000"), (), ("old_rule",)], ["natura2000", "flood"]).tolist()
    [[True, True], [False, False], [False, False]]
    """
    # Tables hold equal labels as one object: of so many rows few are looked at.
    _, first, which = np.unique(
        np.fromiter(map(id, labels), dtype=np.int64, count=len(labels)), return_index=True, return_inverse=True
    )
    place = {rule_id: i for i, rule_id in enumerate(rule_ids)}
    rows = np.zeros((len(first), len(rule_ids)), dtype=bool)
    distinct = (labels[i] for i in first.tolist())
    marks = [(row, place[name]) for row, one in enumerate(distinct) for name in one if name in place]
    rows[tuple(np.array(marks, dtype=np.intp).reshape(-1, 2).T)] = True
    return rows[which]
