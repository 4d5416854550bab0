"""Truth tables: what each kind of rule covers, and what it leaves alone."""

import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from flexsites.config.load import available
from flexsites.config.rule_sets import read_rule_set
from flexsites.errors import InputError
from flexsites.exclusion.coverage import Sources, cover_rules
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.selection import select_unknown
from tests.unit.exclusion.plots import TESTS, TIME, X, Y, at, covered, figure, layers, parcels, rule, said

PLOT = at(0, 0, 100, 100)


def share(one, *rows, land_use=None, plot=PLOT):
    """Share of the plot that the rule covers."""
    site = parcels(plot, land_use=[land_use])
    faces = overlay(site, layers(*rows), rules=(one,), time=TIME)
    assert faces["face_area_m2"].sum() == pytest.approx(plot.area, abs=1e-6)
    return faces.loc[faces["rules"].map(lambda names: names == (one.rule_id,)), "face_area_m2"].sum() / plot.area


@pytest.mark.parametrize(
    ("shape", "attributes", "where", "expected"),
    [
        (at(-10, -10, 200, 200), {"status": "a"}, {}, 1.0),
        (at(0, 0, 100, 100), {"status": "a"}, {}, 1.0),
        (at(0, 0, 25, 100), {"status": "a"}, {}, 0.25),
        (at(0, 0, 25, 100), {"status": "a"}, {"status": ["a", "b"]}, 0.25),
        (at(0, 0, 25, 100), {"status": "c"}, {"status": ["a", "b"]}, 0.0),
        (at(100, 0, 200, 100), {"status": "a"}, {}, 0.0),
        (at(300, 0, 400, 100), {"status": "a"}, {}, 0.0),
    ],
)
def test_inside(shape, attributes, where, expected):
    assert share(rule(where=where), ("rule", shape, attributes)) == pytest.approx(expected)


def test_a_rule_without_its_layer_covers_nothing():
    assert share(rule(), ("another", PLOT)) == 0.0


def test_overlapping_features_count_once():
    assert share(rule(), ("rule", at(0, 0, 60, 100)), ("rule", at(40, 0, 80, 100))) == pytest.approx(0.8)


def test_an_absent_attribute_is_one_clear_fault_for_each_rule():
    rules = (rule(rule_id="one", layer="x", where={"a": ["1"]}), rule(rule_id="two", layer="x", where={"b": ["1"]}))
    with pytest.raises(InputError) as caught:
        overlay(parcels(PLOT), layers(("x", PLOT, {"kind": "k"})), rules=rules, time=TIME)
    assert len(caught.value.faults) == 2
    assert "rule one asks for 'a'" in str(caught.value)
    assert "use one of kind" in str(caught.value)


@pytest.mark.parametrize(
    ("found", "listed", "expected"),
    [(1, ["1", "2"], 1.0), (2.0, ["2"], 1.0), ("1", [1], 1.0), ("1", ["1"], 1.0), (3, ["1"], 0.0), (1, [True], 1.0)],
)
def test_a_number_and_its_text_are_the_same_value(found, listed, expected):
    assert share(rule(where={"zone": listed}), ("rule", PLOT, {"zone": found})) == expected


def test_true_or_false_is_not_asked_of_texts():
    with pytest.raises(InputError, match="holds J, N"):
        share(rule(where={"is_issued": [True]}), ("rule", PLOT, {"is_issued": "J"}), ("rule", PLOT, {"is_issued": "N"}))


def test_lines_cover_no_land_and_say_so():
    with pytest.raises(InputError, match="needs polygons"):
        share(rule(), ("rule", shapely.LineString([(X, Y), (X + 100, Y + 100)])))


@pytest.mark.parametrize(("distance", "expected"), [(0.0, 0.0), (10.0, 0.1), (50.0, 0.5), (100.0, 1.0)])
def test_within_distance_of_a_polygon(distance, expected):
    one = rule("within_distance", layer="n", distance_m=figure(distance).model_dump())
    assert share(one, ("n", at(-500, -500, 0, 600))) == pytest.approx(expected)
    assert one.reach_m == distance


