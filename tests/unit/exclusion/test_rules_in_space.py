"""Truth tables: on which parcels a rule that differs by place holds, and where another layer bounds it."""

import itertools

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.config.by_place import by_place
from flexsites.errors import ConfigError
from flexsites.exclusion.attribution import attribute, tell_coverage
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.selection import bears_on
from flexsites.exclusion.verdict import decide
from tests.unit.exclusion.plots import (
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
    said,
    streets,
)

A, B = "GM0363", "GM0014"
NH, GR = "PV27", "PV20"
OFF = {"effect": "off"}
LABEL = {"nl": "daar", "en": "there"}


def local(name, change, **where):
    return {"id": name, "label": LABEL, "where": where, "change": change, "source": "a test"}


def told(*locally, **more):
    """The rules that one rule is told apart into."""
    return by_place((rule(locally=list(locally), **more),))


def land(*rows):
    """Parcels of 100 x 100 m in a row, each (gemeente, provincie, owner)."""
    made = parcels(*(at(200 * i, 0, 200 * i + 100, 100) for i in range(len(rows))))
    for column, values in zip(("gemeente_code", "provincie_code", "owner_class"), zip(*rows, strict=True), strict=True):
        made[column] = pd.Series(values, dtype="str")
    return made


def held(rules, row):
    """The rules that hold on a parcel, and those of which that is unknown."""
    asked = [(one.rule_id, *(bool(mask[0]) for mask in bears_on(land(row), one))) for one in rules]
    return {name for name, holds, _ in asked if holds}, {name for name, _, is_open in asked if is_open}


@pytest.mark.parametrize(
    ("gemeente", "provincie", "owner", "holds"),
    [
        # a municipality goes before a province before an owner; both before one of them
        (A, NH, "rijk", "rule__both"),
        (A, NH, "gemeente", "rule__stad"),
        (B, NH, "rijk", "rule__provincie"),
        (B, NH, "gemeente", "rule__provincie"),
        (B, GR, "rijk", "rule__owner"),
        (B, GR, "gemeente", "rule"),
    ],
)
def test_every_parcel_follows_the_most_particular_place(gemeente, provincie, owner, holds):
    entries = [
        local("owner", {"effect": "flag"}, owners=["rijk"]),
        local("provincie", {"effect": "restrict"}, provincies=[NH]),
        local("stad", {"effect": "flag"}, gemeenten=[A]),
        local("both", {"effect": "restrict"}, gemeenten=[A], owners=["rijk"]),
    ]
    for order in itertools.permutations(entries):
        assert held(told(*order), (gemeente, provincie, owner)) == ({holds}, set())


@pytest.mark.parametrize(
    ("row", "holds", "is_open"),
    [
        ((A, NH, "rijk"), {"rule__stad"}, set()),
        ((B, NH, None), {"rule"}, set()),
        ((None, NH, None), set(), {"rule", "rule__stad"}),
    ],
)
def test_a_parcel_of_no_known_municipality_follows_neither(row, holds, is_open):
    assert held(told(local("stad", {"effect": "flag"}, gemeenten=[A])), row) == (holds, is_open)


@pytest.mark.parametrize("owner", [None, "onbekend"])
def test_an_unknown_owner_is_open_unless_the_place_already_says_no(owner):
    rules = told(local("rijk", {"effect": "flag"}, gemeenten=[A], owners=["rijk"]))
    assert held(rules, (A, NH, owner)) == (set(), {"rule", "rule__rijk"})
    assert held(rules, (B, NH, owner)) == ({"rule"}, set())


def test_an_effect_off_is_no_rule_there():
    rules = told(local("stad", {"effect": "off"}, gemeenten=[A]))
    assert held(rules, (A, NH, None)) == (set(), set())
    assert held(rules, (B, NH, None)) == ({"rule"}, set())


def test_only_and_not_in_bound_a_rule_and_what_it_says_locally():
    entry = local("stad", {"effect": "flag"}, gemeenten=[A])
    rules = told(entry, only={"owners": ["gemeente"]}, not_in=[{"provincies": [GR]}])
    found = [
        held(rules, row)[0] for row in ((A, NH, "gemeente"), (A, NH, "rijk"), (B, NH, "gemeente"), (B, GR, "rijk"))
    ]
    assert found == [{"rule__stad"}, set(), {"rule"}, set()]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            [local("a", {"effect": "flag"}, gemeenten=[A, B]), local("b", {"effect": "off"}, gemeenten=[B])],
            "neither is",
        ),
        ([local("a", {"effect": "flag"}, gemeenten=[A]), local("a", {"effect": "off"}, gemeenten=[B])], "used twice"),
        ([local("a", {"distance": 3}, gemeenten=[A])], "locally.a.change: distance: unknown key"),
        ([local("a", {"distance_m": {"value": 3, "unit": "km", "source": "x"}}, gemeenten=[A])], "is in m"),
    ],
)
def test_places_that_cannot_be_told_apart_and_changes_that_cannot_be_are_refused(entries, message):
    with pytest.raises(ConfigError, match=message):
        told(*entries, kind="within_distance", layer="x", distance_m=figure(10).model_dump())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"where": {}}, "name gemeenten"),
        ({"where": {"gemeenten": ["Atlantis"]}}, "Atlantis"),
        ({"change": {"rule_id": "x"}}, "cannot differ by place"),
        ({"source": None}, "give either a source"),
    ],
)
def test_a_local_rule_says_where_what_and_whence(wrong, message):
    with pytest.raises(ValueError, match=message):
        rule(locally=[local("a", {"effect": "flag"}, gemeenten=[A]) | wrong])


