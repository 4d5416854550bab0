"""The land of draws: each state that groups of land draw is another reading of the run, assessed once (METHOD 9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from flexsites.config.certainty import Certainty, DrawnGroup, LandState
from flexsites.config.readings import Reading
from flexsites.config.resolved import RESOLVED, reading_of
from flexsites.config.run import Variant
from flexsites.errors import ConfigError, Fault
from flexsites.finished.at_hand import needs_cells
from flexsites.finished.land import OtherLand
from flexsites.finished.opened import Finished

__all__ = ["Lands", "States", "reading_in", "states_drawn"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

States = tuple[int, ...]
"""Of each group: -1 where it reads the land as at its low end, 1 as at its high end, 0 as the run does."""

_LABEL = {"nl": "Trekking", "en": "Draw"}


def states_drawn(certainty: Certainty, chance: Floats) -> Ints:
    """Return the states of the land in every draw, shape (draws, groups): 0 for groups of figures.

    Parameters
    ----------
    certainty
        The groups, in the order of the columns of ``chance``.
    chance
        Shape (draws, groups); NaN leaves the land as the run reads it.
    """
    found = np.zeros(chance.shape, dtype=np.int64)
    for i, group in enumerate(certainty.groups):
        drawn = np.nan_to_num(chance[:, i], nan=0.5)
        for state, is_there in ((group.land_low, drawn < _share(group.land_low)),
                                (group.land_high, drawn > 1.0 - _share(group.land_high))):  # fmt: skip
            if state is not None:
                found[is_there & ~np.isnan(chance[:, i]), i] = -1 if state is group.land_low else 1
    return found


def _share(state: LandState | None) -> float:
    return 0.0 if state is None else state.share.value


@dataclass(frozen=True)
class Lands:
    """A finished run on the land of each state that is drawn, assessed when it is first asked for.

    Attributes
    ----------
    run
        The run.
    """

    run: Finished
    _land: OtherLand = field(init=False, repr=False)
    _known: dict[States, Finished] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Stand ready for states of the land."""
        object.__setattr__(self, "_land", OtherLand(self.run))

    def of(self, certainty: Certainty, states: States) -> Finished:
        """Return the run on the land of some states.

        Raises
        ------
        ConfigError
            If a state says what the run does not have, or what needs its cells to be assessed.
        """
        if not any(states):
            return self.run
        if states not in self._known:
            self._known[states] = self._land.of(reading_in(self.run, certainty, states)).run
        return self._known[states]


def reading_in(run: Finished, certainty: Certainty, states: States) -> Reading:
    """Return how some states read the run: a term of their own brings the rules that hold for that term.

    Raises
    ------
    ConfigError
        As `Lands.of`.
    """
    groups = [one for one, at in zip(certainty.groups, states, strict=True) if at]
    where = f"certainty.groups: {', '.join(one.id for one in groups)}"
    variant = Variant.model_validate({"id": "drawn", "label": _LABEL, **_together(certainty, states)})
    try:
        reading = reading_of(run.settings, variant, RESOLVED)
    except ConfigError as error:
        raise ConfigError(error.within(where)) from error
    if cannot := needs_cells(run, reading):
        what = f"this cannot be answered from a finished run: {', '.join(cannot)}"
        raise ConfigError(Fault(what, where, "leave it out of what is drawn, or run it as a variant"))
    return reading


def _together(certainty: Certainty, states: States) -> Mapping[str, Any]:
    """Return what the states of all groups say, as the keys of a variant; of two that say the same the last counts."""
    joined: dict[str, Any] = {}
    for state in _chosen(certainty.groups, states):
        for key, said in state.model_dump(mode="json", exclude_defaults=True, exclude={"share"}).items():
            joined[key] = {**joined.get(key, {}), **said}
    return joined


def _chosen(groups: tuple[DrawnGroup, ...], states: States) -> Iterator[LandState]:
    for group, at in zip(groups, states, strict=True):
        state = {-1: group.land_low, 0: None, 1: group.land_high}[at]
        if state is not None:
            yield state
