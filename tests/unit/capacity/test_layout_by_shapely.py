"""The compiled layout against a second implementation of the same definition."""

import pytest
import shapely
from shapely import affinity

from flexsites.capacity.kernels.layout import plan_piece
from flexsites.capacity.kernels.layout_figures import Layout
from tests.layout_by_shapely import count_by_shapely
from tests.piece_shapes import ALL, PLAIN, named_shapes, random_piece

DRY = PLAIN._replace(water_share=0.0, step_m=2.0, fine_step_m=0.5)
LAYOUTS = {
    "plain": DRY,
    "stacked": DRY._replace(lane_m=3.5, setback_m=4.0, n_storeys=2, parking_norm=0.4, n_bays_min=3),
    "tiny": DRY._replace(width_m=4.0, side_gap_m=5.0, depth_m=7.5, setback_m=5.0, parking_norm=0.8),
}


@pytest.mark.parametrize("name", ["plain", "stacked", pytest.param("tiny", marks=pytest.mark.deep)])
def test_both_count_the_same(name: str) -> None:
    """The other draws arcs with corners, so an interval may differ by a tenth of a millimetre: none did."""
    layout: Layout = LAYOUTS[name]
    pieces = [*named_shapes().values(), *(random_piece(seed, has_hole=seed % 2 == 0) for seed in range(8))]
    ours, theirs = [], []
    for piece in pieces:
        entrance = shapely.get_coordinates(shapely.line_interpolate_point(piece.exterior, 0.3, normalized=True))[0]
        planned, origin = plan_piece(piece, entrance, layout, ALL, n_turns=2, n_spines=1)
        if planned is None:
            continue
        mouth = shapely.linestrings(planned.mouth.points)
        at_step = layout._replace(step_m=planned.step_m)
        ours.append(planned.n_modules)
        theirs.append(count_by_shapely(affinity.translate(piece, *-origin), at_step, planned.direction_rad, mouth))
    assert ours == theirs
    assert sum(ours) > 200
    assert len(ours) > 12
