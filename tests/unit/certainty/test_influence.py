"""What moves an answer, beside another implementation."""

from __future__ import annotations

import numpy as np
from scipy.stats import qmc, sobol_indices

from flexsites.certainty.kernels.influence import total_order


def test_total_order_is_what_scipy_finds() -> None:
    """Ishigami's function: of its third figure alone nothing hangs, together with the first a quarter."""
    n, d = 1024, 3
    drawn = (qmc.Sobol(2 * d, rng=np.random.default_rng(1)).random(n) * 2 - 1) * np.pi
    a, b = drawn[:, :d], drawn[:, d:]
    mixed = [np.column_stack([b[:, j] if j == i else a[:, j] for j in range(d)]) for i in range(d)]
    figures = np.array([np.sin(x[:, 0]) * (1 + 0.1 * x[:, 2] ** 4) + 7 * np.sin(x[:, 1]) ** 2 for x in [a, b, *mixed]])
    answers = {"f_A": figures[:1], "f_B": figures[1:2], "f_AB": figures[2:, None]}
    found = total_order(figures, n_bootstrap=50, seed=1)
    np.testing.assert_allclose(found[0], sobol_indices(func=answers, n=n).total_order, atol=0.02)
    np.testing.assert_allclose(found[0], [0.558, 0.442, 0.244], atol=0.05)
    assert (found[1] <= found[0]).all()
    assert (found[0] <= found[2]).all()


def test_an_answer_that_does_not_vary_is_moved_by_nothing() -> None:
    assert total_order(np.full((5, 8), 3.0), n_bootstrap=4, seed=1).tolist() == [[0.0] * 3] * 3
