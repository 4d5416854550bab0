"""The layout of a shortlisted piece as polygons."""

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.capacity.homes import fit
from flexsites.capacity.kernels.dwelling_mix import modules_of_homes
from flexsites.capacity.layouts import draw_layouts
from tests.piece_shapes import (
    dwelling_types,
    layout_standard,
    named_shapes,
    pieces_table,
    programme,
    transit_table,
)

NAMES = list(named_shapes())


def both(flexmilieu: str, transit_class: str | None = "C") -> tuple[pd.DataFrame, pd.DataFrame]:
    pieces = pieces_table(list(named_shapes().values()))
    figures = {
        "programmes": {flexmilieu: programme(flexmilieu)},
        "dwelling_types": dwelling_types(),
        "layout": layout_standard(),
    }
    transit = transit_table(pieces, transit_class)
    return fit(pieces, transit, **figures), draw_layouts(pieces, transit, **figures)


@pytest.mark.parametrize("flexmilieu", ["fietsstad", "groen_tiny", "campus"])
@pytest.mark.parametrize("transit_class", [None, "C"])
def test_the_drawing_holds_the_expected_homes_with_their_places_and_yards(
    flexmilieu: str, transit_class: str | None
) -> None:
    units, layouts = both(flexmilieu, transit_class)
    assert layouts["is_expected"].all()
    share = sum(one.share.value for one in programme(flexmilieu).dwellings if one.dwelling_type == "two_bedroom_50m2")
    assert units["n_per_cluster_expected"].gt(0).sum() > 3
    for row in units.itertuples():
        drawn = layouts[layouts["piece_id"] == row.piece_id]
        asked = modules_of_homes(np.array([row.n_per_cluster_expected]), share, 2 if share else 1)[0]
        assert drawn["n_stacked"].sum() == asked
        assert (drawn["layout_kind"] == "parking").sum() >= row.n_parking
        yards = drawn.loc[drawn["layout_kind"] == "yard"].geometry.area.sum()
        assert yards >= 4 * row.n_per_cluster_expected - 0.01


def test_everything_lies_in_the_piece() -> None:
    _, layouts = both("fietsstad")
    shapes = dict(zip(pieces_table(list(named_shapes().values()))["piece_id"], named_shapes().values(), strict=True))
    for piece_id, own in layouts.groupby("piece_id"):
        assert shapely.covers(shapely.buffer(shapes[piece_id], 1e-6), own.geometry.to_numpy()).all()


def test_a_piece_below_the_minimum_is_not_drawn() -> None:
    units, layouts = both("fietsstad")
    too_few = units.loc[units["n_per_cluster_expected"] == 0, "piece_id"]
    assert len(too_few)
    assert not layouts["piece_id"].isin(too_few).any()


def test_pieces_that_hold_nothing_give_an_empty_table() -> None:
    pieces = pieces_table([shapely.box(150_000, 450_000, 150_010, 450_010)])
    layouts = draw_layouts(
        pieces,
        transit_table(pieces),
        programmes={"campus": programme("campus")},
        dwelling_types=dwelling_types(),
        layout=layout_standard(),
    )
    assert layouts.empty
    assert layouts.crs is not None
