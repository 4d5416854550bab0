"""What moves an answer, from the draws themselves: the PAWN index of each group, with its bootstrap. Source: METHOD 9.

PAWN compares the distribution of an answer over all draws with its distributions over slices of one figure's draws: the
more they differ, the more the figure moves the answer, whatever the shape of the relation (Pianosi and Wagener, 2018).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flexsites.compiled import kernel

__all__ = ["intervals", "pawn", "total_order"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LOW, MIDDLE, HIGH = 0.05, 0.5, 0.95
"""The points of an interval: 5 and 95 %, and the middle."""


def intervals(drawn: npt.NDArray[np.integer] | Floats) -> Floats:
    """Return the 5, 50 and 95 % points over draws, shape (3, ...); of counts, counts that were drawn.

    Parameters
    ----------
    drawn
        Shape (draws, ...).

    Examples
    --------
    >>> intervals(np.arange(101)).tolist()
    [5.0, 50.0, 95.0]
    """
    # Which of the sorted draws each point is: the draws themselves are then sorted no further than that.
    points = np.quantile(np.arange(len(drawn)), [LOW, MIDDLE, HIGH], method="inverted_cdf").astype(np.int64)
    return np.asarray(np.partition(drawn, points, axis=0)[points], dtype=np.float64)


def pawn(chance: Floats, answer: Floats, *, n_slices: int, n_bootstrap: int, seed: int) -> Floats:
    """Return per group of figures how much it moves an answer: 0 not at all, 1 wholly; and its 5 and 95 % bounds.

    Parameters
    ----------
    chance
        Shape (draws, groups), what each group drew, in [0, 1].
    answer
        Shape (draws,).
    n_slices
        Slices of a group's range, each with about as many draws.
    n_bootstrap, seed
        Draws are taken again with replacement this often; 0: no bounds (NaN).

    Returns
    -------
        Shape (3, groups): the median over slices of the Kolmogorov-Smirnov distance, and the bounds of its bootstrap.
        Where all draws give one answer nothing moves it: 0.
        Draws are few, so that a group without influence is not 0: compare with the group that moves least.

    Examples
    --------
    >>> u = np.random.default_rng(1).random((400, 2))
    >>> found = pawn(u, u[:, 0] * 9.0, n_slices=10, n_bootstrap=0, seed=1)[0]
    >>> bool(found[0] > 0.5 > 0.3 > found[1])
    True
    """
    n, n_groups = chance.shape
    found = np.full((3, n_groups), np.nan)
    found[0] = _pawn(chance, answer, n_slices)
    if n_bootstrap:
        random = np.random.default_rng(seed)
        again = [_pawn(chance[rows], answer[rows], n_slices) for rows in random.integers(0, n, (n_bootstrap, n))]
        # Draws that are taken twice make slices differ more: the spread of the bootstrap is kept, not its middle.
        low, middle, high = np.quantile(again, [LOW, MIDDLE, HIGH], axis=0)
        found[1:] = np.clip(found[0] + np.array([low - middle, high - middle]), 0.0, 1.0)
    return found


def total_order(figures: Floats, *, n_bootstrap: int, seed: int) -> Floats:
    """Return Sobol's index of total order per group of figures, and its 5 and 95 % bounds.

    The share of an answer's variance in which a group has a hand, alone or with others (Jansen's estimator; Saltelli
    and others, 2010).

    Parameters
    ----------
    figures
        The answers by block of the design, shape (2 + groups, n): at A, at B, and at A with one group's chances of B.
    n_bootstrap, seed
        Rows of the design are taken again with replacement this often.

    Returns
    -------
        Shape (3, groups): the index and its bounds. Where the answer does not vary nothing moves it: 0.

    Examples
    --------
    >>> drawn = np.random.default_rng(1).random((4_000, 4))
    >>> a, b = drawn[:, :2], drawn[:, 2:]
    >>> blocks = [a, b, np.column_stack([b[:, 0], a[:, 1]]), np.column_stack([a[:, 0], b[:, 1]])]
    >>> figures = np.array([3 * one[:, 0] + one[:, 1] for one in blocks])
    >>> total_order(figures, n_bootstrap=20, seed=1)[0].round(1).tolist()  # 9 and 1 of 10
    [0.9, 0.1]
    """
    found = np.tile(_total_order(figures), (3, 1))
    random, n = np.random.default_rng(seed), figures.shape[1]
    again = [_total_order(figures[:, rows]) for rows in random.integers(0, n, (n_bootstrap, n))]
    if again:
        low, high = np.quantile(again, [LOW, HIGH], axis=0)
        found[1], found[2] = np.minimum(low, found[0]), np.maximum(high, found[0])
    return found


def _total_order(figures: Floats) -> Floats:
    variance = float(np.var(figures[:2]))
    if variance == 0.0:
        return np.zeros(len(figures) - 2)
    return np.asarray(((figures[0] - figures[2:]) ** 2).mean(axis=1) / (2.0 * variance))


def _pawn(chance: Floats, answer: Floats, n_slices: int) -> Floats:
    """Return the median distance over slices, per group."""
    n = len(answer)
    order = np.argsort(answer, kind="stable")
    is_last = np.append(np.diff(answer[order]) > 0, True)
    # The slice of each draw: as many draws in each as there may be, by what the group drew.
    slice_of_rank = np.arange(n) * n_slices // n
    slice_of = np.empty(chance.shape, dtype=np.int64)
    np.put_along_axis(slice_of, np.argsort(chance, axis=0, kind="stable"), slice_of_rank[:, None], axis=0)
    away = np.sort(_distances(slice_of[order], is_last, np.bincount(slice_of_rank, minlength=n_slices)), axis=1)
    return np.asarray((away[:, (n_slices - 1) // 2] + away[:, n_slices // 2]) / 2.0)


@kernel
def _distances(slice_of: Ints, is_last: Bools, size: Ints) -> Floats:
    """Return how far the distribution of each slice lies from that of all draws, shape (groups, slices).

    Parameters
    ----------
    slice_of
        The slice of each draw by group, draws by their answer, shape (draws, groups).
    is_last
        Whether a draw is the last of its answer, shape (draws,): distributions are compared there.
    size
        Draws of each slice.
    """
    n, n_groups = slice_of.shape
    away = np.zeros((n_groups, len(size)))
    for g in range(n_groups):
        below = np.zeros(len(size), dtype=np.int64)
        for i in range(n):
            below[slice_of[i, g]] += 1
            if is_last[i]:
                for s in range(len(size)):
                    away[g, s] = max(away[g, s], abs(below[s] / size[s] - (i + 1.0) / n))
    return away
