"""The totals of a run at drawn figures: what intervals, tornado and indices are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flexsites.certainty.draws import Drawn, common_homes, draw_all
from flexsites.certainty.figures import figures_drawn
from flexsites.certainty.opened import Opened
from flexsites.config.certainty import Certainty

__all__ = ["ALL", "Total", "answered"]

Floats = npt.NDArray[np.float64]

ALL = "all"
"""What stands for a flexmilieu where a total spans them."""


@dataclass(frozen=True, slots=True)
class Total:
    """One total: its key, and its figure in every row of chances."""

    total: str
    flexmilieu: str
    land: str
    figure: Floats


def answered(opened: Opened, certainty: Certainty, chance: Floats) -> Iterator[tuple[str, Drawn | None, list[Total]]]:
    """Answer a run at drawn figures: first what spans flexmilieus, then one flexmilieu after the other.

    Parameters
    ----------
    opened
        The run.
    certainty
        The groups of figures.
    chance
        What each group drew, shape (rows, groups); NaN leaves it at what is expected.

    Yields
    ------
        The flexmilieu (``all``: over flexmilieus), what was drawn of it, and its totals.
    """
    figured = figures_drawn(
        opened.figures, certainty, chance,
        measures=opened.measures, reach=opened.reach, common_homes_per_ha=opened.common_homes_per_ha,
    )  # fmt: skip
    yield ALL, None, [Total("common", ALL, land, homes) for land, homes in common_homes(opened.ground, figured).items()]
    for name, moved in figured.moved.items():
        one = draw_all(opened.ground, name, moved)
        found = [Total("spread", name, consent, homes.astype(float)) for consent, homes in one.spread.items()]
        suitable = Total("locations", name, "available", one.is_suitable.sum(axis=1).astype(float))
        yield name, one, [*found, suitable]