@pytest.mark.parametrize(("category", "expected"), [("2", 0.3), ("3.1", 0.5), (3.1, 0.5), ("9", 0.0), (None, 0.0)])
def test_within_a_distance_by_class(category, expected):
    by_class = {
        "attribute": "milieucategorie",
        "values": {"2": figure(30).model_dump(), "3.1": figure(50).model_dump()},
    }
    one = rule("within_distance", effect="restrict", layer="n", by_class=by_class)
    rows = [("n", at(-500, -500, 0, 600), {"milieucategorie": category})]
    rows.append(("n", at(5000, 0, 5001, 1), {"milieucategorie": "2" if not isinstance(category, float) else 2.0}))
    assert share(one, *rows) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("hardness", "start", "completion", "unknown_start", "expected"),
    [
        ("hard", 2025, None, "excludes", 1.0),  # within ten years
        ("hard", 2030, None, "excludes", 1.0),  # on the limit
        ("hard", 2031, None, "excludes", 0.0),  # beyond the horizon
        ("zacht", 2025, None, "excludes", 0.0),  # another hardness
        ("hard", 2010, 2018, "excludes", 0.0),  # completed
        ("hard", 2010, 2022, "excludes", 1.0),  # under way
        ("hard", None, None, "excludes", 1.0),  # no start known: the rule says what that means
        ("hard", None, None, "stays", 0.0),
        (None, 2025, None, "excludes", 0.0),
    ],
)
def test_planned_capacity(hardness, start, completion, unknown_start, expected):
    one = rule("planned_capacity", layer="plans", plan_hardness=["hard"], unknown_start=unknown_start)
    dates = {"plan_hardness": hardness, "plan_start_year": start, "plan_completion_year": completion}
    other = {"plan_hardness": "hard", "plan_start_year": 2021, "plan_completion_year": 2030}
    assert share(one, ("plans", PLOT, dates), ("plans", at(900, 900, 901, 901), other)) == expected


@pytest.mark.parametrize(("start", "expected"), [(2025, 1.0), (2029, 1.0), (2030, 0.0)])
def test_a_period_from_2030_on_is_beyond_the_ten_years_from_2020(start, expected):
    """Registers of 2020 give homes per period: 2020-24, 2025-29, 2030-50."""
    (one,) = (
        one for one in read_rule_set(available("rules/exclusion")["pbl_2020"]).rules if one.rule_id == "plans_hard"
    )
    rows = {"plan_hardness": "hard", "plan_start_year": start, "plan_completion_year": None}
    assert share(one, ("plan_capacity", PLOT, rows)) == expected


@pytest.mark.parametrize(("use", "expected"), [("grassland", 0.0), ("residential", 1.0), (None, 0.0)])
def test_land_use_of_the_parcel_itself(use, expected):
    assert share(rule("land_use", candidates=["grassland"]), land_use=use) == expected


@pytest.mark.parametrize(("use", "expected"), [("grassland", 0.0), ("residential", 0.5), (None, 0.0)])
def test_land_use_of_a_layer(use, expected):
    one = rule("land_use", layer="use", candidates=["grassland"])
    rows = [("use", at(0, 0, 50, 100), {"land_use": use}), ("use", at(900, 0, 901, 1), {"land_use": "water"})]
    assert share(one, *rows) == expected


@pytest.mark.parametrize(("code", "expected"), [(331, 0.0), (331.0, 0.0), ("331", 0.0), (265, 0.5), ("265", 0.5)])
def test_a_class_that_is_a_number_and_its_text_are_the_same_candidate(code, expected):
    """Crop codes come as numbers from one file and as texts from another."""
    one = rule("land_use", layer="crops", attribute="crop_code", candidates=["331", "6794"])
    assert share(one, ("crops", at(0, 0, 50, 100), {"crop_code": code})) == expected


def test_raster_above_reads_the_layer_of_its_key():
    one = rule("raster_above", raster="flood", unit="m", threshold=figure(1).model_dump())
    assert one.layer_key == "flood>1"
    assert share(one, ("flood>1", at(0, 0, 10, 100))) == pytest.approx(0.1)
    assert rule("raster_above", raster="noise", unit="dB", threshold=figure(57.5).model_dump(), comparison="at_least")
    assert share(one, ("flood>=1", at(0, 0, 10, 100))) == 0.0


def test_roads_get_a_width_by_class():
    width = {"attribute": "road_class", "values": {"primary": figure(20).model_dump()}}
    one = rule("in_use", layer="roads", width_m=width)
    line = shapely.LineString([(X - 500, Y + 50), (X + 500, Y + 50)])
    assert share(one, ("roads", line, {"road_class": "primary"})) == pytest.approx(0.2)
    rows = [
        ("roads", line, {"road_class": "path"}),
        ("roads", shapely.affinity.translate(line, 0, 900), {"road_class": "primary"}),
    ]
    assert share(one, *rows) == 0.0
    assert one.reach_m == 10.0


