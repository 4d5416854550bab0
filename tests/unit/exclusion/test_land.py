"""Size and width over parcel borders, ways in, and readings, on places that METHOD 0 names and one can draw."""

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.capacity.homes import entrances_of
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.locations import place_pieces
from flexsites.exclusion.overlay import overlay
from tests.unit.exclusion.plots import LANE_M, TESTS, TIME, X, Y, at, covered, layers, leave, parcels, rule, streets

ROAD = shapely.LineString([(X - 100, Y - 5), (X + 900, Y - 5)])


def left(*plots, rows=(), rules=(), roads=(ROAD,), owners=None, known=("streets",), around=()):
    """The pieces that rules leave of plots beside a road; ``around``: plots that are not asked."""
    rules = rules or (rule(rule_id="nothing"),)
    every = parcels(*plots, *around)
    if owners is not None:
        every["owner_class"] = pd.Series(owners, dtype="str")
    site, neighbours = every.iloc[: len(plots)], every.iloc[len(plots) :]
    map_rows = layers(*rows)
    cover = cover_rules(site, covered(*known), map_rows, rules=rules, tests=TESTS)
    faces = overlay(every, map_rows, rules=rules, time=TIME)
    pieces = leave(site, faces, streets(*roads), map_rows, cover, rules=rules, neighbours=neighbours)
    return pieces.set_index("piece_id")


@pytest.mark.parametrize(
    ("plots", "failed"),
    [
        ([at(0, 0, 31.63, 31.63)], [""]),
        ([at(0, 0, 15, 67)], [""]),
        ([at(0, 0, 14.9, 100)], ["too_thin"]),
        ([at(0, 0, 30, 30), at(30, 0, 60, 30)], ["", ""]),
        ([at(0, 0, 30, 30), at(32, 0, 62, 30)], ["too_small", "too_small"]),
        ([at(0, 0, 30, 30), at(30, 30, 60, 60)], ["too_small", "too_small"]),
        ([at(0, 0, 25, 35).union(at(25, 0, 125, 3))], ["too_thin"]),
        ([at(0, 0, 100, 100), at(100, 0, 100.12, 100)], ["", "too_thin"]),  # a sliver beside a field
    ],
)
def test_the_checks_of_the_method(plots, failed):
    assert left(*plots)["failed_test"].fillna("").tolist() == failed


def test_a_neighbour_that_is_not_asked_makes_a_site_as_one_that_is():
    """What lies across the border of the cell or the run counts: own columns depend on no extent."""
    one, other = at(0, 0, 30, 30), at(30, 0, 60, 30)
    whole, part = left(one, other), left(one, around=[other])
    assert whole.loc["s0#1"].drop("geometry").equals(part.loc["s0#1"].drop("geometry"))
    assert shapely.to_wkb(whole.loc["s0#1", "geometry"]) == shapely.to_wkb(part.loc["s0#1", "geometry"])
    assert left(one)["failed_test"].tolist() == ["too_small"]


def test_homes_stand_on_the_core_part_and_the_rest_is_too_thin():
    piece = left(at(0, 0, 50, 50).union(at(50, 0, 150, 3))).loc["s0#1"]
    assert piece["piece_area_m2"] == 2800.0
    assert 2500.0 < piece["core_area_m2"] < 2520.0
    assert piece["geometry"].area == piece["core_area_m2"]


def test_a_way_in_does_not_cross_track_or_wide_water():
    rail = [("rail", at(-100, -4, 900, -1))]
    river, ditch = [("water", at(-100, -12, 900, -1))], [("water", at(-100, -4, 900, -1))]
    road = shapely.LineString([(X - 100, Y - 20), (X + 900, Y - 20)])
    assert left(at(0, 0, 50, 50), rows=rail, roads=(road,))["failed_test"].tolist() == ["landlocked"]
    assert left(at(0, 0, 50, 50), rows=river, roads=(road,))["failed_test"].tolist() == ["landlocked"]
    crossed = left(at(0, 0, 50, 50), rows=ditch, roads=(road,)).loc["s0#1"]
    assert (crossed["is_valid"], crossed["needs_culvert"], crossed["road_distance_m"]) == (True, True, 20.0)
    behind = shapely.LineString([(X - 100, Y + 90), (X + 900, Y + 90)])
    around = left(at(0, 0, 50, 50), rows=rail, roads=(road, behind)).loc["s0#1"]
    assert (around["road_distance_m"], around["access_street_id"]) == (40.0, "w1")


