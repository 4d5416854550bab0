"""Near misses, tried where land comes free alone, against the plain way: every rule left out at every parcel."""

import itertools

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.exclusion import near_misses as module
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.kernels.spoken import COVERED
from flexsites.exclusion.near_misses import near_misses
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.pieces import leaves_site
from flexsites.exclusion.verdict import decide
from flexsites.geometry.nearness import may_be_near, near_any
from flexsites.tables import Parcels, empty
from tests.unit.exclusion.plots import (
    LANE_M,
    LOCATIONS,
    TESTS,
    TIME,
    at,
    covered,
    layers,
    leave,
    parcels,
    rule,
    streets,
)

SOFT = ("middel", "zacht")
ROADS = [shapely.LineString([(150_000, y), (151_000, y)]) for y in (449_995, 450_065, 450_135)]


def plain_way(site, faces, ways, rows, sites, cover, rules):
    """Leave out every soft rule at every parcel that is no site and lies near a face under it."""
    is_missed = (sites["verdict"] != "eligible").to_numpy()
    for one in rules:
        if one.hardness not in SOFT or one.effect not in ("exclude", "restrict"):
            continue
        others = tuple(other for other in rules if other is not one)
        under = set(faces["site_id"][[one.rule_id in labels for labels in faces["rules"]]])
        near = [
            min((shape.distance(site.geometry[site["site_id"] == name].item()) for name in under), default=np.inf)
            for shape in site.geometry
        ]
        required = [other.rule_id for other in others if other.required]
        known = (cover.among(required).of_parcels() == COVERED).all(axis=1)
        pieces = leave(site, faces, ways, rows, cover, rules=others)
        free = pieces[(pieces["is_valid"] & pieces["is_without_consent"]).to_numpy()]
        asked = set(site["site_id"][is_missed & known & (np.array(near) <= 85.0)])
        yield from ((one.rule_id, name) for name in free["piece_id"] if name.split("#")[0] in asked)


def both_ways(plots, rows):
    """What is found near a miss by the search and by the plain way, and the verdicts; the third rule is half known."""
    kinds = (("exclude", "middel"), ("restrict", "zacht"), ("exclude", "zacht"), ("exclude", "hard"))
    rules = tuple(
        rule(rule_id=f"r{i}", effect=effect, hardness=hard, required=i != 1) for i, (effect, hard) in enumerate(kinds)
    )
    ways, rows = streets(*ROADS), layers(*rows)
    site = parcels(*plots).assign(site_id=[f"s{i:02d}" for i in range(len(plots))])
    known = pd.concat([covered("streets", "r0", "r1", "r3"), covered("r2", shape=at(-900, -900, 200, 900))])
    cover = cover_rules(site, known.reset_index(drop=True), rows, rules=rules, tests=TESTS)
    faces = overlay(site, rows, rules=rules, time=TIME)
    sites = decide(site, leave(site, faces, ways, rows, cover, rules=rules), spoken=cover, rules=rules)
    missed = near_misses(
        site, empty(Parcels), faces, ways, rows, sites,
        spoken=cover, rules=rules, tests=TESTS, locations=LOCATIONS, time=TIME, soft=SOFT, lane_m=LANE_M,
    )  # fmt: skip
    found = list(zip(missed["rule_id"], missed["piece_id"], strict=True))
    return found, list(plain_way(site, faces, ways, rows, sites, cover, rules)), sites["verdict"].tolist()


@pytest.mark.parametrize("seed", [0, *(pytest.param(one, marks=pytest.mark.deep) for one in (1, 2))])
def test_what_is_left_out_of_the_search_would_not_be_found_either(seed):
    random = np.random.default_rng(seed)
    plots = [at(x, y, x + 30, y + 65) for x, y in itertools.product(range(0, 420, 30), (0, 70))]
    corners = random.uniform((-20, -20, 20, 20), (400, 130, 120, 120), size=(14, 4)).round(1)
    rows = [(f"r{i % 4}", at(x, y, x + wide, y + high)) for i, (x, y, wide, high) in enumerate(corners)]
    found, expected, _ = both_ways(plots, rows)
    assert found == expected
    assert len({name for name, _ in expected}) > 1


def test_a_site_that_lacks_the_coverage_of_one_rule_is_found_where_nothing_comes_free():
    plots = [at(300, 0, 340, 65), at(340, 0, 380, 65)]
    found, expected, verdicts = both_ways(plots, [("r2", plots[1]), ("r3", plots[1])])
    assert found == expected == [("r2", "s00#1")]
    assert verdicts == ["unknown", "excluded"]


def test_a_strip_is_found_beside_land_that_comes_free():
    plots = [at(0, 0, 10, 65), at(10, 0, 60, 65), at(300, 0, 310, 65)]
    found, expected, _ = both_ways(plots, [("r0", plots[1])])
    assert found == expected == [("r0", "s00#1"), ("r0", "s01#1")]


def test_a_parcel_too_little_of_which_comes_free_is_not_looked_at(monkeypatch):
    asked = []

    def leaves(parcels, *rest, **more):
        asked.extend(parcels["site_id"])
        return leaves_site(parcels, *rest, **more)

    monkeypatch.setattr(module, "leaves_site", leaves)
    plots = [at(0, 0, 60, 65), at(60, 0, 61, 65), at(61, 0, 63, 65)]
    found, expected, _ = both_ways(plots, [("r0", one) for one in plots])
    assert found == expected
    assert ("r0", "s00#1") in found
    assert asked == ["s00", "s02"], "of 3,900 and of 130 m2: of 65 m2 no core part counts"


def test_boxes_leave_out_nothing_that_is_near():
    random = np.random.default_rng(1)
    xy = random.uniform(0, 500, size=(300, 2))
    shapes = shapely.buffer(shapely.points(xy), random.uniform(1, 30, size=300), quad_segs=2)
    near = near_any(shapes[50:], shapes[:50], within_m=20.0)
    may = may_be_near(shapes[50:], shapes[:50], within_m=20.0)
    assert near.any()
    assert (may >= near).all()
    assert not may.all()
