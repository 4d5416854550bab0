"""The figures of each draw: what a reading says, moved by what its groups drew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from flexsites.answer import Figures
from flexsites.capacity.kernels.counts import Places
from flexsites.certainty.kernels.triangular import triangular
from flexsites.config.certainty import Certainty, Drawn, DrawnGroup
from flexsites.suitability.kernels.judgement import Asked, Limit, Weight

__all__ = ["Figured", "Moved", "figures_drawn", "not_drawn"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EXPECTED = 1


@dataclass(frozen=True, slots=True)
class Moved:
    """One flexmilieu in every draw.

    Attributes
    ----------
    asked
        What is asked of a place, by draw.
    homes_per_ha, minimum, maximum
        The density, and the fewest and most homes of one place, shape (draws,).
    level
        Which layout is counted: 0 low, 1 expected, 2 high; shape (draws,).
    """

    asked: Sequence[Asked]
    homes_per_ha: Floats
    minimum: Floats
    maximum: Floats
    level: Ints

    def take(self, rows: Ints) -> Moved:
        """Return some of the draws."""
        columns = (getattr(self, name)[rows] for name in ("homes_per_ha", "minimum", "maximum", "level"))
        return Moved([self.asked[row] for row in rows], *columns)


@dataclass(frozen=True, slots=True)
class Figured:
    """The figures of all draws: by flexmilieu, and the homes per hectare of the common programme, shape (draws,)."""

    moved: Mapping[str, Moved]
    common_homes_per_ha: Floats


def figures_drawn(
    figures: Figures,
    certainty: Certainty,
    chance: Floats,
    *,
    measures: Sequence[str],
    reach: Mapping[str, float],
    common_homes_per_ha: tuple[float, float, float],
) -> Figured:
    """Return the figures of every draw.

    Parameters
    ----------
    figures
        What the run says; limits and weights stand by rows of the measures.
    certainty
        The groups, in the order of the columns of ``chance``.
    chance
        Shape (draws, groups), in [0, 1]; NaN leaves a group at what is expected.
    measures, reach
        The measures by row, and how far each was searched: a limit is drawn no further, because beyond it nothing is
        known. A measure without reach has no bound.
    common_homes_per_ha
        Low, expected, high.
    """
    drawing = _Drawing(certainty, chance, tuple(measures), reach)
    moved = {name: drawing.moved(name, figures.asked[name], figures.places[name]) for name in figures.asked}
    return Figured(moved, drawing.band("common", *common_homes_per_ha))


def not_drawn(figures: Figures, certainty: Certainty, *, measures: Sequence[str]) -> list[str]:
    """Return what no group names, and is therefore fixed: ``what flexmilieu measure``, sorted."""
    fixed = set()
    for name, asked in figures.asked.items():
        for what, row in _parts_of(asked):
            if _group(certainty, what, name, measures[row]) is None:
                fixed.add(f"{what} {name} {measures[row]}")
        for what in ("densities", "min_units", "max_units", "layouts"):
            if _group(certainty, what, name) is None:
                fixed.add(f"{what} {name}")
    return sorted(fixed)


def _parts_of(asked: Asked) -> Iterator[tuple[Drawn, int]]:
    yield from (("limits", one.measure) for criterion in asked.criteria for one in criterion)
    for one in asked.weights:
        yield "weights", one.measure
        yield "value_points", one.measure


def _group(certainty: Certainty, what: Drawn, flexmilieu: str = "", measure: str = "") -> int | None:
    """Return the first group that names a figure; None: it is fixed."""
    for i, group in enumerate(certainty.groups):
        if group.what != what:
            continue
        is_here = any(fnmatchcase(flexmilieu, one) for one in group.flexmilieus)
        if is_here and any(fnmatchcase(measure, one) for one in group.measures):
            return i
    return None


@dataclass(frozen=True, slots=True)
class _Drawing:
    certainty: Certainty
    chance: Floats
    measures: tuple[str, ...]
    reach: Mapping[str, float]

    def moved(self, name: str, asked: Asked, places: Places) -> Moved:
        """Return one flexmilieu in every draw."""
        limits = [[self._limits(name, one) for one in criterion] for criterion in asked.criteria]
        weights = [self._weights(name, one) for one in asked.weights]
        every = [
            Asked(
                tuple(tuple(one[d] for one in criterion) for criterion in limits), tuple(one[d] for one in weights)
            )
            for d in range(len(self.chance))
        ]  # fmt: skip
        top = places.homes_per_ha[-1]
        return Moved(
            every,
            # Layouts are counted up to what the top of the range asks: beyond it they would say too little.
            np.minimum(self.band("densities", *places.homes_per_ha, flexmilieu=name), top),
            self._whole("min_units", places.minimum, name),
            self._whole("max_units", places.maximum, name),
            self._level(name),
        )

    def band(self, what: Drawn, low: float, expected: float, high: float, *, flexmilieu: str = "") -> Floats:
        """Return what was drawn of a figure with a band of its own."""
        drawn = self._chance(_group(self.certainty, what, flexmilieu))
        found = np.full(len(drawn), float(expected))
        if np.isfinite([low, expected, high]).all():
            moves = ~np.isnan(drawn)
            found[moves] = np.maximum(triangular(drawn[moves], low, expected, high), 0.0)
        return found

    def _whole(self, what: Drawn, band: Sequence[float], flexmilieu: str) -> Floats:
        low, expected, high = band
        return np.rint(self.band(what, low, expected, high, flexmilieu=flexmilieu))

    def _level(self, flexmilieu: str) -> Ints:
        """Return which layout is counted: lengths are laid out at three levels only."""
        drawn, shares = self._chance(_group(self.certainty, "layouts", flexmilieu)), self.certainty.level_share
        bounds = [shares.low.value, shares.low.value + shares.expected.value]
        level = np.searchsorted(bounds, np.nan_to_num(drawn, nan=0.5), side="right")
        return np.where(np.isnan(drawn), EXPECTED, level).astype(np.int64)

    def _limits(self, name: str, limit: Limit) -> list[Limit]:
        measure = self.measures[limit.measure]
        most = max(self.reach.get(measure, np.inf), limit.limit)
        drawn = np.minimum(limit.limit * self._factor("limits", name, measure), most)
        return [replace(limit, limit=float(one)) for one in drawn]

    def _weights(self, name: str, weight: Weight) -> list[Weight]:
        measure = self.measures[weight.measure]
        heavy, far = self._factor("weights", name, measure), self._factor("value_points", name, measure)
        return [
            Weight(weight.measure, float(weight.weight * one), float(weight.full_at * at), float(weight.zero_at * at))
            for one, at in zip(heavy, far, strict=True)
        ]

    def _factor(self, what: Drawn, name: str, measure: str) -> Floats:
        """Return by what a figure is multiplied in each draw."""
        place = _group(self.certainty, what, name, measure)
        drawn = self._chance(place)
        found, moves = np.ones(len(drawn)), ~np.isnan(drawn)
        if place is not None and moves.any():
            low, high = _shares(self.certainty.groups[place])
            found[moves] = triangular(drawn[moves], low, 1.0, high)
        return found

    def _chance(self, place: int | None) -> Floats:
        return np.full(len(self.chance), np.nan) if place is None else self.chance[:, place]


def _shares(group: DrawnGroup) -> tuple[float, float]:
    """Return the shares of a group that has no band of its own; its model sees to it that both are given."""
    return (1.0 if group.low is None else group.low.value), (1.0 if group.high is None else group.high.value)
