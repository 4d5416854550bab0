"""One answer for the base, every variant and what is asked of a finished run: from arrays and figures alone.

A *kernel* is what a cell knows of its valid pieces whatever the figures: their core area, the modules that fit (counted
up to what the top of the declared range of density asks), and their measures. *Figures* are what a reading says:
limits, weights, densities, cluster sizes. Another limit, weight, density or size is arithmetic on the same kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flexsites.capacity.common_programme import programme_on
from flexsites.capacity.homes import modules_on, places_of_homes, tell_homes
from flexsites.capacity.kernels.counts import Homes, Places, homes_on
from flexsites.config.estimates import ESTIMATES
from flexsites.config.readings import Reading
from flexsites.geometry.cluster_sizes import Sizes
from flexsites.suitability.judgement import asked_of, judge, measured_over, measures_used, tell_judgement
from flexsites.suitability.kernels.judgement import Asked, Judged, Measured, judge_arrays
from flexsites.suitability.sites import gather
from flexsites.tables import Frame, valid
from flexsites.tables.contract import is_among
from flexsites.tables.counting import counts

__all__ = [
    "Answer", "Figures", "Kernel", "Left", "answer", "figures_of", "kernel_of", "measures_asked", "sizes_of",
    "tell_answer",
]  # fmt: skip

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
class Left:
    """What the rules left of parcels, as tables of the same parcels: what answers are written beside.

    Attributes
    ----------
    parcels, exclusions
        The parcels, and their verdicts, in one order.
    pieces, transit_quality
        Pieces of both readings, and the service at the valid ones.
    programme_area_m2
        Of each parcel the core area of its common programme.
    """

    parcels: Frame
    exclusions: Frame
    pieces: Frame
    transit_quality: Frame
    programme_area_m2: Floats


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
    modules = modules_on(pieces, laid_out, names)
    return Kernel(area, modules, tuple(measures), measured_over(places, accessibility, measures))


def figures_of(reading: Reading, measures: Sequence[str]) -> Figures:
    """Return what a reading says, its measures as rows of a kernel's."""
    row = {name: i for i, name in enumerate(measures)}
    return Figures(
        {one.id: asked_of(one, reading.groups, row) for one in reading.flexmilieus},
        places_of_homes(reading.programmes, reading.dwelling_types, reading.layout),
        ESTIMATES.index(reading.estimate),
    )


def sizes_of(reading: Reading) -> dict[str, Sizes]:
    """Return the fewest and the most homes of one place of each flexmilieu, as the reading counts them."""
    at = (0, ESTIMATES.index(reading.estimate), 2)
    found: dict[str, Sizes] = {}
    for name, programme in reading.programmes.items():
        least, most = programme.cluster_sizes()
        found[name] = Sizes(tuple(least[i] for i in at), tuple(most[i] for i in at), least[1])
    return found


def measures_asked(readings: Sequence[Reading]) -> list[str]:
    """Return the measures that some reading requires or weighs, sorted."""
    return sorted({name for one in readings for name in measures_used(one.flexmilieus, one.groups)})


def tell_answer(left: Left, found: Answer, reading: Reading, *, undemanding: frozenset[str]) -> dict[str, Frame]:
    """Write an answer as tables: the homes and the judgement of pieces, and what comes of them for parcels.

    Parameters
    ----------
    left
        What the rules left; the answer is of its valid pieces, in their order.
    found, reading
        The answer, and the reading whose figures it is of: it may count the low or the high estimate as the expected.
    undemanding
        The flexmilieus of the run that nearly everything passes.

    Returns
    -------
        ``units``, ``piece_suitability``, ``suitability`` and ``sites``; ranks and locations are filled in afterwards.
    """
    pieces, exclusions = left.pieces, left.exclusions
    units = tell_homes(pieces, left.transit_quality, homes=found.homes, programmes=reading.programmes)
    judged = tell_judgement(pieces, judged=found.judged, flexmilieus=reading.flexmilieus, groups=reading.groups)
    counting = pieces["piece_id"][counts(pieces, exclusions["site_id"], exclusions["verdict"])]
    suitability = judge(judged[is_among(judged["piece_id"], counting)], units, sizes=sizes_of(reading))
    programme = programme_on(
        exclusions["site_id"], left.programme_area_m2, counting=reading.counting, estimate=reading.estimate
    )  # fmt: skip
    names = tuple(one.id for one in reading.flexmilieus)
    sites = gather(
        left.parcels, exclusions, suitability, programme,
        undemanding=undemanding, precedence=reading.counting.first_of(names),
    )  # fmt: skip
    return {"units": units, "piece_suitability": judged, "suitability": suitability, "sites": sites}
