"""Homes per piece and flexmilieu: the two routes, the three estimates, cluster sizes, parking, unknown transit."""

import math

import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from flexsites.capacity.homes import fit
from flexsites.config.base import Figure
from flexsites.config.dwellings import Bounds, Programme
from flexsites.errors import ConfigError
from tests.piece_shapes import (
    CORNER,
    FLEXMILIEUS,
    all_programmes,
    dwelling_types,
    layout_standard,
    named_shapes,
    pieces_table,
    programme,
    random_piece,
    transit_table,
)


def fitted(pieces: pd.DataFrame, transit_class: object = None, **programmes: Programme) -> pd.DataFrame:
    return fit(
        pieces,
        transit_table(pieces, transit_class),
        programmes=programmes or all_programmes(),
        dwelling_types=dwelling_types(),
        layout=layout_standard(),
    )


def number(value: float) -> Figure:
    return Figure(value=value, assumption=True, why="for this test")


def same(value: float) -> Bounds:
    return Bounds(low=number(value), expected=number(value), high=number(value))


def field(width: float, depth: float) -> shapely.Polygon:
    return shapely.box(CORNER[0], CORNER[1], CORNER[0] + width, CORNER[1] + depth)


PLAIN = programme("campus").model_copy(
    update={
        "fsi": same(9.0),
        "n_storeys": same(1),
        "setback_m": same(3),
        "row_spacing_m": same(9),
        "row_spacing_per_storey_m": same(3),
        "lane_width_m": same(0),
        "parking_norm": same(0),
        "parking_relief": (),
        "min_units": number(1),
        "max_units": None,
    }
)
"""Studios on the plain layout, with a density that never binds."""


@pytest.mark.parametrize(
    ("update", "n_units", "bound_by"),
    [
        ({}, 9, "layout"),
        ({"fsi": same(0.35)}, 5, "density"),  # 560 m2 x 0.35 x 0.78 / 25 / 1.13 = 5.4
        ({"min_units": number(10)}, 0, "min_cluster"),
        ({"max_units": number(4)}, 4, "max_cluster"),
        ({"min_units": number(9), "max_units": number(9)}, 9, "layout"),
    ],
)
def test_what_bounds_the_number(update: dict[str, object], n_units: int, bound_by: str) -> None:
    """40 x 14 m holds nine studios by layout."""
    row = fitted(pieces_table([field(40, 14)]), one=PLAIN.model_copy(update=update)).iloc[0]
    assert (row["n_units_expected"], row["bound_by"]) == (n_units, bound_by)
    assert row["n_units_layout"] == 9


def test_the_density_route_is_that_of_the_programme() -> None:
    """One hectare of campus at FSI 0.6: 0.6 x 10,000 x 0.78 / 25 net, / 1.13 gross."""
    row = fitted(pieces_table([field(100, 100)]), campus=programme("campus")).iloc[0]
    assert row["n_units_density"] == pytest.approx(0.6 * 10_000 * 0.78 / 25 / 1.13)


@pytest.mark.parametrize("transit_class", [None, "A", "C", "F", "geen"])
def test_low_expected_high_are_in_order(transit_class: str | None) -> None:
    pieces = pieces_table(
        [*named_shapes().values(), *(random_piece(seed, has_hole=seed % 2 == 0) for seed in range(60))]
    )
    units = fitted(pieces, transit_class)
    assert (units["n_units_low"] <= units["n_units_expected"]).all()
    assert (units["n_units_expected"] <= units["n_units_high"]).all()
    assert units.groupby("flexmilieu")["n_units_high"].max().gt(0).all()


def test_expected_is_never_more_than_either_route() -> None:
    units = fitted(pieces_table([random_piece(seed) for seed in range(40)]), "B")
    assert (units["n_units_expected"] <= units["n_units_density"]).all()
    assert (units["n_units_expected"] <= units["n_units_layout"]).all()


