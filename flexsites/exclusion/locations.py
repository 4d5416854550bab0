"""Locations, over all cells: pairs of pieces are found cell by cell, and grouped once by their ids alone."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from flexsites.exclusion.kernels.locations import link_shapes
from flexsites.geometry.groups import group_labels, positions_of
from flexsites.tables import Frame, Layers, PieceLinks, PieceLocations, Pieces, ValidPieces
from flexsites.tables.stage import stage


@stage(takes=(Pieces, Layers), gives=PieceLinks)
def link_pieces(pieces: Frame, barriers: Frame, *, gap_m: float, touch_m: float) -> Frame:
    """Find the pairs of valid pieces that are one location: within a gap, and no barrier between them.

    Whether a pair is linked depends on its two pieces and the barriers at hand, not on what else is given.

    Parameters
    ----------
    pieces
        Pieces that lie together.
    barriers
        Layers that a location does not cross: motorways, rail, water; at least those within three gaps of the pieces.
    gap_m
        The largest gap between pieces of one location; 0: they touch.
    touch_m
        The distance below which pieces touch.

    Returns
    -------
        One row per pair, the lower id first.
    """
    valid = pieces[pieces["is_valid"].to_numpy(dtype=bool)].sort_values("piece_id", kind="stable", ignore_index=True)
    ordered = barriers.sort_values(["layer", "feature_id", "part"], kind="stable")
    first, second = link_shapes(_shapes(valid), _shapes(ordered), gap_m=gap_m, touch_m=touch_m)
    names = valid["piece_id"]
    return pd.DataFrame(
        {
            "piece_id": names.take(first).reset_index(drop=True),
            "neighbour_piece_id": names.take(second).reset_index(drop=True),
        }
    )


@stage(takes=(ValidPieces, PieceLinks), gives=PieceLocations)
def group_locations(valid: Frame, links: Frame) -> Frame:
    """Group the valid pieces of a whole run into locations; a location bears the id of its first piece.

    Parameters
    ----------
    valid
        All valid pieces of the run. Invalid pieces belong to no location and have no row.
    links
        All pairs of them that are one location.

    Returns
    -------
        One row per valid piece, by piece_id: whatever the order of the rows.
    """
    names = np.sort(valid["piece_id"].to_numpy(dtype=object))
    ends = (links[end].to_numpy(dtype=object) for end in ("piece_id", "neighbour_piece_id"))
    label = group_labels(len(names), *(positions_of(end, names) for end in ends))
    return pd.DataFrame({"piece_id": names, "location_id": names[label]})


def _shapes(rows: Frame) -> np.ndarray:
    return np.asarray(gpd.GeoSeries(rows["geometry"]).to_numpy(), dtype=object)
