"""The layout of a shortlisted piece as polygons."""

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.capacity.homes import fit
from flexsites.capacity.kernels.dwelling_mix import homes_in_modules, modules_of_homes
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
def test_the_drawing_holds_the_homes_counted(flexmilieu: str) -> None:
    units, layouts = both(flexmilieu)
    share = sum(one.share.value for one in programme(flexmilieu).dwellings if one.dwelling_type == "two_bedroom_50m2")
    for row in units.itertuples():
        drawn = layouts[(layouts["piece_id"] == row.piece_id) & (layouts["layout_kind"] == "module")]
        n_modules = np.array([drawn["n_stacked"].sum()], dtype=np.int64)
        assert homes_in_modules(n_modules, share, 2 if share else 1)[0] == row.n_units_layout
        expected = drawn.loc[drawn["is_expected"], "n_stacked"]
        asked = modules_of_homes(np.array([row.n_units_expected]), share, 2 if share else 1)[0]
        assert asked <= expected.sum() < asked + max(1, expected.max() if len(expected) else 1)


def test_parking_is_drawn_for_the_expected_homes() -> None:
    units, layouts = both("fietsstad", None)
    parking = layouts[(layouts["layout_kind"] == "parking") & layouts["is_expected"]]
    assert parking.groupby("piece_id").size().to_dict() == {
        row.piece_id: row.n_parking for row in units.itertuples() if row.n_parking
    }


def test_everything_lies_in_the_piece() -> None:
    _, layouts = both("fietsstad")
    shapes = dict(zip(pieces_table(list(named_shapes().values()))["piece_id"], named_shapes().values(), strict=True))
    for piece_id, own in layouts.groupby("piece_id"):
        assert shapely.covers(shapely.buffer(shapes[piece_id], 1e-6), own.geometry.to_numpy()).all()


def test_a_piece_below_the_minimum_has_nothing_expected() -> None:
    units, layouts = both("fietsstad")
    too_few = units.loc[units["bound_by"] == "min_cluster", "piece_id"]
    assert len(too_few)
    assert not layouts.loc[layouts["piece_id"].isin(too_few), "is_expected"].any()


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