def test_an_include_lifts_a_rule_wherever_it_differs():
    lifted = rule(locally=[local("stad", {"effect": "exclude"}, gemeenten=[A])], rule_id="nature")
    mine = rule(rule_id="mine", effect="include", overrides=["nature"])
    assert by_place((mine, lifted))[0].overrides == ("nature", "nature__stad")


def _assess(site, rows, rules, *spoken):
    """Run the chain of exclusion, every parcel beside a street; return ledger, verdicts and what is not covered."""
    found = layers(*rows)
    road = streets(shapely.LineString([(X - 100, Y - 5), (X + 900, Y - 5)]))
    faces = overlay(site, found, rules=rules, time=TIME)
    coverage = cover_rules(site, covered("streets", *spoken), found, rules=rules, tests=TESTS)
    pieces = leave(site, faces, road, found, coverage, rules=rules)
    reasons = attribute(site, faces, pieces, spoken=coverage, rules=rules)
    verdict = decide(site, pieces, spoken=coverage, rules=rules)
    return reasons[reasons["effect"] != "test"], verdict, tell_coverage(coverage, rules=rules)


def test_a_distance_of_one_municipality_takes_more_land_there_and_nowhere_else():
    entry = local("stad", {"distance_m": figure(60).model_dump()}, gemeenten=[A])
    rules = told(entry, kind="within_distance", layer="business", distance_m=figure(20).model_dump())
    site = land((A, NH, None), (B, NH, None), (None, None, None))
    # a business along the whole west side of each parcel
    rows = [("business", at(200 * i - 10, -100, 200 * i, 200)) for i in range(3)]
    reasons, verdict, spoken = _assess(site, rows, rules, "business")
    taken = reasons.set_index(["site_id", "rule_id"])["attributed_area_m2"].round(6).to_dict()
    assert taken == {("s0", "rule__stad"): 6000, ("s1", "rule"): 2000}
    unknown = spoken[spoken["rule_coverage_id"] == verdict["rule_coverage_id"].iloc[2]]
    assert dict(zip(unknown["rule_id"], unknown["coverage"], strict=True)) == {"rule": "not", "rule__stad": "not"}
    assert verdict["buildable_area_m2"].round(6).tolist() == [4000, 8000, 10_000]


def test_a_required_rule_of_unknown_place_makes_the_verdict_unknown():
    rules = told(local("stad", {"effect": "flag"}, gemeenten=[A]), required=True, layer="nature")
    site = land((A, NH, None), (B, NH, None), (None, None, None))
    _, verdict, _ = _assess(site, [], rules, "nature")
    assert verdict["verdict"].tolist() == ["eligible", "eligible", "unknown"]


@pytest.mark.parametrize(
    ("is_inside", "where", "share"),
    [(True, {}, 0.30), (False, {}, 0.20), (True, {"kind": ["a"]}, 0.10), (False, {"kind": ["a"]}, 0.40)],
)
def test_a_rule_bound_to_a_layer_holds_inside_or_outside_it(is_inside, where, share):
    one = rule(where_layer={"layer": "zone", "where": where, "is_inside": is_inside})
    # the rule's own layer takes the west half; zones take the south (30 m, of which 10 m of kind a) of all of it
    rows = [
        ("rule", at(0, 0, 50, 100)),
        ("zone", at(0, 0, 100, 20), {"kind": "a"}),
        ("zone", at(0, 20, 100, 60), {"kind": "b"}),
    ]
    faces = overlay(parcels(at(0, 0, 100, 100)), layers(*rows), rules=(one,), time=TIME)
    assert faces.loc[
        faces["rules"].map(lambda names: names == ("rule",)), "face_area_m2"
    ].sum() / 10_000 == pytest.approx(share)


@pytest.mark.parametrize(
    ("bound_is_covered", "kind", "coverage"),
    [(True, "a", "covered"), (False, "a", "not"), (True, None, "partly")],
)
def test_a_rule_bound_to_a_layer_is_checked_where_both_speak(bound_is_covered, kind, coverage):
    one = rule(where_layer={"layer": "zone", "where": {"kind": ["a"]}})
    spoken = covered("rule", *(["zone"] if bound_is_covered else []))
    rows = [("rule", at(0, 0, 50, 100)), ("zone", at(0, 0, 100, 20), {"kind": kind})]
    found = cover_rules(parcels(at(0, 0, 100, 100)), spoken, layers(*rows), rules=(one,), tests=TESTS)
    assert said(found).loc["rule", "coverage"] == coverage


def test_a_parcel_in_use_as_a_whole_is_so_within_the_bound_only():
    one = rule("in_use", layer="building", built_share=figure(0.2).model_dump(), where_layer={"layer": "zone"})
    rows = [("building", at(0, 0, 50, 100)), ("zone", at(0, 0, 100, 30))]
    faces = overlay(parcels(at(0, 0, 100, 100)), layers(*rows), rules=(one,), time=TIME)
    assert faces.loc[faces["rules"].map(lambda names: names == ("rule",)), "face_area_m2"].sum() == pytest.approx(3000)
    assert np.isclose(faces["face_area_m2"].sum(), 10_000)
