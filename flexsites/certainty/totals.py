"""The totals of a run at drawn figures: what intervals, tornado and indices are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flexsites.certainty.draws import Drawn, common_homes, draw_all
from flexsites.certainty.figures import Moved, figures_drawn
from flexsites.certainty.lands import states_drawn
from flexsites.certainty.opened import Opened, Stood
from flexsites.config.certainty import Certainty

__all__ = ["ALL", "Total", "answered"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
    stood = _stood(opened, certainty, chance)
    common = {land: np.zeros(len(chance)) for land in opened.ground.common_area_m2}
    for one, rows in stood:
        for land, homes in common_homes(one.ground, figured.common_homes_per_ha[rows]).items():
            common[land][rows] = homes
    yield ALL, None, [Total("common", ALL, land, homes) for land, homes in common.items()]
    for name, moved in figured.moved.items():
        drawn = _joined([(_draw(one, name, moved.take(rows)), rows) for one, rows in stood])
        found = [Total("spread", name, consent, homes.astype(float)) for consent, homes in drawn.spread.items()]
        suitable = Total("locations", name, "available", drawn.is_suitable.sum(axis=1).astype(float))
        yield name, drawn, [*found, suitable]


def _stood(opened: Opened, certainty: Certainty, chance: Floats) -> list[tuple[Stood, Ints]]:
    """Return the lands that are drawn, each with the rows of chances in which it is."""
    states, which = np.unique(states_drawn(certainty, chance), axis=0, return_inverse=True)
    which = which.ravel()
    if not states.any():
        return [(Stood(opened.ground, opened.may_have_a_piece), np.arange(len(chance)))]
    stood = opened.grounds(certainty, [tuple(row) for row in states.tolist()])
    return [(one, np.flatnonzero(which == i)) for i, one in enumerate(stood)]


def _draw(one: Stood, name: str, moved: Moved) -> Drawn:
    """Answer one flexmilieu on one land; of a site that may have a piece there it is unknown whether it suits."""
    drawn = draw_all(one.ground, name, moved)
    return replace(drawn, may_suit_site=drawn.may_suit_site | one.may_have_a_piece)


def _joined(parts: list[tuple[Drawn, Ints]]) -> Drawn:
    """Return the draws of all lands in the order of their rows."""
    if len(parts) == 1:
        return parts[0][0]
    order = np.argsort(np.concatenate([rows for _, rows in parts]), kind="stable")
    names = ("is_suitable", "is_unknown", "homes", "rank", "suits_site", "may_suit_site")
    arrays = {name: np.concatenate([getattr(one, name) for one, _ in parts])[order] for name in names}
    consents = parts[0][0].spread
    spread = {consent: np.concatenate([one.spread[consent] for one, _ in parts])[order] for consent in consents}
    return Drawn(**arrays, spread=spread)
