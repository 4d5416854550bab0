"""A variant of a distance: that rule alone is computed again, and no face is read that another distance made."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from flexsites.config.readings import base_reading, variant_reading
from flexsites.config.run import Variant
from flexsites.config.study import resolve
from flexsites.exclusion import constraints
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.overlay import overlay
from tests.unit.exclusion.plots import TESTS, TIME, X, Y, at, covered, figure, layers, leave, parcels, rule, streets

PLOTS = [at(0, 0, 100, 100), at(100, 0, 200, 100), at(400, 0, 500, 100)]
ROWS = [("n", at(-60, 20, -30, 60)), ("other", at(40, 40, 260, 60)), ("m", shapely.Point(X + 520, Y + 50).buffer(9))]
ROADS = streets(shapely.LineString([(X - 100, Y - 5), (X + 900, Y - 5)]))


def near(distance, layer="n", rule_id="near"):
    return rule("within_distance", rule_id=rule_id, layer=layer, distance_m=figure(distance).model_dump())


def readings(*distances):
    """The base, and a variant for each distance."""
    rules = (near(40.0), rule(rule_id="other"), near(15.0, "m", "elsewhere"))
    settings = replace(resolve("demo_province").settings, rules=rules, time=TIME, pieces=TESTS)
    variants = [
        Variant(id=f"v{i}", label={"nl": "v", "en": "v"}, change={"near": {"distance_m": figure(one).model_dump()}})
        for i, one in enumerate(distances)
    ]
    made = (variant_reading(settings, variant, Path("run.yaml")) for variant in variants)
    return [base_reading(settings), *made]


def once(found):
    """Every rule of every reading once, as a run labels its faces."""
    by_id = {}
    for reading in found:
        for one in reading.rules:
            assert by_id.setdefault(one.rule_id, one).model_dump() == one.model_dump()
    return tuple(by_id.values())


def left_m2(rules, labelled):
    site, rows = parcels(*PLOTS), layers(*ROWS)
    faces = overlay(site, rows, rules=labelled, time=TIME)
    known = covered("streets", "n", "m", "other")
    coverage = cover_rules(site, known, rows, rules=labelled, tests=TESTS)
    pieces = leave(site, faces, ROADS, rows, coverage, rules=rules)
    pieces = pieces[pieces["is_with_consent"].to_numpy(dtype=bool)]
    return np.bincount([int(name[1:]) for name in pieces["site_id"]], pieces["piece_area_m2"], minlength=len(PLOTS))


def test_every_distance_reads_its_own_faces():
    found = readings(80.0, 120.0, 40.0)
    labelled = once(found)
    assert [one.rule_id for one in labelled] == ["near", "other", "elsewhere", "near__v0", "near__v1"]
    lefts = [left_m2(reading.rules, labelled) for reading in found]
    for reading, left in zip(found, lefts, strict=True):
        np.testing.assert_allclose(left, left_m2(reading.rules, reading.rules), atol=1e-6)
        naive = [
            plot.difference(shapely.union_all([ROWS[0][1].buffer(float(reading.rules[0].distance_m), quad_segs=16),
                                               ROWS[1][1], ROWS[2][1].buffer(15, quad_segs=16)])).area
            for plot in PLOTS
        ]  # fmt: skip
        np.testing.assert_allclose(left, naive, atol=1e-6)
    assert lefts[0][0] > lefts[1][0] > lefts[2][0]
    assert lefts[3].tolist() == lefts[0].tolist()  # the same distance is the same rule


def test_only_the_changed_rule_is_computed_again(monkeypatch: pytest.MonkeyPatch):
    grown, grow = [], constraints.grow

    def counted(geometries, distance_m, **more):
        grown.append(float(distance_m[0]))
        return grow(geometries, distance_m, **more)

    monkeypatch.setattr(constraints, "grow", counted)
    overlay(parcels(*PLOTS), layers(*ROWS), rules=once(readings(80.0, 40.0)), time=TIME)
    assert sorted(grown) == [15.0, 40.0, 80.0]
