"""The compiled layout against a second implementation of the same definition."""

import numpy as np
import pytest
from shapely import affinity

from flexsites.capacity.kernels.layout import Layout, lay_out
from tests.layout_by_shapely import count_by_shapely
from tests.piece_shapes import PLAIN, named_shapes, no_access, random_piece

LAYOUTS = {
    "plain": PLAIN._replace(step_m=1.0),
    "lanes": PLAIN._replace(lane_m=3.5, aisle_m=6.0, setback_m=4.0, n_storeys=2, places_per_module=0.4, step_m=1.0),
    "tiny": PLAIN._replace(bay_m=9.0, depth_m=7.5, setback_m=5.0, row_spacing_m=10.0, lane_m=3.5, step_m=1.0),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_both_count_the_same(name: str) -> None:
    """The other draws arcs with corners, so an interval may differ by a tenth of a millimetre: none did."""
    layout: Layout = LAYOUTS[name]
    pieces = [*named_shapes().values(), *(random_piece(seed, has_hole=seed % 2 == 0) for seed in range(12))]
    pieces += [affinity.rotate(shape, 33.3, origin=(0, 0)) for shape in named_shapes().values()]
    ours = lay_out(np.array(pieces), no_access(len(pieces)), [layout], n_turns=2).n_modules[:, 0]
    theirs = [count_by_shapely(piece, layout, 2) for piece in pieces]
    assert ours.tolist() == theirs
    assert ours.sum() > 200