def test_unknown_transit_has_no_relief() -> None:
    """Null, no row at all, and a class without relief ask the same parking; a good class asks less."""
    pieces = pieces_table([field(100, 60)] * 3)
    transit = pd.DataFrame({"piece_id": pieces["piece_id"].iloc[:2], "transit_class": [None, "A"]})
    one = programme("stedelijk_ov")
    units = fit(pieces, transit, programmes={"x": one}, dwelling_types=dwelling_types(), layout=layout_standard())
    null, good, absent = units["n_parking"]
    assert null == absent == math.ceil(one.parking_norm.expected.value * units["n_units_expected"].iloc[0])
    assert good == 0
    assert units["n_units_layout"].iloc[1] > units["n_units_layout"].iloc[0]


def test_pieces_that_failed_a_test_are_no_sites() -> None:
    pieces = pieces_table([field(100, 60)] * 2, is_valid=[True, False], failed_test=[None, "landlocked"])
    assert fitted(pieces)["piece_id"].unique().tolist() == ["parcel00#1"]


def test_no_pieces_no_rows() -> None:
    pieces = pieces_table([field(100, 60)]).iloc[:0]
    assert fitted(pieces).empty


def test_one_row_per_piece_and_flexmilieu_in_the_order_given() -> None:
    units = fitted(pieces_table([field(100, 60)] * 2))
    assert units["flexmilieu"].tolist() == [name for name in FLEXMILIEUS for _ in range(2)]


def test_pieces_do_not_look_at_each_other() -> None:
    """A piece alone, in a crowd, and in another order holds the same."""
    pieces = pieces_table([random_piece(seed) for seed in range(12)])
    classes = [None, "A", "D", "geen"] * 3
    whole = fitted(pieces, classes).sort_values(["piece_id", "flexmilieu"], ignore_index=True)
    order = np.random.default_rng(2).permutation(12)
    parts = [fitted(pieces.iloc[[i]], [classes[i]]) for i in order]
    assert_frame_equal(whole, pd.concat(parts).sort_values(["piece_id", "flexmilieu"], ignore_index=True))


def test_the_mix_counts_wide_homes_as_two_modules() -> None:
    """40 x 14 m holds nine modules: at one in five wide, eight homes take 8 + 1 modules."""
    mixed = PLAIN.model_copy(update={"dwellings": programme("stedelijk_ov").dwellings})
    row = fitted(pieces_table([field(40, 14)]), one=mixed).iloc[0]
    assert row["n_units_layout"] == 8
    assert row["dwelling_mix"] == "studio:0.80|two_bedroom_50m2:0.20"


def test_de_groote_wielen_lies_between_low_and_expected() -> None:
    """Built: 200 homes at 30 per hectare, so 6.67 ha, in a green estate. [R].

    The low density of fietsstad is calibrated on it; the layout shows that shape does not bind there, and the expected
    estimate is above it because a new site need not be so spacious.
    """
    side = math.sqrt(200 / 30 * 10_000)
    row = fitted(pieces_table([field(side, side)]), "C", fietsstad=programme("fietsstad")).iloc[0]
    assert row["n_units_low"] == pytest.approx(200, rel=0.02)
    assert row["n_units_low"] < 200 < row["n_units_expected"]
    assert row["n_units_layout"] > 2 * 200
    assert row["bound_by"] == "max_cluster"


def test_a_programme_that_does_not_fit_its_dwellings_is_refused_with_every_fault() -> None:
    tall = programme("groen_tiny").model_copy(update={"n_storeys": same(2)})
    lost = PLAIN.model_copy(update={"dwellings": (PLAIN.dwellings[0].model_copy(update={"dwelling_type": "igloo"}),)})
    with pytest.raises(ConfigError) as caught:
        fitted(pieces_table([field(100, 60)]), tall=tall, lost=lost)
    assert len(caught.value.faults) == 2
    assert "stacks to 1" in str(caught.value)
    assert "igloo is not defined" in str(caught.value)
