"""Rules that ask numbers of a layer, rules that are off until they are asked for, and standing buildings."""

import numpy as np
import pytest
import shapely

from flexsites.config.by_place import by_place
from flexsites.config.rule_sets import RuleVariant, switched, vary
from flexsites.errors import InputError
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.overlay import overlay
from tests.unit.exclusion.plots import TESTS, TIME, at, covered, figure, layers, parcels, rule, said

PLOT = at(0, 0, 100, 100)


def share(one, *rows, plots=(PLOT,)):
    """Share of each plot that the rule covers."""
    sites = parcels(*plots)
    faces = overlay(sites, layers(*rows), rules=(one,), time=TIME)
    taken = faces[faces["rules"].map(lambda names: names == (one.rule_id,))].groupby("site_id")["face_area_m2"].sum()
    return (taken.reindex(sites["site_id"], fill_value=0.0) / sites["parcel_area_m2"].to_numpy()).round(9).tolist()


def kilowatts(at_least=None, below=None):
    told = {"at_least": at_least, "below": below}
    return {"available_kw": {key: figure(value).model_dump() for key, value in told.items() if value is not None}}


@pytest.mark.parametrize(
    ("found", "bounds", "expected"),
    [
        (100, (None, 150), 1.0),
        (150, (None, 150), 0.0),
        (150, (150, None), 1.0),
        (149.9, (150, None), 0.0),
        (5, (1, 9), 1.0),
        (9, (1, 9), 0.0),
        (None, (1, 9), 0.0),
        ("100", (None, 150), 1.0),
    ],
)
def test_a_number_counts_within_its_bounds(found, bounds, expected):
    one = rule(where_number=kilowatts(*bounds))
    assert share(one, ("rule", PLOT, {"available_kw": found})) == [expected]


def test_an_unknown_number_leaves_the_rule_partly_checked():
    one, rows = rule(where_number=kilowatts(below=150)), [("rule", PLOT, {"available_kw": None})]
    coverage = cover_rules(parcels(PLOT), covered("rule"), layers(*rows), rules=(one,), tests=TESTS)
    assert said(coverage).loc["rule", "coverage"] == "partly"


def test_a_text_that_is_no_number_is_told():
    with pytest.raises(InputError, match=r"asks a number of 'available_kw', and it holds vol"):
        share(rule(where_number=kilowatts(below=150)), ("rule", PLOT, {"available_kw": "vol"}))


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"available_kw": {}}, "give at_least, below"),
        (kilowatts(9, 1), "no number counts"),
        ({"available_kw": {"below": {"value": 1, "unit": "MW", "source": "x"}}}, "available_kw is in kW"),
    ],
)
def test_a_number_test_has_bounds_in_the_unit_of_its_attribute(test, message):
    with pytest.raises(ValueError, match=message):
        rule(where_number=test)


def test_a_rule_that_is_off_is_none_until_it_is_named():
    on, off = rule(rule_id="on"), rule(rule_id="off", is_on=False, effect="flag")
    rules = (on, off)
    assert [one.rule_id for one in by_place(rules)] == ["on"]
    assert [one.rule_id for one in vary(rules, RuleVariant())] == ["on"]
    both = vary(rules, RuleVariant(effects={"off": "restrict"}))
    assert [(one.rule_id, one.effect) for one in both] == [("on", "exclude"), ("off", "restrict")]
    neither = switched(rules, RuleVariant(effects={"on": "off"}))
    assert [one.is_on for one in neither] == [False, False]


def test_a_class_of_hardness_turns_no_rule_on():
    off = rule(is_on=False, hardness="middel")
    assert vary((off,), RuleVariant(hardness={"middel": "flag"})) == ()


def standing(**more):
    told = {"around_m": 5, "around_from_m2": 50, "least_overlap_m2": 4} | more
    figures = {name: figure(value).model_dump() for name, value in told.items() if value is not None}
    return rule("in_use", rule_id="rule", layer="building", **figures)


def grown(minx, miny, maxx, maxy, by=5):
    """The area of a box with a round strip around it."""
    width, height = maxx - minx, maxy - miny
    return width * height + 2 * by * (width + height) + np.pi * by**2


@pytest.mark.parametrize(
    ("box", "taken"),
    [
        ((40, 40, 45, 49.9), 5 * 9.9),  # 49.5 m2: the footprint alone
        ((40, 40, 45, 50), grown(40, 40, 45, 50)),  # 50 m2: with 5 m around it
        ((40, 40, 60, 60), grown(40, 40, 60, 60)),
    ],
)
def test_a_standing_building_takes_its_footprint_and_from_50_m2_on_what_is_around_it(box, taken):
    assert share(standing(), ("building", at(*box)))[0] * 10_000 == pytest.approx(taken, rel=2e-3)


def test_what_is_around_a_building_is_taken_across_the_border():
    next_door = at(100, 0, 200, 100)
    ours, theirs = share(standing(), ("building", at(80, 40, 100, 60)), plots=(PLOT, next_door))
    assert ours * 10_000 == pytest.approx(20 * 20 + 20 * 5 * 3 + 2 * np.pi * 25 / 4, rel=2e-3)
    assert theirs * 10_000 == pytest.approx(20 * 5 + 2 * np.pi * 25 / 4, rel=2e-3)


def test_an_overlap_below_the_least_is_a_difference_between_registers():
    small = at(97, 40, 100.3, 50)  # 33 m2, of which 3 m2 next door
    assert share(standing(), ("building", small), plots=(PLOT, at(100, 0, 200, 100))) == [0.003, 0.0]
    assert share(standing(least_overlap_m2=None), ("building", small), plots=(at(100, 0, 200, 100),)) == [0.0003]


def test_the_parts_of_one_building_are_measured_together():
    """A multipolygon comes as parts of one feature: two halves of 30 m2 are a building of 60 m2."""
    both = layers(("building", at(40, 40, 45, 46)), ("building", at(45, 40, 50, 46))).assign(
        feature_id="b1", part=[0, 1]
    )
    faces = overlay(parcels(PLOT), both, rules=(standing(),), time=TIME)
    taken = faces.loc[faces["rules"].map(lambda names: names == ("rule",)), "face_area_m2"].sum()
    assert taken == pytest.approx(grown(40, 40, 50, 46), rel=2e-3)


def test_a_building_is_looked_for_as_far_as_its_strip():
    assert standing().reach_m == 5.0
    assert shapely.area(PLOT) == 10_000
    for wrong in ({"yard_buffer_m": 3}, {"built_share": 0.2}):
        with pytest.raises(ValueError, match="around_m goes without"):
            standing(**wrong)
    with pytest.raises(ValueError, match="around_from_m2 says where around_m begins"):
        standing(around_m=None)
