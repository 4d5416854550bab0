"""The solver of whole choices: HiGHS, within a limit of work, so that the answer is the same on every machine.

Several objectives are solved one after the other: what an earlier one reached is kept while a later one is improved.
HiGHS runs on one thread with its fixed seed. A limit by the clock may be given; what it stops is not reproducible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

__all__ = ["NODE_LIMIT", "Solved", "solve_in_order"]

Floats = npt.NDArray[np.float64]

NODE_LIMIT = 500
"""How many branches the solver may open per objective."""
_STOPPED = 1
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Solved:
    """A choice, and how good it is.

    Attributes
    ----------
    values
        The variables, shape (n,); None where none was found within the limits.
    reached, bounds
        Per objective what the choice costs, and what no choice that keeps the earlier ones costs less than.
    is_reproducible
        Whether no clock stopped the solver.
    """

    values: Floats | None
    reached: tuple[float, ...]
    bounds: tuple[float, ...]
    is_reproducible: bool

    @property
    def gaps(self) -> tuple[float, ...]:
        """Per objective how much better a choice could be at most; 0: proven to be the best."""
        pairs = zip(self.reached, self.bounds, strict=True)
        return tuple(max(0.0, reached - bound) if reached - bound > _TOLERANCE else 0.0 for reached, bound in pairs)


def solve_in_order(
    objectives: Sequence[Floats],
    constraints: Sequence[LinearConstraint],
    *,
    is_whole: npt.NDArray[np.bool_],
    upper: Floats,
    node_limit: int = NODE_LIMIT,
    seconds: float | None = None,
) -> Solved:
    """Minimise objectives one after the other; variables are 0 or more.

    Parameters
    ----------
    objectives
        Cost of each variable, shape (n,), the first objective first.
    constraints
        What must hold.
    is_whole
        Shape (n,): which variables are whole numbers.
    upper
        Shape (n,): the most of each; infinite where nothing bounds it.
    node_limit
        Branches per objective.
    seconds
        A limit by the clock per objective; None: none.

    Examples
    --------
    Two of three must be taken, at the least cost, and among those the least of a second cost.

    >>> two = LinearConstraint(np.ones((1, 3)), 2, 2)
    >>> found = solve_in_order([np.array([1.0, 1, 1]), np.array([3.0, 1, 2])], [two], is_whole=np.ones(3, dtype=bool),
    ...     upper=np.ones(3))
    >>> found.values.tolist(), found.reached, found.gaps
    ([0.0, 1.0, 1.0], (2.0, 3.0), (0.0, 0.0))
    """
    held = list(constraints)
    best: Floats | None = None
    reached: list[float] = []
    bounds: list[float] = []
    is_reproducible = True
    for cost in objectives:
        found = milp(
            cost,
            integrality=is_whole.astype(np.int64),
            bounds=Bounds(0.0, upper),
            constraints=held,
            options={
                "mip_rel_gap": 0.0,
                "node_limit": node_limit,
                "time_limit": np.inf if seconds is None else seconds,
            },
        )
        if found.x is not None:
            best = np.where(is_whole, np.round(found.x), found.x)
        is_reproducible &= seconds is None or found.status != _STOPPED
        if best is None:
            return Solved(None, tuple(reached), tuple(bounds), is_reproducible)
        value = float(cost @ best)
        bound = found.get("mip_dual_bound")
        reached.append(value)
        bounds.append(value if bound is None or not np.isfinite(bound) or found.success else float(bound))
        held.append(LinearConstraint(cost[None], -np.inf, value + _TOLERANCE))
    return Solved(best, tuple(reached), tuple(bounds), is_reproducible)