def test_a_road_that_is_delivered_as_land_is_as_wide_as_it_is_drawn():
    width = {"attribute": "road_class", "values": {"primary": figure(20).model_dump()}}
    one = rule("in_use", layer="roads", width_m=width)
    line = shapely.LineString([(X - 500, Y + 50), (X + 500, Y + 50)])
    land = ("roads", at(0, 0, 30, 100), {"road_class": None})
    assert share(one, land) == pytest.approx(0.3)
    assert share(one, land, ("roads", line, {"road_class": "primary"})) == pytest.approx(0.3 + 0.2 * 0.7)
    assert not len(select_unknown(layers(land), one)), "no class is asked of it"
    assert len(select_unknown(layers(land, ("roads", line, {"road_class": None})), one)) == 1


def test_a_road_of_two_lines_has_no_gap_at_the_bend_and_no_longer_end():
    width = {"attribute": "road_class", "values": {"motorway": figure(40).model_dump()}}
    one = rule("in_use", layer="roads", width_m=width)
    bend = [(X - 100, Y + 50), (X + 50, Y + 50), (X + 80, Y + 80)]
    whole = shapely.LineString(bend).buffer(20, quad_segs=16, cap_style="flat")
    expected = whole.intersection(PLOT).area / PLOT.area
    drawn = [("roads", shapely.LineString(bend[i : i + 2]), {"road_class": "motorway"}) for i in (0, 1)]
    assert share(one, *drawn) == pytest.approx(expected, abs=1e-4)
    other_way = ("roads", drawn[1][1].reverse(), drawn[1][2])
    assert share(one, drawn[0], other_way) == pytest.approx(expected, abs=1e-4)
    assert share(one, drawn[0]) == pytest.approx(0.5 * 0.4)  # a free end is flat


HOUSE = at(10, 10, 20, 20)
YARD = at(0, 0, 50, 100)


@pytest.mark.parametrize(
    ("has_dwelling", "yard", "expected"),
    [
        (True, YARD, 0.5),  # the yard is taken
        (True, None, None),  # no yard mapped: the buffer
        (False, YARD, 0.0),  # a shed takes no yard
        (True, at(500, 500, 600, 600), None),  # somebody else's yard
    ],
)
def test_a_dwelling_takes_its_yard(has_dwelling, yard, expected):
    one = rule(
        "in_use", layer="buildings", where={"has_dwelling": [True]}, yard_layer="yards",
        yard_buffer_m=figure(5).model_dump(), least_overlap_m2=figure(4).model_dump(),
    )  # fmt: skip
    rows = [
        ("buildings", HOUSE, {"has_dwelling": has_dwelling}),
        ("buildings", at(900, 0, 901, 1), {"has_dwelling": True}),
    ]
    rows += [("yards", yard, {})] if yard is not None else []
    buffered = HOUSE.buffer(5, quad_segs=16).area / PLOT.area
    assert share(one, *rows) == pytest.approx(buffered if expected is None else expected)


def test_a_neighbours_house_over_the_boundary_takes_no_yard():
    one = rule("in_use", layer="buildings", yard_layer="yards", least_overlap_m2=figure(4).model_dump())
    over = at(-10, 10, 0.1, 20)
    assert share(one, ("buildings", over), ("yards", YARD)) == pytest.approx(over.intersection(PLOT).area / PLOT.area)


@pytest.mark.parametrize("has_layer", [False, True])
def test_a_dwelling_next_door_takes_no_garden_here(has_layer):
    more = {"yard_layer": "yards"} if has_layer else {}
    one = rule(
        "in_use", layer="buildings", yard_buffer_m=figure(10).model_dump(), least_overlap_m2=figure(4).model_dump(),
        **more,
    )  # fmt: skip
    here, there = ("buildings", at(50, 50, 60, 60)), ("buildings", at(101, 50, 110, 60))
    assert share(one, there) == 0.0
    assert share(one, here, there) == pytest.approx(here[1].buffer(10, quad_segs=16).area / PLOT.area)


def test_a_dwelling_that_only_touches_a_parcel_is_not_on_it():
    one = rule("in_use", layer="buildings", yard_buffer_m=figure(10).model_dump())
    assert share(one, ("buildings", at(100, 50, 110, 60))) == 0.0
    assert share(one, ("buildings", at(99.99, 50, 110, 60))) > 0.0


