"""Truth tables: what a rule means where the source says how much of its land a feature takes."""

from itertools import product

import numpy as np
import pytest
import shapely

from flexsites.config.by_place import by_place
from flexsites.errors import InputError
from flexsites.exclusion.attribution import attribute
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.verdict import decide
from flexsites.inputs.land.rule_needs import needs_of
from tests.unit.exclusion.plots import TESTS, TIME, X, Y, at, covered, layers, leave, parcels, rule, streets

PLOT = at(0, 0, 100, 100)
STREET = shapely.LineString([(X - 100, Y - 5), (X + 200, Y - 5)])
SHARE = {"attribute": "taken_share"}
NOUGHT, PART, WHOLE, UNKNOWN = 0.0, 0.4, 1.0, None


def told_of(rules, site, map_rows, *lines):
    """What is decided of parcels, and what each rule takes of them first."""
    names = [name for one in rules for name in one.layer_keys]
    spoken = cover_rules(site, covered("streets", *dict.fromkeys(names)), map_rows, rules=rules, tests=TESTS)
    faces = overlay(site, map_rows, rules=rules, time=TIME)
    pieces = leave(site, faces, streets(*lines), map_rows, spoken, rules=rules)
    told = decide(site, pieces, spoken=spoken, rules=rules)
    return told, attribute(site, faces, pieces, spoken=spoken, rules=rules)


def outcome(*rules, rows, gemeente=None):
    """The verdict on a plot of one hectare, its restrictions and flags, and what each rule takes of it first."""
    site = parcels(PLOT).assign(gemeente_code=np.array([gemeente], dtype=object))
    told, reasons = told_of(by_place(tuple(rules)), site, layers(*rows), STREET)
    one = told.iloc[0]
    taken = reasons[reasons["attributed_area_m2"] > 0].set_index("rule_id")["attributed_area_m2"].to_dict()
    assert one["buildable_area_m2"] + sum(taken.values()) == pytest.approx(10_000.0)
    return one["verdict"], one["restrictions"], one["flags"], taken


def taking(share, shape=PLOT, layer="rule", **more):
    return (layer, shape, {"taken_share": share} | more)


ALL = {"rule": 10_000.0}
ALL_UNKNOWN = {"rule__share_unknown": 10_000.0}


@pytest.mark.parametrize(
    ("effect", "share", "found"),
    [
        ("exclude", WHOLE, ("excluded", (), (), ALL)),
        ("exclude", PART, ("conditional", ("rule__share_partly",), (), {})),
        ("exclude", NOUGHT, ("eligible", (), (), {})),
        ("exclude", UNKNOWN, ("excluded", (), (), ALL_UNKNOWN)),
        ("restrict", WHOLE, ("conditional", ("rule",), (), {})),
        ("restrict", PART, ("conditional", ("rule__share_partly",), (), {})),
        ("restrict", NOUGHT, ("eligible", (), (), {})),
        ("restrict", UNKNOWN, ("conditional", ("rule__share_unknown",), (), {})),
        ("flag", WHOLE, ("eligible", (), ("rule",), {})),
        ("flag", PART, ("eligible", (), ("rule__share_partly",), {})),
        ("flag", NOUGHT, ("eligible", (), (), {})),
        ("flag", UNKNOWN, ("eligible", (), ("rule__share_unknown",), {})),
    ],
)
@pytest.mark.parametrize("scale", ["share", "percent"])
def test_what_an_effect_is_by_share(effect, share, found, scale):
    given = share if share is None or scale == "share" else 100.0 * share
    asked = rule(effect=effect, share=SHARE | {"scale": scale})
    assert outcome(asked, rows=[taking(given)]) == found


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(WHOLE, "eligible"), (PART, "excluded"), (NOUGHT, "excluded"), (UNKNOWN, "excluded")],
)
def test_an_include_lifts_rules_where_it_is_whole_only(share, verdict):
    lifts = rule(rule_id="own", effect="include", overrides=["rule"], share=SHARE)
    assert outcome(lifts, rule(), rows=[taking(share, layer="own"), ("rule", PLOT)])[0] == verdict


def test_an_include_lifts_a_rule_whatever_share_of_its_land_it_takes():
    lifts = rule(rule_id="own", effect="include", overrides=["rule"])
    for share in (PART, WHOLE, UNKNOWN):
        assert outcome(lifts, rule(share=SHARE), rows=[taking(share), ("own", PLOT)]) == ("eligible", (), (), {})


@pytest.mark.parametrize(
    ("effect", "found"),
    [
        ("exclude", ("excluded", (), (), {"other": 10_000.0})),
        ("restrict", ("conditional", ("other", "rule__share_partly"), (), {})),
        ("flag", ("conditional", ("rule__share_partly",), ("other",), {})),
    ],
)
def test_beside_another_rule_the_stricter_decides(effect, found):
    """Shares of two rules are never multiplied: whether they take the same part is not known."""
    rules = rule(share=SHARE), rule(rule_id="other", effect=effect)
    assert outcome(*rules, rows=[taking(PART), ("other", PLOT)]) == found


def test_two_features_of_one_rule_each_count_by_their_own_share():
    whole, part = at(0, 0, 40, 100), at(40, 0, 100, 100)
    found = outcome(rule(share=SHARE), rows=[taking(WHOLE, whole), taking(PART, part)])
    assert found == ("conditional", ("rule__share_partly",), (), {"rule": 4_000.0})


