"""The figures of one layout, and what follows from them alone: the depth of a row, the width of its lane."""

from typing import NamedTuple

import numpy as np

from flexsites.compiled import kernel

__all__ = ["LAYOUT", "Layout", "homes_at_most", "lane_width", "row_depth", "row_pitch"]


class Layout(NamedTuple):
    """The figures of one layout, all lengths in m.

    A row is made of runs: parking places, a yard, stairs where homes are stacked, and modules side by side; between
    two runs lies a gap that stops fire. A gallery lies along the front of stacked homes, and a lane along every row,
    in front of homes and gallery.
    """

    width_m: float
    """Of a module along the row."""
    side_gap_m: float
    """Between two detached homes; 0 where homes share walls."""
    depth_m: float
    """Of a module across the row."""
    n_bays_min: int
    """Fewest modules side by side that are placed, at least `n_wide`."""
    n_wide: int
    """Modules that the widest home of the mix takes."""
    homes_per_module: float
    """Below 1 where some homes take more than one module."""
    setback_m: float
    """Between the edge of the piece and homes, parking places, yards and water."""
    row_spacing_m: float
    """Between rows of one storey."""
    row_spacing_per_storey_m: float
    """More for each further storey."""
    lane_m: float
    """Width of every lane, above 0."""
    n_storeys: int
    """Storeys at most."""
    parking_norm: float
    """Places per home."""
    place_m: float
    """Width of a parking place along the row."""
    place_depth_m: float
    """Depth of a parking place across the row, at most that of a module."""
    aisle_m: float
    """Free ground in front of a parking place: what the place leaves of the depth of the row, and the lane."""
    parking_distance_m: float
    """Longest run, places and all, so that every home has a place within this distance."""
    run_max_m: float
    """Longest run of stairs and modules that share walls."""
    fire_gap_m: float
    """Between two runs, and between two rows at least."""
    stairs_m: float
    """Width of the stairs of a run along the row, where homes are stacked."""
    gallery_m: float
    """Width of the gallery along a run, where homes are stacked."""
    yard_m2: float
    """Of a yard for bicycles, waste and play, per home."""
    water_share: float
    """Of the piece, for water."""
    water_min_m: float
    """Least width of water along the row."""
    verge_m: float
    """Between a lane and the edge of the piece, and between a wall and water; above 0."""
    step_m: float
    """Step of the lattice of strips."""
    fine_step_m: float
    """Step on which rows lie along the best lanes, where too few homes fit on the other."""


LAYOUT = np.dtype([(name, "i8" if name in {"n_bays_min", "n_wide", "n_storeys"} else "f8") for name in Layout._fields])
"""Layouts as an array: ``np.array([layout], dtype=LAYOUT)``."""


@kernel
def lane_width(layout: np.void) -> float:
    """Return the width of lanes: wide enough that places in a row, at its back, have their aisle in front."""
    if layout["parking_norm"] == 0.0:
        own: float = layout["lane_m"]
        return own
    width: float = max(layout["lane_m"], layout["aisle_m"] - (layout["depth_m"] - layout["place_depth_m"]))
    return width


@kernel
def row_depth(layout: np.void, n_storeys: int) -> float:
    """Return the depth of a row: its modules, and the gallery in front of stacked ones."""
    depth: float = layout["depth_m"] + (layout["gallery_m"] if n_storeys > 1 else 0.0)
    return depth


@kernel
def row_pitch(layout: np.void, n_storeys: int) -> float:
    """Return the least distance from row to row: facades their spacing apart, and room for gallery, lane and fire gap.

    The gallery lies within the spacing.
    """
    spacing = layout["row_spacing_m"] + (n_storeys - 1) * layout["row_spacing_per_storey_m"]
    gallery = row_depth(layout, n_storeys) - layout["depth_m"]
    pitch: float = layout["depth_m"] + max(spacing, gallery + max(lane_width(layout), layout["fire_gap_m"]))
    return pitch


@kernel
def homes_at_most(layout: np.void, n_modules: int) -> float:
    """Return a number of homes that modules of a run hold at most, whichever of them stand in it.

    Of u homes floor(share x u) take n modules, so u homes take more than u / homes_per_module - (n - 1) of them. Summed
    over runs it is never less than the homes that all their modules hold together.
    """
    homes: float = layout["homes_per_module"] * (n_modules + layout["n_wide"] - 1)
    return min(homes, float(n_modules))