def test_land_of_others_asks_a_right_of_way_and_public_land_does_not():
    front, back = at(0, 0, 60, 9), at(0, 9, 60, 60)
    assert left(back, front, owners=[None, None])["needs_right_of_way"].tolist() == [True, False]
    assert left(back, front, owners=[None, "gemeente"])["needs_right_of_way"].tolist() == [False, False]


def test_a_piece_without_a_street_borrows_from_a_neighbour_once():
    """One step, never onward: the third in the row stays landlocked."""
    plots = [at(0, 60 * i, 60, 60 * i + 60) for i in range(3)]
    pieces = left(*plots)
    assert pieces["is_valid"].tolist() == [True, True, False]
    assert pieces["has_borrowed_entrance"].tolist() == [False, True, False]
    assert pieces["failed_test"].fillna("").tolist() == ["", "", "landlocked"]
    assert pieces.loc["s1#1", "access_y_m"] == pieces.loc["s0#1", "access_y_m"]


def test_the_core_must_be_reached_inside_the_piece():
    neck = at(0, 60, 60, 120).union(at(29, 0, 31, 60))
    wide = at(0, 60, 60, 120).union(at(27, 0, 33, 60))
    assert left(neck)["failed_test"].tolist() == ["landlocked"]
    assert left(wide)["is_valid"].tolist() == [True]
    assert LANE_M > 2.0


def test_a_lane_begins_beside_a_corner():
    """The nearest point to a street is a corner of most fields, and no lane fits into one of 76 degrees."""
    field = shapely.Polygon([(X, Y), (X + 60, Y + 10), (X + 60, Y + 70), (X + 5, Y + 60)])
    piece = left(field).loc["s0#1"]
    assert (piece["is_valid"], piece["road_distance_m"]) == (True, 5.0)


def test_a_corner_of_the_core_nearer_to_the_street_does_not_hide_the_field():
    """No lane passes the neck of a metre between them: the way in is that of the field, where it has one."""
    corner, neck = at(0, 0, 40, 40), at(40, 20, 60, 21)
    piece = left(shapely.union_all([corner, neck, at(60, 1, 160, 100)])).loc["s0#1"]
    assert (piece["road_distance_m"], piece["access_x_m"] >= X + 60) == (6.0, True)
    behind = shapely.union_all([corner, at(19, 40, 20, 60), at(0, 60, 100, 160)])
    assert left(behind).loc["s0#1", "road_distance_m"] == 5.0


def test_a_strip_before_a_farmyard_does_not_hide_the_front_of_the_field():
    """The strip is nearer to the street, and leads nowhere; the field itself lies at the street beside it."""
    strip = shapely.Polygon([(X, Y), (X + 40, Y + 0.4), (X + 40, Y + 1.7), (X, Y + 1.3)])
    piece = left(strip.union(at(40, 0.5, 100, 100))).loc["s0#1"]
    assert piece["is_valid"]
    assert 5.3 < piece["road_distance_m"] < 5.5
    assert piece["access_x_m"] > X + 36


def test_a_bank_beyond_a_ditch_is_no_way_in():
    """It is nearer to the street, and a lane lies near it as the crow flies: what is between is water."""
    field, bank, around = at(0, 4, 60, 64), at(-8, 0, 60, 1), at(-8, 1, -7, 20).union(at(-7, 19, 0, 20))
    ditch = [("water", at(-7, 1, 60, 4))]
    piece = left(shapely.union_all([field, bank, around]), rows=ditch).loc["s0#1"]
    assert (piece["is_valid"], piece["needs_culvert"]) == (True, True)
    assert (piece["access_y_m"], piece["road_distance_m"]) == (Y + 4, 9.0)


