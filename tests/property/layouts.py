"""What layouts are drawn from: figures, pieces of land, and where one comes in to them."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.piece_shapes import PLAIN, random_piece, regular_piece

LAYOUTS = st.builds(
    PLAIN._replace,
    width_m=st.sampled_from([3.0, 3.5, 4.0]),
    side_gap_m=st.sampled_from([0.0, 0.0, 5.0]),
    depth_m=st.sampled_from([7.5, 8.0, 12.0]),
    n_bays_min=st.sampled_from([2, 3]),
    n_wide=st.sampled_from([1, 2]),
    homes_per_module=st.sampled_from([0.77, 1.0]),
    setback_m=st.floats(1.0, 6.0),
    row_spacing_m=st.floats(4.0, 12.0),
    row_spacing_per_storey_m=st.floats(0.0, 4.0),
    lane_m=st.sampled_from([3.0, 3.5, 4.5]),
    n_storeys=st.integers(1, 3),
    fine_step_m=st.sampled_from([0.5, 1.0]),
    parking_norm=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
)
PIECES = st.builds(random_piece, st.integers(0, 10_000), has_hole=st.booleans()) | st.builds(
    regular_piece, st.integers(0, 10_000)
)
SHARES = st.floats(0.0, 1.0)


def entrance_at(piece: shapely.Polygon, along: float) -> NDArray[np.float64]:
    return np.array(piece.exterior.interpolate(along, normalized=True).coords[0])


@st.composite
def entered(draw: st.DrawFn) -> tuple[shapely.Polygon, NDArray[np.float64]]:
    """Pieces, and where one comes in: anywhere along the edge, in a corner, or at the end of a neck that leads off."""
    piece, along = draw(PIECES), draw(SHARES)
    kind = draw(st.sampled_from(["edge", "corner", "neck", "neck"]))
    if kind == "corner":
        corners = shapely.get_coordinates(piece.exterior)[:-1]
        return piece, corners[int(along * (len(corners) - 1))]
    begin = entrance_at(piece, along)
    if kind == "edge":
        return piece, begin
    turn, long_m, wide_m = draw(st.floats(0.0, 6.3)), draw(st.floats(1.0, 30.0)), draw(st.floats(2.0, 6.0))
    end = begin + long_m * np.array([np.cos(turn), np.sin(turn)])
    neck = shapely.buffer(shapely.LineString([begin, end]), wide_m / 2, cap_style="flat")
    found = max(shapely.get_parts(shapely.union(piece, neck)), key=lambda part: part.area)
    nearest = shapely.get_coordinates(shapely.shortest_line(found.exterior, shapely.Point(end)))[0]
    return found, nearest
