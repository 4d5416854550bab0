"""What a run found of its pieces, given back to its land: read as land that is opened and entered anew."""

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.found_before import are_told_by, teach_land
from flexsites.exclusion.kernels.tested import PASSES, TOO_SMALL, TOO_THIN
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.pieces import open_land
from tests.unit.exclusion.plots import (
    LANE_M,
    LOCATIONS,
    TESTS,
    TIME,
    X,
    Y,
    at,
    covered,
    figure,
    layers,
    leave,
    parcels,
    rule,
    streets,
)

ROAD = streets(shapely.LineString([(X - 100, Y - 5), (X + 900, Y - 5)]))
POND, NOISE = rule(rule_id="pond"), rule(rule_id="noise", effect="restrict")
RULES = (POND, NOISE)
EVERYONE = parcels(
    at(0, 0, 60, 60),
    at(60, 0, 120, 60),
    at(120, 0, 132, 100),
    at(0, 60, 60, 120),
    at(300, 0, 335, 35),
    at(500, 0, 512, 12),
    at(600, 0, 612, 100),
    at(700, 100, 760, 160),
    at(900, 0, 960, 60),
)
"""A way in, one beside it, thin beside these, no street, small, too small, too thin, far from streets, alone."""
MAP = layers(("pond", at(0, 20, 30, 40)), ("noise", at(80, 0, 400, 30)))
FACES = overlay(EVERYONE, MAP, rules=RULES, time=TIME)
SAID = cover_rules(EVERYONE, covered("pond", "noise", "streets"), MAP, rules=RULES, tests=TESTS)
PIECES = leave(EVERYONE, FACES, ROAD, MAP, SAID, rules=RULES)


def laid_out(tests):
    return open_land(EVERYONE, FACES, ROAD, MAP, rules=RULES, tests=tests, locations=LOCATIONS, lane_m=LANE_M)


def read(land, tests):
    found = leave(EVERYONE, FACES, ROAD, MAP, SAID, rules=RULES, tests=tests, land=land)
    return pd.DataFrame(found.drop(columns="geometry")).assign(
        shape=shapely.to_wkb(found.geometry.to_numpy(), hex=True)
    )


@pytest.mark.parametrize("least_m2", [1000, 1500, 3600])
def test_land_that_is_told_what_was_found_is_read_as_land_laid_out_anew(least_m2):
    tests = TESTS.model_copy(update={"min_area_m2": figure(least_m2)})
    assert are_told_by(tests, TESTS)
    told, anew = laid_out(tests), laid_out(tests)
    teach_land(told, EVERYONE, FACES, PIECES, np.arange(len(EVERYONE)), rules=RULES, tests=TESTS)
    n_told = len(told.sizes)
    mine, theirs = read(told, tests), read(anew, tests)
    pd.testing.assert_frame_equal(mine, theirs, check_exact=True)
    assert n_told > 0
    assert len(told._opened) < len(anew._opened)
    assert len(told._entered) < len(anew._entered)
    if least_m2 == float(TESTS.min_area_m2):
        assert not set(told.sizes) ^ set(anew.sizes), "nothing was left to find"
        assert told.borrowed.keys() == anew.borrowed.keys()
        assert [door and door.lender for door in told.borrowed.values()] == [
            door and door.lender for door in (anew.borrowed[key] for key in told.borrowed)
        ]
        assert told.lent_lane.keys() == anew.lent_lane.keys(), "nor a lane over the land of a lender"
        assert told.lent_lane
        assert {one.outcome for one in told.sizes.values()} == {PASSES, TOO_THIN}
        assert set(PIECES["failed_test"].dropna()) >= {"too_small", "landlocked"}, TOO_SMALL


def test_a_way_in_is_borrowed_anew_where_the_land_of_its_lender_alone_changes():
    everyone = parcels(at(0, 0, 200, 60), at(0, 60, 60, 120), at(200, 0, 260, 60))
    pond = layers(("pond", at(230, 0, 260, 60)))
    faces = overlay(everyone, pond, rules=(POND,), time=TIME)
    said = cover_rules(everyone, covered("pond", "streets"), pond, rules=(POND,), tests=TESTS)
    land = open_land(everyone, faces, ROAD, pond, rules=(POND,), tests=TESTS, locations=LOCATIONS, lane_m=LANE_M)
    known, lands = [], []
    for effect in ("exclude", "flag", "exclude"):
        rules = (rule(rule_id="pond", effect=effect),)
        found = leave(everyone, faces, ROAD, pond, said, rules=rules, land=land)
        assert found["has_borrowed_entrance"].tolist() == [False, True, False]
        known.append(len(land.borrowed))
        lands.append({around for _, around, _ in land.borrowed})
    assert known == [1, 2, 2]
    assert lands[0] == lands[1], "what borrows is of the same land"


def test_what_other_tests_found_tells_nothing():
    for name, value in (("min_width_m", 12), ("road_reach_m", 40), ("min_core_area_m2", 90), ("min_area_m2", 900)):
        assert not are_told_by(TESTS.model_copy(update={name: figure(value)}), TESTS)
