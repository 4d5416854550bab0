"""Homes per piece and flexmilieu: the two routes, the three estimates, cluster sizes, parking, unknown transit."""

import math

import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from flexsites.capacity.homes import count_layouts, fit, modules_laid, modules_on, places_of_homes, tell_homes
from flexsites.capacity.kernels.counts import homes_on
from flexsites.capacity.programmes import mixes_of
from flexsites.config.base import Figure
from flexsites.config.dwellings import Programme
from flexsites.config.estimates import Bounds
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
        "lane_width_m": same(3),
        "parking_norm": same(0),
        "parking_relief": (),
        "min_units": same(1),
        "max_units": None,
    }
)
"""Studios on the plain layout, with a density that never binds."""


def plain_field() -> pd.DataFrame:
    """Return the field of `test_layout`: 40 x 22 m, its entrance in the middle of the left side, seven studios."""
    return pieces_table([field(40, 22)], access_x_m=CORNER[0], access_y_m=CORNER[1] + 11)


@pytest.mark.parametrize(
    ("update", "n_units", "bound_by", "n_layout"),
    [
        ({}, 7, "layout", 7),
        ({"fsi": same(0.2)}, 4, "density", 4),  # 880 m2 x 0.2 x 0.78 / 25 / 1.13 = 4.9; counted up to that
        ({"fsi": same(0.2).model_copy(update={"high": number(0.25)})}, 4, "density", 6),  # 880 x 0.25: 6.1
        ({"min_units": same(8)}, 0, "layout", 7),
        ({"max_units": same(4)}, 4, "layout", 7),
        ({"min_units": same(7), "max_units": same(7)}, 7, "layout", 7),
    ],
)
def test_what_bounds_the_number(update: dict[str, object], n_units: int, bound_by: str, n_layout: int) -> None:
    row = fitted(plain_field(), one=PLAIN.model_copy(update=update)).iloc[0]
    assert (row["n_per_cluster_expected"], row["bound_by"], row["n_units_layout"]) == (n_units, bound_by, n_layout)
    assert row["n_room_expected"] == min(int(row["n_units_density"]), n_layout), "no cap on what the land takes"


def test_the_density_route_is_that_of_the_programme() -> None:
    """One hectare of campus at FSI 0.36: 0.36 x 10,000 x 0.78 / 25 net, / 1.13 gross."""
    row = fitted(pieces_table([field(100, 100)]), campus=programme("campus")).iloc[0]
    assert row["n_units_density"] == pytest.approx(0.36 * 10_000 * 0.78 / 25 / 1.13)


@pytest.mark.parametrize("flexmilieu", FLEXMILIEUS)
def test_densities_are_those_that_are_built(flexmilieu: str) -> None:
    """Temporary homes are built at 30 to 150 per gross hectare; fewer of tiny houses, and of homes for seniors."""
    one = programme(flexmilieu)
    mix = mixes_of({flexmilieu: one}, dwelling_types(), layout_standard())[flexmilieu]
    low, expected, high = (mix.per_ha_gross(fsi) for fsi in one.fsi.values())
    assert high <= 150.5
    assert expected >= (30 if flexmilieu != "groen_tiny" else 10)
    assert low >= (20 if flexmilieu != "groen_tiny" else 5)


@pytest.mark.parametrize("transit_class", [None, "A", "C", "F", "geen"])
def test_low_expected_high_are_in_order(transit_class: str | None) -> None:
    pieces = pieces_table(
        [*named_shapes().values(), *(random_piece(seed, has_hole=seed % 2 == 0) for seed in range(60))]
    )
    units = fitted(pieces, transit_class)
    for count in ("n_room", "n_per_cluster"):
        assert (units[f"{count}_low"] <= units[f"{count}_expected"]).all()
        assert (units[f"{count}_expected"] <= units[f"{count}_high"]).all()
        assert units.groupby("flexmilieu")[f"{count}_high"].max().gt(0).all()


def test_expected_is_never_more_than_either_route() -> None:
    units = fitted(pieces_table([random_piece(seed) for seed in range(40)]), "B")
    assert (units["n_room_expected"] <= units["n_units_density"]).all()
    assert (units["n_room_expected"] <= units["n_units_layout"]).all()


def test_unknown_transit_has_no_relief() -> None:
    """Null, no row at all, and a class without relief ask the same parking; a good class asks less."""
    pieces = pieces_table([field(70, 40)] * 3)
    transit = transit_table(pieces.iloc[:2], [None, "A"])
    one = programme("stedelijk_ov")
    units = fit(pieces, transit, programmes={"x": one}, dwelling_types=dwelling_types(), layout=layout_standard())
    null, good, absent = units["n_parking"]
    assert null == absent == math.ceil(one.parking_norm.expected.value * units["n_per_cluster_expected"].iloc[0])
    assert good == 0
    assert units["n_units_layout"].iloc[1] > units["n_units_layout"].iloc[0]


URBAN = {"urbanity_classes": [1, 2], "norm": same(0.2).model_dump()}
URBAN_AND_SERVED = {"transit_classes": ["A"], "urbanity_classes": [1], "norm": same(0).model_dump()}