@pytest.mark.parametrize(
    ("gemeente", "found"),
    [
        ("GM0363", ("conditional", ("rule__here__share_partly",), (), {})),
        ("GM0014", ("eligible", (), ("rule__share_partly",), {})),
    ],
)
def test_a_rule_that_differs_by_place_has_shares_in_each(gemeente, found):
    here = {
        "id": "here", "label": {"nl": "hier", "en": "here"}, "where": {"gemeenten": ["GM0363"]},
        "change": {"effect": "exclude"}, "source": "a test",
    }  # fmt: skip
    asked = rule(effect="flag", share=SHARE, locally=[here])
    assert outcome(asked, rows=[taking(PART)], gemeente=gemeente) == found


EFFECT_IN = {
    # (gemeente, owner): a municipality goes before an owner; where the owner is not known neither rule is known to hold
    ("GM0363", "rijk"): "restrict", ("GM0363", "gemeente"): "restrict", ("GM0363", None): "restrict",
    ("GM0014", "rijk"): None, ("GM0014", "gemeente"): "exclude", ("GM0014", None): None,
    (None, "gemeente"): None,
}  # fmt: skip
OF_SHARE = {
    # a part of the land: consent is asked; an unknown share counts as all of it
    ("exclude", WHOLE): "excluded", ("exclude", PART): "conditional", ("exclude", UNKNOWN): "excluded",
    ("restrict", WHOLE): "conditional", ("restrict", PART): "conditional", ("restrict", UNKNOWN): "conditional",
}  # fmt: skip


@pytest.mark.parametrize("is_inside", [True, False])
def test_place_owner_share_and_another_layer_together(is_inside):
    """Every combination, a plot each: what holds by place and owner, where the other layer says so, by its share."""
    label = {"nl": "daar", "en": "there"}
    locally = [
        {"id": "owner", "label": label, "where": {"owners": ["rijk"]}, "change": {"effect": "off"}, "source": "a test"},
        {
            "id": "stad", "label": label, "where": {"gemeenten": ["GM0363"]}, "change": {"effect": "restrict"},
            "source": "a test",
        },
    ]  # fmt: skip
    asked = rule(share=SHARE, where_layer={"layer": "zone", "is_inside": is_inside}, locally=locally)
    cases = list(product(EFFECT_IN, (NOUGHT, PART, WHOLE, UNKNOWN), (True, False)))
    corners = [(300 * (i % 8), 300 * (i // 8)) for i in range(len(cases))]
    plots = [at(x, y, x + 100, y + 100) for x, y in corners]
    (gemeenten, owners) = zip(*(where for where, _, _ in cases), strict=True)
    site = parcels(*plots).assign(
        site_id=[f"s{i:02d}" for i in range(len(plots))],
        gemeente_code=np.array(gemeenten, dtype=object),
        owner_class=np.array(owners, dtype=object),
    )
    rows = [taking(share, plot) for plot, (_, share, _) in zip(plots, cases, strict=True)]
    rows += [("zone", plot) for plot, (_, _, lies_in) in zip(plots, cases, strict=True) if lies_in]
    lines = [shapely.LineString([(X + x - 50, Y + y - 5), (X + x + 150, Y + y - 5)]) for x, y in corners]
    told, _ = told_of(by_place((asked,)), site, layers(*rows), *lines)
    holds = [EFFECT_IN[where] if lies_in == is_inside else None for where, _, lies_in in cases]
    expected = [OF_SHARE.get((one, share), "eligible") for one, (_, share, _) in zip(holds, cases, strict=True)]
    assert dict(zip(cases, told["verdict"], strict=True)) == dict(zip(cases, expected, strict=True))
    assert set(expected) == {"eligible", "conditional", "excluded"}


def test_a_place_may_leave_the_share_out():
    here = {
        "id": "here", "label": {"nl": "hier", "en": "here"}, "where": {"gemeenten": ["GM0363"]},
        "change": {"share": None}, "source": "a test",
    }  # fmt: skip
    asked = rule(share=SHARE, locally=[here])
    found = outcome(asked, rows=[taking(PART)], gemeente="GM0363")
    assert found == ("excluded", (), (), {"rule__here": 10_000.0})


@pytest.mark.parametrize(
    ("bound", "found"),
    [(PLOT, ("conditional", ("rule__share_partly",), (), {})), (at(500, 0, 600, 100), ("eligible", (), (), {}))],
)
def test_a_rule_bound_to_a_layer_has_shares_there_only(bound, found):
    asked = rule(share=SHARE, where_layer={"layer": "zone"})
    assert outcome(asked, rows=[taking(PART), ("zone", bound)]) == found


@pytest.mark.parametrize(
    ("share", "found"),
    [
        (WHOLE, ("excluded", (), (), ALL)),
        (PART, ("conditional", ("rule__share_partly",), (), {})),
        (NOUGHT, ("eligible", (), (), {})),
        (UNKNOWN, ("excluded", (), (), ALL_UNKNOWN)),
    ],
)
def test_a_plan_for_homes_takes_a_share_too(share, found):
    asked = rule("planned_capacity", layer="plans", plan_hardness=["hard"], share=SHARE)
    plan = taking(share, layer="plans", plan_hardness="hard", plan_start_year=2024.0, plan_completion_year=None)
    assert outcome(asked, rows=[plan]) == found


def test_what_is_no_share_is_refused_and_the_source_must_have_it():
    with pytest.raises(InputError, match=r"a share from 0 to 1 of 'taken_share', and it holds 40"):
        outcome(rule(share=SHARE), rows=[taking(40.0)])
    with pytest.raises(InputError, match="half"):
        outcome(rule(share=SHARE), rows=[taking("half")])
    assert "taken_share" in needs_of([rule(share=SHARE)])["rule"].needed


def test_without_a_share_a_rule_is_itself():
    one = rule()
    assert by_place((one,)) == (one,)