@pytest.mark.parametrize(
    ("names", "told"),
    [(["Voorweg", "Achterweg"], "Voorweg"), ([None, "Achterweg"], "Achterweg"), ([None, None], None)],
)
def test_a_place_bears_the_name_of_its_street_or_of_the_nearest_that_has_one(names, told):
    behind = shapely.LineString([(X - 100, Y + 90), (X + 900, Y + 90)])
    ways = streets(ROAD, behind).assign(street_name=pd.array(names, dtype="str"))
    pieces = left(at(0, 0, 50, 50)).reset_index()
    name = place_pieces(pieces, ways, within_m=500.0)["entrance_street_name"][0]
    assert (None if pd.isna(name) else name) == told
    assert pd.isna(place_pieces(pieces, ways, within_m=30.0)["entrance_street_name"][0]) == (names[0] is None)


def test_land_within_a_roundabout_is_enclosed():
    ring = shapely.LineString(shapely.Point(X + 25, Y + 25).buffer(30).exterior.coords)
    inside = left(at(7, 7, 43, 43), roads=(ring,))
    assert inside["failed_test"].tolist() == ["enclosed"]


def test_where_streets_are_not_known_a_piece_without_one_is_unknown():
    piece = left(at(0, 0, 50, 50), roads=(), known=()).loc["s0#1"]
    assert (piece["is_valid"], piece["is_unknown"], pd.isna(piece["failed_test"])) == (False, True, True)


def test_both_readings_stand_where_they_differ_and_once_where_they_do_not():
    consent = rule(rule_id="consent", effect="restrict")
    pieces = left(at(0, 0, 50, 50), at(200, 0, 250, 50), rules=(consent,), rows=[("consent", at(0, 0, 25, 50))])
    assert pieces["is_with_consent"].to_dict() == {"s0#1": True, "s0#1~": False, "s1#1": True}
    assert pieces["is_without_consent"].to_dict() == {"s0#1": False, "s0#1~": True, "s1#1": True}
    assert pieces["core_area_m2"].round(6).tolist() == [2500.0, 1250.0, 2500.0]
    assert pieces["free_id"].fillna("").tolist() == ["", "s0#1~", "s1#1~"]


PLAN = {"plan_completion_year": None, "plan_chance": None}


@pytest.mark.parametrize(
    ("chance", "years"),
    [(None, [6.0, 15.0, 15.0]), (0.4, [6.0, 15.0, 15.0]), (0.5, [6.0, 6.0, 15.0])],
)
def test_a_soft_plan_shortens_the_low_years_and_the_expected_ones_when_it_is_likely(chance, years):
    soft = rule("planned_capacity", rule_id="soft", layer="plans", plan_hardness=["zacht"], effect="flag")
    plan = (
        "plans",
        at(0, 0, 50, 50),
        PLAN | {"plan_hardness": "zacht", "plan_start_year": 2027, "plan_chance": chance},
    )
    piece = left(at(0, 0, 50, 50), rules=(soft,), rows=[plan], known=("streets", "plans")).loc["s0#1"]
    assert [piece[f"available_years_{one}"] for one in ("low", "expected", "high")] == years


def test_more_land_never_takes_core_away():
    """To within 0.1 m2: what comes next to a piece only adds."""
    generator = np.random.default_rng(7)
    for _ in range(20):
        x, y, w, h = generator.uniform(0, 60, 4)
        one = at(0, 0, 40, 40)
        other = at(40 if x > 30 else -20, y, 80 + w, y + 10 + h).difference(one)
        alone, both = left(one).loc["s0#1"], left(one, other).loc["s0#1"]
        assert both["core_area_m2"] >= alone["core_area_m2"] - 0.1


