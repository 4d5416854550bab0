"""The global step that groups pieces into locations."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from flexsites.exclusion.locations import group_pieces
from flexsites.stages import stage
from flexsites.tables import Frame, Layers, PieceLocations, Pieces


@stage(takes=(Pieces, Layers), gives=PieceLocations)
def group_locations(pieces: Frame, barriers: Frame, *, gap_m: float, touch_m: float) -> Frame:
    """Group the valid pieces of a whole run into locations; a location bears the id of its first piece.

    One step over all cells: the result depends neither on cells nor on the order of the rows. Invalid pieces belong
    to no location and have no row.

    Parameters
    ----------
    pieces
        All pieces of the run.
    barriers
        Layers that a location does not cross: motorways, rail, water.
    gap_m
        The largest gap between pieces of one location; 0: they touch.
    touch_m
        The distance below which pieces touch.
    """
    valid = pieces[pieces["is_valid"].to_numpy(dtype=bool)].sort_values("piece_id", kind="stable", ignore_index=True)
    ordered = barriers.sort_values(["layer", "feature_id", "part"], kind="stable")
    first = group_pieces(_shapes(valid), _shapes(ordered), gap_m=gap_m, touch_m=touch_m)
    names = valid["piece_id"].to_numpy()
    return pd.DataFrame({"piece_id": names, "location_id": pd.Series(names[first], dtype="str")})


def _shapes(rows: Frame) -> np.ndarray:
    return np.asarray(gpd.GeoSeries(rows["geometry"]).to_numpy(), dtype=object)
