"""Runs along a row: the modules that a length holds together with the places, the yard and the stairs they ask.

From the side of the entrance outwards a run is parking places, a yard, stairs where homes are stacked, and modules. So
every home has its places and its yard within the length of its own run, and cars pass no homes to reach them.
"""

import math

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_figures import homes_at_most
from flexsites.capacity.kernels.layout_strips import TOUCH_M
from flexsites.compiled import kernel

__all__ = [
    "bays_of_length",
    "bays_of_run",
    "bays_of_stretch",
    "bays_per_m",
    "built_length",
    "n_places",
    "run_length",
    "run_lengths",
    "yard_length",
]

Floats = NDArray[np.float64]

WHOLE = 1e-9
"""Rounding of what figures alone give."""

_SURE = 1e-6
"""What is no less than a number is so much more, in parts of it: far more than rounding comes to, and `TOUCH_M` of the
shortest run."""


@kernel
def n_places(layout: np.void, n_modules: int) -> int:
    """Return the parking places of a run of so many modules, all storeys together."""
    n: int = math.ceil(layout["parking_norm"] * homes_at_most(layout, n_modules) - WHOLE)
    return n


@kernel
def yard_length(layout: np.void, n_modules: int) -> float:
    """Return how much of a row the yard of so many modules takes: it is as deep as a module."""
    length: float = layout["yard_m2"] * homes_at_most(layout, n_modules) / layout["depth_m"]
    return length


@kernel
def built_length(layout: np.void, n_bays: int, n_storeys: int) -> float:
    """Return the length of stairs and modules side by side, with the gaps between detached ones."""
    stairs = layout["stairs_m"] if n_storeys > 1 else 0.0
    length: float = stairs + n_bays * layout["width_m"] + (n_bays - 1) * layout["side_gap_m"]
    return length


@kernel
def run_length(layout: np.void, n_bays: int, n_storeys: int) -> float:
    """Return the length of a run: its places, its yard, its stairs and its modules; 0 without modules.

    Parameters
    ----------
    layout
        One record of dtype `LAYOUT`.
    n_bays
        Modules side by side.
    n_storeys
        Modules on each other.

    Examples
    --------
    Eight modules of 3.5 m, half a place of 2.5 m each, and a yard of 8 x 4 m2 at a depth of 8 m: 28 + 10 + 4 m.

    >>> from flexsites.capacity.kernels.layout_figures import LAYOUT
    >>> names = ["width_m", "depth_m", "n_bays_min", "n_wide", "homes_per_module", "yard_m2", "parking_norm", "place_m"]
    >>> figures = np.zeros(1, LAYOUT)
    >>> figures[names] = (3.5, 8, 1, 1, 1, 4, 0.5, 2.5)
    >>> run_length(figures[0], 8, 1)
    42.0
    """
    if n_bays == 0:
        return 0.0
    n_modules = n_bays * n_storeys
    parked: float = n_places(layout, n_modules) * layout["place_m"]
    return parked + yard_length(layout, n_modules) + built_length(layout, n_bays, n_storeys)


@kernel
def bays_of_run(layout: np.void, length: float, n_storeys: int) -> int:
    """Return the bays of the longest run that a length holds and that the figures allow; 0 if none is long enough.

    Homes that share walls stand in runs of `run_max_m` at most; detached homes whose gap stops fire need no limit. With
    parking no run is longer than `parking_distance_m`.
    """
    if layout["parking_norm"] > 0.0:
        length = min(length, layout["parking_distance_m"])
    gap, bay = layout["side_gap_m"], layout["width_m"] + layout["side_gap_m"]
    # No more than this many fit.
    n = math.floor((length + gap + TOUCH_M) / _asked_by_bay(layout, n_storeys) + WHOLE)
    if gap < layout["fire_gap_m"]:
        n = min(n, math.floor((layout["run_max_m"] - built_length(layout, 0, n_storeys)) / bay + WHOLE))
    while n > 0 and run_length(layout, n, n_storeys) > length + TOUCH_M:
        n -= 1
    return n if n >= layout["n_bays_min"] else 0


@kernel
def _asked_by_bay(layout: np.void, n_storeys: int) -> float:
    """Return the length that a bay asks at least, its gap, places and yard with it: n bays ask no less than n times."""
    parked = layout["parking_norm"] * layout["place_m"] + layout["yard_m2"] / layout["depth_m"]
    asked: float = layout["width_m"] + layout["side_gap_m"] + n_storeys * layout["homes_per_module"] * parked
    return asked


@kernel
def bays_per_m(layout: np.void, longest: int, n_storeys: int) -> float:
    """Return no less than the bays per m of any run of at most the longest, the gap behind it taken with its length.

    Examples
    --------
    Nothing but modules of 3.5 m, eleven at most, and gaps of 5 m: eleven on 43.5 m.

    >>> from flexsites.capacity.kernels.layout_figures import LAYOUT
    >>> figures = np.zeros(1, LAYOUT)
    >>> figures[["width_m", "depth_m", "fire_gap_m"]] = (3.5, 8, 5)
    >>> round(11 / bays_per_m(figures[0], 11, 1), 3)
    43.5
    """
    besides = layout["fire_gap_m"] - layout["side_gap_m"]
    if n_storeys > 1:
        besides += layout["stairs_m"]
    most: float = (1.0 + _SURE) / (_asked_by_bay(layout, n_storeys) + min(besides, besides / max(longest, 1)))
    return most


@kernel
def run_lengths(layout: np.void, longest: int, n_storeys: int) -> Floats:
    """Return the lengths of runs of no bays, of one, and so on to the longest, shape (longest + 1,), ascending."""
    lengths = np.empty(longest + 1)
    for n in range(lengths.size):
        lengths[n] = run_length(layout, n, n_storeys)
    return lengths


@kernel
def bays_of_length(layout: np.void, length: float, lengths: Floats) -> int:
    """Return what `bays_of_run` gives for a length that is no longer than the longest stretch, from `run_lengths`."""
    n = lengths.size - 1
    while n > 0 and lengths[n] > length + TOUCH_M:
        n -= 1
    return n if n >= layout["n_bays_min"] else 0


@kernel
def bays_of_stretch(layout: np.void, length: float, lengths: Floats) -> int:
    """Return the bays of a free stretch of a row: one run after the other, with a gap that stops fire between them.

    Parameters
    ----------
    layout
        One record of dtype `LAYOUT`.
    length
        Of the stretch, in m.
    lengths
        Of the runs there may be, worked out once: `run_lengths` up to ``bays_of_run`` of the longest stretch.

    Examples
    --------
    Nothing but modules of 3.5 m: 40 m hold eleven (38.5 m), then a gap of 5 m, and ten more fill 35 of 36.5 m.

    >>> from flexsites.capacity.kernels.layout_figures import LAYOUT
    >>> figures = np.zeros(1, LAYOUT)
    >>> figures[["width_m", "depth_m", "n_bays_min", "n_wide", "run_max_m", "fire_gap_m"]] = (3.5, 8, 1, 1, 40, 5)
    >>> bays_of_stretch(figures[0], 80.0, run_lengths(figures[0], 11, 1))
    21
    """
    longest = lengths.size - 1
    if longest == 0:
        return 0
    whole, n_whole, rest = lengths[longest] + layout["fire_gap_m"], 0, length
    if length >= lengths[longest] - 1.0:  # most are shorter
        n_whole = max(0, math.floor((length + layout["fire_gap_m"] + TOUCH_M) / whole))
        rest = length - n_whole * whole
    return n_whole * longest + bays_of_length(layout, rest, lengths)