@pytest.mark.parametrize(
    ("transit_class", "urbanity_class", "norm"),
    [("A", 1, 0.0), ("F", 1, 0.2), ("A", 2, 0.2), (None, 2, 0.2), ("A", 3, 1.0), ("A", None, 1.0), (None, None, 1.0)],
)
def test_parking_follows_how_urban_a_place_is(
    transit_class: str | None, urbanity_class: int | None, norm: float
) -> None:
    """The first relief of which all holds; what is unknown of a place gives none."""
    content = PLAIN.model_dump() | {"parking_norm": same(1).model_dump(), "parking_relief": [URBAN_AND_SERVED, URBAN]}
    one, pieces = Programme.model_validate(content), pieces_table([field(100, 60)])
    assert one.asks_urbanity
    units = fit(
        pieces, transit_table(pieces, transit_class, urbanity_class),
        programmes={"x": one}, dwelling_types=dwelling_types(), layout=layout_standard(),
    )  # fmt: skip
    assert units["n_parking"].tolist() == [math.ceil(norm * units["n_per_cluster_expected"].iloc[0])]


def test_a_relief_says_where_it_holds() -> None:
    with pytest.raises(ValueError, match="give transit_classes, urbanity_classes or both"):
        Programme.model_validate(PLAIN.model_dump() | {"parking_relief": [{"norm": same(0).model_dump()}]})


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
    """The field of 31.33 m: at one in five wide, six homes take 6 + 1 modules of 3.5 m and yards for 6.7 homes."""
    mixed = PLAIN.model_copy(update={"dwellings": programme("stedelijk_ov").dwellings})
    row = fitted(plain_field(), one=mixed).iloc[0]
    assert row["n_units_layout"] == 6
    assert row["dwelling_mix"] == "studio:0.80|two_bedroom_50m2:0.20"


def test_de_groote_wielen_lies_between_low_and_expected() -> None:
    """Built: 200 homes at 30 per hectare, so 6.67 ha, in a green estate. [R].

    The low density of fietsstad is calibrated on it; the layout shows that shape does not bind there, and the expected
    estimate is above it because a new site need not be so spacious.
    """
    side = math.sqrt(200 / 30 * 10_000)
    row = fitted(pieces_table([field(side, side)]), "C", fietsstad=programme("fietsstad")).iloc[0]
    assert row["n_room_low"] == pytest.approx(200, rel=0.02)
    assert row["n_room_low"] < 200 < row["n_room_expected"]
    assert row["n_units_layout"] > 1.7 * 200
    assert row["bound_by"] == "density"
    assert row["n_room_expected"] > row["n_per_cluster_expected"] == 300


def test_a_programme_that_does_not_fit_its_dwellings_is_refused_with_every_fault() -> None:
    tall = programme("groen_tiny").model_copy(update={"n_storeys": same(2)})
    lost = PLAIN.model_copy(update={"dwellings": (PLAIN.dwellings[0].model_copy(update={"dwelling_type": "igloo"}),)})
    with pytest.raises(ConfigError) as caught:
        fitted(pieces_table([field(100, 60)]), tall=tall, lost=lost)
    assert len(caught.value.faults) == 2
    assert "stacks to 1" in str(caught.value)
    assert "igloo is not defined" in str(caught.value)


def test_another_density_or_size_is_answered_from_the_same_layouts() -> None:
    """Layouts counted to the base's top answer for densities below it and any cluster size, equal to a fresh count."""
    pieces = pieces_table([*named_shapes().values(), *(random_piece(seed) for seed in range(12))])
    quality = transit_table(pieces, "C")
    base = {"campus": programme("campus")}
    sparse = {"low": number(0.05), "expected": number(0.1), "high": number(0.3)}
    changed = {"campus": base["campus"].model_copy(update={"fsi": Bounds(**sparse), "max_units": same(40)})}
    known = {"dwelling_types": dwelling_types(), "layout": layout_standard()}
    modules = modules_laid(count_layouts(pieces, quality, programmes=base, **known), ("campus",))
    area = pieces["core_area_m2"].to_numpy(dtype=np.float64)
    homes = {"campus": homes_on(area, modules["campus"], places_of_homes(changed, **known)["campus"])}
    told = tell_homes(pieces, quality, homes=homes, programmes=changed)
    assert_frame_equal(told, fit(pieces, quality, programmes=changed, **known))
    assert told["is_layout_least"].any()
    assert (~told["is_layout_least"]).any(), "every layout reached its top: the test shows nothing"


def test_what_stands_on_the_parts_without_consent_stands_on_the_whole() -> None:
    """Not on another piece of the parcel, nor on a parcel next door; a whole that holds more keeps what it holds."""
    west, south = CORNER
    boxes = [(0, 0, 90, 40), (200, 0, 290, 40), (0, 0, 40, 40), (50, 0, 90, 40), (0, 100, 90, 140), (0, 100, 40, 140)]
    shapes = [shapely.box(west + a, south + b, west + c, south + d) for a, b, c, d in boxes]
    is_whole = [True, True, False, False, True, False]
    pieces = pieces_table(shapes).assign(
        site_id=["a", "a", "a", "a", "b", "c"],
        piece_id=["a#1", "a#2", "a#1~", "a#2~", "b#1", "c#1~"],
        is_with_consent=is_whole,
        is_without_consent=[not one for one in is_whole],
    )
    columns = [f"n_modules_{one}" for one in ("low", "expected", "high")]
    found = [[9, 10, 30], [1, 1, 1], [4, 8, 8], [3, 7, 9], [2, 2, 2], [5, 5, 5]]
    laid = pd.DataFrame(found, columns=columns).assign(piece_id=pieces["piece_id"], flexmilieu="campus")
    told = modules_on(pieces, laid, ("campus",))["campus"].T.tolist()
    assert told == [[9, 15, 30], [1, 1, 1], *found[2:]]