def test_a_lane_bends_through_a_neck_to_the_largest_room_of_a_core() -> None:
    """A court of 25 m beside the road, a neck of 6 m behind it, and a field: no lane leads straight in."""
    court, neck, field = at(0, 0, 25, 25), at(10, 25, 16, 50), at(0, 50, 90, 120)
    pieces = left(shapely.union_all([court, neck, field]), at(100, 0, 160, 60))
    behind, beside = (pieces.loc[name] for name in sorted(pieces.index))
    line = shapely.from_wkt(behind["approach"])
    assert shapely.Point(line.coords[0]).equals(shapely.Point(behind["access_x_m"], behind["access_y_m"]))
    assert len(line.coords) > 2
    assert shapely.distance(shapely.Point(line.coords[-1]), field.exterior) > 6.0
    straight = shapely.from_wkt(beside["approach"])
    assert len(shapely.simplify(straight, 0.01).coords) == 2


def test_a_lane_is_told_from_an_entrance_off_the_core_be_it_straight() -> None:
    """A neck of 8 m and 40 m from the road to a field: the core is the field, and homes begin there."""
    field = left(shapely.union_all([at(0, 0, 8, 40), at(-30, 40, 60, 120)]), at(100, 0, 160, 60)).iloc[0]
    line = shapely.from_wkt(field["approach"])
    assert line.coords[0] == (field["access_x_m"], field["access_y_m"])
    assert field.geometry.distance(shapely.Point(line.coords[0])) > 30
    assert field["approach_width_m"] == LANE_M


def test_a_lane_over_the_land_of_a_lender_begins_where_it_crosses_into_the_piece() -> None:
    """The lender's entrance is nearer to a corner across 2 m of somebody else's land: no lane leads there."""
    lender, piece = at(60, 0, 100, 80), shapely.union_all([at(-40, 42, 58, 120), at(58, 80, 100, 120)])
    road = shapely.LineString([(X - 100, Y - 10), (X + 60, Y - 10)])
    lends, borrows = (left(lender, piece, roads=(road,)).loc[name] for name in ("s0#1", "s1#1"))
    assert borrows["has_borrowed_entrance"]
    entrance = (X + 60, Y)
    assert (borrows["access_x_m"], borrows["access_y_m"]) == (lends["access_x_m"], lends["access_y_m"]) == entrance
    line = shapely.from_wkt(borrows["approach"])
    begin = shapely.Point(line.coords[0])
    assert shapely.distance(begin, shapely.Point(X + 60 + LANE_M / 2, Y + 80)) < 0.02
    assert begin.distance(lends.geometry) < 0.01
    assert shapely.covers(
        shapely.buffer(borrows.geometry, 0.01), shapely.buffer(line, LANE_M / 2 - 0.02, cap_style="flat")
    )
    assert entrances_of(borrows.to_frame().T).tolist() == [list(begin.coords[0])]


def test_an_edge_that_no_lane_passes_lends_no_entrance() -> None:
    """Core parts that share two metres: nobody drives from one into the other, however long the rest of both is."""
    lender, behind = at(0, 0, 60, 60), at(0, 64, 60, 124)
    failed = [left(lender, behind.union(at(20, 60, 20 + wide, 64)))["failed_test"].fillna("") for wide in (2, 6)]
    assert [one.tolist() for one in failed] == [["", "landlocked"], ["", ""]]


def test_a_lane_over_the_land_of_a_lender_leads_past_the_point_of_a_wedge() -> None:
    """The lender's entrance is nearest to the point: a lane passes the edge there, and none leads on from it."""
    wedge = shapely.Polygon([(X, Y + 40), (X + 160, Y + 40), (X + 160, Y + 72)])
    road = shapely.LineString([(X - 49, Y - 40), (X - 49, Y)])
    borrows = left(at(0, 0, 160, 40), wedge, roads=(road,)).loc["s1#1"]
    assert borrows["has_borrowed_entrance"]
    begin = shapely.from_wkt(borrows["approach"]).coords[0]
    assert begin[0] > X + 8
    assert begin[1] == Y + 40
