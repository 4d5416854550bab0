"""Sobol's indices of total order, on demand: what share of a total's variance a group of figures has a hand in.

They need a design of their own (Saltelli, 2010): N x (groups + 2) answers, so that at most ten groups take part, those
that move the totals most by the draws; the others stay at what is expected.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.certainty.kernels.influence import total_order
from flexsites.certainty.opened import Opened
from flexsites.certainty.totals import Total, answered
from flexsites.config.certainty import Certainty
from flexsites.tables import Frame, conform
from flexsites.tables.certainty_tables import CertaintySobol

__all__ = ["MOST", "sobol"]

Floats = npt.NDArray[np.float64]

MOST = 10
"""How many groups take part."""
_BOOTSTRAPS = 100


def sobol(opened: Opened, certainty: Certainty, groups: Frame, *, n: int, seed: int) -> Frame:
    """Return the index of total order of each group for each total, with its bootstrap.

    Parameters
    ----------
    opened, certainty
        The run, and its groups of figures.
    groups
        CertaintyGroups of its draws: how much each group moves each total.
    n
        The size of the design, a power of two.
    seed
        The seed of the design and of the bootstrap.

    Returns
    -------
        CertaintySobol: a row per total and group that takes part. Where a total does not vary nothing moves it: 0.
    """
    taking_part = _moving_most(groups, certainty)
    totals: list[Total] = []
    for _, _, found in answered(opened, certainty, _design(taking_part, len(certainty.groups), n, seed)):
        totals += found
    rows = [row for one in totals for row in _rows(one, taking_part, certainty, n, seed)]
    return conform(pd.DataFrame(rows), CertaintySobol, where="certainty/sobol", is_result=True)


def _moving_most(groups: Frame, certainty: Certainty) -> list[int]:
    """Return the groups that move a total most in the draws, in their own order."""
    most = groups.groupby("group")["pawn"].max()
    order = sorted(range(len(certainty.groups)), key=lambda i: (-float(most[certainty.groups[i].id]), i))
    return sorted(order[:MOST])


def _design(taking_part: list[int], n_groups: int, n: int, seed: int) -> Floats:
    """Return the rows of chances: A, B, and A with one group's chances of B, group by group."""
    from scipy.stats import qmc  # noqa: PLC0415 - dear to import, and every process of a run would

    drawn = qmc.Sobol(2 * len(taking_part), rng=np.random.default_rng(seed)).random(n)
    # A chance of 0 or 1 lies at the end of a band that has none.
    a, b = np.clip(drawn, 1e-9, 1 - 1e-9).reshape(n, 2, -1).swapaxes(0, 1)
    blocks = [a, b]
    for i in range(len(taking_part)):
        mixed = a.copy()
        mixed[:, i] = b[:, i]
        blocks.append(mixed)
    rows = np.full((n * len(blocks), n_groups), np.nan)
    rows[:, taking_part] = np.vstack(blocks)
    return rows


def _rows(total: Total, taking_part: list[int], certainty: Certainty, n: int, seed: int) -> list[dict[str, object]]:
    order, low, high = total_order(total.figure.reshape(-1, n), n_bootstrap=_BOOTSTRAPS, seed=seed)
    return [
        {
            "total": total.total, "flexmilieu": total.flexmilieu, "land": total.land,
            "group": certainty.groups[group].id, "total_order": order[i],
            "total_order_p05": low[i], "total_order_p95": high[i], "n_design": n,
        }
        for i, group in enumerate(taking_part)
    ]  # fmt: skip
