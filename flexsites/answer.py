"""One answer for the base and every variant: homes and suitability of pieces from arrays and figures alone.

A *kernel* is what a cell knows of its valid pieces whatever the figures: their core area, the modules that fit (counted
up to what the top of the declared range of density asks), and their measures. *Figures* are what a reading says:
limits, weights, densities, cluster sizes. Another limit, weight, density or size is arithmetic on the same kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flexsites.capacity.homes import modules_laid, places_of_homes
from flexsites.capacity.kernels.counts import Homes, Places, homes_on
from flexsites.config.dwellings import ESTIMATES
from flexsites.config.study import Reading
from flexsites.geometry.cluster_sizes import Sizes
from flexsites.suitability.judgement import asked_of, measured_over, measures_used
from flexsites.suitability.kernels.judgement import Asked, Judged, Measured, judge_arrays
from flexsites.tables import Frame, valid

__all__ = ["Answer", "Figures", "Kernel", "answer", "figures_of", "kernel_of", "measures_asked", "sizes_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kernel:
    """What is known of n valid pieces.

    Attributes
    ----------
    core_area_m2
        Shape (n,).
    modules
        By flexmilieu the modules of a layout at the low, the expected and the high figures, shape (3, n).
    measures
        The ids of the measures, in the order of the rows of ``measured``.
    measured
        Shape (measures, n).
    """

    core_area_m2: Floats
    modules: Mapping[str, Ints]
    measures: tuple[str, ...]
    measured: Measured


@dataclass(frozen=True, slots=True)
class Figures:
    """What a reading says, by flexmilieu: what is asked of a place, and how homes are counted.

    Attributes
    ----------
    asked, places
        By flexmilieu.
    expected_at
        Which estimate is counted as the expected one: 0 low, 1 expected, 2 high.
    """

    asked: Mapping[str, Asked]
    places: Mapping[str, Places]
    expected_at: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """Homes and suitability of the pieces of a kernel, by flexmilieu."""

    homes: Mapping[str, Homes]
    judged: Mapping[str, Judged]


def answer(kernel: Kernel, figures: Figures) -> Answer:
    """Answer a reading from arrays: no geometry, no network, no table.

    Laws: equal to a fresh reading of the same figures, row for row; a piece's answer depends on no other piece.
    """
    homes = {
        name: homes_on(kernel.core_area_m2, kernel.modules[name], places, expected_at=figures.expected_at)
        for name, places in figures.places.items()
    }
    judged = {name: judge_arrays(kernel.measured, asked) for name, asked in figures.asked.items()}
    return Answer(homes, judged)


def kernel_of(
    pieces: Frame, accessibility: Frame, laid_out: Frame, *, measures: Sequence[str], names: Sequence[str]
) -> Kernel:
    """Return the kernel of a cell's valid pieces, in their order.

    Parameters
    ----------
    pieces, accessibility, laid_out
        Pieces, Accessibility and LaidOut of the same land.
    measures, names
        The measures that some reading asks for, and the flexmilieus.
    """
    places = valid(pieces)
    area = places["core_area_m2"].to_numpy(dtype=np.float64)
    return Kernel(area, modules_laid(laid_out, names), tuple(measures), measured_over(places, accessibility, measures))


def figures_of(reading: Reading, measures: Sequence[str]) -> Figures:
    """Return what a reading says, its measures as rows of a kernel's."""
    row = {name: i for i, name in enumerate(measures)}
    return Figures(
        {one.id: asked_of(one, reading.groups, row) for one in reading.flexmilieus},
        places_of_homes(reading.programmes, reading.dwelling_types, reading.layout),
        ESTIMATES.index(reading.estimate),
    )


def sizes_of(reading: Reading) -> dict[str, Sizes]:
    """Return the fewest and the most homes of one place of each flexmilieu: low, expected, high."""
    at = (0, ESTIMATES.index(reading.estimate), 2)
    found: dict[str, Sizes] = {}
    for name, programme in reading.programmes.items():
        least, most = programme.cluster_sizes()
        found[name] = tuple(least[i] for i in at), tuple(most[i] for i in at)
    return found


def measures_asked(readings: Sequence[Reading]) -> list[str]:
    """Return the measures that some reading requires or weighs, sorted."""
    return sorted({name for one in readings for name in measures_used(one.flexmilieus, one.groups)})