def test_a_dwelling_whose_outline_crosses_itself_is_on_its_parcel():
    """Its signed area is none."""
    corners = shapely.get_coordinates(at(40, 40, 60, 60))
    crossing = shapely.Polygon(corners[[0, 2, 1, 3]])
    assert not crossing.is_valid
    with_yard, bare = (
        rule("in_use", layer="buildings", **more) for more in ({"yard_buffer_m": figure(10).model_dump()}, {})
    )
    assert share(with_yard, ("buildings", crossing)) > share(bare, ("buildings", crossing)) > 0.0


@pytest.mark.parametrize(
    ("own", "share_of_use", "expected"),
    [(None, 0.6, 1.0), (None, 0.5, 1.0), (None, 0.4, 0.0), ("arable", 1.0, 0.0), ("business_park", 0.0, 1.0)],
)
def test_a_plot_without_a_land_use_of_its_own_has_that_of_the_layer(own, share_of_use, expected):
    one = rule(
        "in_use", layer="buildings", built_share=figure(0.2).model_dump(), on_land_use=["business_park"],
        land_use_layer="use", land_use_share=figure(0.5).model_dump(),
    )  # fmt: skip
    use = ("use", at(0, 0, 100 * share_of_use, 100), {"land_use": "business_park"})
    rows = [("buildings", at(0, 0, 30, 100)), *([use] if share_of_use else [])]
    assert share(one, *rows, land_use=own) == expected


@pytest.mark.parametrize(
    ("own", "known", "coverage"),
    [("arable", ["buildings"], "covered"), (None, ["buildings"], "not"), (None, ["buildings", "use"], "covered")],
)
def test_use_is_known_only_where_the_land_use_is(own, known, coverage):
    one = rule(
        "in_use", layer="buildings", built_share=figure(0.2).model_dump(), on_land_use=["business_park"],
        land_use_layer="use", land_use_share=figure(0.5).model_dump(),
    )  # fmt: skip
    rows = cover_rules(parcels(PLOT, land_use=[own]), covered(*known), layers(), rules=(one,), tests=TESTS)
    assert said(rows).loc["rule", "coverage"] == coverage


def test_where_sources_speak_is_told_alike_by_who_asks_of_them_again():
    plots = parcels(PLOT, at(400, 0, 420, 100))
    known = pd.concat([covered("rule", shape=at(-50, -50, 450, 150)), covered("streets")], ignore_index=True)
    kept, tests = Sources(plots, known), TESTS.model_copy(update={"road_reach_m": figure(9_000)})
    asked = [(30, TESTS), (60, tests), (30, tests), (10, TESTS)]
    told = []
    for distance, one in asked:
        rules = (rule("within_distance", layer="rule", distance_m=figure(distance).model_dump()),)
        alone, again = (
            cover_rules(plots, known, layers(), rules=rules, tests=one, sources=by) for by in (None, kept)
        )  # fmt: skip
        assert_frame_equal(said(again), said(alone))
        told.append(alone.of_parcels().tolist())
    assert len({str(one) for one in told}) == len(asked)  # each question has an answer of its own


@pytest.mark.parametrize(
    ("built", "use", "expected"),
    [(0.3, "business_park", 1.0), (0.2, "business_park", 1.0), (0.1, "business_park", 0.1), (0.3, "arable", 0.0)],
)
def test_a_plot_built_up_beyond_its_share_is_in_use(built, use, expected):
    one = rule("in_use", layer="buildings", built_share=figure(0.2).model_dump(), on_land_use=["business_park"])
    assert share(one, ("buildings", at(0, 0, 100 * built, 100)), land_use=use) == pytest.approx(expected)


def test_nothing_at_all():
    assert len(overlay(parcels(PLOT).iloc[:0], layers(("rule", PLOT)), rules=(rule(),), time=TIME)) == 0
    faces = overlay(parcels(PLOT), layers().iloc[:0], rules=(rule(),), time=TIME)
    assert faces["rules"].tolist() == [()]
    assert np.isclose(faces["face_area_m2"].sum(), PLOT.area)


def test_listed_parcels_are_covered_as_a_whole_and_no_other_is():
    """A list says of every parcel whether it is on it: it is checked everywhere, and reads no layer."""
    one, site = rule(kind="listed", parcels=["s1", "s9", "s1"]), parcels(PLOT, at(100, 0, 200, 100))
    found = overlay(site, layers(), rules=(one,), time=TIME).set_index("site_id")["rules"].to_dict()
    assert found == {"s0": (), "s1": (one.rule_id,)}
    assert one.parcels == ("s1", "s9")
    told = said(cover_rules(site, covered(), layers(), rules=(one,), tests=TESTS)).loc["rule"]
    assert told.to_dict() == {"coverage": "covered", "covered_share": 1.0}
